//! The phones over a restart: who there is, what was said, and the numbers given so far.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{MAX_ENTRIES, MAX_USERS, User, World};

/// More numbers than are given between the last writing and a kill.
const UNWRITTEN: u64 = 10_000;

/// What is kept. Codes, the menu and open doubts about messages are not: a bot makes them anew.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    users: Cow<'a, BTreeMap<String, User>>,
    /// Messages sent to users, and pushes made: their numbers must not come again.
    sent: u64,
    pushed: u64,
}

impl World {
    /// What is kept, as JSON.
    pub(in crate::sandbox) fn kept(&self) -> String {
        let kept = Kept {
            users: Cow::Borrowed(&self.users),
            sent: self.sent,
            pushed: self.pushed,
        };
        serde_json::to_string(&kept).unwrap_or_default()
    }

    /// Goes on from what was kept; bounds hold for that too.
    pub(in crate::sandbox) fn go_on(&mut self, kept: &str) -> Result<(), serde_json::Error> {
        let kept: Kept<'_> = serde_json::from_str(kept)?;
        let users = kept.users.into_owned().into_iter().take(MAX_USERS);
        self.users = users
            .map(|(openid, mut user)| {
                let surplus = user.transcript.len().saturating_sub(MAX_ENTRIES);
                user.transcript.drain(..surplus);
                (openid, user)
            })
            .collect();
        (self.sent, self.pushed) = (kept.sent + UNWRITTEN, kept.pushed + UNWRITTEN);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::{Channel, Side, World};
    use crate::env::Env;

    #[test]
    fn a_phone_is_the_same_after_a_restart() {
        let (env, _) = Env::scripted(1_000, 3);
        let mut before = World::default();
        let openid = before.create_user("小明", &env).unwrap();
        before.set_following(&openid, true, 5).unwrap();
        before.note_message(&openid, 1_000);
        let line = (
            Side::User,
            Channel::Message,
            "text".into(),
            "绑定".into(),
            Value::Null,
        );
        before.record(&openid, 1_000, line.clone());
        let pushed = before.next_push_id();

        let mut after = World::default();
        after.go_on(&before.kept()).unwrap();
        assert_eq!(after.users(1_000), before.users(1_000));
        assert_eq!(
            after.transcript(&openid, 0).unwrap(),
            before.transcript(&openid, 0).unwrap()
        );
        assert_eq!(after.record(&openid, 2_000, line).unwrap().seq, 2);
        assert!(after.next_push_id() > pushed, "numbers go on");
        assert!(after.go_on("{").is_err());
    }
}
