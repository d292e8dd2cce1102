//! What Menshen itself has to tell a follower: the texts no rule writes.

use crate::accounts::Notice;
use crate::env::DAY;
use crate::outbox::{self, NewEntry};
use crate::store::records::{CustomMessage, OutboxPurpose};
use crate::store::{StoreError, Tx};

/// How long a notice is worth sending.
const NOTICE_LIFE: i64 = 3 * DAY;

/// Promises a notice, within the caller's command.
pub fn tell(tx: &mut Tx<'_>, notice: &Notice) -> Result<(), StoreError> {
    let Notice::Rebound {
        official_account,
        openid,
        account,
    } = notice;
    let text = "您绑定的账号已改绑到另一个微信。如果不是您本人操作，请立即联系管理员。";
    send(tx, official_account, openid, account, text)
}

/// Tells the owner that the right password met a lock.
pub fn met_a_lock(
    tx: &mut Tx<'_>,
    official_account: &str,
    openid: &str,
    account: &str,
) -> Result<(), StoreError> {
    let text =
        "有人用正确的密码登录您已锁定的账号，登录被拒绝。账号仍是锁定状态；解锁后请立即修改密码。";
    send(tx, official_account, openid, account, text)
}

fn send(
    tx: &mut Tx<'_>,
    official_account: &str,
    openid: &str,
    account: &str,
    text: &str,
) -> Result<(), StoreError> {
    let not_after = tx.now() + NOTICE_LIFE;
    outbox::enqueue(
        tx,
        NewEntry {
            official_account: official_account.to_owned(),
            openid: Some(openid.to_owned()),
            account: Some(account.to_owned()),
            alert: None,
            purpose: OutboxPurpose::Notice,
            custom: Some(CustomMessage::Text(text.to_owned())),
            template: None,
            not_after,
            dedupe: None,
        },
    )
    .map(drop)
}
