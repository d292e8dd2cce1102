//! The manual's table of bounds against the code: every bound of a running server has its row or a reason for having
//! none, each row says what its constants say, in both languages, and names tests that go to the bound.

use std::collections::BTreeMap;

use super::constants::{Constant, constants};
use super::excuses::{NO_ROW, ROOMS};
use super::{MANUALS, page, quoted, root, sources};

/// A row of the table, by its first cell.
struct Row {
    bound: &'static str,
    /// The constants behind it, by their room (or a file in it) and name: the second cell must say each of them.
    /// None where the bound is a library's or of the configuration.
    constants: &'static [&'static str],
    /// What must be read in the tests and scripts that the row names, so that a row cannot name a test of something
    /// else: the bound itself, as the code calls it.
    tried_at: &'static [&'static str],
}

const fn row(
    bound: &'static str,
    constants: &'static [&'static str],
    tried_at: &'static [&'static str],
) -> Row {
    Row {
        bound,
        constants,
        tried_at,
    }
}

const ROWS: &[Row] = &[
    row(
        "connections",
        &["server::MAX_CONNECTIONS"],
        &["few_files(args)"],
    ),
    row(
        "request line and headers",
        &["server::HEADER_TIMEOUT"],
        &["a header of 2 MiB"],
    ),
    row("requests pipelined on a connection", &[], &["pipeline"]),
    row(
        "answers nobody reads",
        &["server::STALL_TIMEOUT"],
        &["STALL_SECONDS"],
    ),
    row(
        "all bodies that are still arriving",
        &["server::MAX_BODIES_BYTES"],
        &["Bodies::of"],
    ),
    row(
        "body",
        &[
            "server::MAX_BODY_BYTES",
            "server::MAX_BULK_BYTES",
            "server::BODY_TIMEOUT",
        ],
        &[
            "MAX_BODY_BYTES + 1",
            "MAX_BULK_BYTES + 1",
            "BODY_LIMIT + 1",
            " 408 ",
        ],
    ),
    row(
        "XML, JSON of a push",
        &["wechat::MAX_NAME_BYTES"],
        &[
            "MAX_NAME_BYTES + 1",
            "limits.depth + 1",
            "limits.elements + 1",
            "limits.field + 1",
        ],
    ),
    row(
        "query of a push",
        &["wechat::QUERY_LIMIT"],
        &["QUERY_LIMIT + 1"],
    ),
    row(
        "lines of the log about refused pushes",
        &["server::MAX_LINES_A_MINUTE"],
        &["MAX_LINES_A_MINUTE"],
    ),
    row(
        "store's queue",
        &["store::QUEUE_CAPACITY"],
        &["SMALL_QUEUE"],
    ),
    row(
        "one command",
        &["store::MAX_COMMAND_KEYS", "store::MAX_COMMAND_BYTES"],
        &["MAX_COMMAND_KEYS + 1"],
    ),
    row("pushes at work", &["bot::MAX_RUNNING"], &["MAX_RUNNING"]),
    row(
        "answered pushes remembered",
        &["bot::MAX_REMEMBERED", "bot::REMEMBERED"],
        &["REMEMBERED - 1", "numbered(MAX_REMEMBERED)"],
    ),
    row(
        "pushes known to have left something in the store",
        &["bot::MAX_STORED"],
        &["0..=MAX_STORED"],
    ),
    row(
        "signatures remembered (plaintext)",
        &["wechat::MAX_MARKS"],
        &["with_capacity"],
    ),
    row(
        "orders to load the rules anew (`POST /v1/rules/reload`)",
        &["server::MAX_RELOADS"],
        &["0..MAX_RELOADS"],
    ),
    row(
        "event streams",
        &["server::MAX_EVENT_STREAMS"],
        &["0..MAX_EVENT_STREAMS"],
    ),
    row(
        "requests with an `Idempotency-Key` at work",
        &["server::MAX_RUNNING"],
        &["claim(MAX_RUNNING)"],
    ),
    row(
        "password checks",
        &["accounts::MAX_WAITING", "accounts::DEFAULT_PARALLEL"],
        &["places, 256"],
    ),
    row(
        "captchas drawn at a time",
        &["guard::MAX_DRAWING"],
        &["MAX_DRAWING"],
    ),
    row(
        "captchas, machines an address",
        &[],
        &["captchas_per_address", "machines_per_address"],
    ),
    row(
        "sessions of an account",
        &["guard::MAX_SESSIONS"],
        &["2..=MAX_SESSIONS"],
    ),
    row(
        "open alerts of an account",
        &["guard::MAX_OPEN", "guard::MAX_APPENDED"],
        &["MAX_OPEN + 3", "MAX_APPENDED"],
    ),
    row("prompts of an account a day", &[], &["prompts_per_day"]),
    row(
        "wrong codes",
        &[],
        &[
            "\"code_tries\"",
            "\"code_tries_everyone\"",
            "\"wrong_codes_per_hour\"",
        ],
    ),
    row("wrong phones with a ticket", &[], &["ticket_tries"]),
    row(
        "codes the chat asks for, of an account and purpose",
        &[],
        &["code_requests"],
    ),
    row(
        "history",
        &["guard::ACCOUNT_ROWS", "guard::OTHER_ROWS"],
        &["ACCOUNT_ROWS", "OTHER_ROWS"],
    ),
    row(
        "past logins kept in memory",
        &["guard::MAX_RECENT_ROWS"],
        &["with_room"],
    ),
    row(
        "messages that wait for a follower",
        &["outbox::MAX_OPEN", "outbox::RESERVED_FOR_PROMPTS"],
        &["MAX_OPEN", "RESERVED_FOR_PROMPTS"],
    ),
    row(
        "queued calls that wait for one name",
        &[
            "outbox::MAX_CALLS_WAITING",
            "outbox::MAX_FOLLOWERS_CALLS",
            "outbox::MAX_CALLS_OF_A_FOLLOWER",
        ],
        &[
            "MAX_CALLS_WAITING - MAX_FOLLOWERS_CALLS",
            "MAX_CALLS_OF_A_FOLLOWER",
        ],
    ),
    row(
        "rules folder",
        &[
            "bot::MAX_FILES",
            "bot::MAX_DEPTH",
            "bot::MAX_FILE_BYTES",
            "lang/syntax::MAX_FILE_BYTES",
            "bot::MAX_TOTAL_BYTES",
            "lang/check::MAX_TOTAL_BYTES",
        ],
        &[
            "MAX_TOTAL_BYTES / MAX_FILE_BYTES",
            "folder::MAX_FILES + 1",
            "folder::MAX_DEPTH + 1",
            "folder::MAX_FILE_BYTES + 1",
            "MAX_TOTAL_BYTES",
            "MAX_FILE_BYTES / 4 + 1",
        ],
    ),
    row(
        "one regular expression",
        &["text::MAX_PROGRAM", "text::MAX_CACHE"],
        &["MAX_PROGRAM"],
    ),
    row("generations kept", &["bot::KEPT"], &["1..=KEPT"]),
    row(
        "snapshots for exports",
        &[
            "store::MAX_SNAPSHOTS",
            "store::MAX_SNAPSHOT_KEYS",
            "store::MAX_SNAPSHOT_BYTES",
        ],
        &[
            "0..MAX_SNAPSHOTS",
            "MAX_SNAPSHOT_KEYS",
            "MAX_SNAPSHOT_BYTES",
        ],
    ),
    row("API keys", &["server::MAX_API_KEYS"], &["MAX_API_KEYS - 1"]),
    row(
        "lines of an import, of a report of logins",
        &["server/import::MAX_LINES", "server/logins::MAX_LINES"],
        &["most + 1"],
    ),
    row(
        "answer of a webhook, a call, a forward",
        &["outbox::MAX_ANSWER_BYTES"],
        &["MAX_ANSWER_BYTES + 1"],
    ),
    row(
        "answer kept for an `Idempotency-Key`",
        &[
            "server/idempotency::MAX_ANSWER_BYTES",
            "server/idempotency::KEPT",
        ],
        &["MAX_ANSWER_BYTES + 1"],
    ),
    row(
        "commands on the control socket",
        &[
            "cli/control::MAX_CONNECTIONS",
            "cli/control::MAX_REQUEST_BYTES",
        ],
        &["0..MAX_CONNECTIONS", "MAX_REQUEST_BYTES"],
    ),
];

/// The text of a function, to the brace that closes it.
fn function<'c>(code: &'c str, name: &str) -> Option<&'c str> {
    let at = code.find(&format!("fn {name}("))?;
    let line = code[..at].rfind('\n').map_or(0, |end| end + 1);
    let indent: String = code[line..].chars().take_while(|c| *c == ' ').collect();
    let end = code[at..].find(&format!("\n{indent}}}\n"))?;
    Some(&code[at..at + end])
}

/// The table's rows, cell by cell.
fn table(manual: &str) -> Vec<Vec<String>> {
    let text = page(manual);
    let heads = [
        ("\n## Bounds\n", "\n## Threat model\n"),
        ("\n## 上限\n", "\n## 威胁模型\n"),
    ];
    let section = heads.iter().find_map(|(begin, end)| {
        let (_, rest) = text.split_once(begin)?;
        Some(rest.split_once(end)?.0)
    });
    let bounds = section.unwrap_or_else(|| panic!("{manual} has no section of bounds"));
    let rows = bounds.lines().filter(|line| line.starts_with('|'));
    let cells = |line: &str| -> Vec<String> {
        let inner = line.trim_start_matches('|').trim_end_matches('|');
        inner
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    rows.map(cells).skip(2).collect()
}

#[test]
fn each_bound_names_tests_that_go_to_it() {
    let mut code = String::new();
    for folder in ["src", "tests"] {
        sources(&root().join(folder), &mut code);
    }
    let rows = table(MANUALS[0]);
    let listed: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    let known: Vec<&str> = ROWS.iter().map(|row| row.bound).collect();
    assert_eq!(listed, known);
    for (cells, row) in rows.iter().zip(ROWS) {
        assert_eq!(cells.len(), 5, "{cells:?}");
        assert!(!cells[3].is_empty(), "{}: what counts it, or –", row.bound);
        let mut tests = String::new();
        for name in quoted(&cells[4]) {
            let text = if name.starts_with("scripts/") {
                page(name)
            } else {
                function(&code, name)
                    .unwrap_or_else(|| panic!("there is no test {name}"))
                    .to_owned()
            };
            tests.push_str(&text);
        }
        for sign in row.tried_at {
            assert!(
                tests.contains(sign),
                "{}: nothing in the tests it names says {sign}",
                row.bound
            );
        }
    }
}

/// The numbers of a text, without their commas, in order of size.
fn numbers(text: &str) -> Vec<String> {
    let plain = text.replace(',', "");
    let words = plain.split(|c: char| !c.is_ascii_digit());
    let mut numbers: Vec<String> = words.filter(|w| !w.is_empty()).map(str::to_owned).collect();
    numbers.sort();
    numbers
}

#[test]
fn both_languages_give_the_same_numbers() {
    for (english, chinese) in table(MANUALS[0]).iter().zip(table(MANUALS[1])) {
        let joined = |text: &str| text.replace("、", " ");
        assert_eq!(
            numbers(&joined(&english[1])),
            numbers(&joined(&chinese[1])),
            "{} / {}",
            english[0],
            chinese[0]
        );
    }
}

/// Whether a text has these words, with no digit before or behind them.
fn says(text: &str, words: &str) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit() || c == ',');
    text.match_indices(words).any(|(at, _)| {
        let behind: Vec<char> = text[at + words.len()..].chars().take(2).collect();
        let goes_on = behind.first().is_some_and(char::is_ascii_digit)
            || (behind.first() == Some(&',') && behind.get(1).is_some_and(char::is_ascii_digit));
        !digit(text[..at].chars().next_back()) && !goes_on
    })
}

#[test]
fn every_bound_of_a_running_server_has_its_row_with_its_number_or_a_reason() {
    let mut all = Vec::new();
    constants(&root().join("src"), &mut all);
    let found: Vec<&Constant> = all.iter().filter(|one| one.bounds()).collect();
    assert!(found.len() > 100, "{}", found.len());

    let cells: BTreeMap<String, String> = table(MANUALS[0])
        .into_iter()
        .map(|cells| (cells[0].clone(), cells[1].clone()))
        .collect();
    let mut wrong = Vec::new();
    for row in ROWS {
        let cell = &cells[row.bound];
        for spec in row.constants {
            let mut meant = all.iter().filter(|one| one.is(spec)).peekable();
            if meant.peek().is_none() {
                wrong.push(format!("{}: there is no {spec}", row.bound));
            }
            for one in meant {
                let forms = one.forms(&all);
                if !forms.iter().any(|form| says(cell, form)) {
                    wrong.push(format!(
                        "{}: {spec} is {forms:?}, said is {cell}",
                        row.bound
                    ));
                }
            }
        }
    }
    let excused: Vec<&str> = NO_ROW
        .iter()
        .flat_map(|(_, specs)| *specs)
        .copied()
        .collect();
    for spec in &excused {
        if !found.iter().any(|one| one.is(spec)) {
            wrong.push(format!("an excuse for {spec}, which is not there"));
        }
    }
    let listed: Vec<&str> = ROWS.iter().flat_map(|row| row.constants).copied().collect();
    for one in found {
        let room = ROOMS
            .iter()
            .any(|room| one.file.starts_with(&format!("{room}/")));
        let by = |specs: &[&str]| specs.iter().any(|spec| one.is(spec));
        if room && !by(&listed) && !by(&excused) {
            wrong.push(format!(
                "{}: {} has no row and no excuse",
                one.file, one.name
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
