//! Every line of the shipped rules, broken in every way that lines break: left out, written twice,
//! swapped with the next, joined with it, split in two, put at column 0; every brace and every `"""` left out, and a sign put
//! behind every line that a brace ends.
//!
//! What is a case is decided by the files alone, so that a new rule brings its own. Of the rules every line
//! is tried, split in its middle, without the stories, which take most of the time; of the stories, which are
//! many and alike, one line in so many. A story is broken with only the one behind it beside the rules, so
//! that the others are not read each time. `MENSHEN_CORPUS=all` tries every line at every blank, some minutes of a
//! debug build; `MENSHEN_CORPUS=all/8` every eighth of those.

/// One broken file.
pub struct Case {
    /// Index of the file.
    pub file: usize,
    /// Index of the line in the file.
    pub line: usize,
    /// Kind and the line's text.
    pub name: String,
    /// What becomes of the file.
    pub text: String,
    /// It is a story that is broken.
    pub story: bool,
}

/// One in so many lines of stories is tried.
const STORIES: usize = 16;

/// Every case of a file.
pub fn cases(file: usize, text: &str) -> Vec<Case> {
    let which = std::env::var("MENSHEN_CORPUS").unwrap_or_default();
    let all = which.starts_with("all");
    let rules = without_stories(text);
    let mut cases = Vec::new();
    let whole: Vec<&str> = rules.lines().collect();
    broken(file, &whole, 0..whole.len(), all, &mut cases);
    let stories = stories(text);
    for (at, (line, story)) in stories.iter().enumerate() {
        let next = stories.get(at + 1).map_or(&[][..], |(_, next)| next);
        let mut lines = whole.clone();
        lines.extend(story);
        lines.extend(next);
        let from = whole.len();
        let mut own = Vec::new();
        broken(file, &lines, from..from + story.len(), all, &mut own);
        for case in &mut own {
            case.story = true;
            // Where it stands in the file itself.
            case.line = case.line - from + line;
        }
        cases.extend(
            own.into_iter()
                .filter(|case| all || case.line % STORIES == 0),
        );
    }
    let step = which
        .split_once('/')
        .and_then(|(_, step)| step.parse().ok());
    cases.into_iter().step_by(step.unwrap_or(1)).collect()
}

/// The stories of a file: the index of the first line, and the lines up to the next item.
fn stories(text: &str) -> Vec<(usize, Vec<&str>)> {
    let mut stories: Vec<(usize, Vec<&str>)> = Vec::new();
    let mut inside = false;
    for (at, line) in text.lines().enumerate() {
        if line.starts_with(|c: char| c.is_alphabetic()) {
            inside = line.starts_with("test ");
            if inside {
                stories.push((at, Vec::new()));
            }
        }
        if let Some((_, lines)) = stories.last_mut().filter(|_| inside) {
            lines.push(line);
        }
    }
    stories
}

/// Every way to break the lines of `which`.
fn broken(
    file: usize,
    lines: &[&str],
    which: std::ops::Range<usize>,
    all: bool,
    cases: &mut Vec<Case>,
) {
    let mut block = false;
    for (at, line) in lines.iter().enumerate() {
        let inside = block;
        block ^= line.matches("\"\"\"").count() % 2 == 1;
        let code = !line.trim().is_empty() && !line.trim_start().starts_with('#');
        if !code || !which.contains(&at) {
            continue;
        }
        let mut add = |kind: &str, new: Vec<String>, dropped: usize| {
            let mut changed: Vec<String> =
                lines[..at].iter().map(|&line| line.to_owned()).collect();
            changed.extend(new);
            changed.extend(lines[at + dropped..].iter().map(|&line| line.to_owned()));
            cases.push(Case {
                file,
                line: at,
                name: format!("{kind}: {}", line.trim()),
                text: changed.join("\n") + "\n",
                story: false,
            });
        };
        add("left out", Vec::new(), 1);
        add("twice", vec![(*line).to_owned(); 2], 1);
        if !inside && !block && line.starts_with(' ') && !line.trim().starts_with('}') {
            add("at column 0", vec![line.trim_start().to_owned()], 1);
        }
        if let Some(next) = lines.get(at + 1).filter(|next| !next.trim().is_empty()) {
            add("swapped", vec![(*next).to_owned(), (*line).to_owned()], 2);
            if !inside && !block {
                add("joined", vec![format!("{line} {}", next.trim_start())], 2);
            }
        }
        if !inside && !block && line.ends_with('}') {
            for sign in [')', '）', '。'] {
                add("sign too many", vec![format!("{line}{sign}")], 1);
            }
        }
        if inside || block {
            // Of a text's own lines nothing else is code.
            if let Some(begin) = line.find("\"\"\"") {
                add(
                    "sign left out",
                    vec![line[..begin].to_owned() + &line[begin + 3..]],
                    1,
                );
            }
            continue;
        }
        let places = outside_texts(line);
        let inner = |place: usize| place > 0 && !line[..place].trim().is_empty();
        let blanks = places.iter().filter(|(at, c)| *c == ' ' && inner(*at));
        let middle = blanks.clone().nth(blanks.count() / 2).copied();
        for (place, sign) in places {
            match sign {
                '{' | '}' => {
                    let rest = &line[place + 1..];
                    let left = format!("{}{rest}", &line[..place]);
                    add("sign left out", vec![left.trim_end().to_owned()], 1);
                }
                ' ' if inner(place) && (all || middle == Some((place, ' '))) => {
                    let indent = line.len() - line.trim_start().len();
                    let rest = format!("{}{}", " ".repeat(indent + 4), &line[place + 1..]);
                    add("split", vec![line[..place].to_owned(), rest], 1);
                }
                _ => {}
            }
        }
    }
}

/// The items of a file but its stories.
pub fn without_stories(text: &str) -> String {
    let mut story = false;
    let kept = text.split_inclusive('\n').filter(|line| {
        if line.starts_with(|c: char| c.is_alphabetic()) {
            story = line.starts_with("test ");
        }
        !story
    });
    kept.collect()
}

/// Braces and blanks of a line that stand in no text and no comment.
fn outside_texts(line: &str) -> Vec<(usize, char)> {
    let mut found = Vec::new();
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '#' if !quoted => break,
            '{' | '}' | ' ' if !quoted => found.push((at, c)),
            _ => {}
        }
    }
    found
}
