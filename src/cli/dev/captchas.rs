//! The answers of captchas, for the sandbox: somebody has to be able to read them.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::bot::context::CaptchaWitness;

/// Answers kept; a captcha lives two minutes.
const MAX_KEPT: usize = 256;

/// Remembers the latest captchas.
#[derive(Default)]
pub struct Captchas(Mutex<VecDeque<(String, String)>>);

impl std::fmt::Debug for Captchas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Captchas")
    }
}

impl Captchas {
    /// The answer of a captcha, while it is remembered.
    pub fn answer(&self, id: &str) -> Option<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .find(|(known, _)| known == id)
            .map(|(_, answer)| answer.clone())
    }
}

impl CaptchaWitness for Captchas {
    fn drawn(&self, id: &str, answer: &str) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.pop_front();
        }
        kept.push_back((id.to_owned(), answer.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten() {
        let captchas = Captchas::default();
        for number in 0..=MAX_KEPT {
            captchas.drawn(&format!("cap_{number}"), "ABC234");
        }
        assert_eq!(captchas.answer("cap_0"), None);
        assert_eq!(captchas.answer("cap_1").as_deref(), Some("ABC234"));
    }
}
