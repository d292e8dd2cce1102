//! Every field there is.

use crate::lang::builtins::stage::{Stage, Stages};
use crate::lang::value::{MAX_LATITUDE, MAX_LONGITUDE, Type};

use super::{ALERT_OPEN, BAND, FieldSpec, SIGNALS, SUSPICION, chat, field, row};

const SCENE: &[&str] = &["subscribe", "scan"];
const KEYED: &[&str] = &[
    "click",
    "view",
    "view_miniprogram",
    "subscribe",
    "scan",
    "scancode_push",
    "scancode_wait",
    "photos",
    "location_select",
];
const PLACED: &[&str] = &["location", "position", "location_select"];
const MEDIA: &[&str] = &["image", "voice", "video", "shortvideo", "file"];
const TITLED: &[&str] = &["link", "file", "miniprogram"];

pub(in crate::lang::builtins) fn table() -> Vec<FieldSpec> {
    let account = Stages::ALL;
    let alerts = Stages::CHAT
        .and(Stages::LOGIN)
        .and(Stages::of(Stage::Undeliverable))
        .and(Stages::of(Stage::Locked));
    let login = Stages::LOGIN_SIDE;
    let after = Stages::of(Stage::Failure)
        .and(Stages::of(Stage::Signal))
        .and(Stages::LOGIN);
    let text = || Type::Text;
    vec![
        // The message.
        chat(
            "message.text",
            text(),
            &["text"],
            "消息原文",
            "the text as it was sent",
        ),
        chat("message.type", text(), &[], "消息类型", "the message type"),
        chat("message.id", text(), &[], "消息编号", "the message id"),
        chat("message.key", text(), KEYED, "菜单 KEY", "the menu key"),
        chat(
            "message.scene",
            text(),
            SCENE,
            "二维码场景值",
            "the QR code's scene",
        ),
        chat(
            "message.url",
            text(),
            &["view", "link", "view_miniprogram", "image"],
            "链接",
            "an address",
        ),
        chat(
            "message.media_id",
            text(),
            MEDIA,
            "媒体编号",
            "the media id",
        ),
        chat(
            "message.recognition",
            text(),
            &["voice"],
            "语音识别结果",
            "what the platform heard",
        ),
        chat("message.lat", Type::Number, PLACED, "纬度", "latitude")
            .range(-MAX_LATITUDE, MAX_LATITUDE),
        chat("message.lon", Type::Number, PLACED, "经度", "longitude")
            .range(-MAX_LONGITUDE, MAX_LONGITUDE),
        chat(
            "message.label",
            text(),
            &["location", "location_select"],
            "位置说明",
            "the place in words",
        ),
        chat("message.title", text(), TITLED, "标题", "the title"),
        chat(
            "message.description",
            text(),
            TITLED,
            "描述",
            "the description",
        ),
        chat(
            "message.scan_result",
            text(),
            &["scancode_push", "scancode_wait"],
            "扫码结果",
            "what was scanned",
        ),
        chat(
            "message.time",
            Type::Time,
            &[],
            "发送时间",
            "when it was sent",
        ),
        chat(
            "message.menu_id",
            text(),
            &["click", "view", "view_miniprogram"],
            "个性化菜单编号",
            "the conditional menu's id",
        ),
        // The sender.
        chat(
            "sender.openid",
            text(),
            &[],
            "发送者 OpenID，不能写进文字",
            "the sender's OpenID; never in a text",
        )
        .hidden(),
        chat(
            "sender.bound",
            Type::YesNo,
            &[],
            "发送者已绑定账号",
            "the sender is bound to an account",
        )
        .proves(),
        chat(
            "sender.language",
            text(),
            &[],
            "发送者的语言",
            "the sender's language",
        ),
        chat(
            "sender.tags",
            Type::List(Box::new(Type::Text)),
            &[],
            "发送者的标签",
            "the sender's tags",
        ),
        chat(
            "sender.followed",
            Type::Time,
            &[],
            "关注时间",
            "when the sender followed",
        ),
        // The account: the sender's bound one, or the one the event is about.
        field(
            "bound",
            Type::YesNo,
            account,
            "有绑定",
            "sender and account are bound",
        )
        .proves(),
        field("account", Type::Account, account, "账号", "the account").hidden(),
        field(
            "account.id",
            Type::Account,
            account,
            "账号标识",
            "the account's identifier",
        ),
        field(
            "account.name",
            text(),
            account,
            "账号显示名",
            "the account's display name",
        ),
        field(
            "account.phone",
            Type::Phone,
            account,
            "登记的手机号，文字里只显示首尾",
            "the registered phone; masked in texts",
        ),
        field(
            "account.locked",
            Type::YesNo,
            account,
            "账号已锁定",
            "the account is locked",
        )
        .proves(),
        field(
            "account.created",
            Type::Time,
            account,
            "账号创建时间",
            "when the account was created",
        ),
        field(
            "account.zone",
            text(),
            account,
            "账号时区",
            "the account's time zone",
        ),
        field(
            "account.status",
            text(),
            account,
            "账号状态",
            "the account's status",
        ),
        // The newest open alert of the account.
        field(
            "alert",
            Type::Alert,
            alerts,
            "提醒本身，可传给 call",
            "the alert itself, for call",
        )
        .hidden(),
        field(
            ALERT_OPEN,
            Type::YesNo,
            alerts,
            "有未处理的提醒",
            "there is an open alert",
        )
        .proves(),
        field(
            "alert.id",
            text(),
            alerts,
            "提醒标识",
            "the alert's identifier",
        ),
        field(
            "alert.number",
            Type::Number,
            alerts,
            "提醒编号",
            "the alert's number",
        )
        .range(1.0, f64::INFINITY),
        field(
            "alert.time",
            Type::Time,
            alerts,
            "提醒里的登录时间",
            "when the alerted login was",
        ),
        field(
            "alert.place",
            Type::Place,
            alerts,
            "提醒里的登录地点",
            "where it came from",
        ),
        field(
            "alert.ip",
            Type::Ip,
            alerts,
            "提醒里的登录 IP",
            "its address",
        ),
        field(
            "alert.machine",
            Type::Machine,
            alerts,
            "提醒里的设备",
            "its machine",
        ),
        field(
            "alert.reasons",
            text(),
            alerts,
            "提醒的原因",
            "why it was alerted",
        ),
        field(
            "alert.expires",
            Type::Time,
            alerts,
            "提醒失效时间",
            "when the answer 是我 ends",
        ),
        field(
            "reason",
            text(),
            Stages::ACCOUNT_SIDE,
            "发生的原因",
            "why it happened",
        ),
        // The login.
        field("login", Type::Login, login, "这次登录", "this login").hidden(),
        field(
            "previous",
            Type::Login,
            login,
            "上一次成功登录，不算主人回答过“锁定”的",
            "the last successful login, leaving out those whose owner answered with 锁定",
        )
        .hidden(),
        row(
            "login.account",
            Type::Account,
            login,
            "登录的账号",
            "the account",
        ),
        field(
            "login.known",
            Type::YesNo,
            login,
            "账号存在",
            "the account exists",
        )
        .proof(),
        row(
            "login.legal",
            Type::YesNo,
            login,
            "设备标识合法",
            "the machine identifier is legal",
        )
        .proof(),
        row("login.machine", Type::Machine, login, "设备", "the machine"),
        row("login.ip", Type::Ip, login, "IP 地址", "the address"),
        row(
            "login.network",
            Type::Network,
            login,
            "网段（/24 或 /56）",
            "the network (/24 or /56)",
        ),
        field("login.place", Type::Place, login, "地点", "the place"),
        row("login.country", text(), login, "国家", "country"),
        row("login.region", text(), login, "省或州", "province or state"),
        row("login.city", text(), login, "城市", "city"),
        row("login.lat", Type::Number, login, "纬度", "latitude")
            .range(-MAX_LATITUDE, MAX_LATITUDE),
        row("login.lon", Type::Number, login, "经度", "longitude")
            .range(-MAX_LONGITUDE, MAX_LONGITUDE),
        row(
            "login.asn",
            Type::Number,
            login,
            "自治系统号",
            "autonomous system number",
        )
        .range(0.0, 4_294_967_295.0),
        row(
            "login.isp",
            text(),
            login,
            "运营商",
            "internet service provider",
        ),
        row("login.time", Type::Time, login, "时间", "when"),
        row(
            "login.hour",
            Type::Number,
            login,
            "小时 0–23，账号所在时区",
            "hour 0-23 in the account's zone",
        )
        .counted(0.0, 23.0),
        row(
            "login.weekday",
            Type::Number,
            login,
            "星期 1–7，1 是星期一",
            "weekday 1-7, 1 is Monday",
        )
        .counted(1.0, 7.0),
        field(
            "login.date",
            Type::Date,
            login,
            "日期，账号所在时区，如 2026-01-05；可以和日期列表比",
            "the day in the account's zone, such as 2026-01-05; to look up in a list of dates",
        ),
        row("login.browser", text(), login, "浏览器", "browser"),
        row("login.os", text(), login, "操作系统", "operating system"),
        row("login.device", text(), login, "设备类型", "kind of device"),
        field(
            "login.agent",
            text(),
            login,
            "User-Agent 原文",
            "the user agent text",
        ),
        row(
            "login.success",
            Type::YesNo,
            after,
            "密码正确",
            "the password was right",
        )
        .proof(),
        row("login.reason", text(), after, "失败原因", "why it failed"),
        field(
            "login.session",
            text(),
            Stages::LOGIN,
            "会话标识",
            "the session's identifier",
        )
        .hidden(),
        row("login.channel", text(), login, "渠道", "the channel"),
        field(
            "login.captcha",
            Type::YesNo,
            login,
            "这次尝试答对了图形验证",
            "a captcha was solved for this attempt",
        )
        .proof(),
        field(
            "login.late",
            Type::YesNo,
            login,
            "送到时已超过十分钟",
            "older than ten minutes on arrival",
        )
        .proof(),
        // The score.
        field(
            SUSPICION,
            Type::Number,
            Stages::LOGIN,
            "触发的信号分数之和",
            "the sum of the weights of the signals that fired",
        ),
        field(
            "reasons",
            text(),
            Stages::LOGIN,
            "触发的信号的标题",
            "the titles of the signals that fired",
        ),
        field(
            SIGNALS,
            Type::List(Box::new(Type::Text)),
            Stages::LOGIN,
            "触发的信号的名字",
            "the names of the signals that fired",
        ),
        field(
            BAND,
            Type::Number,
            Stages::LOGIN,
            "怀疑度到了第几档：规则里拿来和 suspicion 比的数，够到了几个",
            "how many of the numbers that rules compare suspicion with it reaches",
        )
        .range(0.0, f64::INFINITY),
        field(
            "now",
            Type::Time,
            Stages::ALL,
            "事件的时间",
            "the event's time",
        ),
        field(
            "now.hour",
            Type::Number,
            Stages::ALL,
            "现在几点 0–23，账号所在时区",
            "the hour now, 0-23, in the account's zone",
        )
        .counted(0.0, 23.0),
        field(
            "now.weekday",
            Type::Number,
            Stages::ALL,
            "今天星期几 1–7，1 是星期一",
            "the weekday now, 1-7, 1 is Monday",
        )
        .counted(1.0, 7.0),
        field(
            "now.date",
            Type::Date,
            Stages::ALL,
            "今天的日期，如 2026-01-05",
            "today, such as 2026-01-05",
        ),
    ]
}
