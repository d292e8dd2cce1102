//! Witnesses that are stories: what is said of a dialog or a window happens when the story is run with
//! the rules as they are.

use menshen::bot::{ruleset, stories};
use menshen::lang::builtins::Registry;
use menshen::lang::compile;
use menshen::lang::diagnostics::Diagnostic;
use menshen::lang::span::Sources;

use crate::{Random, chosen};

/// Rule sets of the seeded corpus.
const SETS: u64 = 160;
const SEED: u64 = 23;

const SLOTS: [&str; 8] = [
    "mobile",
    "digits(6)",
    "number",
    "word",
    "email",
    "date",
    "one_of(colours)",
    "id_card",
];
const NAMES: [&str; 3] = ["phone", "sum", "nick"];

/// Every way into a dialog: a message, a menu, a code, another dialog, what an action came to.
const OPENINGS: [&str; 16] = [
    "on text \"报名\" {\n    start sign_up\n}\n",
    "on subscribe {\n    start sign_up\n}\n",
    "on text \"报名{ticket: word}\" {\n    start sign_up with ticket\n}\non text \"报名\" {\n    start sign_up\n}\n",
    "on text containing \"报\" {\n    start sign_up\n}\n",
    "on click \"JOIN\" {\n    start sign_up\n}\n",
    "on scan scene \"join:{shop: word}\" or subscribe scene \"join:{shop: word}\" {\n    start sign_up\n}\n",
    "on scancode_push \"JOIN\" or event \"Something_New\" {\n    start sign_up\n}\n",
    "on image or location {\n    note \"x\"\n    start sign_up\n}\n",
    "on any {\n    start sign_up\n}\n",
    "on text \"报名\" when not bound {\n    start sign_up\n}\n",
    "on text when bound {\n    reply \"已绑定\"\n}\non text \"报名\" {\n    start sign_up\n}\n",
    "on text \"问\" {\n    start first\n}\ndialog first {\n    ask age: number \"几岁？\"\n    cancel on \"不了\" { reply \"好\" }\n    done { start sign_up }\n}\n",
    "on text \"绑{tel: mobile} {pin: digits(6)}\" {\n    start binding\n}\ndialog binding {\n    ask phone: mobile \"手机号？\"\n    ask code: digits(6) \"码？\"\n    cancel on \"不了\" { reply \"好\" }\n    done {\n        bind {\n            bound { start sign_up }\n            already { reply \"已绑\" }\n            taken { reply \"别人\" }\n            refused { reply \"不对\" }\n            blocked { reply \"等等\" }\n        }\n    }\n}\n",
    "on text with phone: mobile, code: digits(6) {\n    bind {\n        bound { reply \"好\" }\n        already { reply \"已绑\" }\n        taken { reply \"别人\" }\n        refused { start sign_up }\n        blocked { reply \"等等\" }\n    }\n}\n",
    "on text with phone: mobile, code: digits(6) {\n    bind {\n        bound { reply \"好\" }\n        already { reply \"已绑\" }\n        taken { reply \"别人\" }\n        refused { reply \"不对\" }\n        blocked { reply \"等等\" }\n    }\n}\non text \"报名\" when bound {\n    start sign_up\n}\n",
    "on text with phone: mobile, code: digits(6) {\n    bind {\n        bound { reply \"好\" }\n        already { reply \"已绑\" }\n        taken { reply \"别人\" }\n        refused { reply \"不对\" }\n        blocked { reply \"等等\" }\n    }\n}\non click \"LOCK\" even in dialog {\n    lock account {\n        unbound { reply \"先绑定\" }\n        locked { start sign_up }\n        already_locked { reply \"已锁\" }\n    }\n}\n",
];

/// A dialog with mistakes of its maker: no way out, questions that show what was not asked yet.
fn dialog(random: &mut Random) -> String {
    let count = 1 + random.below(NAMES.len());
    let mut out = String::from("list colours = [\"红色\", \"绿色\"]\n");
    out.push_str(OPENINGS[random.below(OPENINGS.len())]);
    if random.below(4) == 0 {
        out.push_str("on text \"取消\" {\n    reply \"没有什么可取消的\"\n}\n");
    }
    // Two of them would not load.
    if random.below(5) == 0 && !out.contains("on any") {
        out.push_str("on any {\n    reply \"没听懂\"\n}\n");
    }
    out.push_str("dialog sign_up {\n");
    let ticket = out.contains("with ticket");
    let mut tries = false;
    let name = |random: &mut Random| match random.below(2) {
        0 => format!("{{{}}}", NAMES[random.below(count)]),
        _ => String::new(),
    };
    for slot in NAMES.iter().take(count) {
        let kind = SLOTS[random.below(SLOTS.len())];
        let shown = name(random);
        out.push_str(&format!("    ask {slot}: {kind} \"请{shown}发送 {slot}\""));
        if ticket && random.below(3) == 0 {
            out.push_str(" unless ticket is known");
        }
        if random.below(2) == 0 {
            let shown = name(random);
            out.push_str(&format!(" invalid \"{shown}不对，要 {slot}\""));
        }
        if random.below(4) == 0 {
            tries = true;
            out.push_str(" at most 2 times");
        }
        out.push('\n');
    }
    if random.below(3) == 0 {
        let shown = name(random);
        out.push_str(&format!(
            "    cancel on \"取消\" {{ reply \"取消{shown}了\" }}\n"
        ));
    }
    if tries {
        let shown = name(random);
        out.push_str(&format!("    give up {{ reply \"算了{shown}\" }}\n"));
    }
    let shown: String = NAMES
        .iter()
        .take(count)
        .map(|name| format!("{{{name}}}"))
        .collect();
    out.push_str(&format!("    done {{ reply \"好的，{shown}\" }}\n}}\n"));
    // Where no question looks at it, it is handed over on purpose all the same.
    if ticket && !out.contains("ticket is known") {
        out = out.replace("ticket", "_ticket");
    }
    out
}

fn findings(text: &str) -> Vec<Diagnostic> {
    compile(
        Sources::single("a.rules", text).into(),
        &Registry::standard(),
    )
    .diagnostics
}

/// The rules with the story in them, and what running it says.
fn run(text: &str, story: &[String]) -> (String, Vec<String>) {
    let mut whole = format!("{text}\ntest \"例子\" {{\n");
    for line in story {
        whole.push_str(&format!("    {line}\n"));
    }
    whole.push_str("}\n");
    let registry = Registry::standard();
    let loaded = match ruleset::compile(Sources::single("a.rules", &whole), &registry) {
        Ok(loaded) => loaded,
        Err(error) => panic!("{whole}\n{error}"),
    };
    let results = stories::run(&loaded.ruleset, &registry, None);
    let failures = results.iter().flat_map(|result| &result.failures);
    let happened = failures.map(|failure| failure.happened.clone()).collect();
    (whole, happened)
}

#[test]
fn what_is_said_of_dialogs_happens() {
    let mut random = Random(chosen("MENSHEN_CORPUS_SEED", SEED));
    let mut shown = std::collections::BTreeMap::new();
    let mut unshown = Vec::new();
    for _ in 0..chosen("MENSHEN_CORPUS", SETS) {
        let text = dialog(&mut random);
        for found in findings(&text) {
            if !matches!(found.code, "W1004" | "W1011") {
                continue;
            }
            let (with, all): &mut (usize, usize) = shown.entry(found.code).or_default();
            *all += 1;
            if found.story.is_empty() {
                unshown.push(format!("{}: {:?}\n{text}", found.code, found.title));
                continue;
            }
            *with += 1;
            let (whole, failures) = run(&text, &found.story);
            assert!(failures.is_empty(), "{}: {failures:?}\n{whole}", found.code);
        }
    }
    // A question whose slot takes any word has no wrong answer, and another rule may take what would
    // have to be said.
    for (code, (with, all)) in &shown {
        assert!(
            *with >= 50 && with * 100 >= all * 95,
            "{code}: {with} of {all}\n{}",
            unshown.join("\n")
        );
    }
    assert_eq!(shown.len(), 2, "{shown:?}");
}

#[test]
fn a_window_longer_than_what_is_kept_reaches_the_login_shown() {
    for (days, function) in [
        (800, "count(successes, within: 800 days) >= 3"),
        (500, "new(login.city, within: 500 days)"),
    ] {
        let text = format!("on login when {function} {{\n    note \"x\"\n}}\n");
        let found = findings(&text);
        let [one] = found.as_slice() else {
            panic!("{found:#?}");
        };
        assert_eq!(one.code, "W1010");
        assert!(!one.story.is_empty());
        // A signal of the same window fires on the login the story begins with; of 400 days it does not.
        let probe = |days: i32| {
            format!(
                "{text}signal reached \"看到了\" weight 10 {{\n    when count(successes, within: {days} days) >= 1\n}}\n"
            )
        };
        let ends = |line: &str| {
            let mut story = one.story.clone();
            story.push(line.to_owned());
            story
        };
        let (whole, failures) = run(&probe(days), &ends("expect signals reached"));
        assert!(failures.is_empty(), "{failures:?}\n{whole}");
        let (whole, failures) = run(&probe(400), &ends("expect signals reached"));
        assert!(!failures.is_empty(), "{whole}");
    }
}
