//! What editors show about a name: Markdown from the registry's own entries, Chinese first with the
//! English beside it (or the other way round).

use super::names::{Kind, Symbol, Target};
use super::world::Set;
use crate::lang::builtins::{
    ActionSpec, EventSpec, ExtractorSpec, FieldSpec, FunctionSpec, OutcomeSpec, ResultType,
    STREAMS, UNBOUND, UnitSpec,
};
use crate::lang::diagnostics::Language;

/// Bytes of source shown of a definition.
const MAX_SHOWN: usize = 600;

/// The two texts, the language's own first.
pub fn both(zh: &str, en: &str, language: Language) -> String {
    match language {
        Language::Zh => format!("{zh}\n\n{en}"),
        Language::En => format!("{en}\n\n{zh}"),
    }
}

fn code(text: &str) -> String {
    // Shown with the line breaks of Markdown, whatever the file's are.
    format!("```menshen\n{}\n```", text.trim_end().replace('\r', ""))
}

fn page(head: &str, body: &str, example: &str) -> String {
    if example.is_empty() {
        format!("{}\n\n{body}", code(head))
    } else {
        format!("{}\n\n{body}\n\n{}", code(head), code(example))
    }
}

/// A keyword's page.
pub fn keyword(form: &str, zh: &str, en: &str, language: Language) -> String {
    page(form, &both(zh, en, language), "")
}

/// What a mention means; nothing when there is nothing to say.
pub fn target(set: &Set, target: &Target, language: Language) -> Option<String> {
    let registry = &set.registry;
    Some(match target {
        Target::Symbol(id) => symbol(set, set.names.symbols.get(*id)?, language),
        Target::Field(path) => {
            let field = registry.field(path).map(|id| registry.field_spec(id))?;
            field_page(field, language)
        }
        Target::RowField(bare) => {
            let field = registry.row_field(bare).map(|id| registry.field_spec(id))?;
            page(
                &format!("{bare}: {}", field.ty),
                &both(
                    &format!("过去那次登录的：{}", field.zh),
                    &format!("of the past login: {}", field.en),
                    language,
                ),
                "",
            )
        }
        Target::Function(name) => function(registry.function(name)?, language),
        Target::Argument(word) => {
            let functions = registry.functions().iter();
            let arg = functions
                .flat_map(|it| it.named)
                .find(|it| it.word() == word)?;
            let (zh, en) = arg.takes();
            page(&format!("{word}:"), &both(zh, en, language), "")
        }
        Target::Event(name) => event(registry.event(name)?, language),
        Target::Extractor(name) => extractor(registry.extractor(name)?, language),
        Target::Action(name) => action(
            registry.actions().iter().find(|it| it.name == *name)?,
            language,
        ),
        Target::Outcome { action, name } => {
            let unbound = (name == UNBOUND).then(OutcomeSpec::unbound);
            let spec = outcomes(set, action)
                .into_iter()
                .find(|it| it.name == *name)
                .or(unbound)?;
            page(
                &format!("{action} → {}", brings(&spec)),
                &both("动作的一个结果", "an outcome of the action", language),
                "",
            )
        }
        Target::Brought(ty) => page(
            &format!("{ty}"),
            &both("这个结果带来的值", "a value this outcome brings", language),
            "",
        ),
        Target::Unit(word) => unit(registry.unit(word)?, language),
        Target::Call(name) => {
            let call = registry.call(name)?;
            let outcomes: Vec<String> = call.outcomes.iter().map(brings).collect();
            page(
                &format!("call {name}"),
                &format!("{}\n\n`{}`", call.doc, outcomes.join("` `")),
                "",
            )
        }
        Target::Stream(name) => {
            let (_, _, zh, en) = STREAMS.iter().find(|(stream, _, _, _)| stream == name)?;
            page(name, &both(zh, en, language), "")
        }
    })
}

/// The outcomes of an action, or of a registered call.
pub fn outcomes(set: &Set, action: &str) -> Vec<OutcomeSpec> {
    if let Some(name) = action.strip_prefix("call ") {
        let call = set.registry.call(name);
        return call.map_or(Vec::new(), |call| call.outcomes.clone());
    }
    let spec = set.registry.actions().iter().find(|it| it.name == action);
    spec.map_or(Vec::new(), |spec| spec.outcomes.clone())
}

/// `refused { tries_left: number }`
pub fn brings(outcome: &OutcomeSpec) -> String {
    if outcome.brings.is_empty() {
        return outcome.name.clone();
    }
    let brings: Vec<String> = outcome
        .brings
        .iter()
        .map(|(name, ty)| format!("{name}: {ty}"))
        .collect();
    format!("{} {{ {} }}", outcome.name, brings.join(", "))
}

/// A name of the rule set: its definition as written, its type, and how often it is used.
pub fn symbol(set: &Set, symbol: &Symbol, language: Language) -> String {
    let (zh, en) = kind(symbol.kind);
    let ty = symbol.ty.clone().or_else(|| {
        let program = set.compiled.program.as_ref()?;
        let found = program.lets.iter().find(|it| it.name == symbol.name)?;
        (symbol.kind == Kind::Let).then(|| found.value.ty.clone())
    });
    let ty = ty.map(|ty| format!(": {ty}")).unwrap_or_default();
    let mut source = set.sources.slice(symbol.whole).trim_end();
    if source.len() > MAX_SHOWN {
        let end = (0..=MAX_SHOWN)
            .rev()
            .find(|&at| source.is_char_boundary(at));
        source = &source[..end.unwrap_or(0)];
    }
    let comment = comment_above(set, symbol);
    let body = both(
        &format!("{zh} `{}`{ty}", symbol.name),
        &format!("{en} `{}`{ty}", symbol.name),
        language,
    );
    if comment.is_empty() {
        format!("{}\n\n{body}", code(source))
    } else {
        format!("{}\n\n{comment}\n\n{body}", code(source))
    }
}

/// The comment lines directly above a definition: what its author says about it.
fn comment_above(set: &Set, symbol: &Symbol) -> String {
    let file = symbol.whole.file;
    let Some(parsed) = set.parsed.get(file.0 as usize) else {
        return String::new();
    };
    let text = set.text(file);
    let mut end = symbol.whole.start as usize;
    let mut lines = Vec::new();
    for comment in parsed.comments.iter().rev() {
        let bytes = comment.span.range();
        if bytes.end > end {
            continue;
        }
        let gap = text.get(bytes.end..end).unwrap_or("x");
        if !comment.own_line || !gap.trim().is_empty() || gap.matches('\n').count() != 1 {
            break;
        }
        lines.push(text[bytes.clone()].trim_start_matches('#').trim());
        end = bytes.start;
    }
    lines.reverse();
    lines.join("\n")
}

/// What people call a kind of name.
pub fn kind(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Let => ("定义", "definition"),
        Kind::List => ("列表", "list"),
        Kind::Signal => ("信号", "signal"),
        Kind::Dialog => ("对话", "dialog"),
        Kind::Extractor => ("提取器", "extractor"),
        Kind::Variable => ("记住的值", "remembered value"),
        Kind::Capture => ("从消息里取出的值", "captured value"),
        Kind::Slot => ("对话要问的值", "asked value"),
        Kind::Param => ("交给对话的值", "value handed over"),
        Kind::Account => ("故事里的账号", "account of the story"),
        Kind::User => ("故事里的微信用户", "WeChat user of the story"),
        Kind::Place => ("故事里的地点", "place of the story"),
    }
}

/// A field's page.
pub fn field_page(field: &FieldSpec, language: Language) -> String {
    let (stages_zh, stages_en) = field.stages.words();
    page(
        &format!("{}: {}", field.path, field.ty),
        &both(
            &format!("{}（{stages_zh}）", field.zh),
            &format!("{} ({stages_en})", field.en),
            language,
        ),
        &field.example(),
    )
}

/// A function's page.
pub fn function(function: &FunctionSpec, language: Language) -> String {
    let result = match &function.result {
        ResultType::Always(ty) => ty.to_string(),
        ResultType::OfFirst => "…".to_owned(),
    };
    page(
        &format!("{} → {result}", function.signature()),
        &both(function.zh, function.en, language),
        function.example,
    )
}

/// An event's page.
pub fn event(event: &EventSpec, language: Language) -> String {
    page(
        &format!("on {}", event.name),
        &both(event.zh, event.en, language),
        event.example,
    )
}

/// An extractor's page.
pub fn extractor(spec: &ExtractorSpec, language: Language) -> String {
    page(
        &format!("{}: {}", spec.name, spec.ty),
        &both(spec.zh, spec.en, language),
        spec.example,
    )
}

/// An action's page, with its outcomes.
pub fn action(spec: &ActionSpec, language: Language) -> String {
    let outcomes: Vec<String> = spec.outcomes.iter().map(brings).collect();
    let mut body = both(spec.zh, spec.en, language);
    if !outcomes.is_empty() {
        body.push_str(&format!("\n\n`{}`", outcomes.join("` `")));
    }
    page(spec.name, &body, spec.example)
}

/// A unit's page.
pub fn unit(unit: &UnitSpec, language: Language) -> String {
    page(
        &unit.words.join(", "),
        &both(
            &format!("{}（{}）", unit.zh, unit.ty),
            &format!("{} ({})", unit.en, unit.ty),
            language,
        ),
        "",
    )
}
