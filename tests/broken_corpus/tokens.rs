//! One place of a sound file broken as a slip of the hand breaks it: a token left out, written twice or misspelt, a sign in
//! full width, a quote forgotten, a line gone. Which place, and how, a seeded generator decides.

/// splitmix64: the same cases on every machine.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Word,
    Number,
    Text,
    Sign,
}

#[derive(Debug, Clone, Copy)]
pub struct Token {
    start: usize,
    end: usize,
    kind: Kind,
}

/// The tokens of a sound file outside comments; text blocks are left alone.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let c = rest.chars().next().expect("a character");
        let mut end = at + c.len_utf8();
        if c.is_whitespace() {
            at = end;
            continue;
        }
        if c == '#' {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        if let Some(block) = rest.strip_prefix("\"\"\"") {
            at += 3 + block.find("\"\"\"").map_or(block.len(), |end| end + 3);
            continue;
        }
        let kind = if c == '"' {
            while bytes[end] != b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            end += 1;
            Kind::Text
        } else if c.is_alphabetic() || c == '_' {
            end = at
                + rest
                    .find(|c: char| !c.is_alphanumeric() && c != '_')
                    .unwrap_or(rest.len());
            Kind::Word
        } else if c.is_ascii_digit() {
            end = at
                + rest
                    .find(|c: char| !c.is_ascii_digit() && c != '.')
                    .unwrap_or(rest.len());
            Kind::Number
        } else {
            if matches!(&rest[..2.min(rest.len())], ">=" | "<=" | "==" | "!=") {
                end = at + 2;
            }
            Kind::Sign
        };
        out.push(Token {
            start: at,
            end,
            kind,
        });
        at = end;
    }
    out
}

/// One way to break a file: what it is called, and the broken text when this place allows it.
pub fn broken(text: &str, tokens: &[Token], random: &mut Random) -> Option<(String, String)> {
    let index = random.below(tokens.len());
    let token = tokens[index];
    let word = &text[token.start..token.end];
    let put = |by: &str| format!("{}{by}{}", &text[..token.start], &text[token.end..]);
    let line = text[..token.start].matches('\n').count() + 1;
    let line_start = text[..token.start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = token.start + text[token.start..].find('\n').unwrap_or(0);
    let what = random.below(34);
    let next = tokens.get(index + 1).filter(|next| next.start <= line_end);
    let blank = text[..token.start].ends_with(' ')
        && line_start < token.start
        && !text[line_start..token.start].trim().is_empty();
    let (name, new) = match (what, token.kind) {
        (0, _) => ("token left out", put("")),
        (1, Kind::Word | Kind::Sign) => ("token twice", put(&format!("{word} {word}"))),
        (2, Kind::Word) if word.is_ascii() && word.len() > 3 => {
            let at = 1 + random.below(word.len() - 2);
            (
                "letter left out",
                put(&format!("{}{}", &word[..at], &word[at + 1..])),
            )
        }
        (3, Kind::Word) if word.is_ascii() && word.len() > 3 => {
            let at = 1 + random.below(word.len() - 2);
            let mut letters: Vec<char> = word.chars().collect();
            letters.swap(at, at - 1);
            (
                "letters swapped",
                put(&letters.into_iter().collect::<String>()),
            )
        }
        (4, Kind::Word) if word.is_ascii() => ("capitals", put(&word.to_uppercase())),
        (5, Kind::Sign) => {
            let wide: String = word
                .chars()
                .map(|c| {
                    char::from_u32(u32::from(c) + 0xFEE0)
                        .filter(|_| c.is_ascii())
                        .unwrap_or(c)
                })
                .collect();
            ("full-width sign", put(&wide))
        }
        (6, Kind::Number) => {
            let wide: String = word
                .chars()
                .filter_map(|c| char::from_u32(u32::from(c) + 0xFEE0))
                .collect();
            ("full-width number", put(&wide))
        }
        (7, Kind::Text) => ("first quote left out", put(&word[1..])),
        (8, Kind::Text) => ("last quote left out", put(&word[..word.len() - 1])),
        (9, Kind::Text) => (
            "single quotes",
            put(&format!("'{}'", &word[1..word.len() - 1])),
        ),
        (10, Kind::Text) => (
            "Chinese quotes",
            put(&format!("“{}”", &word[1..word.len() - 1])),
        ),
        (11, Kind::Text) if word.len() > 4 => ("quote inside", {
            let at = word.char_indices().nth(2).map_or(1, |(at, _)| at);
            put(&format!("{}\"{}", &word[..at], &word[at..]))
        }),
        (12, Kind::Sign) if word == "==" => ("one equals sign", put("=")),
        (13, Kind::Word) if word == "and" => ("&&", put("&&")),
        (13, Kind::Word) if word == "or" => ("||", put("||")),
        (13, Kind::Word) if word == "not" => ("!", put("!")),
        (14, _) if text[line_start..].starts_with(|c: char| c.is_alphabetic()) => (
            "item indented",
            format!("{}    {}", &text[..line_start], &text[line_start..]),
        ),
        (15, Kind::Word)
            if text[line_start..token.start].trim().is_empty() && token.start > line_start =>
        {
            (
                "line at column 0",
                format!("{}{}", &text[..line_start], &text[token.start..]),
            )
        }
        (16, _) => (
            "line left out",
            format!("{}{}", &text[..line_start], &text[line_end + 1..]),
        ),
        (17, _) => (
            "// comment",
            format!("{}  // 说明{}", &text[..line_end], &text[line_end..]),
        ),
        (22, Kind::Sign) => ("brace twice", put(&format!("{word}{word}"))),
        (18, _) => (
            "semicolon",
            format!("{};{}", &text[..line_end], &text[line_end..]),
        ),
        (19, Kind::Word) => ("word replaced", put("xyzzy")),
        (20, Kind::Sign) if word == "}" => ("else", put("} else {")),
        (21, Kind::Number) => ("minus", put(&format!("-{word}"))),
        (23, Kind::Word | Kind::Number) if blank => (
            "blank lost",
            format!("{}{}", &text[..token.start - 1], &text[token.start..]),
        ),
        (24, Kind::Word) if word.is_ascii() && word.len() > 3 => {
            let at = 1 + random.below(word.len() - 2);
            (
                "blank inside",
                put(&format!("{} {}", &word[..at], &word[at..])),
            )
        }
        (25, Kind::Word) => {
            let next = next.filter(|next| next.kind == Kind::Word)?;
            let other = &text[next.start..next.end];
            let gap = &text[token.end..next.start];
            (
                "words swapped",
                format!(
                    "{}{other}{gap}{word}{}",
                    &text[..token.start],
                    &text[next.end..]
                ),
            )
        }
        (26, Kind::Sign) => {
            let other = match word {
                "(" => "[",
                ")" => "]",
                "[" => "(",
                "]" => ")",
                "{" => "[",
                "}" => "]",
                _ => return None,
            };
            ("other bracket", put(other))
        }
        (27, Kind::Text) => ("half Chinese quotes", put(&format!("“{}", &word[1..]))),
        (28, Kind::Text) => ("text twice", put(&format!("{word} {word}"))),
        (29, Kind::Word) => {
            let other = match word {
                "when" => "if",
                "reply" => "say",
                "in" => "within",
                "is" => "=",
                "ask" => "question",
                "within" => "in",
                "containing" => "contains",
                "starting" => "startswith",
                _ => return None,
            };
            ("another language's word", put(other))
        }
        (30, _) => {
            let sign = [",", "。", "，", "、", ".", "\\"][random.below(6)];
            (
                "sign at the end",
                format!("{}{sign}{}", &text[..line_end], &text[line_end..]),
            )
        }
        (31, _) if blank => (
            "wide blank",
            format!(
                "{}\u{3000}{}",
                &text[..token.start - 1],
                &text[token.start..]
            ),
        ),
        (32, Kind::Number) => (
            "number in Chinese",
            put(["五", "十", "两"][random.below(3)]),
        ),
        (33, Kind::Word) if word.is_ascii() && word.len() > 3 => {
            let at = 1 + random.below(word.len() - 2);
            (
                "nothing inside",
                put(&format!("{}\u{200b}{}", &word[..at], &word[at..])),
            )
        }
        _ => return None,
    };
    (new != text).then(|| (format!("line {line}: {name}: {word}"), new))
}
