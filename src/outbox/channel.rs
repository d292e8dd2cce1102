//! Which channel can reach a follower now. Pure.

use super::contact;
use crate::env::Millis;
use crate::store::records::{Contact, ContactWindow, OutboxChannel, UndeliverableReason};

/// Which sends an official account may use at all: customer-service messages need a verified
/// account, template messages a verified service account (protocol: practical constraints).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// Customer-service messages.
    pub custom: bool,
    /// Template messages.
    pub template: bool,
}

impl Abilities {
    /// Both channels.
    pub const ALL: Self = Self {
        custom: true,
        template: true,
    };
    /// Neither channel.
    pub const NONE: Self = Self {
        custom: false,
        template: false,
    };

    /// Whether `channel` may be used.
    pub const fn allows(self, channel: OutboxChannel) -> bool {
        match channel {
            OutboxChannel::Custom => self.custom,
            OutboxChannel::Template => self.template,
        }
    }

    /// Without `channel`.
    pub const fn without(self, channel: OutboxChannel) -> Self {
        match channel {
            OutboxChannel::Custom => Self {
                custom: false,
                ..self
            },
            OutboxChannel::Template => Self {
                template: false,
                ..self
            },
        }
    }
}

/// What the choice depends on.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The present moment.
    pub now: Millis,
    /// The follower, if ever seen.
    pub contact: Option<&'a Contact>,
    /// What the official account may use and the message has content for.
    pub usable: Abilities,
}

/// The channel to take and, for the custom channel, the window to charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// A customer-service message charged to that window.
    Custom(ContactWindow),
    /// A template message.
    Template,
}

impl Route {
    /// The channel of this route.
    pub const fn channel(self) -> OutboxChannel {
        match self {
            Self::Custom(_) => OutboxChannel::Custom,
            Self::Template => OutboxChannel::Template,
        }
    }
}

/// Custom inside a window and its quota, else template, else why nothing reaches the follower.
/// A follower never seen gets no customer-service message: no window can be known to be open.
pub fn choose(situation: Situation<'_>) -> Result<Route, UndeliverableReason> {
    let Situation {
        now,
        contact,
        usable,
    } = situation;
    if contact.is_some_and(|contact| !contact.followed) {
        return Err(UndeliverableReason::Unfollowed);
    }
    let window = contact.and_then(|contact| contact::open_window(contact, now));
    if let (true, Some(window)) = (usable.custom, window) {
        return Ok(Route::Custom(window));
    }
    if usable.template {
        return Ok(Route::Template);
    }
    if usable.custom && contact.is_some_and(|contact| contact::quota_spent(contact, now)) {
        return Err(UndeliverableReason::Quota);
    }
    Err(UndeliverableReason::NoChannel)
}

#[cfg(test)]
mod tests {
    use super::contact::MESSAGE_WINDOW;
    use super::*;
    use crate::env::{HOUR, SECOND};

    type Row = (
        &'static str,
        Option<Contact>,
        Abilities,
        Result<Route, UndeliverableReason>,
    );

    const NOW: Millis = 1_790_000_000_000;

    fn contact(
        message_age: Option<Millis>,
        sent: u32,
        event_age: Option<Millis>,
        used: u32,
    ) -> Contact {
        Contact {
            official_account: "main".into(),
            openid: "o1".into(),
            followed: true,
            first_seen: 0,
            followed_at: None,
            unfollowed_at: None,
            last_message_at: message_age.map(|age| NOW - age),
            sent_since_message: sent,
            event_window_until: event_age.map(|age| NOW - age + contact::EVENT_WINDOW),
            sent_in_event: used,
            language: None,
            tags: vec![],
        }
    }

    /// `check` warns of messages that come later.
    #[test]
    fn the_rule_language_knows_for_how_long_an_event_lets_messages_through() {
        assert_eq!(crate::lang::EVENT_WINDOW, contact::EVENT_WINDOW);
    }

    #[test]
    fn table_of_channel_choice() {
        use ContactWindow::{Event, Message};
        use Route::{Custom, Template};
        use UndeliverableReason::{NoChannel, Quota, Unfollowed};

        let custom_only = Abilities::ALL.without(OutboxChannel::Template);
        let template_only = Abilities::ALL.without(OutboxChannel::Custom);
        let gone = Contact {
            followed: false,
            ..contact(Some(HOUR), 0, None, 0)
        };
        let table: Vec<Row> = vec![
            (
                "wrote an hour ago",
                Some(contact(Some(HOUR), 0, None, 0)),
                Abilities::ALL,
                Ok(Custom(Message)),
            ),
            (
                "last second of the window",
                Some(contact(Some(MESSAGE_WINDOW - SECOND), 0, None, 0)),
                Abilities::ALL,
                Ok(Custom(Message)),
            ),
            (
                "the window exactly",
                Some(contact(Some(MESSAGE_WINDOW), 0, None, 0)),
                Abilities::ALL,
                Ok(Template),
            ),
            (
                "past the window, no template",
                Some(contact(Some(MESSAGE_WINDOW), 0, None, 0)),
                custom_only,
                Err(NoChannel),
            ),
            (
                "fifth message",
                Some(contact(Some(HOUR), 4, None, 0)),
                Abilities::ALL,
                Ok(Custom(Message)),
            ),
            (
                "sixth message",
                Some(contact(Some(HOUR), 5, None, 0)),
                Abilities::ALL,
                Ok(Template),
            ),
            (
                "sixth, no template",
                Some(contact(Some(HOUR), 5, None, 0)),
                custom_only,
                Err(Quota),
            ),
            (
                "sixth, but just clicked",
                Some(contact(Some(HOUR), 5, Some(SECOND), 0)),
                Abilities::ALL,
                Ok(Custom(Event)),
            ),
            (
                "followed 49 s ago",
                Some(contact(None, 0, Some(49 * SECOND), 0)),
                Abilities::ALL,
                Ok(Custom(Event)),
            ),
            (
                "followed 50 s ago",
                Some(contact(None, 0, Some(50 * SECOND), 0)),
                Abilities::ALL,
                Ok(Template),
            ),
            (
                "event quota used",
                Some(contact(None, 0, Some(SECOND), 3)),
                custom_only,
                Err(Quota),
            ),
            ("never seen", None, Abilities::ALL, Ok(Template)),
            ("never seen, no template", None, custom_only, Err(NoChannel)),
            (
                "template only",
                Some(contact(Some(HOUR), 0, None, 0)),
                template_only,
                Ok(Template),
            ),
            (
                "no channel at all",
                Some(contact(Some(HOUR), 0, None, 0)),
                Abilities::NONE,
                Err(NoChannel),
            ),
            ("has left", Some(gone), Abilities::ALL, Err(Unfollowed)),
        ];
        for (name, contact, usable, expected) in table {
            let situation = Situation {
                now: NOW,
                contact: contact.as_ref(),
                usable,
            };
            assert_eq!(choose(situation), expected, "{name}");
        }
    }
}
