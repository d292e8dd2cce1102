//! Why a simulated user cannot do something, in both languages.

/// Why a user's action is impossible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} ({})", self.words().0, self.words().1)]
pub enum ActionError {
    /// No such user.
    NoUser,
    /// Only followers can do that.
    NotFollowing,
    /// There is no live code with that scene or ticket.
    NoCode,
    /// There are as many users as there may be.
    TooManyUsers,
}

impl ActionError {
    /// Chinese and English.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NoUser => ("没有这个用户", "there is no such user"),
            Self::NotFollowing => (
                "该用户尚未关注公众号",
                "this user does not follow the account",
            ),
            Self::NoCode => (
                "二维码不存在或已过期",
                "there is no such QR code, or it has expired",
            ),
            Self::TooManyUsers => (
                "模拟用户已达上限",
                "there are as many simulated users as there can be",
            ),
        }
    }
}
