//! Rule files written from the grammar and the registry: most of them compile, so that what comes
//! after the parser is reached.

use menshen::lang::builtins::{ArgKind, FunctionKind, NamedArg, Registry, ResultType, Stage};
use menshen::lang::value::Type;

use super::bytes::Bytes;
use super::rules;

pub fn run(data: &[u8]) {
    rules::whole(&write(data));
}

pub fn seeds() -> Vec<Vec<u8>> {
    // Any bytes are a program; these are spread over the choices.
    (1..=32_u32)
        .map(|seed| {
            let mut x = seed.wrapping_mul(0x9E37_79B9);
            let byte = |_| {
                x ^= x << 13;
                x ^= x >> 17;
                x ^= x << 5;
                (x >> 9) as u8
            };
            (0..160).map(byte).collect()
        })
        .collect()
}

/// The program these bytes stand for.
pub fn write(data: &[u8]) -> String {
    let registry = rules::registry();
    let mut author = Author {
        registry: &registry,
        bytes: Bytes(data),
        row: false,
    };
    let mut out = String::from(
        "let usual = login.hour >= 6\nlist words = [\"取消\", \"退 出\", \"Quit\"]\n\n",
    );
    for number in 0..6 {
        if author.bytes.is_over() {
            break;
        }
        let item = match author.bytes.below(4) {
            0 | 1 => author.signal(number),
            2 => author.rule(),
            _ => author.dialog(number),
        };
        out.push_str(&item);
        out.push('\n');
    }
    out
}

struct Author<'a> {
    registry: &'a Registry,
    bytes: Bytes<'a>,
    /// Inside `where:`, where no history may be asked.
    row: bool,
}

impl Author<'_> {
    fn signal(&mut self, number: usize) -> String {
        let when = self.condition(3);
        let mut out = format!(
            "signal s{number} \"信号\" weight {}{} {{\n    when {when}\n",
            self.bytes.pick(&["30", "-5", "100"]),
            self.bytes.pick(&["", " shadow"]),
        );
        if self.bytes.below(2) == 0 {
            out.push_str(&format!("    except {}\n", self.condition(2)));
        }
        if self.bytes.below(3) == 0 {
            out.push_str("    learn until 14 days and 10 logins\n");
        }
        out.push_str("}\n");
        out
    }

    fn trigger(&mut self) -> String {
        let text = *self.bytes.pick(&[
            "锁定",
            "bind",
            "是我 {n: number}",
            "从 {a: word} 到 {b: rest}",
            "查{no: digits(6)}",
            "１２ 三",
            "{p: mobile}",
            "a b",
            "{w: one_of(words)}",
            "{d: date} {e: email}",
        ]);
        match self.bytes.below(7) {
            0 => format!(
                "text containing \"{}\"",
                self.bytes.pick(&["退款", "a", "1 2"])
            ),
            1 => format!("text starting \"{}\"", self.bytes.pick(&["反馈", "/"])),
            2 => format!(
                "text matching \"{}\"",
                self.bytes.pick(&[
                    "订单(?<no>[0-9]+)",
                    "[a-z]+",
                    "(退款|退货).*吗",
                    "^a{1,3}$",
                    "(?<x>.*)"
                ])
            ),
            3 => "text in words".to_owned(),
            4 => "text with phone: mobile, code: digits(6)".to_owned(),
            5 => format!(
                "{} \"{text}\"",
                self.bytes.pick(&["click", "scan scene", "subscribe scene"])
            ),
            _ => format!("text \"{text}\""),
        }
    }

    fn rule(&mut self) -> String {
        let trigger = self.trigger();
        let when = match self.bytes.below(3) {
            0 => String::new(),
            1 => " when bound".to_owned(),
            _ => format!(
                " when message.time {} now",
                self.bytes.pick(&["<=", ">", "=="])
            ),
        };
        let even = self.bytes.pick(&["", " even in dialog"]);
        let reply = self.bytes.pick(&[
            "reply \"好\"",
            "reply \"{sender.openid} 一\"",
            "note \"x\"",
            "hand over to \"kf@x\"",
            "remember x = 3 for 1 hour",
        ]);
        format!("on {trigger}{when}{even} {{\n    {reply}\n}}\n")
    }

    fn dialog(&mut self, number: usize) -> String {
        let kind = self
            .bytes
            .pick(&["mobile", "digits(6)", "number", "word", "date", "email"]);
        let tries = 1 + self.bytes.below(5);
        format!(
            "dialog d{number} expires 10 minutes {{\n    ask slot: {kind} \"请输入\"\n        invalid \"不对\" at most {tries} times\n    cancel on words {{ reply \"已取消\" }}\n    give up {{ reply \"算了\" }}\n    done {{ reply \"好，{{slot}}\" }}\n}}\n\non text \"开始{number}\" {{\n    start d{number}\n}}\n"
        )
    }

    fn condition(&mut self, depth: usize) -> String {
        if depth == 0 || self.bytes.is_over() {
            return self.comparison(0);
        }
        match self.bytes.below(if self.row { 7 } else { 9 }) {
            0 => format!(
                "(({}) and ({}))",
                self.condition(depth - 1),
                self.condition(depth - 1)
            ),
            1 => format!(
                "(({}) or ({}))",
                self.condition(depth - 1),
                self.condition(depth - 1)
            ),
            2 => format!("not ({})", self.condition(depth - 1)),
            3 => format!(
                "{} is {}",
                self.field(None),
                self.bytes.pick(&["known", "unknown"])
            ),
            4 => format!(
                "(({}) otherwise {})",
                self.condition(depth - 1),
                self.bytes.pick(&["yes", "no"])
            ),
            5 => format!(
                "{} {} [\"北京\", \"Chrome\"]",
                self.field(Some(Type::Text)),
                self.bytes.pick(&["in", "not in"])
            ),
            6 => self.comparison(depth),
            7 => self.call(&Type::YesNo, depth),
            _ => "usual".to_owned(),
        }
    }

    fn comparison(&mut self, depth: usize) -> String {
        let types = [
            Type::Number,
            Type::Text,
            Type::Percent,
            Type::Duration,
            Type::Distance,
            Type::Speed,
        ];
        let ty = types[self.bytes.below(if self.row { 2 } else { 6 })].clone();
        let left = match ty {
            Type::Number | Type::Text => self.field(Some(ty.clone())),
            _ => self.call(&ty, depth),
        };
        let op = match ty {
            Type::Text => *self.bytes.pick(&["==", "!="]),
            _ => *self.bytes.pick(&[">=", "==", "!=", "<", "<=", ">"]),
        };
        format!("({left}) {op} ({})", self.value(&ty, depth))
    }

    fn value(&mut self, ty: &Type, depth: usize) -> String {
        let n = 1 + self.bytes.below(20);
        let constant = match ty {
            Type::Number => n.to_string(),
            Type::Percent => format!("{n}%"),
            Type::Duration => format!("{n} minutes"),
            Type::Distance => format!("{n} km"),
            Type::Speed => format!("{n} km/h"),
            _ => (*self.bytes.pick(&["\"北京\"", "\"Chrome\""])).to_owned(),
        };
        let depth = if self.bytes.is_over() { 0 } else { depth };
        match (self.bytes.below(if depth == 0 { 2 } else { 5 }), ty) {
            (1, Type::Number | Type::Text) => self.field(Some(ty.clone())),
            (2, Type::Number | Type::Percent | Type::Duration | Type::Distance | Type::Speed) => {
                let (a, b) = (self.value(ty, depth - 1), self.value(ty, depth - 1));
                format!("({a}) {} ({b})", self.bytes.pick(&["+", "-"]))
            }
            (3, Type::Number) => {
                let (a, b) = (self.value(ty, depth - 1), self.value(ty, depth - 1));
                format!("({a}) {} ({b})", self.bytes.pick(&["*", "/"]))
            }
            (4, _) if !self.row => self.call(ty, depth),
            _ => constant,
        }
    }

    /// A call of some function that gives `ty`.
    fn call(&mut self, ty: &Type, depth: usize) -> String {
        let wanted = ResultType::Always(ty.clone());
        let fitting = |spec: &&_| {
            let spec: &&menshen::lang::builtins::FunctionSpec = spec;
            spec.result == wanted && spec.kind != FunctionKind::Trusted
        };
        let all: Vec<_> = self.registry.functions().iter().filter(fitting).collect();
        if all.is_empty() || self.row {
            return self.value(ty, 0);
        }
        let spec = all[self.bytes.below(all.len())];
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
                _ => self.bytes.below(3) == 1,
            };
            if !there {
                continue;
            }
            let value = match named {
                NamedArg::Within | NamedArg::Gap => format!("{} minutes", 1 + self.bytes.below(99)),
                NamedArg::Of => {
                    (*self.bytes.pick(&["attempts", "successes", "failures"])).to_owned()
                }
                NamedArg::By => {
                    (*self.bytes.pick(&["ip", "machine", "all", "[ip, machine]"])).to_owned()
                }
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
            ArgKind::Value([Type::Login]) => (*self.bytes.pick(&["login", "previous"])).to_owned(),
            ArgKind::Value(types) => self.value(&types[0], depth.saturating_sub(1)),
            ArgKind::Same => self.value(&Type::Number, 0),
            ArgKind::Stream => {
                (*self.bytes.pick(&["attempts", "successes", "failures"])).to_owned()
            }
            ArgKind::RowField(types) if types.first() == Some(&Type::Number) => {
                (*self.bytes.pick(&["hour", "asn"])).to_owned()
            }
            ArgKind::RowField(_) => (*self.bytes.pick(&["city", "machine"])).to_owned(),
            ArgKind::PresentField | ArgKind::CountedField => {
                (*self.bytes.pick(&["login.city", "login.asn"])).to_owned()
            }
            ArgKind::Percent => "90%".to_owned(),
        }
    }

    /// A field a signal may look at.
    fn field(&mut self, ty: Option<Type>) -> String {
        let (registry, row) = (self.registry, self.row);
        let paths: Vec<&str> = registry
            .fields()
            .iter()
            .filter(|field| field.stages.has(Stage::Signal))
            .filter(|field| ty.as_ref().is_none_or(|ty| field.ty == *ty))
            .map(|field| {
                if row && field.row {
                    field.bare()
                } else {
                    field.path
                }
            })
            .collect();
        (*self.bytes.pick(&paths)).to_owned()
    }
}
