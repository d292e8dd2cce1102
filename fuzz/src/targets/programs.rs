//! Rule files written from the grammar and the registry: most of them compile, so that what comes
//! after the parser is reached.

use menshen::lang::builtins::{
    ArgKind, FunctionKind, FunctionSpec, NamedArg, Registry, ResultType, Stage,
};
use menshen::lang::value::Type;

use super::bytes::Bytes;
use super::rules;

/// The library's own tests write their conditions with it, too.
#[path = "../../../src/lang/eval/author.rs"]
mod author;
use author::{Author, Choices};

pub fn run(data: &[u8]) {
    rules::whole(&write(data));
}

pub fn seeds() -> Vec<Vec<u8>> {
    // Any bytes are a program; these are spread over the choices.
    (1..=32_u32)
        .map(|seed| {
            let mut x = seed.wrapping_mul(0x9E37_79B9);
            let byte = |_| {
                x ^= x << 13;
                x ^= x >> 17;
                x ^= x << 5;
                (x >> 9) as u8
            };
            (0..160).map(byte).collect()
        })
        .collect()
}

/// The program these bytes stand for.
pub fn write(data: &[u8]) -> String {
    let registry = rules::registry();
    let mut author = Author::new(&registry, Bytes(data));
    let mut out = author::NAMES.to_owned() + &author.let_quiet() + "\n";
    for number in 0..6 {
        if author.choices.is_over() {
            break;
        }
        let item = match author.choices.below(4) {
            0 | 1 => signal(&mut author, number),
            2 => author.choices.rule(),
            _ => author.choices.dialog(number),
        };
        out.push_str(&item);
        out.push('\n');
    }
    out
}

impl Choices for Bytes<'_> {
    fn below(&mut self, sides: usize) -> usize {
        Bytes::below(self, sides)
    }

    fn is_over(&self) -> bool {
        Bytes::is_over(self)
    }
}

fn signal(author: &mut Author<'_, Bytes<'_>>, number: usize) -> String {
    let when = author.condition(3);
    let mut out = format!(
        "signal s{number} \"信号\" weight {}{} {{\n    when {when}\n",
        author.choices.pick(&["30", "-5", "100"]),
        author.choices.pick(&["", " shadow"]),
    );
    if author.choices.below(2) == 0 {
        out.push_str(&format!("    except {}\n", author.condition(2)));
    }
    if author.choices.below(3) == 0 {
        out.push_str("    learn until 14 days and 10 logins\n");
    }
    out.push_str("}\n");
    out
}

impl Bytes<'_> {
    fn trigger(&mut self) -> String {
        let text = *self.pick(&[
            "锁定",
            "bind",
            "是我 {n: number}",
            "从 {a: word} 到 {b: rest}",
            "查{no: digits(6)}",
            "１２ 三",
            "{p: mobile}",
            "a b",
            "{w: one_of(words)}",
            "{d: date} {e: email}",
        ]);
        match self.below(7) {
            0 => format!("text containing \"{}\"", self.pick(&["退款", "a", "1 2"])),
            1 => format!("text starting \"{}\"", self.pick(&["反馈", "/"])),
            2 => format!(
                "text matching \"{}\"",
                self.pick(&[
                    "订单(?<no>[0-9]+)",
                    "[a-z]+",
                    "(退款|退货).*吗",
                    "^a{1,3}$",
                    "(?<x>.*)"
                ])
            ),
            3 => "text in words".to_owned(),
            4 => "text with phone: mobile, code: digits(6)".to_owned(),
            5 => format!(
                "{} \"{text}\"",
                self.pick(&["click", "scan scene", "subscribe scene"])
            ),
            _ => format!("text \"{text}\""),
        }
    }

    fn rule(&mut self) -> String {
        let trigger = self.trigger();
        let when = match self.below(3) {
            0 => String::new(),
            1 => " when bound".to_owned(),
            _ => format!(" when message.time {} now", self.pick(&["<=", ">", "=="])),
        };
        let even = self.pick(&["", " even in dialog"]);
        let reply = self.pick(&[
            "reply \"好\"",
            "reply \"{sender.openid} 一\"",
            "note \"x\"",
            "hand over to \"kf@x\"",
            "remember x = 3 for 1 hour",
        ]);
        format!("on {trigger}{when}{even} {{\n    {reply}\n}}\n")
    }

    fn dialog(&mut self, number: usize) -> String {
        let kind = self.pick(&["mobile", "digits(6)", "number", "word", "date", "email"]);
        let tries = 1 + self.below(5);
        format!(
            "dialog d{number} expires 10 minutes {{\n    ask slot: {kind} \"请输入\"\n        invalid \"不对\" at most {tries} times\n    cancel on words {{ reply \"已取消\" }}\n    give up {{ reply \"算了\" }}\n    done {{ reply \"好，{{slot}}\" }}\n}}\n\non text \"开始{number}\" {{\n    start d{number}\n}}\n"
        )
    }
}
