//! The field that a name was meant to be: the nearest of its own subject, or what other systems call it.

use crate::lang::builtins::Registry;
use crate::lang::diagnostics::{Words, nearest};

use super::report::w;

/// The field of past logins that is called so, or nearly.
pub(super) fn of_a_row(name: &str, registry: &Registry) -> Option<&'static str> {
    let rows = registry.fields().iter().filter(|field| field.row);
    let rows: Vec<&'static str> = rows.map(|field| field.bare()).collect();
    let exact = rows.iter().copied().find(|row| *row == name);
    exact.or_else(|| nearest(name, rows))
}

/// What other systems call a field.
const CALLED: [(&[&str], &str); 21] = [
    (&["login.town"], "login.city"),
    (&["message.latitude", "message.location_x"], "message.lat"),
    (
        &["message.longitude", "message.lng", "message.location_y"],
        "message.lon",
    ),
    (
        &["message.event_key", "message.eventkey", "message.menu"],
        "message.key",
    ),
    (&["message.msgtype", "message.msg_type"], "message.type"),
    (
        &["message.link", "message.pic_url", "message.picurl"],
        "message.url",
    ),
    (
        &[
            "account.username",
            "account.user",
            "account.nick",
            "account.nickname",
            "account.realname",
            "account.title",
            "user.name",
            "user.nickname",
            "customer.name",
        ],
        "account.name",
    ),
    (
        &[
            "account.mobile",
            "account.tel",
            "account.telephone",
            "user.phone",
        ],
        "account.phone",
    ),
    (
        &["account.uid", "account.number", "account.no", "user.id"],
        "account.id",
    ),
    (&["account.timezone", "account.tz"], "account.zone"),
    (&["account.state"], "account.status"),
    (&["account.created_at"], "account.created"),
    (
        &[
            "sender.id",
            "sender.uid",
            "sender.open_id",
            "user.openid",
            "openid",
        ],
        "sender.openid",
    ),
    (&["sender.lang"], "sender.language"),
    (
        &[
            "message.content",
            "message.body",
            "message.message",
            "message.msg",
            "text",
            "content",
        ],
        "message.text",
    ),
    (
        &["login.user", "login.username", "login.name", "login.uid"],
        "login.account",
    ),
    (
        &[
            "login.location",
            "login.where",
            "login.address",
            "login.addr",
        ],
        "login.place",
    ),
    (
        &[
            "login.computer",
            "login.pc",
            "login.machine_id",
            "login.device_id",
        ],
        "login.machine",
    ),
    (&["login.user_agent", "login.ua"], "login.agent"),
    (&["now.day", "now.today", "today", "date"], "now.date"),
    (&["score", "risk", "risk_score"], "suspicion"),
];
/// What the platform does not tell of who writes.
const NOT_TOLD: [&str; 8] = [
    "name", "nickname", "nick", "username", "phone", "mobile", "gender", "sex",
];

/// The field that `text` was meant to be, of those that the registry knows.
pub(super) fn field(text: &str, registry: &Registry) -> Option<String> {
    let called = CALLED.iter().find(|(names, _)| names.contains(&text));
    if let Some((_, right)) = called {
        return Some((*right).to_owned());
    }
    let (subject, last) = text.rsplit_once('.')?;
    let near = nearest(last, fields_of(subject, registry))?;
    Some(format!("{subject}.{near}"))
}

/// Whether `text` is a part of a subject that has parts: then only they are near.
pub(super) fn has_subject(text: &str, registry: &Registry) -> bool {
    text.rsplit_once('.')
        .is_some_and(|(subject, _)| fields_of(subject, registry).next().is_some())
}

fn fields_of<'r>(subject: &'r str, registry: &'r Registry) -> impl Iterator<Item = &'r str> {
    registry.fields().iter().filter_map(move |field| {
        let part = field.path.strip_prefix(subject)?.strip_prefix('.')?;
        (!part.contains('.')).then_some(part)
    })
}

/// What to say of a part that nobody knows.
pub(super) fn not_told(text: &str) -> Option<Words> {
    // The login before this one is no name of its own.
    if let Some(part) = text.strip_prefix("previous.") {
        return Some(w(
            format!("上一次成功登录的写 `last({part})`"),
            format!("of the last successful login write `last({part})`"),
        ));
    }
    let part = text.strip_prefix("sender.")?;
    NOT_TOLD.contains(&part).then(|| {
        w(
            "微信不说对方的名字和手机号；绑定了账号的，写 `when bound`，再用 `account.name`、`account.phone`",
            "the platform does not tell the name or phone of who writes; where an account is bound write `when bound` and use `account.name`, `account.phone`",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_is_known_and_what_is_called_otherwise_is_not() {
        let registry = Registry::standard();
        for (names, right) in CALLED {
            assert!(registry.field(right).is_some(), "{right}");
            for name in names {
                assert!(registry.field(name).is_none(), "{name}");
                assert_eq!(field(name, &registry).as_deref(), Some(right), "{name}");
            }
        }
    }

    #[test]
    fn only_parts_of_the_same_subject_are_near() {
        let registry = Registry::standard();
        let near = |text: &str| field(text, &registry);
        assert_eq!(near("login.ctiy").as_deref(), Some("login.city"));
        assert_eq!(near("sender.tag").as_deref(), Some("sender.tags"));
        for text in [
            "sender.name",
            "account.email",
            "login.colour",
            "nothing.at_all",
        ] {
            assert_eq!(near(text), None, "{text}");
        }
        assert!(not_told("sender.name").is_some() && not_told("account.email").is_none());
    }
}
