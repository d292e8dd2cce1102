//! The shipped rules compile; every page's bad example shows its code alone, every good one nothing.

mod alarms;
mod asks;
mod claims;
mod lost;
mod meant;
mod never;
mod precise;
mod programs;
mod remembered;
mod settled;
mod shown;
mod unsaid;

use std::sync::Arc;

use crate::lang::builtins::{CallSpec, FunctionKind, Registry};
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{
    ByKey, CompareOp, ExprKind, HistoryFunction, Name, Program, Stream, Window,
};
use crate::lang::span::Sources;
use crate::lang::value::Type;

use super::{Compiled, compile};

fn registry() -> Registry {
    let mut registry = Registry::standard();
    registry
        .register_call(CallSpec::webhook("security_desk"))
        .unwrap();
    // A registered action that takes exactly one text.
    let notify = CallSpec {
        params: vec![("account".to_owned(), Type::Text)],
        open: false,
        ..CallSpec::webhook("notify")
    };
    registry.register_call(notify).unwrap();
    registry
}

fn compiled(text: &str) -> Compiled {
    let mut sources = Sources::single("a.rules", text);
    for (path, entries) in [
        (
            "lists/office.txt",
            "# office\n\n10.0.0.0/8 # net\n192.0.2.1\n",
        ),
        ("lists/bad.txt", "10.0.0.0/8\nnonsense\n"),
    ] {
        sources.lists.insert(path.to_owned(), entries.into());
    }
    compile(Arc::new(sources), &registry())
}

fn shown(found: &[Diagnostic], text: &str) -> String {
    let line = |one: &Diagnostic| {
        let under = text.get(one.primary.span.range()).unwrap_or_default();
        let help: Vec<&str> = one.help.iter().map(|help| help.en.as_str()).collect();
        format!("{} {} [{under}] {help:?}", one.code, one.title.en)
    };
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn good(text: &str) -> Arc<Program> {
    let mut compiled = compiled(text);
    // Short rule sets do not use all they define.
    compiled
        .diagnostics
        .retain(|one| !matches!(one.code, "W1001" | "W1016"));
    assert!(
        compiled.diagnostics.is_empty(),
        "{}\n---\n{text}",
        shown(&compiled.diagnostics, text)
    );
    compiled.program.expect("no errors")
}

/// Codes and what they point at.
fn told(text: &str) -> Vec<(&'static str, String)> {
    let sources = Arc::new(Sources::single("a.rules", text));
    let found = compile(sources.clone(), &registry()).diagnostics;
    // Short rule sets do not use all they define.
    let found = found.iter().filter(|found| found.code != "W1001");
    let each = found.map(|found| {
        let slice = sources.slice(found.primary.span);
        (found.code, slice.to_owned())
    });
    each.collect()
}

#[test]
fn a_condition_before_the_trigger_is_told_where_the_trigger_stands() {
    let rule = "when bound on text \"a\" {\n    reply \"x\"\n}\n";
    assert_eq!(told(rule), [("E0122", "on".to_owned())]);
}

#[test]
fn an_expression_that_betrays_chinese_is_shown_a_message() {
    let message = |source: &str| {
        let text = format!("on text matching \"{source}\" {{\n    note \"1\"\n}}\n");
        let sources = Arc::new(Sources::single("a.rules", &text));
        let found = compile(sources, &registry()).diagnostics;
        let example = found[0].example.clone().expect(source);
        (example.given[0].1.clone(), example.holds)
    };
    assert_eq!(message("\\bhi\\b"), ("\"说hi吧\"".to_owned(), false));
    assert_eq!(message("^\\d{3}$"), ("\"٣٣٣\"".to_owned(), true));
}

#[test]
fn conditions_that_the_kept_rows_or_the_window_rule_out_never_hold() {
    for condition in [
        "since(successes, within: 30 days) > 40 days",
        "days_since(login.city, within: 30 days) > 31",
        "count(failures, within: 2 days) >= 2001",
        "lowest(hour, within: 90 days) > 23",
        "percentile(hour, 95%, within: 90 days) > 23",
        "unfollowed(failures, successes, gap: 10 minutes, within: 5 minutes)",
        "login.hour in [24, 25]",
        "login.hour * 2 > 46",
        "abs(login.hour - 12) > 12",
        "max(login.hour, 6) < 6",
    ] {
        let signal = format!("signal s \"t\" weight 10 {{\n    when {condition}\n}}\n");
        let codes: Vec<&str> = told(&signal).iter().map(|(code, _)| *code).collect();
        assert_eq!(codes, ["E0307"], "{condition}");
    }
    for condition in [
        "since(successes, within: 30 days) > 29 days",
        "count(failures, within: 2 days, by: ip) >= 2001",
        "lowest(hour, within: 90 days) > 22",
        "unfollowed(failures, successes, gap: 5 minutes, within: 10 minutes)",
        "login.hour in [23, 24]",
        "abs(login.hour - 12) >= 12",
    ] {
        let signal = format!("signal s \"t\" weight 10 {{\n    when {condition}\n}}\n");
        assert_eq!(told(&signal), [], "{condition}");
    }
}

#[test]
fn what_an_earlier_rule_always_takes_is_told_whatever_its_captures_and_conditions_are_called() {
    let pair = |first: &str, second: &str| {
        let set =
            format!("on {first} {{\n    note \"1\"\n}}\n\non {second} {{\n    note \"2\"\n}}\n");
        let codes: Vec<&str> = told(&set).iter().map(|(code, _)| *code).collect();
        codes.join(" ")
    };
    for (first, second) in [
        ("event \"Foo\"", "event \"foo\""),
        ("text \"a{x: word}\"", "text \"a{y: word}\""),
        ("text \"a{x: word}\"", "text \"abc\""),
        ("text matching \"^[a-z]+$\"", "text \"help\""),
        ("text containing \"绑定\"", "text matching \"绑定[0-9]+\""),
        ("text containing \"vip\"", "text matching \"^我要?VIP卡?$\""),
        (
            "text starting \"绑\"",
            "text matching \"^绑(定|卡)[0-9]*$\"",
        ),
        (
            "text containing \"单\"",
            "text matching \"(订单|单号)[:：]?[0-9]+\"",
        ),
        (
            "text \"绑定\" or \"解绑\" or \"绑\"",
            "text matching \"^绑$\"",
        ),
        ("text containing \"a b\"", "text matching \"a b[0-9]\""),
        (
            "text \"x\" when sender.language == \"en\"",
            "text \"x\" when bound and sender.language == \"en\"",
        ),
        (
            "location when message.lat > 10",
            "location when message.lat > 20",
        ),
    ] {
        assert_eq!(pair(first, second), "E0415", "{first}, {second}");
    }
    for (first, second) in [
        ("event \"Foo\"", "event \"bar\""),
        ("text \"a{x: number}\"", "text \"abc\""),
        ("text containing \"绑定\"", "text matching \"绑卡[0-9]+\""),
        // More than one blank, or none, is a message the expression does not take.
        ("text matching \"绑定[0-9]+\"", "text containing \"绑定\""),
        ("text \"x\" when bound", "text \"x\" when not bound"),
        (
            "location when message.lat > 20",
            "location when message.lat > 10",
        ),
    ] {
        assert_eq!(pair(first, second), "", "{first}, {second}");
    }
}

#[test]
fn a_template_field_refuses_values_of_another_kind() {
    let field = |field: &str| {
        let set = format!(
            "on login {{
    alert {{
        message \"回复“锁定”\"
        template login_alert {{
            {field}
            thing9: \"回复 锁定\"
        }}
    }}
}}
on undeliverable alert {{
    note \"x\"
}}
on text \"锁定\" when bound even in dialog {{
    lock account {{
        locked         {{ reply \"x\" }}
        already_locked {{ reply \"y\" }}
    }}
}}
"
        );
        let codes: Vec<&str> = told(&set).iter().map(|(code, _)| *code).collect();
        codes.join(" ")
    };
    for wrong in [
        "number4: \"abc\"",
        "time7: login.city",
        "character_string2: \"北京\"",
        "date3: login.time",
        "phrase1: \"ok\"",
    ] {
        assert_eq!(field(wrong), "E0409", "{wrong}");
    }
    for right in [
        "number4: suspicion",
        "time7: login.time",
        "time7: \"2026-01-05 09:00\"",
        "character_string2: login.ip",
        "date3: login.date",
        "phrase1: \"异常\"",
        "foo3: login.city",
    ] {
        assert_eq!(field(right), "", "{right}");
    }
}

#[test]
fn a_clause_that_does_not_parse_hides_no_other_mistake_of_its_item() {
    let rule = "on text \"a\" when sender.langauge == \"en\" {
    repyl \"x\"
    reply \"{nope}\"
    lock account {
        locked { repyl \"x\" }
        lokced { reply \"y\" }
    }
}
";
    let expected = [
        ("E0203", "langauge"),
        ("E0105", "repyl"),
        ("E0203", "nope"),
        ("E0105", "repyl"),
        ("E0402", "lokced"),
    ];
    assert_eq!(told(rule), expected.map(|(code, at)| (code, at.to_owned())));
    let signal = "signal s \"t\" weight 10 {
    whn new(login.city, within: 5 days)
    except login.ipp in [\"198.51.100.0/24\"]
}
";
    let expected = [("E0105", "whn"), ("E0203", "ipp")];
    assert_eq!(
        told(signal),
        expected.map(|(code, at)| (code, at.to_owned()))
    );
    let dialog = "on text \"d\" {
    start d
}
dialog d {
    ask x word \"？\"
    ask y: nummber \"？\"
    cancel on \"取消\" { reply \"好\" }
    done { reply \"{x} {y} {z}\" }
}
";
    let expected = [("E0101", "x"), ("E0210", "nummber"), ("E0203", "z")];
    assert_eq!(
        told(dialog),
        expected.map(|(code, at)| (code, at.to_owned()))
    );
    // The head brings the names: nothing is known of them, but a dialog there is none of is a mistake.
    let head = "on text \"a {x: word}\" whn bound {
    reply \"{x}\"
    start nowhere
}
";
    let expected = [("E0101", "whn"), ("E0501", "nowhere")];
    assert_eq!(told(head), expected.map(|(code, at)| (code, at.to_owned())));
}

#[test]
fn the_shipped_rules_compile() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "rules")
        {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            files.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
    let mut sources = Sources::new(files);
    for list in ["lists/office.txt", "lists/blocked.txt"] {
        let text = std::fs::read_to_string(folder.join(list)).unwrap_or_default();
        sources.lists.insert(list.to_owned(), text.into());
    }
    let sources = Arc::new(sources);
    let compiled = compile(Arc::clone(&sources), &registry());
    let all: Vec<String> = compiled
        .diagnostics
        .iter()
        .map(|one| {
            let file = sources.file(one.primary.span.file).unwrap();
            let line = sources.line_column(one.primary.span).0;
            format!(
                "{}:{line} {}",
                file.path,
                shown(std::slice::from_ref(one), &file.text)
            )
        })
        .collect();
    assert!(all.is_empty(), "{}", all.join("\n"));
    let program = compiled.program.unwrap();
    assert_eq!(program.longest_window, 180 * 86_400_000);
    assert_eq!(program.hash.len(), 64);
    assert_eq!(program.templates, ["login_alert"]);
}

#[test]
fn every_example_of_the_registry_compiles() {
    let registry = registry();
    for event in registry.events() {
        let text = event.example.to_owned();
        let with_alert = text;
        assert!(
            !compiled(&with_alert).has_errors(),
            "{}: {}",
            event.name,
            shown(&compiled(&with_alert).diagnostics, &with_alert)
        );
    }
    for field in registry.fields() {
        let text = field.example();
        let text = if text.contains("suspicion >= 60") {
            format!("signal x \"甲\" weight 90 {{\n    when not login.legal\n}}\n{text}")
        } else {
            text
        };
        good(&text);
    }
    for extractor in registry.extractors() {
        good(extractor.example);
    }
    for action in registry
        .actions()
        .iter()
        .filter(|action| !action.example.is_empty())
    {
        let text = if action.example.contains("suspicion") {
            format!(
                "signal x \"甲\" weight 90 {{\n    when not login.legal\n}}\n{}",
                action.example
            )
        } else {
            action.example.to_owned()
        };
        good(&text);
    }
    for function in registry.functions() {
        let example = function.example;
        let text = match function.kind {
            FunctionKind::Trusted => format!(
                "signal x \"甲\" weight 1 {{\n    when not login.legal\n    except {example}\n}}\n"
            ),
            _ => format!("on login when {example} {{\n    note \"例子\"\n}}\n"),
        };
        good(&text);
    }
}

/// A mistake that is expected: its code, what it underlines, what its help says.
struct Expected {
    text: String,
    found: Vec<Diagnostic>,
}

fn expect_only(code: &str, text: &str) -> Expected {
    let found = compiled(text).diagnostics;
    let codes: Vec<&str> = found.iter().map(|one| one.code).collect();
    assert_eq!(codes, [code], "{}\n---\n{text}", shown(&found, text));
    Expected {
        text: text.to_owned(),
        found,
    }
}

impl Expected {
    fn underlines(self, wanted: &str) -> Self {
        let under = &self.text[self.found[0].primary.span.range()];
        assert_eq!(under, wanted, "{}", shown(&self.found, &self.text));
        self
    }

    fn helps(self, wanted: &str) -> Self {
        let found = shown(&self.found, &self.text);
        assert!(
            self.found[0]
                .help
                .iter()
                .any(|help| help.en.contains(wanted)),
            "{found}"
        );
        self
    }

    /// The fix gives a file without mistakes.
    fn mends(self) -> Self {
        let fix = self.found[0].fixes.first().expect("a fix");
        let mut mended = self.text.clone();
        mended.replace_range(fix.span.range(), &fix.replacement);
        good(&mended);
        self
    }
}

fn login(condition: &str) -> String {
    format!("on login when {condition} {{\n    note \"例子\"\n}}\n")
}

#[test]
fn every_page_shows_its_mistake_and_nothing_else() {
    let mut problems = Vec::new();
    for page in
        crate::lang::diagnostics::codes::pages().filter(|page| !page.code.starts_with("E01"))
    {
        let mut found = compiled(page.good).diagnostics;
        // Examples are short: not all they define is used in them.
        found.retain(|one| one.code != "W1001" || page.code == "W1001");
        if !found.is_empty() {
            problems.push(format!("{} good:\n{}", page.code, shown(&found, page.good)));
        }
        if page.bad.is_empty() {
            continue;
        }
        let found = compiled(page.bad).diagnostics;
        if found.iter().map(|one| one.code).ne([page.code]) {
            problems.push(format!("{} bad:\n{}", page.code, shown(&found, page.bad)));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

#[test]
fn every_code_has_a_page() {
    for code in super::codes::ALL {
        assert!(
            crate::lang::diagnostics::codes::page(code).is_some(),
            "{code}"
        );
    }
}

#[test]
fn an_expression_that_could_never_run_is_refused_where_it_stands() {
    // Ignoring case and too deep: what is asked is what a message would meet.
    for regex in [
        "(".repeat(60) + "a" + &")".repeat(60),
        "[a-z甲-龟]{900}".repeat(40),
    ] {
        let text = format!("on text matching \"{regex}\" {{\n    reply \"a\"\n}}\n");
        let found = compiled(&text).diagnostics;
        let codes: Vec<&str> = found.iter().map(|one| one.code).collect();
        assert_eq!(codes, ["E0312"], "{}", shown(&found, &text));
    }
}

#[test]
fn rule_files_are_bounded_together() {
    let file = "# 注\n".repeat(40_000);
    let files = (0..60).map(|number| (format!("{number:02}.rules"), file.clone()));
    let compiled = compile(Arc::new(Sources::new(files)), &registry());
    let codes: Vec<&str> = compiled.diagnostics.iter().map(|one| one.code).collect();
    assert_eq!(codes, ["E0130"]);
    let at = compiled.diagnostics[0].primary.span.file.0 as usize;
    assert_eq!(at, super::MAX_TOTAL_BYTES / file.len());
}
