//! What an API key may do: a short list, each scope small, none implying another.

use std::fmt;

macro_rules! scopes {
    ($($(#[$doc:meta])* $variant:ident $name:literal $text:literal,)+) => {
        /// A right of an API key.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Scope {
            $(#[doc = $text] $variant,)+
        }

        impl Scope {
            /// Every scope.
            pub const ALL: &'static [Scope] = &[$(Scope::$variant,)+];

            /// Its name in `keys add --scopes` and in stored keys.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Scope::$variant => $name,)+
                }
            }

            /// What it allows, for people.
            pub const fn description(self) -> &'static str {
                match self {
                    $(Scope::$variant => $text,)+
                }
            }
        }
    };
}

scopes! {
    Accounts "accounts" "Create, read, change and erase accounts; set passwords.",
    Import "import" "Import accounts in bulk, with password hashes.",
    Codes "codes" "Issue bind and unbind codes and bind tickets.",
    Bindings "bindings" "Look up and remove bindings.",
    Messages "messages" "Message bound users.",
    Login "login" "Log accounts in, judge attempts, captchas.",
    Reports "reports" "Report logins made elsewhere.",
    Machines "machines" "Issue machine identifiers, list machines, take trust back.",
    Sessions "sessions" "Check, list and end sessions.",
    Alerts "alerts" "Read and close alerts, read decisions.",
    Lock "lock" "Lock accounts.",
    Unlock "unlock" "Unlock accounts and issue unlock codes.",
    Events "events" "Read the event feed.",
    Rules "rules" "See and reload the rules.",
    Outbox "outbox" "See the outbox and try again.",
    Export "export" "Export everything kept about a person.",
    Metrics "metrics" "Read /metrics where it is not on an address of its own.",
}

impl Scope {
    /// The scope of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.name() == name)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
