//! The fields of a login that are text: which they are, and where each goes. Lists them once for all formats.

use super::mapping::Field;
use crate::backtest::table::Login;

macro_rules! texts {
    ($($field:ident $place:ident,)+) => {
        /// Fields that are text. The account comes first.
        pub(super) const TEXTS: [Field; COUNT] = [$(Field::$field),+];

        const COUNT: usize = [$(stringify!($field)),+].len();

        /// A login with these texts, in the order of [`TEXTS`], and what `numbers` says besides.
        pub(super) fn login<'t>(texts: [&'t str; COUNT], numbers: Login<'t>) -> Login<'t> {
            let [$($place),+] = texts;
            Login { $($place,)+ ..numbers }
        }
    };
}

texts! {
    Account account,
    Id id,
    Machine machine,
    Ip ip,
    Country country,
    Region region,
    City city,
    Isp isp,
    UserAgent agent,
    Browser browser,
    Os os,
    Device device,
    Reason reason,
    Channel channel,
    Session session,
}
