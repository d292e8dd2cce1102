//! `/v1/accounts`: creating, reading and changing accounts, and their passwords.
//!
//! Passwords are hashed before the command and never come back out; the API shows only whether there
//! is one.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::call::{Answer, Call};
use super::problem::{Problem, ProblemKind};
use super::scope::Scope;
use super::state::{PASSWORD_CHECKS, State};
use super::view::Paging;
use crate::accounts::{
    self, Account, AccountPatch, AccountStatus, Created, HashError, InvalidAccount, NewAccount,
    Password, PasswordHash, Patched, check_hash,
};
use crate::bot::api::Secret;
use crate::env::rfc3339;
use crate::guard::locks;
use crate::store::{StoreError, Tx};

/// Accounts of one page at most.
pub(crate) const MAX_PAGE: u32 = 500;

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = AccountStatus)]
pub(crate) enum StatusBody {
    /// It may log in.
    #[default]
    Active,
    /// It may not, until an operator changes that. Not the same as a lock.
    Disabled,
}

impl From<StatusBody> for AccountStatus {
    fn from(status: StatusBody) -> Self {
        match status {
            StatusBody::Active => Self::Active,
            StatusBody::Disabled => Self::Disabled,
        }
    }
}

/// An account to create or import.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountBody {
    /// The information system's own identifier: 1 to 128 bytes without blanks.
    account: String,
    /// The name shown to people; the identifier when missing.
    #[serde(default)]
    name: String,
    /// E.164 or a Chinese mobile number in any form. Belongs to one account at most.
    #[serde(default)]
    phone: Option<String>,
    /// The password, when Menshen keeps it. Not in imports.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<Secret>,
    /// Its hash instead: argon2 in PHC form or bcrypt.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    password_hash: Option<Secret>,
    /// IANA time zone.
    #[serde(default)]
    zone: Option<String>,
    /// `active` when missing.
    #[serde(default)]
    status: StatusBody,
}

/// Changes to an account: what is missing stays, `null` clears.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatchBody {
    /// The name shown to people.
    #[serde(default)]
    name: Option<String>,
    /// A change voids outstanding codes.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    phone: Option<Option<String>>,
    /// IANA time zone.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    zone: Option<Option<String>>,
    /// Disabling ends every session.
    #[serde(default)]
    status: Option<StatusBody>,
}

/// A new password; exactly one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordBody {
    /// The password.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<Secret>,
    /// Its hash instead: argon2 in PHC form or bcrypt.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    password_hash: Option<Secret>,
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Account)]
pub(crate) struct AccountView {
    /// Its identifier.
    account: String,
    /// The name shown to people.
    name: String,
    /// E.164.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// Whether Menshen keeps a password for it.
    has_password: bool,
    /// The password must be changed before anything else.
    password_change_required: bool,
    /// IANA time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    /// `active` or `disabled`.
    status: StatusBody,
    /// Whether it is locked.
    locked: bool,
    /// When it was created, RFC 3339.
    created: String,
    /// When it was last changed, RFC 3339.
    updated: String,
}

impl AccountView {
    pub(crate) fn new(tx: &mut Tx<'_>, account: Account) -> Result<Self, StoreError> {
        Ok(Self {
            locked: locks::lock_of(tx, &account.id)?.is_some(),
            account: account.id,
            name: account.name,
            phone: account.phone,
            has_password: account.password.is_some(),
            password_change_required: account.password_change_required,
            zone: account.zone,
            status: match account.status {
                AccountStatus::Active => StatusBody::Active,
                AccountStatus::Disabled => StatusBody::Disabled,
            },
            created: rfc3339(account.created),
            updated: rfc3339(account.updated),
        })
    }
}

/// `POST /v1/accounts`
#[utoipa::path(
    post, path = "/v1/accounts", tag = "accounts", operation_id = "createAccount",
    description = "Creates an account. 409 when the identifier or the phone is taken. A lock under this identifier stays in force.",
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = AccountBody,
    responses((status = 201, body = AccountView), super::openapi::ChangeProblems),
    security(("key" = [])),
)]
pub(crate) async fn create(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let mut call = Call::begin(&state, &request, payload, Scope::Accounts).await?;
    let body: AccountBody = call.json().await?;
    let password = hash(&state, &body.password, &body.password_hash).await?;
    let new = body.into_new(password);
    let actor = call.actor();
    call.idempotent("create_account", move |tx| {
        match accounts::create(tx, new.clone(), &actor)? {
            Created::Created(account) => Ok(Answer::json(201, &AccountView::new(tx, *account)?)),
            Created::Exists => Err(Problem::conflict("an account with this identifier exists")),
            Created::PhoneTaken => Err(phone_taken()),
            Created::Invalid(invalid) => Err(invalid_account(invalid)),
        }
    })
    .await
}

/// Which accounts.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AccountQuery {
    /// The `next` of the page before.
    after: Option<String>,
    /// Accounts of the page, 1 to 500; 100 when missing.
    limit: Option<u32>,
}

/// A page of accounts, by identifier.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountPage {
    accounts: Vec<AccountView>,
    /// Pass as `after` for the next page; missing on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// `GET /v1/accounts`
#[utoipa::path(
    get, path = "/v1/accounts", tag = "accounts", operation_id = "listAccounts",
    description = "Accounts in the order of their identifiers.",
    params(AccountQuery),
    responses((status = 200, body = AccountPage), super::openapi::ReadProblems),
    security(("key" = [])),
)]
pub(crate) async fn list(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let call = Call::begin(&state, &request, payload, Scope::Accounts).await?;
    let query: AccountQuery = call.query()?;
    let paging = Paging::new(query.after.as_deref(), query.limit, MAX_PAGE)?;
    call.read("list_accounts", move |tx| {
        let page = accounts::list(tx, paging.after.as_ref(), paging.limit)?;
        let mut views = Vec::with_capacity(page.items.len());
        for account in page.items {
            views.push(AccountView::new(tx, account)?);
        }
        Ok(Answer::ok(&AccountPage {
            accounts: views,
            next: page.next.map(String::from),
        }))
    })
    .await
}

/// `GET /v1/accounts/{account}`
#[utoipa::path(
    get, path = "/v1/accounts/{account}", tag = "accounts", operation_id = "getAccount",
    description = "One account.",
    params(("account" = String, Path)),
    responses((status = 200, body = AccountView), super::openapi::FindProblems),
    security(("key" = [])),
)]
pub(crate) async fn get(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    account: Path<String>,
) -> Result<HttpResponse, Problem> {
    let call = Call::begin(&state, &request, payload, Scope::Accounts).await?;
    let account = account.into_inner();
    call.read("get_account", move |tx| {
        let found = accounts::get(tx, &account)?.ok_or_else(|| Problem::not_found("account"))?;
        Ok(Answer::ok(&AccountView::new(tx, found)?))
    })
    .await
}

/// `PATCH /v1/accounts/{account}`
#[utoipa::path(
    patch, path = "/v1/accounts/{account}", tag = "accounts", operation_id = "changeAccount",
    description = "Changes an account: what is missing stays, `null` clears.",
    params(("account" = String, Path)),
    request_body = PatchBody,
    responses((status = 200, body = AccountView), super::openapi::ChangeProblems),
    security(("key" = [])),
)]
pub(crate) async fn patch(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    account: Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut call = Call::begin(&state, &request, payload, Scope::Accounts).await?;
    let body: PatchBody = call.json().await?;
    let change = AccountPatch {
        name: body.name,
        phone: body.phone,
        password: None,
        zone: body.zone,
        status: body.status.map(Into::into),
    };
    let (account, actor) = (account.into_inner(), call.actor());
    call.command("change_account", move |tx| {
        match accounts::patch(tx, &account, change.clone(), &actor)? {
            Patched::Patched { account, .. } => Ok(Answer::ok(&AccountView::new(tx, *account)?)),
            other => Err(not_patched(&other)),
        }
    })
    .await
}

/// What a new password ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordAnswer {
    /// Sessions that ended.
    sessions_ended: u32,
}

/// `PUT /v1/accounts/{account}/password`
#[utoipa::path(
    put, path = "/v1/accounts/{account}/password", tag = "accounts", operation_id = "setPassword",
    description = "Sets a password, ends every session and clears `password_change_required`.",
    params(("account" = String, Path)),
    request_body = PasswordBody,
    responses((status = 200, body = PasswordAnswer), super::openapi::ChangeProblems),
    security(("key" = [])),
)]
pub(crate) async fn password(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    account: Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut call = Call::begin(&state, &request, payload, Scope::Accounts).await?;
    let body: PasswordBody = call.json().await?;
    let new = hash(&state, &body.password, &body.password_hash).await?;
    let Some(new) = new else {
        return Err(Problem::invalid(
            "password",
            "password or password_hash is needed",
        ));
    };
    let change = AccountPatch {
        password: Some(Some(new)),
        ..AccountPatch::default()
    };
    let (account, actor) = (account.into_inner(), call.actor());
    call.command("set_password", move |tx| {
        match accounts::patch(tx, &account, change.clone(), &actor)? {
            Patched::Patched { sessions_ended, .. } => {
                Ok(Answer::ok(&PasswordAnswer { sessions_ended }))
            }
            other => Err(not_patched(&other)),
        }
    })
    .await
}

impl AccountBody {
    pub(crate) fn has_plain_password(&self) -> bool {
        self.password.is_some()
    }

    pub(crate) fn stored_hash(&self) -> Result<Option<PasswordHash>, Problem> {
        self.password_hash.as_ref().map(given_hash).transpose()
    }

    pub(crate) fn into_new(self, password: Option<PasswordHash>) -> NewAccount {
        NewAccount {
            id: self.account,
            name: self.name,
            phone: self.phone,
            password,
            zone: self.zone,
            status: self.status.into(),
        }
    }
}

/// The hash to store: of a password, or one given.
async fn hash(
    state: &State,
    password: &Option<Secret>,
    hash: &Option<Secret>,
) -> Result<Option<PasswordHash>, Problem> {
    match (password, hash) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Problem::invalid(
            "password_hash",
            "give password or password_hash, not both",
        )),
        (None, Some(hash)) => given_hash(hash).map(Some),
        (Some(password), None) => {
            let hashed = state.passwords.hash(Password::new(password.expose())).await;
            match hashed {
                Ok(hash) => Ok(Some(hash)),
                Err(HashError::Busy) => {
                    state.metrics.limit(PASSWORD_CHECKS);
                    Err(Problem::new(ProblemKind::Busy))
                }
                Err(HashError::Failed) => Err(Problem::new(ProblemKind::Internal)),
                Err(error) => Err(Problem::invalid("password", error.to_string())),
            }
        }
    }
}

fn given_hash(hash: &Secret) -> Result<PasswordHash, Problem> {
    check_hash(hash.expose()).map_err(|error| Problem::invalid("password_hash", error.to_string()))
}

fn not_patched(outcome: &Patched) -> Problem {
    match outcome {
        Patched::Unknown => Problem::not_found("account"),
        Patched::PhoneTaken => phone_taken(),
        Patched::Invalid(invalid) => invalid_account(*invalid),
        Patched::Patched { .. } => Problem::new(ProblemKind::Internal),
    }
}

pub(crate) fn phone_taken() -> Problem {
    Problem::conflict("the phone belongs to another account")
}

/// The room's message begins with the field's name.
pub(crate) fn invalid_account(invalid: InvalidAccount) -> Problem {
    let text = invalid.to_string();
    match text.split_once(": ") {
        Some((field, message)) => Problem::invalid(field, message),
        None => Problem::invalid("", text),
    }
}

/// Tells a field that is `null` from one that is missing.
fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}
