//! The manual's table of bounds against the code: every bound of a running server has its row or a reason for having
//! none, each row says what its constants say, in both languages, and names tests that go to the bound.

use std::collections::BTreeMap;
use std::path::Path;

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
    row("connections", &["server::MAX_CONNECTIONS"], &["10_000"]),
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
        &[],
        &[
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
        "rules folder",
        &[
            "bot::MAX_FILES",
            "bot::MAX_DEPTH",
            "bot::MAX_FILE_BYTES",
            "lang/syntax::MAX_FILE_BYTES",
            "lang/check::MAX_TOTAL_BYTES",
        ],
        &[
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

/// Where a running server's bounds are. Elsewhere are commands that run for who calls them (`check`, `backtest`,
/// `lsp`, `chat`), the sandbox, and the checker's own measures, which end in a finding.
const ROOMS: [&str; 11] = [
    "accounts",
    "bot",
    "cli/control",
    "config",
    "guard",
    "history",
    "outbox",
    "server",
    "store",
    "text",
    "wechat",
];

/// Bounds without a row, by the reason.
const NO_ROW: &[(&str, &[&str])] = &[
    (
        "a length of one field, refused by its name (422) or cut where it is kept; the body it comes in has a row",
        &[
            "accounts::MAX_ID_BYTES",
            "accounts::MAX_NAME_CHARS",
            "accounts::MAX_PASSWORD_BYTES",
            "accounts::MAX_TICKET_BYTES",
            "accounts::MAX_BYTES",
            "bot::MAX_TEXT",
            "guard::MAX_ID_BYTES",
            "guard::MAX_TOKEN_BYTES",
            "guard::MAX_BYTES",
            "guard::MAX_REASON_CHARS",
            "guard/captcha::MAX_ANSWER_BYTES",
            "guard::MAX_EXPLANATION_BYTES",
            "guard::MAX_SIGNALS_BYTES",
            "guard::MAX_SIGNALS",
            "outbox::MAX_ANSWER_CHARS",
            "outbox::MAX_SECRET_BYTES",
            "server::MAX_FIELDS",
            "server::MAX_FIELD_CHARS",
            "server::MAX_URL_CHARS",
            "server::MAX_TOKEN_CHARS",
            "server::MAX_AUTHORIZATION_BYTES",
            "server::MAX_ACCOUNT_CHARS",
            "server::MAX_PASSWORD_CHARS",
            "server::MAX_USER_AGENT_CHARS",
            "server::MAX_TEXT_CHARS",
            "server::MAX_REASON_CHARS",
            "server::MAX_KEY_CHARS",
            "server::MAX_NAME_CHARS",
            "server::MAX_KEY_LEN",
            "server::MAX_FINDINGS_CHARS",
            "store::MAX_VALUE_BYTES",
            "store::MAX_KEY_BYTES",
            "store::MAX_TEXT_BYTES",
            "text::MAX_TEXT_BYTES",
            "wechat::TEXT_LIMIT",
            "wechat::MAX_ENCRYPTED_TEXT",
            "wechat::BODY_LIMIT",
            "wechat::RID_LIMIT",
            "wechat::UNKNOWN_LIMIT",
        ],
    ),
    (
        "a page of a listing, which says where the next begins, or the newest of something",
        &[
            "accounts::MAX_PAGE",
            "accounts::MAX_BINDINGS",
            "guard::MAX_PAGE",
            "guard::MAX_LISTED",
            "outbox::MAX_LIST",
            "server::MAX_PAGE",
            "server::MAX_LOOKED_AT",
            "server::MAX_LOGINS",
            "server::MAX_ALERTS",
            "server::MAX_AUDIT",
        ],
    ),
    (
        "a step of work whose next step takes the rest",
        &[
            "accounts::MAX_IMPORT_ROWS",
            "guard::MAX_COOL_DOWNS",
            "guard::MAX_UNLISTED",
            "guard::MAX_MACHINES",
            "outbox::MAX_FORGET",
            "outbox::MAX_IN_FLIGHT",
            "outbox::MAX_CALLS_IN_FLIGHT",
            "server::MAX_ERASE_STEPS",
            "store::MAX_SWEEP",
            "store::MAX_BATCH_KEYS",
            "store::MAX_BATCH_BYTES",
            "store::MAX_DRAIN_COMMANDS",
        ],
    ),
    (
        "how often or how long something is tried, kept or trusted; nothing grows",
        &[
            "accounts::MAX_REFUSAL",
            "config::MAX_TIMEOUT",
            "guard::MAX_TRUST",
            "outbox::MAX_BACKOFF",
            "outbox::MAX_CALL_ATTEMPTS",
            "outbox::MAX_CALL_DEADLINE",
            "outbox::MAX_IDLE",
            "outbox::MAX_REPEATS",
            "outbox::MAX_RETRIES",
            "outbox::MAX_TEMPLATE_SENDS",
            "server::MAX_LIFE",
            "wechat::MAX_BACKOFF",
            "wechat::MAX_QR_SECONDS",
        ],
    ),
    (
        "what the operator hands over at the start or in an import, refused by its name",
        &[
            "accounts::MAX_MEMORY_KIB",
            "accounts::MAX_PASSES",
            "accounts::MAX_LANES",
            "accounts::MAX_BCRYPT_COST",
            "config::MAX_CONFIG_BYTES",
            "config::MAX_LIST",
            "config::MAX_SECRET_BYTES",
            "guard/geo::MAX_FILE_BYTES",
            "outbox::MAX_WEBHOOKS",
            "store::MAX_LINE_BYTES",
            "store::MAX_ASIDE",
            "cli/control::MAX_ADDRESS_BYTES",
        ],
    ),
    (
        "the work one message or login may cost: a part of the rules' own bounds",
        &[
            "bot::MAX_EVENTS",
            "bot::MAX_ROUNDS",
            "bot::MAX_MACHINE_BYTES",
            "bot::MAX_NAMED",
            "bot::MAX_ENTRIES",
            "bot::MAX_STEPS",
            "bot::MAX_OLDER",
            "bot::MAX_PIECES",
            "guard::MAX_BLOCKS",
            "history::MAX_POINTS",
            "history::MAX_SHOWN",
            "text::MAX_STEPS",
            "text::MAX_SET",
            "text::MAX_NESTING",
            "text::MAX_ALTERNATIVES",
        ],
    ),
    (
        "the platform's, which the other end keeps too",
        &[
            "wechat::MAX_ARTICLES",
            "wechat::MAX_ARTICLES_TO_MESSAGE",
            "wechat::ANSWER_LIMIT",
        ],
    ),
    (
        "a follower's own: rules name what is remembered, so that there is as much as the rules have names for",
        &["bot::MAX_PERSONAL", "outbox::MAX_TAGS"],
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

/// A constant of the code: the file it is in below `src`, its name, its type and its value as written.
#[derive(Debug)]
struct Constant {
    file: String,
    name: String,
    kind: String,
    value: String,
}

fn constants(folder: &Path, all: &mut Vec<Constant>) {
    for entry in std::fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            constants(&path, all);
            continue;
        }
        let below = path.strip_prefix(root().join("src")).expect("below");
        let file = below.to_string_lossy().into_owned();
        if !file.ends_with(".rs") || file.contains("test") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("text");
        for (at, _) in text.match_indices("const ") {
            let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
            let before = text[line..at].trim();
            if !(before.is_empty() || before.starts_with("pub")) {
                continue;
            }
            let rest = &text[at + "const ".len()..];
            let Some((name, rest)) = rest.split_once(": ") else {
                continue;
            };
            let Some((kind, rest)) = rest.split_once(" =") else {
                continue;
            };
            let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !plain(name) || !plain(kind) {
                continue;
            }
            let value = rest.split(';').next().unwrap_or_default();
            all.push(Constant {
                file: file.clone(),
                name: name.to_owned(),
                kind: kind.to_owned(),
                value: value.trim().to_owned(),
            });
        }
    }
}

impl Constant {
    /// Whether its name says that it bounds something, and its type that it is a number or a time.
    fn bounds(&self) -> bool {
        let name = self.name.as_str();
        let kinds = ["usize", "u64", "u32", "u8", "i64", "Millis", "Duration"];
        kinds.contains(&self.kind.as_str())
            && (name.starts_with("MAX_")
                || name.contains("LIMIT")
                || name.contains("CAPACITY")
                || name.ends_with("_ROWS"))
    }

    /// Whether `place::NAME` means it: a room, or a file in one.
    fn is(&self, spec: &str) -> bool {
        let (place, name) = spec.split_once("::").expect("place::NAME");
        let file = self.file.trim_end_matches(".rs").trim_end_matches("/mod");
        let rest = file.strip_prefix(place);
        self.name == name && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Its value; a time in milliseconds.
    fn worth(&self, all: &[Self]) -> u64 {
        let known: BTreeMap<&str, u64> = [
            ("SECOND", 1_000),
            ("MINUTE", 60_000),
            ("HOUR", 3_600_000),
            ("DAY", 86_400_000),
        ]
        .into();
        let atom = |text: &str| -> u64 {
            let text = text.trim();
            let seconds = text.strip_prefix("Duration::from_secs(");
            if let Some(inner) = seconds.and_then(|rest| rest.strip_suffix(')')) {
                return inner.parse::<u64>().expect("seconds") * 1_000;
            }
            let last = text.rsplit("::").next().unwrap_or(text);
            let named = || {
                all.iter()
                    .find(|one| one.name == last && one.kind == self.kind)
            };
            (text.replace('_', "").parse().ok())
                .or_else(|| known.get(last).copied())
                .or_else(|| named().map(|one| one.worth(all)))
                .unwrap_or_else(|| panic!("{self:?}: what is {text}?"))
        };
        let product = |text: &str| -> u64 {
            match text.split_once("<<") {
                Some((one, by)) => atom(one) << atom(by),
                None => text.split('*').map(atom).product(),
            }
        };
        match self.value.split_once(" - ") {
            Some((from, less)) => product(from) - product(less),
            None => product(&self.value),
        }
    }

    /// How the manual may write it.
    fn forms(&self, all: &[Self]) -> Vec<String> {
        let worth = self.worth(all);
        let mut forms = Vec::new();
        let mut unit = |size: u64, name: &str| {
            if worth >= size && worth.is_multiple_of(size) {
                forms.push(format!("{} {name}", worth / size));
            }
        };
        if matches!(self.kind.as_str(), "Millis" | "Duration") {
            for (size, name) in [
                (1_000, "s"),
                (60_000, "minutes"),
                (3_600_000, "hours"),
                (86_400_000, "days"),
            ] {
                unit(size, name);
            }
            return forms;
        }
        unit(1 << 10, "KiB");
        unit(1 << 20, "MiB");
        let digits = worth.to_string();
        let mut grouped = String::new();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        forms.push(grouped);
        forms
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
