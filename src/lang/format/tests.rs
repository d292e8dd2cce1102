//! What formatted rules look like, and what formatting keeps.

use super::{Refused, format};

fn formatted(text: &str) -> String {
    let once = format(text).unwrap_or_else(|refused| panic!("{refused:?}\n{text}"));
    let twice = format(&once).unwrap_or_else(|refused| panic!("{refused:?}\n{once}"));
    assert_eq!(once, twice, "formatting again changes it");
    once
}

#[test]
fn the_shipped_rules_are_formatted() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ext| ext == "rules") {
            let text = std::fs::read_to_string(&path).unwrap();
            let out = formatted(&text);
            let changed = out.lines().zip(text.lines()).find(|(a, b)| a != b);
            assert_eq!(changed, None, "{}", path.display());
            assert_eq!(out.len(), text.len(), "{}", path.display());
        }
    }
}

#[test]
fn blanks_indents_and_blank_lines_are_settled() {
    let text = "let   a=1\nlet usual =  90   days\n\n\n\non text   \"a\"   or \"b\"   when  bound   {\n  reply \"x\"\n\n\n      # why\n  tag \"y\"   # done\n\n}\nsignal s \"标题\" weight -5{\n  when   login.ip in [ \"10.0.0.0/8\" ,\"1.2.3.4\" ] and ( count( failures,within:10 minutes )>=5 or login.hour<-2 )\n}\n";
    assert_eq!(
        formatted(text),
        "let a     = 1\nlet usual = 90 days\n\non text \"a\" or \"b\" when bound {\n    reply \"x\"\n\n    # why\n    tag \"y\"  # done\n}\n\nsignal s \"标题\" weight -5 {\n    when login.ip in [\"10.0.0.0/8\", \"1.2.3.4\"] and (count(failures, within: 10 minutes) >= 5 or login.hour < -2)\n}\n"
    );
}

#[test]
fn a_block_on_one_line_stays_while_it_fits() {
    let long = "很".repeat(50);
    let text = format!(
        "on text \"绑定\" {{ reply \"短\" }}\non any {{ start d }}\ndialog d {{\n    ask code: digits(6) \"?\"\n    done {{\n        bind {{\n            bound {{ reply \"好\" }}\n            already {{ reply \"{long}\" }}\n            taken {{ reply \"t\" }}\n            refused {{\n reply \"r\"\n}}\n            blocked {{ reply \"b\" }}\n        }}\n    }}\n}}\n"
    );
    assert_eq!(
        formatted(&text),
        format!(
            "on text \"绑定\" {{ reply \"短\" }}\non any {{ start d }}\n\ndialog d {{\n    ask code: digits(6) \"?\"\n    done {{\n        bind {{\n            bound {{ reply \"好\" }}\n            already {{\n                reply \"{long}\"\n            }}\n            taken {{ reply \"t\" }}\n            refused {{\n                reply \"r\"\n            }}\n            blocked {{ reply \"b\" }}\n        }}\n    }}\n}}\n"
        )
    );
}

#[test]
fn comments_stay_where_they_belong() {
    let text = "# first\n\n# of the rule\non text \"a\" # trigger\n  or \"b\" # other\n  # before the condition\n  when bound { # open\n  # inside\n  reply \"x\" # said\n  # last\n} # closed\n# end\n";
    assert_eq!(
        formatted(text),
        "# first\n\n# of the rule\non text \"a\"  # trigger\n    or \"b\"  # other\n    # before the condition\n    when bound {  # open\n    # inside\n    reply \"x\"  # said\n    # last\n}  # closed\n\n# end\n"
    );
}

#[test]
fn what_is_said_at_the_end_of_a_list_stands_below_its_entries() {
    let text = "signal s \"x\" weight 5 {\n    when login.city in [\"a\",\n  # one\n  \"b\"\n  # last\n  ]\n}\n";
    let expected = "signal s \"x\" weight 5 {\n    when login.city in [\"a\",\n            # one\n            \"b\"\n            # last\n        ]\n}\n";
    assert_eq!(formatted(text), expected);
    let list = "list words = [\n    \"a\",\n  # last\n]\n";
    assert_eq!(
        formatted(list),
        "list words = [\n    \"a\",\n    # last\n]\n"
    );
}

#[test]
fn the_bracket_of_a_list_stays_on_its_own_line() {
    let list = "list words = [\n    \"a\",\n    \"b\",\n]\n";
    assert_eq!(formatted(list), list);
    let indented = "list words = [\n    \"a\",\n    \"b\"\n    ]\n";
    assert_eq!(
        formatted(indented),
        "list words = [\n    \"a\",\n    \"b\"\n]\n"
    );
    let behind = "list words = [\"a\",\n    \"b\"]\n";
    assert_eq!(formatted(behind), behind);
    let wide = format!(
        "list words = [\n    {}\n]\n",
        "\"很长的词语\", ".repeat(40).trim_end()
    );
    let out = formatted(&wide);
    assert!(
        out.ends_with("\",\n]\n") && out.lines().count() > 4,
        "{out}"
    );
}

#[test]
fn text_blocks_are_indented_with_their_clause() {
    let text = "on any {\n reply \"\"\"\n   一\n\n     二 {sender.openid}\n  \"\"\"\n}\n";
    assert_eq!(
        formatted(text),
        "on any {\n    reply \"\"\"\n        一\n\n          二 {sender.openid}\n        \"\"\"\n}\n"
    );
    let odd = "on any {\n    reply \"\"\"一\n  二\"\"\"\n}\n";
    assert_eq!(formatted(odd), odd);
}

#[test]
fn wide_lines_are_broken_at_the_outermost_place() {
    let words: Vec<String> = (0..40).map(|n| format!("\"词语{n}\"")).collect();
    let text = format!("list w = [{}]\n", words.join(", "));
    let out = formatted(&text);
    assert!(out.lines().count() > 3, "{out}");
    let text = format!(
        "on text with phone: mobile, code: digits(6) when {} {{\n    reply \"x\"\n}}\n",
        ["bound", "alert.open", "sender.openid is known"]
            .repeat(3)
            .join(" and ")
    );
    let out = formatted(&text);
    assert_eq!(out.matches("\n        and ").count(), 8, "{out}");
}

#[test]
fn a_chain_is_broken_everywhere_or_nowhere() {
    let text = "signal s \"t\" weight 5 {\n    when bound and login.legal\n     and login.hour > 3\n    except trusted(login.machine)\n        or login.legal\n}\n";
    assert_eq!(
        formatted(text),
        "signal s \"t\" weight 5 {\n    when bound\n     and login.legal\n     and login.hour > 3\n    except trusted(login.machine)\n        or login.legal\n}\n"
    );
}

#[test]
fn line_ends_stay_what_they_are() {
    assert_eq!(
        format("let a = 1\r\n\r\n\r\nlet b=2"),
        Ok("let a = 1\r\n\r\nlet b = 2\r\n".to_owned())
    );
    assert_eq!(format("\u{FEFF}let a=1\n"), Ok("let a = 1\n".to_owned()));
    assert_eq!(format(""), Ok(String::new()));
    assert_eq!(format("# 只有注释"), Ok("# 只有注释\n".to_owned()));
}

#[test]
fn a_text_with_mistakes_is_left_alone() {
    let Err(Refused::Syntax(found)) = format("on text \"a\" {\n    reply “x”\n") else {
        panic!("it has mistakes");
    };
    assert!(!found.is_empty());
}
