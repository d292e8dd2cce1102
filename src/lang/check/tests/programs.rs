//! Rules that call what only a program knows, which embeds Menshen.

use crate::lang::builtins::{CallSpec, Registry};
use crate::lang::compile;
use crate::lang::span::Sources;

#[test]
fn an_action_of_a_program_is_told_as_that() {
    let compiled = |text: &str| {
        let mut registry = Registry::standard();
        let call = CallSpec::webhook("order_state");
        registry.register_call(call).expect("a new name");
        compile(Sources::single("a.rules", text).into(), &registry).diagnostics
    };
    let rule = |ok: &str, more: &str| {
        format!(
            "on text \"订单{{number: word}}\" {{\n    call order_state with number {{\n        ok {{ reply \"{ok}\" }}\n{more}        failed {{ reply \"查不了\" }}\n    }}\n}}\n"
        )
    };
    let none = "        no_order { reply \"没有\" }\n";
    for (text, code) in [
        (rule("{state}", none), "E0402"),
        (rule("{answer}", none), "E0402"),
        (rule("{state}", ""), "E0203"),
    ] {
        let found = compiled(&text);
        let [one] = found.as_slice() else {
            panic!("{text}\n{found:#?}")
        };
        assert_eq!(one.code, code, "{text}");
        let mut helps = one.help.iter();
        assert!(
            helps.any(|help| help.words.en.contains("embeds")),
            "{one:#?}"
        );
    }
    // A slip is mended, and needs no program.
    let found = compiled(&rule("{anwser}", ""));
    assert!(
        found.len() == 1
            && found[0]
                .help
                .iter()
                .all(|help| !help.words.en.contains("embeds"))
    );
    assert!(compiled(&rule("{answer}", "")).is_empty());
}
