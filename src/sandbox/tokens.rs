//! The access tokens of the simulated platform.
//!
//! `stable_token` gives the same token until its last five minutes; `token` gives a new one each
//! time. A replaced token lives on for five minutes. The two kinds are independent.

use crate::env::{Env, MINUTE, Millis, SECOND};

/// How long a token is valid.
const LIFETIME: Millis = 7200 * SECOND;
/// How long a replaced token stays valid, and how long before its end one is replaced.
const OVERLAP: Millis = 5 * MINUTE;
/// Tokens remembered, so that an old one is told from an unknown one.
const MAX_TOKENS: usize = 16;

/// All tokens issued lately.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    issued: Vec<Issued>,
}

struct Issued {
    token: String,
    stable: bool,
    ends_at: Millis,
}

/// What a token is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenState {
    Valid,
    Expired,
    Unknown,
}

impl Tokens {
    /// The stable token and its remaining seconds; `force` replaces it and ends the old one.
    pub(super) fn stable(&mut self, force: bool, env: &Env) -> (String, i64) {
        let now = env.now();
        if force {
            self.issued
                .iter_mut()
                .filter(|issued| issued.stable)
                .for_each(|issued| issued.ends_at = now);
        } else if let Some(issued) = self
            .issued
            .iter()
            .rev()
            .find(|issued| issued.stable && issued.ends_at - now > OVERLAP)
        {
            return (issued.token.clone(), (issued.ends_at - now) / SECOND);
        }
        self.issue(true, env)
    }

    /// A new token of the old kind; the one before ends in five minutes.
    pub(super) fn classic(&mut self, env: &Env) -> (String, i64) {
        let end = env.now() + OVERLAP;
        for issued in self.issued.iter_mut().filter(|issued| !issued.stable) {
            issued.ends_at = issued.ends_at.min(end);
        }
        self.issue(false, env)
    }

    /// What a call with `token` gets.
    pub(super) fn state(&self, token: &str, now: Millis) -> TokenState {
        match self.issued.iter().find(|issued| issued.token == token) {
            Some(issued) if now < issued.ends_at => TokenState::Valid,
            Some(_) => TokenState::Expired,
            None => TokenState::Unknown,
        }
    }

    /// Ends every token at once, as a console's reset of the AppSecret does.
    pub(super) fn expire_all(&mut self, now: Millis) {
        for issued in &mut self.issued {
            issued.ends_at = issued.ends_at.min(now);
        }
    }

    fn issue(&mut self, stable: bool, env: &Env) -> (String, i64) {
        if self.issued.len() >= MAX_TOKENS {
            self.issued.remove(0);
        }
        let token = format!("sandbox_{}", hex::encode(env.bytes::<32>()));
        self.issued.push(Issued {
            token: token.clone(),
            stable,
            ends_at: env.now() + LIFETIME,
        });
        (token, LIFETIME / SECOND)
    }
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Issued(until {})", self.ends_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stable_token_stays_until_its_last_minutes() {
        let (env, clock) = Env::scripted(0, 1);
        let mut tokens = Tokens::default();
        let (first, seconds) = tokens.stable(false, &env);
        assert_eq!(seconds, 7200);
        clock.advance(LIFETIME - OVERLAP - SECOND);
        assert_eq!(tokens.stable(false, &env), (first.clone(), 301));
        clock.advance(SECOND);
        let (second, _) = tokens.stable(false, &env);
        assert_ne!(first, second);
        assert_eq!(tokens.state(&first, env.now()), TokenState::Valid);
        clock.advance(OVERLAP);
        assert_eq!(tokens.state(&first, env.now()), TokenState::Expired);
        assert_eq!(tokens.state("other", env.now()), TokenState::Unknown);
        let (third, _) = tokens.stable(true, &env);
        assert_eq!(tokens.state(&second, env.now()), TokenState::Expired);
        assert_eq!(tokens.state(&third, env.now()), TokenState::Valid);
    }

    #[test]
    fn classic_tokens_replace_each_other_with_an_overlap() {
        let (env, clock) = Env::scripted(0, 1);
        let mut tokens = Tokens::default();
        let (stable, _) = tokens.stable(false, &env);
        let (first, _) = tokens.classic(&env);
        tokens.classic(&env);
        assert_eq!(tokens.state(&first, env.now()), TokenState::Valid);
        clock.advance(OVERLAP);
        assert_eq!(tokens.state(&first, env.now()), TokenState::Expired);
        assert_eq!(tokens.state(&stable, env.now()), TokenState::Valid);
    }
}
