//! Graphic verification: an image with six characters, bound to account, address and machine.
//!
//! Drawing is work and happens before the command; the command keeps a keyed hash of the answer
//! for two minutes. The first answer consumes it, right or wrong. The characters come from the
//! random source that is passed in; the specks over them come from the drawing library's own, so
//! images are not reproducible byte by byte, while answers are. Weak against trained recognisers:
//! what counts is the limit per address.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use captcha::RngCaptcha;
use captcha::filters::{Dots, Noise, Wave};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;

use super::limits::{Limits, subject_of};
use crate::accounts::allow;
use crate::env::{Env, HOUR, Millis};
use crate::keys::{Keys, Purpose};
use crate::store::records::Captcha;
use crate::store::{StoreError, Tx};

/// Characters of an answer.
const LENGTH: u32 = 6;
/// What can be drawn and not be mistaken for something else, case aside.
const CHARACTERS: &str = "2346789ABCDEFGHJKMNPQRTUVWXY";
/// The image's size in pixels.
const SIZE: (u32, u32) = (260, 120);
/// The longest answer looked at, in bytes.
const MAX_ANSWER_BYTES: usize = 64;

/// Captchas drawn at once; others wait for their turn. Drawing takes milliseconds of a processor.
pub const MAX_DRAWING: usize = 4;

/// Draws captchas on blocking threads, [`MAX_DRAWING`] at a time. Clones share the turns.
#[derive(Debug, Clone)]
pub struct Drawer(pub(in crate::guard) Arc<Semaphore>);

impl Default for Drawer {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_DRAWING)))
    }
}

impl Drawer {
    /// Draws one when it is its turn; see [`draw`].
    pub async fn draw(&self, env: &Env) -> Option<Drawn> {
        let turn = self.0.clone().acquire_owned().await.ok()?;
        let env = env.clone();
        let drawn = tokio::task::spawn_blocking(move || {
            // Held by the work itself: a caller that goes away frees no processor.
            let _turn = turn;
            draw(&env)
        });
        drawn.await.ok().flatten()
    }

    /// How many are being drawn.
    pub fn busy(&self) -> usize {
        MAX_DRAWING.saturating_sub(self.0.available_permits())
    }
}

/// A drawn captcha, not yet issued.
pub struct Drawn {
    answer: String,
    png: Vec<u8>,
}

impl Drawn {
    /// The image, a PNG of some kilobytes.
    pub fn png(&self) -> &[u8] {
        &self.png
    }

    /// The answer: for stories and the sandbox.
    pub fn answer(&self) -> &str {
        &self.answer
    }
}

impl fmt::Debug for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drawn")
            .field("bytes", &self.png.len())
            .finish_non_exhaustive()
    }
}

/// Draws a captcha. Takes milliseconds of processor time; call it on a blocking thread. `None` when
/// the drawing library fails, which it has no reason to.
pub fn draw(env: &Env) -> Option<Drawn> {
    let mut random = StdRng::from_seed(env.bytes::<32>());
    let mut amplitude = || 6.0 + f64::from(random.next_u32() % 6);
    let (across, down) = (amplitude(), amplitude());
    let characters: Vec<char> = CHARACTERS.chars().collect();
    let mut image = RngCaptcha::from_rng(OldRandom(random));
    image
        .set_chars(&characters)
        .add_chars(LENGTH)
        .apply_filter(Noise::new(0.3))
        .apply_filter(Wave::new(2.0, across).horizontal())
        .apply_filter(Wave::new(2.0, down).vertical())
        .view(SIZE.0, SIZE.1)
        .apply_filter(Dots::new(12));
    let (answer, png) = image.as_tuple()?;
    (answer.len() == LENGTH as usize).then_some(Drawn { answer, png })
}

/// The random source in the shape the drawing library's older generation wants.
struct OldRandom(StdRng);

impl rand_core_09::RngCore for OldRandom {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, buffer: &mut [u8]) {
        self.0.fill_bytes(buffer);
    }
}

/// What a captcha is good for.
#[derive(Clone, Copy)]
pub struct BoundTo<'a> {
    /// The account, or the name that was typed.
    pub account: &'a str,
    /// The address.
    pub ip: IpAddr,
    /// The machine's identifier.
    pub machine: Option<&'a str>,
}

impl fmt::Debug for BoundTo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundTo").finish_non_exhaustive()
    }
}

/// What became of issuing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaptchaIssued {
    /// It can be answered.
    Issued {
        /// Its identifier.
        id: String,
        /// Until when.
        expires_at: Millis,
    },
    /// This address has had its share for the hour. (429)
    TooMany,
}

/// Issues a drawn captcha.
pub fn issue(
    tx: &mut Tx<'_>,
    keys: &Keys,
    limits: &Limits,
    drawn: &Drawn,
    bound: BoundTo<'_>,
) -> Result<CaptchaIssued, StoreError> {
    let subject = subject_of(bound.ip);
    if !allow(tx, "captchas", &subject, HOUR, limits.captchas_per_address)? {
        tx.limit_hit("captchas_per_address");
        return Ok(CaptchaIssued::TooMany);
    }
    let id = tx.id("cap");
    let expires_at = tx.now().saturating_add(limits.captcha_life);
    let mac = with_parts(&id, &drawn.answer, bound, |parts| {
        keys.mac_hex(Purpose::Captcha, parts)
    });
    tx.put(&Captcha {
        id: id.clone(),
        mac,
        expires_at,
    })?;
    Ok(CaptchaIssued::Issued { id, expires_at })
}

/// What an answer is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptchaAnswered {
    /// It is right: the attempt goes on, and the machine can be proven.
    Solved,
    /// It is wrong, or given by another account, address or machine.
    Wrong,
    /// There is no such captcha any more.
    Gone,
}

/// Takes an answer. The captcha is used up, whatever it is worth.
pub fn answer(
    tx: &mut Tx<'_>,
    keys: &Keys,
    id: &str,
    typed: &str,
    bound: BoundTo<'_>,
) -> Result<CaptchaAnswered, StoreError> {
    let key = id.to_owned();
    let Some(captcha) = tx.get::<Captcha>(&key)? else {
        return Ok(CaptchaAnswered::Gone);
    };
    tx.delete::<Captcha>(&key)?;
    if captcha.expires_at <= tx.now() {
        return Ok(CaptchaAnswered::Gone);
    }
    let right = with_parts(id, typed, bound, |parts| {
        keys.verify_hex(Purpose::Captcha, parts, &captcha.mac)
    });
    Ok(match right {
        true => CaptchaAnswered::Solved,
        false => CaptchaAnswered::Wrong,
    })
}

fn with_parts<T>(id: &str, answer: &str, bound: BoundTo<'_>, f: impl FnOnce(&[&[u8]]) -> T) -> T {
    let answer = normalised(answer);
    let address = bound.ip.to_canonical().to_string();
    // A machine without a name is none: its part cannot be mistaken for a name.
    f(&[
        id.as_bytes(),
        bound.account.as_bytes(),
        address.as_bytes(),
        bound.machine.unwrap_or("").as_bytes(),
        answer.as_bytes(),
    ])
}

/// Case, width and blanks do not matter.
fn normalised(answer: &str) -> String {
    let mut end = answer.len().min(MAX_ANSWER_BYTES);
    while !answer.is_char_boundary(end) {
        end -= 1;
    }
    answer[..end]
        .nfkc()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_injected_and_the_image_is_a_png() {
        let draw_one = |seed| draw(&Env::scripted(0, seed).0).unwrap();
        let (first, again, other) = (draw_one(1), draw_one(1), draw_one(2));
        assert_eq!(first.answer(), again.answer());
        assert_ne!(first.answer(), other.answer());
        assert_eq!(first.answer().len(), LENGTH as usize);
        assert!(first.answer().chars().all(|c| CHARACTERS.contains(c)));
        assert!(first.png().starts_with(b"\x89PNG\r\n\x1a\n"));
        assert!(first.png().len() < 64 * 1024, "{} bytes", first.png().len());
    }

    #[test]
    fn case_width_and_blanks_do_not_matter() {
        assert_eq!(normalised(" ab c２３ ｘ"), "ABC23X");
    }
}
