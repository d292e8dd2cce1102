//! Rule files nobody would write, through everything that reads one: parsing with its slips, checking,
//! printing what is wrong, formatting, an editor's tokens. Each ends in time that grows with its length:
//! nothing is timed here, but most of these files would take minutes where the work is the square of it.
#![cfg(feature = "lsp")]

use std::path::Path;
use std::sync::Arc;

use lsp_server::{Connection, Message, Notification, Request};
use menshen::bot::folder::{self, FolderError};
use menshen::lang::builtins::Registry;
use menshen::lang::diagnostics::{self, Diagnostic, Language};
use menshen::lang::format::{Refused, format};
use menshen::lang::span::{FileId, Sources};
use menshen::lang::syntax::parse;
use menshen::lang::{Compiled, compile};
use serde_json::json;

/// All of it but the editor.
fn compiled(text: &str) -> Compiled {
    let sources = Arc::new(Sources::single("a.rules", text));
    let compiled = compile(sources.clone(), &Registry::standard());
    // One is enough: each prints its line, and a line may be the file.
    let first = &compiled.diagnostics[..compiled.diagnostics.len().min(1)];
    diagnostics::human(first, &sources, Language::Zh, false);
    match format(text) {
        Ok(once) => assert_eq!(format(&once), Ok(once.clone())),
        Err(refused) => assert_ne!(refused, Refused::Unsound),
    }
    compiled
}

/// As many of these as fill fifty kilobytes.
fn full_of(part: &str) -> String {
    part.repeat(50_000 / part.len())
}

fn codes(found: &[Diagnostic]) -> Vec<&str> {
    found.iter().map(|one| one.code).collect()
}

/// The codes of a text that must not compile.
fn mistakes(text: &str) -> Vec<&'static str> {
    let compiled = compiled(text);
    assert!(compiled.program.is_none(), "it compiled");
    let found: Vec<_> = compiled.diagnostics.iter().map(|one| one.code).collect();
    assert!(found.len() <= 2_100, "{}", found.len());
    found
}

#[test]
fn ten_thousand_brackets() {
    let (open, close) = ("(".repeat(10_000), ")".repeat(10_000));
    for text in [
        format!("let a = {open}1{close}\n"),
        format!("let a = {open}\n"),
        format!("on text \"a\" when {open}bound{close} {{\n    reply \"a\"\n}}\n"),
        format!(
            "signal s \"a\" weight 1 {{\n    when {}\n}}\n",
            "count(failures, where: (".repeat(5_000)
        ),
        format!("list l = {}1{}\n", "[".repeat(10_000), "]".repeat(10_000)),
        format!("on any {{\n{}", "bind {\n".repeat(10_000)),
        // Closed by brackets of another kind: once those are mended away, all are open.
        format!("let a = {}\n", "( }".repeat(10_000)),
        format!("on any {{\n{}", "    bind { )\n".repeat(10_000)),
    ] {
        assert!(mistakes(&text).contains(&"E0129"), "{}", &text[..40]);
    }
    // Braces that are missing nest too, once they are put in.
    let heads: String = (1..300).map(|n| format!("{}x\n", " ".repeat(n))).collect();
    let ends: String = (1..300)
        .rev()
        .map(|n| format!("{}}}\n", " ".repeat(n)))
        .collect();
    mistakes(&format!("on any {{\n{heads}{ends}}}\n"));
    let (open, close) = ("(".repeat(3_000), ")".repeat(3_000));
    let text = format!("on text matching \"{open}a{close}\" {{\n    reply \"a\"\n}}\n");
    assert_eq!(mistakes(&text), ["E0312"]);
}

#[test]
fn chains_of_not_and_of_everything_else() {
    let rule = |when: &str| format!("on text \"a\" when {when} {{\n    reply \"a\"\n}}\n");
    for when in [
        "not ".repeat(10_000) + "bound",
        "-".repeat(10_000) + "1 == 1",
        "bound and ".repeat(4_000) + "bound",
        "bound or not ".repeat(4_000) + "bound",
        "1 + ".repeat(8_000) + "1 == 2",
        "bound otherwise ".repeat(5_000) + "yes",
        "bound is known ".repeat(5_000),
        "account.name.".repeat(5_000) + "x == \"a\"",
        "1 < ".repeat(4_000) + "2",
    ] {
        mistakes(&rule(&when));
    }
    let triggers = "text \"a\" or ".repeat(4_000);
    let text = format!("on {triggers}text \"b\" {{\n    reply \"a\"\n}}\n");
    compiled(&text);
}

#[test]
fn a_line_of_a_megabyte() {
    let long = "长".repeat(350_000);
    for text in [
        format!("# {long}\n"),
        format!("on text \"{long}\" {{\n    reply \"a\"\n}}\n"),
        format!("let {long} = 1\n"),
        long.clone(),
    ] {
        assert_eq!(mistakes(&text), ["E0130"]);
    }
}

/// Fifty kilobytes of what comes along when rules are copied out of a document.
#[test]
fn marks_of_documents_without_end() {
    for mark in [
        "x — y ",
        "`on text`\n",
        "`",
        "> on a\n",
        "{reply：甲",
        "**on** ",
        "1. reply \"x\"\n",
        "====\n",
        "let a == 5 == 5 ",
        "word ) ",
    ] {
        let text = mark.repeat(50_000 / mark.len());
        assert!(!mistakes(&text).is_empty(), "{mark}");
    }
}

/// A hundred kilobytes, all on one line.
#[test]
fn the_longest_line() {
    let long = "长".repeat(40_000);
    for text in [
        format!("on text \"{long}\" {{\n    reply \"a\"\n}}\n"),
        format!("on text \"a\" {{ {} }}\n", "reply \"a\" ".repeat(5_000)),
        format!(
            "on text \"{}\" {{\n    reply \"a\"\n}}\n",
            "{a: word}".repeat(10_000)
        ),
        format!("on any {{\n    {}\n", "}".repeat(50_000)),
        format!("on any {{\n{}{}", " ".repeat(50_000), "} ".repeat(25_000)),
        format!("on any\n    {}\n", "}".repeat(50_000)),
        // Numbers in full width, all of them different.
        (10_000..20_000)
            .map(|n| format!("{n} ").replace('1', "１"))
            .collect::<String>(),
    ] {
        mistakes(&text);
    }
    compiled(&format!("# {long}\n"));
    compiled(&format!("let {long} = 1\n"));
    compiled(&long);
}

#[test]
fn what_is_never_closed() {
    for part in [
        "\"",
        "\"a\n",
        "\"a”",
        "\"a\"b",
        "'",
        "“",
        "「",
        "‘ ",
        "x\n\\\"\"\"\n",
        "x = \"\"\"\n",
        "let a = [1,\n",
        "let a = (\n",
        "list l = [\n",
        "on any {\n",
    ] {
        mistakes(&full_of(part));
    }
    // Texts that end, and are nothing.
    mistakes(&full_of("\"\"\" "));
}

#[test]
fn braces_that_belong_to_nothing() {
    for part in [
        "    }\n",
        "} else\n",
        "} else {\n",
        "} else {} ",
        "    a {\n    bound { x }\n    }\n",
        "    z{}\n        y\n    }\n",
        "    {)\n",
        "    reply \"a\" }\n",
    ] {
        mistakes(&format!("on any {{\n{}", full_of(part)));
    }
    // An item, something that is none, an item …
    mistakes(&full_of("let a = 1\nx\n"));
    // Heads that break the block they stand in, before many clauses.
    let text = format!("on any {{\n    bind x {{\n{}", full_of("        bind\n"));
    mistakes(&text);
}

#[test]
fn what_is_in_order_but_far_too_much_of_it() {
    let numbers: String = (0..15_000).map(|n| format!("{n}, ")).collect();
    let formatted = format(&format!("list l = [{numbers}]\n")).expect("it is in order");
    assert!(formatted.lines().count() > 500);
    let comments = full_of("    # x\n");
    let text = format!("on any\n{comments}    when bound {{\n    reply \"a\"\n}}\n");
    format(&text[..]).expect("it is in order");
    for text in [
        full_of("list l = [1]\n"),
        full_of("on text \"a\" even in dialog {\n    reply \"a\"\n}\n"),
        full_of("on any {\n    reply \"a\" # x\n}\n"),
        full_of("# allow unused: x\n"),
        full_of("test \"a\" {\n    after 1 hour\n}\n"),
        full_of("\n"),
    ] {
        assert_eq!(parse(FileId(0), &text).diagnostics, []);
        compiled(&text);
    }
}

/// What an editor asks of a document as soon as it is open.
#[test]
fn an_editors_tokens() {
    let (server, client) = Connection::memory();
    let thread = std::thread::spawn(move || {
        let registries = |_: Option<&Path>, _: &_| Registry::standard();
        menshen::lsp::serve(&server, Box::new(registries), Language::Zh)
    });
    let tell = |method: &str, params| {
        let note = Notification::new(method.to_owned(), params);
        client.sender.send(note.into()).expect("it listens");
    };
    let ask = |id: i32, method: &str, params| {
        let request = Request::new(id.into(), method.to_owned(), params);
        client.sender.send(request.into()).expect("it listens");
        loop {
            match client.receiver.recv().expect("it answers") {
                Message::Response(answer) if answer.id == id.into() => {
                    return answer.response_result.expect("no mistake of its own");
                }
                _ => {}
            }
        }
    };
    ask(0, "initialize", json!({ "capabilities": {} }));
    tell("initialized", json!({}));
    let lists: String = (0..6_000).map(|n| format!("list l{n} = [1]\n")).collect();
    let texts = [
        "not ".repeat(25_000),
        format!("let a = {}", "长".repeat(30_000)),
        format!("let a = {}", "(".repeat(100_000)),
        format!("let a = {}", "\"a\" + ".repeat(15_000)),
        lists,
    ];
    for (number, text) in texts.iter().enumerate() {
        let document = json!({ "uri": format!("untitled:{number}.rules") });
        let mut opened = document.clone();
        opened["languageId"] = json!("menshen");
        opened["version"] = json!(1);
        opened["text"] = json!(text);
        tell("textDocument/didOpen", json!({ "textDocument": opened }));
        for (which, method) in ["semanticTokens/full", "documentSymbol", "formatting"]
            .iter()
            .enumerate()
        {
            ask(
                (number * 10 + which) as i32 + 1,
                &format!("textDocument/{method}"),
                json!({ "textDocument": document, "options": { "tabSize": 4, "insertSpaces": true } }),
            );
        }
        tell("textDocument/didClose", json!({ "textDocument": document }));
    }
    ask(-1, "shutdown", json!(null));
    tell("exit", json!(null));
    thread.join().expect("no panic").expect("it left in order");
}

/// Half of them exact, many that contain or share words, and every one a mistake in the second set.
fn many(rules: usize, when: &str) -> Sources {
    let rule = |n: usize| {
        let trigger = match n % 4 {
            0 | 1 => format!("text \"查询{n}\""),
            2 => format!("text containing \"订单{n:06}\""),
            _ => format!("text matching \"订单[a-z]{{{}}}{n:06}x\"", 1 + n % 9),
        };
        format!("on {trigger}{when} {{\n    reply \"好\"\n}}\n")
    };
    let files = (0..rules).step_by(1_000).map(|from| {
        let text: String = (from..(from + 1_000).min(rules)).map(rule).collect();
        (format!("{from:06}.rules"), text)
    });
    Sources::new(files)
}

/// A folder with so many empty files in so many folders inside each other.
fn folder_of(files: usize, levels: usize) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut path = dir.path().to_owned();
    std::fs::write(path.join("a.rules"), "# 注\n").unwrap();
    for number in 1..files {
        std::fs::write(path.join(format!("{number}.txt")), "").unwrap();
    }
    for level in 0..levels {
        path.push(format!("{level}"));
        std::fs::create_dir(&path).unwrap();
    }
    dir
}

#[test]
fn a_folder_of_too_many_files_or_levels_or_too_large_a_file_is_refused() {
    let read = |dir: &tempfile::TempDir| folder::load(&[dir.path().to_owned()]);
    assert!(read(&folder_of(folder::MAX_FILES, 0)).is_ok());
    let many = read(&folder_of(folder::MAX_FILES + 1, 0));
    assert!(matches!(many, Err(FolderError::TooMany { .. })), "{many:?}");
    assert!(read(&folder_of(1, folder::MAX_DEPTH)).is_ok());
    let deep = read(&folder_of(1, folder::MAX_DEPTH + 1));
    assert!(matches!(deep, Err(FolderError::TooMany { .. })), "{deep:?}");

    let dir = folder_of(1, 0);
    let list = std::fs::File::create(dir.path().join("list.txt")).unwrap();
    list.set_len(folder::MAX_FILE_BYTES).unwrap();
    assert!(read(&dir).is_ok());
    list.set_len(folder::MAX_FILE_BYTES + 1).unwrap();
    let large = read(&dir);
    assert!(
        matches!(large, Err(FolderError::TooLarge { .. })),
        "{large:?}"
    );
}

/// A hundred thousand take seconds once they are optimised: `cargo bench --bench language`.
#[test]
fn rules_by_the_thousand() {
    let registry = Registry::standard();
    let good = compile(Arc::new(many(4_000, "")), &registry);
    assert_eq!(
        good.program.map(|program| program.rules.len()),
        Some(4_000),
        "{:?}",
        codes(&good.diagnostics)
    );
    let bad = compile(Arc::new(many(4_000, " when nobody_knows_this")), &registry);
    assert!(bad.program.is_none());
    assert!(bad.diagnostics.len() < 100, "one mistake, however often");
}
