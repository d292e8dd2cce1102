//! Writes random conditions as authors do, from the registry: for the laws of evaluation and, by its path,
//! for the fuzz target `programs`, so that both try the same language.
//!
//! The file belongs to two crates: what it needs of the language, whoever includes it has imported.

use super::{ArgKind, FunctionKind, FunctionSpec, NamedArg, Registry, ResultType, Stage, Type};

/// What follows stands before the conditions: they use these names. [`Author::let_quiet`] is the last.
pub const NAMES: &str = "let usual = login.hour >= 6\n\
                         list words = [\"取消\", \"退 出\", \"Quit\", \"北京\"]\n\
                         list nets: network = [\"192.0.2.0/29\"]\n";

const STREAMS: [&str; 3] = ["attempts", "successes", "failures"];

/// Where choices come from: a seed, or the bytes of a fuzzer.
pub trait Choices {
    /// One of the numbers below `sides`, which is not zero.
    fn below(&mut self, sides: usize) -> usize;

    /// Nothing is left to choose with; what is written ends soon.
    fn is_over(&self) -> bool {
        false
    }

    /// One of these.
    fn one_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// Writes conditions a signal may have.
pub struct Author<'a, C> {
    pub registry: &'a Registry,
    pub choices: C,
    /// Inside `where:`, where no history may be asked.
    row: bool,
}

impl<'a, C: Choices> Author<'a, C> {
    pub fn new(registry: &'a Registry, choices: C) -> Self {
        Self {
            registry,
            choices,
            row: false,
        }
    }

    /// `let quiet = …`, which conditions may use.
    pub fn let_quiet(&mut self) -> String {
        format!("let quiet = {}\n", self.comparison(1))
    }

    /// A condition with parts that deep in each other.
    pub fn condition(&mut self, depth: usize) -> String {
        if depth == 0 || self.choices.is_over() {
            return self.comparison(0);
        }
        match self.choices.below(if self.row { 7 } else { 9 }) {
            0 => {
                let (a, b) = (self.condition(depth - 1), self.condition(depth - 1));
                format!("(({a}) and ({b}))")
            }
            1 => {
                let (a, b) = (self.condition(depth - 1), self.condition(depth - 1));
                format!("(({a}) or ({b}))")
            }
            2 => format!("not ({})", self.condition(depth - 1)),
            3 => {
                let field = self.field(None);
                format!("{field} is {}", self.choices.one_of(&["known", "unknown"]))
            }
            4 => format!(
                "(({}) otherwise {})",
                self.condition(depth - 1),
                self.choices.one_of(&["yes", "no"])
            ),
            5 => {
                let word = *self.choices.one_of(&["in", "not in"]);
                if !self.row && self.choices.below(3) == 0 {
                    return format!("login.ip {word} nets");
                }
                let field = self.field(Some(&Type::Text));
                let list = self.choices.one_of(&["[\"北京\", \"Chrome\"]", "words"]);
                format!("{field} {word} {list}")
            }
            6 => self.comparison(depth),
            7 => self.call(&Type::YesNo, depth),
            _ => (*self.choices.one_of(&["usual", "quiet"])).to_owned(),
        }
    }

    fn comparison(&mut self, depth: usize) -> String {
        let types: &[Type] = match self.row {
            true => &[Type::Number, Type::Text],
            false => &[
                Type::Number,
                Type::Text,
                Type::Percent,
                Type::Duration,
                Type::Distance,
                Type::Speed,
            ],
        };
        let ty = self.choices.one_of(types).clone();
        // Constants alone would be refused: they never or always hold.
        let left = match ty {
            Type::Number | Type::Text => self.field(Some(&ty)),
            _ => self.call(&ty, depth),
        };
        let right = self.value(&ty, depth);
        let op = match ty {
            Type::Text => *self.choices.one_of(&["==", "!="]),
            _ => *self.choices.one_of(&["==", "!=", "<", "<=", ">", ">="]),
        };
        format!("({left}) {op} ({right})")
    }

    fn value(&mut self, ty: &Type, depth: usize) -> String {
        let depth = if self.choices.is_over() { 0 } else { depth };
        let choice = self.choices.below(if depth == 0 { 2 } else { 5 });
        let n = 1 + self.choices.below(20);
        let constant = match ty {
            Type::Number => n.to_string(),
            Type::Percent => format!("{n}%"),
            Type::Duration => format!("{n} minutes"),
            Type::Distance => format!("{n} km"),
            Type::Speed => format!("{n} km/h"),
            _ => (*self.choices.one_of(&["\"北京\"", "\"Chrome\""])).to_owned(),
        };
        match (choice, ty) {
            (0, _) => constant,
            (1, Type::Number | Type::Text) => self.field(Some(ty)),
            (2, Type::Number | Type::Percent | Type::Duration | Type::Distance | Type::Speed) => {
                let (a, b) = (self.value(ty, depth - 1), self.value(ty, depth - 1));
                format!("({a}) {} ({b})", self.choices.one_of(&["+", "-"]))
            }
            (3, Type::Number) => {
                let (a, b) = (self.value(ty, depth - 1), self.value(ty, depth - 1));
                format!("({a}) {} ({b})", self.choices.one_of(&["*", "/"]))
            }
            _ if !self.row && depth > 0 => self.call(ty, depth),
            _ => constant,
        }
    }

    /// A call of some function that gives `ty`.
    fn call(&mut self, ty: &Type, depth: usize) -> String {
        let wanted = ResultType::Always(ty.clone());
        let registry = self.registry;
        let functions: Vec<&FunctionSpec> = registry
            .functions()
            .iter()
            .filter(|spec| spec.result == wanted && spec.kind != FunctionKind::Trusted)
            .collect();
        if functions.is_empty() || self.row {
            return self.value(ty, 0);
        }
        let spec = *self.choices.one_of(&functions);
        let mut args: Vec<String> = spec
            .args
            .iter()
            .map(|arg| self.arg(arg.kind, depth))
            .collect();
        for named in spec.named {
            let there = match named {
                NamedArg::Within | NamedArg::Gap => true,
                NamedArg::Of => spec.stream.is_none(),
                NamedArg::Last => false,
                // Not 0, which is what a fuzzer's bytes end in.
                _ => self.choices.below(3) == 1,
            };
            if !there {
                continue;
            }
            let value = match named {
                NamedArg::Within | NamedArg::Gap => {
                    format!("{} minutes", 1 + self.choices.below(99))
                }
                NamedArg::Of => (*self.choices.one_of(&STREAMS)).to_owned(),
                NamedArg::By => (*self
                    .choices
                    .one_of(&["ip", "machine", "all", "[ip, machine]"]))
                .to_owned(),
                NamedArg::Where | NamedArg::First | NamedArg::Second => {
                    let row = std::mem::replace(&mut self.row, true);
                    let condition = self.condition(1);
                    self.row = row;
                    condition
                }
                NamedArg::Least => "10%".to_owned(),
                NamedArg::Last => "5".to_owned(),
            };
            args.push(format!("{}: {value}", named.word()));
        }
        format!("{}({})", spec.name, args.join(", "))
    }

    fn arg(&mut self, kind: ArgKind, depth: usize) -> String {
        match kind {
            ArgKind::Value([Type::Login]) => {
                (*self.choices.one_of(&["login", "previous"])).to_owned()
            }
            ArgKind::Value(types) => self.value(&types[0], depth.saturating_sub(1)),
            ArgKind::Same => self.value(&Type::Number, 0),
            ArgKind::Stream => (*self.choices.one_of(&STREAMS)).to_owned(),
            ArgKind::RowField(types) if types.first() == Some(&Type::Number) => {
                (*self.choices.one_of(&["hour", "asn"])).to_owned()
            }
            ArgKind::RowField(_) => (*self.choices.one_of(&["city", "machine"])).to_owned(),
            ArgKind::PresentField | ArgKind::CountedField => {
                (*self.choices.one_of(&["login.city", "login.asn"])).to_owned()
            }
            ArgKind::Percent => "90%".to_owned(),
        }
    }

    /// A field a signal may look at.
    fn field(&mut self, ty: Option<&Type>) -> String {
        let row = self.row;
        let paths: Vec<&str> = self
            .registry
            .fields()
            .iter()
            .filter(|field| field.stages.has(Stage::Signal))
            .filter(|field| ty.is_none_or(|ty| field.ty == *ty))
            .map(|field| match row && field.row {
                true => field.bare(),
                false => field.path,
            })
            .collect();
        (*self.choices.one_of(&paths)).to_owned()
    }
}
