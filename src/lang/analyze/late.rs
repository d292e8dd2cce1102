//! Messages that are sent when the platform takes none any more: after a follow, a scan or a click it does for a
//! minute only.

use crate::lang::check::codes as c;
use crate::lang::check::report::{Report, w};
use crate::lang::check::walk;
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{ActionKind, EventName, Matcher, PatternPart, Program, Rule, Trigger};

/// Milliseconds after such an event for which the outbox sends messages.
pub const EVENT_WINDOW: i64 = 50_000;

pub(super) fn check(program: &Program, report: &mut Report) {
    for rule in &program.rules {
        let Some((trigger, zh, en)) = rule.triggers.iter().find_map(short) else {
            continue;
        };
        walk::actions(&rule.body, &mut |action| {
            let ActionKind::Send { after, .. } = &action.kind else {
                return;
            };
            if *after < EVENT_WINDOW {
                return;
            }
            let seconds = EVENT_WINDOW / 1000;
            let found = Diagnostic::warning(
                c::LATE,
                w(
                    format!("{zh}满 {seconds} 秒以后就发不出去了"),
                    format!("{seconds} seconds {en} nothing can be sent any more"),
                ),
                action.span,
                w(
                    "到时候发不出去，除非这两天里对方发过消息",
                    "not delivered, unless the follower wrote within the last two days",
                ),
            )
            .with_label(trigger.span, w("因为它而发", "sent because of this"))
            .with_help(w(
                "只发给这两天里写过消息的人，就在这一行末尾写 `# allow late: 原因`",
                "meant for those only who wrote within two days: `# allow late: REASON` at the end of the line",
            ))
            .with_help(w(
                "请对方先发一条消息（`on text`），那以后 47 小时内都能发；不急的话去掉 `after`，马上发",
                "have the follower write first (`on text`), after which there are 47 hours; or send at once, without `after`",
            ));
            let passed = match minutes_until(*after) {
                minutes @ ..120 => w(format!(" {minutes} 分钟"), format!("{minutes} minutes")),
                minutes => w(
                    format!("过了 {} 个小时", minutes / 60),
                    format!("more than {} hours", minutes / 60),
                ),
            };
            report.push(match story(rule, trigger, *after) {
                Some(story) => found.with_story(
                    story,
                    w(
                        format!("例如{zh}以后{}，什么也没有收到", passed.zh),
                        format!("for example {} {en} nothing has arrived", passed.en),
                    ),
                ),
                None => found,
            });
        });
    }
}

/// A trigger after which the platform takes messages for a minute, and what happens there.
fn short(trigger: &Trigger) -> Option<(&Trigger, &'static str, &'static str)> {
    let (zh, en) = match trigger.event {
        EventName::Subscribe => ("关注", "after a follow"),
        EventName::Scan => ("扫码", "after a scan"),
        EventName::Click => ("点菜单", "after a click on the menu"),
        _ => return None,
    };
    Some((trigger, zh, en))
}

/// Whole minutes after which it should have come.
fn minutes_until(after: i64) -> i64 {
    after / 60_000 + 1
}

/// What shows it, where the rule acts whenever its trigger comes.
fn story(rule: &Rule, trigger: &Trigger, after: i64) -> Option<Vec<String>> {
    let text = match &trigger.matcher {
        Matcher::Always => None,
        Matcher::Pattern(pattern) => match pattern.parts.as_slice() {
            [PatternPart::Literal(text)] => Some(text.replace('\\', "\\\\").replace('"', "\\\"")),
            _ => return None,
        },
        _ => return None,
    };
    let step = match (&trigger.event, text) {
        (EventName::Subscribe, None) => "follows".to_owned(),
        (EventName::Subscribe, Some(scene)) => format!("follows scene \"{scene}\""),
        (EventName::Scan, scene) => format!("scans \"{}\"", scene.unwrap_or_default()),
        (EventName::Click, key) => format!("clicks \"{}\"", key.unwrap_or_else(|| "KEY".into())),
        _ => return None,
    };
    rule.when.is_none().then(|| {
        vec![
            format!("wechat 小王 {step}"),
            format!("after {} minutes", minutes_until(after)),
            "expect no send".to_owned(),
        ]
    })
}
