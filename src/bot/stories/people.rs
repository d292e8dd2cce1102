//! Places, accounts and codes of a story: what must be there before anything happens.

use std::net::{IpAddr, Ipv4Addr};

use super::failure::Wrong;
use super::stage::{PASSWORD, Stage};
use crate::accounts::{self, Created, Issued, NewAccount, Password, Passwords};
use crate::lang::program::CodePurpose;
use crate::lang::value::Place;

impl Stage {
    pub(super) fn place(&mut self, name: &str, place: Place) {
        // Addresses for examples (RFC 5737): one for each place.
        let last = u8::try_from(self.places.len() + 1).unwrap_or(254);
        let ip = IpAddr::V4(Ipv4Addr::new(203, 0, 113, last));
        self.places.insert(name.to_owned(), (place, ip));
    }

    pub(super) async fn account(
        &mut self,
        mut new: NewAccount,
        password: Option<&str>,
        code: Option<&str>,
    ) -> Result<(), Wrong> {
        let text = password.unwrap_or(PASSWORD);
        self.passwords.insert(new.id.clone(), text.to_owned());
        let hash = Passwords::cheap(self.bot.env().clone())
            .hash(Password::new(text))
            .await
            .map_err(Wrong::internal)?;
        new.password = Some(hash);
        let id = new.id.clone();
        let created = self
            .run("account", move |tx| {
                accounts::create(tx, new.clone(), accounts::SYSTEM)
            })
            .await?;
        match created {
            Created::Created(_) => {}
            // Nobody is introduced twice in a story that was checked.
            Created::Exists => return Err(Wrong::internal(format!("there is an account {id}"))),
            Created::PhoneTaken => return Err(Wrong::PhoneTaken),
            Created::Invalid(invalid) => return Err(Wrong::InvalidAccount(id, invalid)),
        }
        match code {
            Some(code) => self.issue(&id, CodePurpose::Bind, code).await,
            None => Ok(()),
        }
    }

    pub(super) async fn issue(
        &mut self,
        account: &str,
        purpose: CodePurpose,
        code: &str,
    ) -> Result<(), Wrong> {
        let shared = self.bot.shared().clone();
        let (id, code) = (account.to_owned(), code.to_owned());
        let issued = self
            .run("code", move |tx| {
                let limits = &shared.limits.accounts;
                let digits = code.clone();
                accounts::issue_digits(
                    tx,
                    &shared.keys,
                    limits,
                    &id,
                    purpose,
                    digits,
                    accounts::SYSTEM,
                )
            })
            .await?;
        match issued {
            Issued::Issued { .. } => Ok(()),
            Issued::NoPhone => Err(Wrong::NoPhone(account.to_owned())),
            Issued::NoAccount => Err(Wrong::internal(format!("there is no account {account}"))),
        }
    }
}
