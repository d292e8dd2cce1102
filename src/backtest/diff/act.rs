//! What becomes of a login under one rule set.

use serde::{Serialize, Serializer};

use crate::backtest::engine::{Outcome, Prompt};
use crate::bot::api::Verdict;

/// What happens to a login. In the order of severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Nothing.
    Allow,
    /// An alert that a cool-down keeps quiet.
    Quiet,
    /// An alert on a name that is no account: there is nobody to ask.
    NoAccount,
    /// An alert past the daily cap; the captcha that stands for it was solved already.
    Capped,
    /// A prompt to the owner.
    Prompt,
    /// Refused before any rule was asked, because the account was locked, say; rules do nothing.
    Refused,
    /// The same, and rules want a captcha before the password.
    RefusedAndChallenge,
    /// The same, and rules want an alert.
    RefusedAndAlert,
    /// A captcha.
    Challenge,
    /// A captcha, and an alert past the daily cap, which asks for one by itself.
    ChallengeAndCapped,
    /// A captcha, and an alert that a cool-down keeps quiet.
    ChallengeAndQuiet,
    /// A captcha, and an alert on a name that is no account.
    ChallengeAndNoAccount,
    /// A captcha, and a prompt to the owner.
    ChallengeAndPrompt,
    /// Refused.
    Deny,
    /// Refused, and an alert of which nobody is told.
    DenyAndAlert,
    /// Refused, and a prompt to the owner.
    DenyAndPrompt,
    /// The account is locked.
    Lock,
    /// The account is locked, and an alert of which nobody is told.
    LockAndAlert,
    /// The account is locked, and a prompt to the owner.
    LockAndPrompt,
}

/// What one rule set does to a login, part by part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fate {
    /// What rules `on attempt` want.
    pub attempt: Verdict,
    /// What rules `on login` or `on failure` want.
    pub verdict: Verdict,
    /// A rule wants an alert.
    pub flagged: bool,
    /// What becomes of that.
    pub prompt: Prompt,
    /// The row of the earlier login whose alert had its cool-down then.
    pub cooling: Option<u32>,
    /// A rule locks the account.
    pub locked: bool,
    /// A captcha was solved already.
    pub solved: bool,
    /// It was refused before any rule was asked.
    pub refused_before: bool,
}

impl Fate {
    /// Of an outcome; `solved` says whether a captcha was, `refused_before` whether the login was refused before
    /// any rule was asked.
    pub fn of(outcome: &Outcome, solved: bool, refused_before: bool) -> Self {
        Self {
            attempt: outcome.attempt,
            verdict: outcome.verdict,
            flagged: outcome.flagged,
            prompt: outcome.prompt,
            cooling: outcome.cooling,
            locked: outcome.locked,
            solved,
            refused_before,
        }
    }

    /// What has to be done to the login, by whichever rules.
    pub(super) fn wanted(&self) -> Verdict {
        self.verdict.max(self.attempt)
    }

    /// The severest of it, and whether the owner is prompted besides.
    pub fn act(&self) -> Act {
        Act::of(self)
    }
}

impl Serialize for Act {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Act {
    fn of(outcome: &Fate) -> Self {
        let verdict = |verdict: Verdict| match verdict {
            Verdict::Allow => Self::Allow,
            Verdict::Challenge => Self::Challenge,
            Verdict::Deny => Self::Deny,
        };
        let alert = match (outcome.flagged, outcome.prompt) {
            (false, _) => Self::Allow,
            (true, Prompt::Raised) => Self::Prompt,
            // As live: past the daily cap a captcha, unless it was solved.
            (true, Prompt::Capped) if !outcome.solved => Self::ChallengeAndCapped,
            (true, Prompt::Capped) => Self::Capped,
            (true, Prompt::Appended) => Self::Quiet,
            // Of an account that was locked the login is refused, which is severer.
            (true, Prompt::None) => Self::NoAccount,
        };
        if outcome.refused_before && !outcome.locked && outcome.attempt != Verdict::Deny {
            return match (outcome.flagged, outcome.attempt) {
                (true, _) => Self::RefusedAndAlert,
                (false, Verdict::Challenge) => Self::RefusedAndChallenge,
                (false, _) => Self::Refused,
            };
        }
        let wanted = verdict(outcome.wanted());
        match (outcome.locked, wanted, alert) {
            (true, _, Self::Prompt) => Self::LockAndPrompt,
            (true, _, Self::Allow) => Self::Lock,
            (true, ..) => Self::LockAndAlert,
            (false, Self::Challenge, Self::Quiet) => Self::ChallengeAndQuiet,
            (false, Self::Challenge, Self::NoAccount) => Self::ChallengeAndNoAccount,
            (false, Self::Challenge, Self::Prompt) => Self::ChallengeAndPrompt,
            (false, Self::Deny, Self::Prompt) => Self::DenyAndPrompt,
            (false, Self::Deny, Self::Allow) => Self::Deny,
            (false, Self::Deny, _) => Self::DenyAndAlert,
            (false, wanted, alert) => wanted.max(alert),
        }
    }

    /// Whether the owner is prompted.
    pub(super) fn prompts(self) -> bool {
        matches!(
            self,
            Self::Prompt | Self::ChallengeAndPrompt | Self::DenyAndPrompt | Self::LockAndPrompt
        )
    }

    /// As data names it: the same as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Quiet => "quiet",
            Self::NoAccount => "no_account",
            Self::Capped => "capped",
            Self::Prompt => "prompt",
            Self::Refused => "refused",
            Self::RefusedAndChallenge => "refused_and_challenge",
            Self::RefusedAndAlert => "refused_and_alert",
            Self::Challenge => "challenge",
            Self::ChallengeAndCapped => "challenge_and_capped",
            Self::ChallengeAndQuiet => "challenge_and_quiet",
            Self::ChallengeAndNoAccount => "challenge_and_no_account",
            Self::ChallengeAndPrompt => "challenge_and_prompt",
            Self::Deny => "deny",
            Self::DenyAndAlert => "deny_and_alert",
            Self::DenyAndPrompt => "deny_and_prompt",
            Self::Lock => "lock",
            Self::LockAndAlert => "lock_and_alert",
            Self::LockAndPrompt => "lock_and_prompt",
        }
    }

    /// Chinese and English.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Allow => ("放行", "allow"),
            Self::Quiet => ("会提醒（冷却中）", "alert, cooled down"),
            Self::NoAccount => ("会提醒（名字不是账号）", "alert, on no account"),
            Self::Capped => ("会提醒（超过每日上限）", "alert, past the daily cap"),
            Self::Prompt => ("发出提醒", "prompt"),
            Self::Refused => ("规则之前已拒绝", "refused before any rule"),
            Self::RefusedAndChallenge => (
                "规则之前已拒绝，要图形验证",
                "refused before any rule, and captcha",
            ),
            Self::RefusedAndAlert => (
                "规则之前已拒绝，会提醒",
                "refused before any rule, and alert",
            ),
            Self::Challenge => ("图形验证", "captcha"),
            Self::ChallengeAndCapped => (
                "图形验证（提醒超过每日上限）",
                "captcha, for an alert past the daily cap",
            ),
            Self::ChallengeAndQuiet => (
                "图形验证，会提醒（冷却中）",
                "captcha, and alert, cooled down",
            ),
            Self::ChallengeAndNoAccount => (
                "图形验证，会提醒（名字不是账号）",
                "captcha, and alert, on no account",
            ),
            Self::ChallengeAndPrompt => ("图形验证并发出提醒", "captcha and prompt"),
            Self::Deny => ("拒绝", "deny"),
            Self::DenyAndAlert => (
                "拒绝，会提醒（没有发出）",
                "deny, and alert without a prompt",
            ),
            Self::DenyAndPrompt => ("拒绝并发出提醒", "deny and prompt"),
            Self::Lock => ("锁定", "lock"),
            Self::LockAndAlert => (
                "锁定，会提醒（没有发出）",
                "lock, and alert without a prompt",
            ),
            Self::LockAndPrompt => ("锁定并发出提醒", "lock and prompt"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(outcome: &Outcome, solved: bool, refused_before: bool) -> Act {
        Fate::of(outcome, solved, refused_before).act()
    }

    #[test]
    fn acts_have_one_name_as_data() {
        let schema = include_str!("../../../docs/backtest-report.schema.json");
        let schema: serde_json::Value = serde_json::from_str(schema).expect("JSON");
        let known = schema["$defs"]["Act"]["enum"].as_array().expect("acts");
        let all = [
            Act::Allow,
            Act::Quiet,
            Act::NoAccount,
            Act::Capped,
            Act::Prompt,
            Act::Refused,
            Act::RefusedAndChallenge,
            Act::RefusedAndAlert,
            Act::Challenge,
            Act::ChallengeAndCapped,
            Act::ChallengeAndQuiet,
            Act::ChallengeAndNoAccount,
            Act::ChallengeAndPrompt,
            Act::Deny,
            Act::DenyAndAlert,
            Act::DenyAndPrompt,
            Act::Lock,
            Act::LockAndAlert,
            Act::LockAndPrompt,
        ];
        assert_eq!(all.len(), known.len());
        for (act, known) in all.into_iter().zip(known) {
            assert_eq!(serde_json::json!(act), act.name());
            assert_eq!(act.name(), *known);
        }
    }

    #[test]
    fn a_prompt_is_told_beside_what_is_done_to_the_login() {
        let outcome = |verdict, prompt, locked| Outcome {
            verdict,
            flagged: prompt != Prompt::None,
            prompt,
            locked,
            ..Outcome::default()
        };
        let cases = [
            (Verdict::Allow, Prompt::None, false, Act::Allow),
            (Verdict::Allow, Prompt::Appended, false, Act::Quiet),
            (Verdict::Allow, Prompt::Raised, false, Act::Prompt),
            (Verdict::Challenge, Prompt::None, false, Act::Challenge),
            (
                Verdict::Challenge,
                Prompt::Appended,
                false,
                Act::ChallengeAndQuiet,
            ),
            (
                Verdict::Challenge,
                Prompt::Raised,
                false,
                Act::ChallengeAndPrompt,
            ),
            (Verdict::Deny, Prompt::Raised, false, Act::DenyAndPrompt),
            (Verdict::Allow, Prompt::None, true, Act::Lock),
            (Verdict::Deny, Prompt::Raised, true, Act::LockAndPrompt),
        ];
        for (verdict, prompt, locked, act) in cases {
            let is = Fate::of(&outcome(verdict, prompt, locked), false, false).act();
            assert_eq!(is, act);
            assert_eq!(is.prompts(), prompt == Prompt::Raised);
        }
        let capped = outcome(Verdict::Allow, Prompt::Capped, false);
        assert_eq!(act(&capped, false, false), Act::ChallengeAndCapped);
        assert_eq!(act(&capped, true, false), Act::Capped);
        // Nobody can be asked: no cool-down keeps that quiet.
        let mut nobody = outcome(Verdict::Allow, Prompt::None, false);
        nobody.flagged = true;
        assert_eq!(act(&nobody, false, false), Act::NoAccount);
        nobody.verdict = Verdict::Challenge;
        assert_eq!(act(&nobody, false, false), Act::ChallengeAndNoAccount);
        nobody.verdict = Verdict::Deny;
        assert_eq!(act(&nobody, false, false), Act::DenyAndAlert);
        nobody.locked = true;
        assert_eq!(act(&nobody, false, false), Act::LockAndAlert);
    }

    #[test]
    fn what_was_refused_before_is_told_from_what_rules_refuse() {
        // The engine says deny of it, whoever refused.
        let of = |attempt, flagged| {
            let outcome = Outcome {
                attempt,
                flagged,
                verdict: Verdict::Deny,
                ..Outcome::default()
            };
            act(&outcome, false, true)
        };
        assert_eq!(of(Verdict::Allow, false), Act::Refused);
        assert_eq!(of(Verdict::Challenge, false), Act::RefusedAndChallenge);
        assert_eq!(of(Verdict::Allow, true), Act::RefusedAndAlert);
        assert_eq!(of(Verdict::Deny, false), Act::Deny);
        assert_eq!(of(Verdict::Deny, true), Act::DenyAndAlert);
    }
}
