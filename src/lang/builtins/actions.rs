//! Actions and their outcomes.

use crate::lang::value::Type;

use super::stage::{Stage, Stages};

/// One action.
#[derive(Debug, Clone)]
pub struct ActionSpec {
    /// The words that name it, e.g. `lock account`.
    pub name: &'static str,
    /// What it is; the checker and the bot go by this, never by the words.
    pub kind: ActionName,
    /// Where it may stand.
    pub stages: Stages,
    /// Its outcomes; each must be answered unless it is optional.
    pub outcomes: Vec<OutcomeSpec>,
    /// It works on the sender's account: where that is not certain, `unbound` must be answered too.
    pub needs_account: bool,
    /// Ends the command: must come last in its block.
    pub last: bool,
    /// Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
    /// A rule file that compiles.
    pub example: &'static str,
}

/// The actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "see lang::program::ActionKind")]
pub enum ActionName {
    Reply,
    Start,
    LeaveDialog,
    AskAgain,
    Remember,
    Forget,
    Tag,
    Untag,
    Bind,
    Unbind,
    LockAccount,
    UnlockAccount,
    LogOff,
    TrustAlert,
    CloseAlert,
    Challenge,
    Deny,
    Allow,
    Alert,
    Forward,
    HandOver,
    Call,
    Note,
    Send,
    IssueCode,
}

/// One outcome of an action.
#[derive(Debug, Clone, PartialEq)]
pub struct OutcomeSpec {
    /// Its name.
    pub name: String,
    /// The names it brings, with their types.
    pub brings: Vec<(String, Type)>,
    /// What `account.…` is inside.
    pub account: AccountView,
    /// Need not be answered.
    pub optional: bool,
}

/// What `account.…` is inside the answer to an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountView {
    /// As outside.
    Unchanged,
    /// Certainly there.
    Shown,
    /// Somebody else's, or unproven: using it would leak.
    Leaks,
    /// There is none.
    Absent,
}

impl OutcomeSpec {
    /// An outcome that must be answered and brings nothing.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            brings: Vec::new(),
            account: AccountView::Unchanged,
            optional: false,
        }
    }

    /// Brings a name.
    #[must_use]
    pub fn brings(mut self, name: impl Into<String>, ty: Type) -> Self {
        self.brings.push((name.into(), ty));
        self
    }

    /// Need not be answered.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    fn account(mut self, view: AccountView) -> Self {
        self.account = view;
        self
    }

    /// The outcome of account actions when the sender is bound to no account.
    pub fn unbound() -> Self {
        Self::new(UNBOUND).account(AccountView::Absent)
    }
}

/// The outcome account actions have where it is not certain that there is an account.
pub const UNBOUND: &str = "unbound";

pub(super) fn table() -> Vec<ActionSpec> {
    use AccountView::{Leaks, Shown};
    use ActionName as A;
    let chat = Stages::CHAT;
    let shown = |name: &str| OutcomeSpec::new(name).account(Shown);
    let plain = |name: &str| OutcomeSpec::new(name);
    let refused = || plain("refused").brings("tries_left", Type::Number);
    let blocked = || plain("blocked").brings("blocked_until", Type::Time);
    let sessions = |outcome: OutcomeSpec| outcome.brings("sessions_ended", Type::Number);
    let several = || {
        plain("several")
            .brings("open_alerts", Type::Number)
            .brings("alert_list", Type::Text)
    };
    let account = |spec: ActionSpec| ActionSpec {
        needs_account: true,
        ..spec
    };
    let lockable = chat
        .and(Stages::of(Stage::Attempt))
        .and(Stages::of(Stage::Failure))
        .and(Stages::LOGIN);
    vec![
        action(
            "reply",
            A::Reply,
            chat,
            vec![],
            "在聊天里回答：文字、image、voice、video、music、news",
            "answers in the chat: text, image, voice, video, music, news",
            "on text \"官网\" {\n    reply news {\n        title: \"官网\"\n        url: \"https://example.com\"\n    }\n}\n",
        ),
        action(
            "start",
            A::Start,
            chat,
            vec![],
            "开始一个 dialog，可带上已知的名字",
            "starts a dialog, handing names over",
            "on text \"报名\" {\n    start sign_up\n}\ndialog sign_up {\n    ask nick: word \"怎么称呼您？\"\n    cancel on \"取消\" { reply \"已取消。\" }\n    done { reply \"好的，{nick}。\" }\n}\n",
        ),
        action(
            "leave dialog",
            A::LeaveDialog,
            chat,
            vec![],
            "结束正在进行的 dialog",
            "ends the running dialog",
            "on text \"退出\" even in dialog {\n    leave dialog\n    reply \"已退出。\"\n}\n",
        ),
        action(
            "ask again",
            A::AskAgain,
            chat,
            vec![],
            "清空一项并重新询问；只能写在 dialog 的 done 里",
            "empties a slot and asks for it again; only inside a dialog's done",
            "on text \"报名\" {\n    start sign_up\n}\ndialog sign_up {\n    ask age: number \"您几岁？\"\n    cancel on \"取消\" { reply \"已取消。\" }\n    done {\n        reply \"再问一次。\"\n        ask again age\n    }\n}\n",
        ),
        action(
            "remember",
            A::Remember,
            chat,
            vec![],
            "记住这个用户的一个值，默认 30 天",
            "sets a variable of the user, 30 days when not said",
            "on text \"我叫{nick: word}\" {\n    remember nickname = nick for 30 days\n    reply \"记住了。\"\n}\non text \"我是谁\" when nickname is known {\n    reply \"您是 {nickname}。\"\n}\n",
        ),
        action(
            "forget",
            A::Forget,
            chat,
            vec![],
            "忘记这个用户的一个值",
            "drops a variable of the user",
            "on text \"我叫{nick: word}\" {\n    remember nickname = nick\n    reply \"记住了，{nickname}。\"\n}\non text \"忘了我\" {\n    forget nickname\n    reply \"忘了。\"\n}\n",
        ),
        action(
            "tag",
            A::Tag,
            chat,
            vec![],
            "给用户打标签",
            "puts a tag on the user",
            "on text \"我是会员\" {\n    tag \"vip\"\n    reply \"好的。\"\n}\n",
        ),
        action(
            "untag",
            A::Untag,
            chat,
            vec![],
            "去掉用户的标签",
            "takes a tag off the user",
            "on text \"不当会员\" {\n    untag \"vip\"\n    reply \"好的。\"\n}\n",
        ),
        action(
            "bind",
            A::Bind,
            chat,
            vec![
                shown("bound"),
                shown("already"),
                plain("taken").account(Leaks),
                refused().account(Leaks),
                blocked().account(Leaks),
            ],
            "用手机号和验证码（或扫码票据）绑定账号",
            "binds sender and account by phone and code, or phone and ticket",
            "on text with phone: mobile, code: digits(6) {\n    bind {\n        bound   { reply \"绑定成功，{account.name}。\" }\n        already { reply \"已绑定 {account.name}。\" }\n        taken   { reply \"该账号已绑定其他微信。\" }\n        refused { reply \"不正确，还可以试 {tries_left} 次。\" }\n        blocked { reply \"请在 {blocked_until} 之后再试。\" }\n    }\n}\n",
        ),
        account(action(
            "unbind",
            A::Unbind,
            chat,
            vec![
                shown("removed"),
                refused(),
                blocked(),
                plain("locked"),
                plain("alert_open"),
            ],
            "用解绑验证码解除绑定",
            "ends the sender's binding with an unbind code",
            "on text \"解绑 {code: digits(6)}\" when bound {\n    unbind {\n        removed    { reply \"已解绑 {account.name}。\" }\n        refused    { reply \"验证码不正确，还可以试 {tries_left} 次。\" }\n        blocked    { reply \"请在 {blocked_until} 之后再试。\" }\n        locked     { reply \"账号已锁定，不能解绑。\" }\n        alert_open { reply \"请先处理登录提醒。\" }\n    }\n}\n",
        )),
        account(action(
            "lock account",
            A::LockAccount,
            lockable,
            vec![sessions(shown("locked")), shown("already_locked")],
            "锁定账号并结束所有会话",
            "locks the account and ends its sessions",
            "on text \"锁定\" when bound even in dialog {\n    lock account {\n        locked         { reply \"已锁定 {account.name}，{sessions_ended} 个会话下线。\" }\n        already_locked { reply \"已是锁定状态。\" }\n    }\n}\n",
        )),
        account(action(
            "unlock account",
            A::UnlockAccount,
            chat,
            vec![
                shown("unlocked"),
                refused(),
                blocked(),
                shown("not_locked"),
                plain("by_operator"),
            ],
            "用解锁验证码解锁账号",
            "unlocks the account with an unlock code",
            "on text \"解锁 {code: digits(6)}\" when bound {\n    unlock account {\n        unlocked    { reply \"已解锁，请修改密码。\" }\n        refused     { reply \"验证码不正确，还可以试 {tries_left} 次。\" }\n        blocked     { reply \"请在 {blocked_until} 之后再试。\" }\n        not_locked  { reply \"账号没有锁定。\" }\n        by_operator { reply \"请联系管理员解锁。\" }\n    }\n}\n",
        )),
        account(action(
            "log off account",
            A::LogOff,
            lockable,
            vec![sessions(shown("logged_off"))],
            "结束账号的所有会话",
            "ends every session of the account",
            "on text \"下线\" when bound {\n    log off account {\n        logged_off { reply \"{sessions_ended} 个会话已下线。\" }\n    }\n}\n",
        )),
        account(action(
            "trust alert",
            A::TrustAlert,
            chat,
            vec![
                shown("trusted"),
                several(),
                shown("no_machine"),
                plain("expired").optional(),
            ],
            "“是我”：关闭提醒并在一段时间内信任那台设备",
            "closes an alert as mine and trusts its machine for a time",
            "on text \"是我\" when alert.open even in dialog {\n    trust alert for 30 days {\n        trusted    { reply \"好的，30 天内不再提醒。\" }\n        several    { reply \"有 {open_alerts} 条：{alert_list}\" }\n        no_machine { reply \"好的，已确认。\" }\n    }\n}\n",
        )),
        account(action(
            "close alert",
            A::CloseAlert,
            chat,
            vec![shown("closed"), several(), plain("expired").optional()],
            "关闭提醒，不信任任何设备",
            "closes an alert without trusting anything",
            "on text \"知道了\" when alert.open even in dialog {\n    close alert {\n        closed  { reply \"好的。\" }\n        several { reply \"有 {open_alerts} 条：{alert_list}\" }\n    }\n}\n",
        )),
        action(
            "challenge captcha",
            A::Challenge,
            Stages::of(Stage::Attempt).and(Stages::LOGIN),
            vec![],
            "要求图形验证",
            "demands a captcha",
            "on attempt when not login.legal {\n    challenge captcha\n}\n",
        ),
        action(
            "deny",
            A::Deny,
            Stages::of(Stage::Attempt).and(Stages::LOGIN),
            vec![],
            "拒绝登录；文字只进审计",
            "refuses the login; the text is for the audit",
            "list blocked: network = [\"203.0.113.0/24\"]\non attempt when login.ip in blocked {\n    deny \"黑名单\"\n}\n",
        ),
        action(
            "allow",
            A::Allow,
            Stages::of(Stage::Attempt).and(Stages::LOGIN),
            vec![],
            "记下这条规则放行；别的规则要验证或拒绝，还是要验证或拒绝",
            "puts on record that the rule has nothing against it; what other rules challenge or deny stays so",
            "list office: network = [\"10.0.0.0/8\"]\non attempt when login.ip in office {\n    allow\n}\non login when not login.legal {\n    challenge captcha\n}\n",
        ),
        action(
            "alert",
            A::Alert,
            Stages::LOGIN,
            vec![],
            "提醒账号主人",
            "raises an alert and queues its prompt",
            "on login when suspicion >= 60 {\n    alert expires 24 hours once per 30 minutes per login.machine {\n        message \"{account.name} 于 {login.time} 在 {login.place} 登录：{reasons}。不是您？回复“锁定”。\"\n    }\n}\non undeliverable alert {\n    note \"送不到：{reason}\"\n}\non text \"锁定\" when bound even in dialog {\n    lock account {\n        locked         { reply \"已锁定。\" }\n        already_locked { reply \"已是锁定状态。\" }\n    }\n}\n",
        ),
        ActionSpec {
            last: true,
            ..account(action(
                "forward",
                A::Forward,
                chat,
                vec![
                    plain("answered").brings("answer", Type::Text),
                    plain("late"),
                    plain("failed"),
                ],
                "转给信息系统，用它的回答回复",
                "passes the message to the information system",
                "on text \"查 {words: rest}\" when bound {\n    forward {\n        answered { reply \"{answer}\" }\n        late     { reply \"稍等，办好了告诉您。\" }\n        failed   { reply \"系统忙，请稍后再试。\" }\n    }\n}\n",
            ))
        },
        action(
            "hand over",
            A::HandOver,
            chat,
            vec![],
            "转人工客服",
            "hands the conversation to customer service",
            "on text \"人工\" {\n    hand over\n}\n",
        ),
        ActionSpec {
            last: true,
            ..action(
                "call",
                A::Call,
                Stages::ALL,
                vec![],
                "调用登记过的动作；不写结果就是排队、至少送达一次",
                "calls a registered action; without outcomes it is queued and delivered at least once",
                "on text \"报警\" {\n    reply \"已通知值班。\"\n    call security_desk with sender.openid\n}\n",
            )
        },
        action(
            "note",
            A::Note,
            Stages::ALL,
            vec![],
            "写一条审计",
            "writes an audit entry",
            "on unsubscribe {\n    note \"取消关注\"\n}\n",
        ),
        action(
            "send",
            A::Send,
            Stages::ALL,
            vec![],
            "另外发一条客服消息，可以晚一些：`after 10 minutes`；发给说话的人，登录和账号的规则里发给账号绑定的人",
            "sends a customer-service message besides the reply, perhaps later: `after 10 minutes`; to the sender, in rules for logins and accounts to whom the account is bound",
            "on text \"提醒我\" {\n    reply \"好的，十分钟后提醒您。\"\n    send \"时间到了。\" after 10 minutes\n}\n",
        ),
        account(action(
            "issue code",
            A::IssueCode,
            chat,
            vec![plain("requested"), plain("too_soon")],
            "请信息系统发一个验证码到登记的手机，写作 `issue unlock code` 或 `issue unbind code`；码不经过聊天",
            "asks the information system to send a code to the registered phone, written `issue unlock code` or `issue unbind code`; the code never passes through the chat",
            "on text \"要解锁码\" when bound {\n    issue unlock code {\n        requested { reply \"验证码会发到您登记的手机。\" }\n        too_soon  { reply \"刚刚发过，请过一分钟再试。\" }\n    }\n}\n",
        )),
    ]
}

fn action(
    name: &'static str,
    kind: ActionName,
    stages: Stages,
    outcomes: Vec<OutcomeSpec>,
    zh: &'static str,
    en: &'static str,
    example: &'static str,
) -> ActionSpec {
    ActionSpec {
        name,
        kind,
        stages,
        outcomes,
        needs_account: false,
        last: false,
        zh,
        en,
        example,
    }
}
