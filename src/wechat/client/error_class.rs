//! The platform's error codes: what each means and what to do about it.

use serde::{Deserialize, Serialize};

/// What to do about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ErrorClass {
    /// Renew the token and repeat once.
    Refresh,
    /// Repeat later, idempotent calls only.
    Retry,
    /// Wait until the window is over.
    Throttle,
    /// Give up on this message or user.
    Drop,
    /// Take another channel, or wait for the user's next message.
    Fallback,
    /// A human must act.
    Alert,
}

/// One row of [`KNOWN_ERRORS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorHint {
    /// `errcode`.
    pub code: i64,
    /// What to do.
    pub class: ErrorClass,
    /// The cure, in Chinese.
    pub zh: &'static str,
    /// The cure, in English.
    pub en: &'static str,
}

/// The class of a code. An unknown one is for a human.
pub fn classify(code: i64) -> ErrorClass {
    hint(code).map_or(ErrorClass::Alert, |hint| hint.class)
}

/// What is known about a code.
pub fn hint(code: i64) -> Option<&'static ErrorHint> {
    KNOWN_ERRORS
        .binary_search_by_key(&code, |hint| hint.code)
        .ok()
        .map(|index| &KNOWN_ERRORS[index])
}

/// Every known code, ascending.
pub const KNOWN_ERRORS: &[ErrorHint] = &{
    use ErrorClass::*;
    [
        row(
            -1,
            Retry,
            "微信系统繁忙，稍后重试",
            "the platform is busy; try again later",
        ),
        row(
            40001,
            Refresh,
            "access_token 失效或 AppSecret 不对；若反复出现，检查是否有别的程序也在刷新 token",
            "stale access_token or wrong AppSecret; if it repeats, another program renews the token too",
        ),
        row(40002, Alert, "grant_type 不正确", "wrong grant_type"),
        row(
            40003,
            Drop,
            "OpenID 不属于本公众号或用户已取消关注",
            "the OpenID belongs to another account or no longer follows",
        ),
        row(40004, Drop, "媒体文件类型不支持", "unsupported media type"),
        row(40005, Drop, "文件类型不支持", "unsupported file type"),
        row(40006, Drop, "文件大小不支持", "unsupported file size"),
        row(
            40007,
            Retry,
            "media_id 无效或已过期，重新上传一次",
            "media_id invalid or expired; upload once more",
        ),
        row(40008, Drop, "消息类型不支持", "unsupported message type"),
        row(40009, Drop, "图片过大", "the picture is too large"),
        row(40010, Drop, "语音过大", "the recording is too large"),
        row(40011, Drop, "视频过大", "the video is too large"),
        row(40012, Drop, "缩略图过大", "the thumbnail is too large"),
        row(
            40013,
            Alert,
            "AppID 不正确，核对 app_id",
            "wrong AppID; check app_id",
        ),
        row(
            40014,
            Refresh,
            "access_token 不合法",
            "illegal access_token",
        ),
        row(
            40033,
            Drop,
            "请求含非法字符（不得用 \\u 转义）",
            "illegal characters in the request (no \\u escapes)",
        ),
        row(40035, Drop, "参数不合法", "illegal parameter"),
        row(
            40036,
            Alert,
            "模板 ID 长度不对，核对配置",
            "template id of wrong length; check the configuration",
        ),
        row(
            40037,
            Alert,
            "模板 ID 不正确，核对配置",
            "wrong template id; check the configuration",
        ),
        row(
            40125,
            Alert,
            "AppSecret 不正确，核对 app_secret",
            "wrong AppSecret; check app_secret",
        ),
        row(
            40164,
            Alert,
            "本机 IP 不在白名单，请在公众平台「IP 白名单」加入所示地址",
            "this host's address is not on the account's IP list; add the one shown",
        ),
        row(
            40200,
            Alert,
            "该账号类型不支持此接口（测试号？）",
            "this kind of account may not use the call (a test account?)",
        ),
        row(
            40243,
            Alert,
            "AppSecret 已被冻结，请在公众平台解冻",
            "the AppSecret is frozen; unfreeze it in the console",
        ),
        row(
            40249,
            Alert,
            "内容被拦截，停用该模板并检查内容",
            "blocked for its content; stop using the template and check it",
        ),
        row(41001, Refresh, "缺少 access_token", "missing access_token"),
        row(41002, Alert, "缺少 AppID", "missing AppID"),
        row(41004, Alert, "缺少 AppSecret", "missing AppSecret"),
        row(41005, Drop, "缺少媒体文件", "missing media file"),
        row(
            41030,
            Alert,
            "跳转页面不正确，核对配置",
            "wrong page; check the configuration",
        ),
        row(
            42001,
            Refresh,
            "access_token 已过期",
            "expired access_token",
        ),
        row(43002, Drop, "需要 POST 请求", "the call wants POST"),
        row(43004, Drop, "用户未关注公众号", "the user does not follow"),
        row(
            43019,
            Drop,
            "用户在黑名单中",
            "the user is on the block list",
        ),
        row(
            43101,
            Drop,
            "用户未授权订阅或次数用完，请其重新订阅",
            "no consent left; ask the user to subscribe again",
        ),
        row(
            43116,
            Alert,
            "模板已被封禁，停用该模板",
            "the template is banned; stop using it",
        ),
        row(
            43117,
            Throttle,
            "对该用户发送过于频繁，合并提醒后再发",
            "too frequent to this user; merge alerts",
        ),
        row(44002, Drop, "请求体为空", "empty request body"),
        row(44004, Drop, "文本内容为空", "empty text"),
        row(45001, Drop, "媒体文件过大", "the media file is too large"),
        row(
            45002,
            Drop,
            "内容过长，截断或拆分",
            "the text is too long; cut or split it",
        ),
        row(45003, Drop, "标题过长", "the title is too long"),
        row(45004, Drop, "描述过长", "the description is too long"),
        row(45005, Drop, "链接过长", "the link is too long"),
        row(
            45006,
            Drop,
            "图片链接过长",
            "the picture's link is too long",
        ),
        row(45007, Drop, "语音过长", "the recording is too long"),
        row(
            45008,
            Drop,
            "图文条数超限（只能 1 条）",
            "too many articles (one is allowed)",
        ),
        row(
            45009,
            Alert,
            "今日接口调用次数用完，明日再试或由运维清零",
            "today's quota is used up; wait for tomorrow or let an operator clear it",
        ),
        row(
            45011,
            Throttle,
            "调用过快，至少一分钟后再试",
            "too many calls a minute; wait at least one",
        ),
        row(
            45015,
            Fallback,
            "用户 48 小时内没有互动，改用模板消息",
            "outside the 48-hour window; use a template message",
        ),
        row(
            45047,
            Fallback,
            "客服消息条数用完，改用模板消息或等用户回复",
            "customer-service messages used up; use a template or wait for the user",
        ),
        row(
            45065,
            Drop,
            "群发 clientmsgid 重复（视为成功）",
            "duplicate clientmsgid of a mass message (as good as success)",
        ),
        row(
            45066,
            Throttle,
            "同一 clientmsgid 重试过快",
            "the same clientmsgid again too soon",
        ),
        row(45067, Drop, "clientmsgid 过长", "clientmsgid too long"),
        row(45072, Drop, "输入状态命令不对", "wrong typing command"),
        row(
            45080,
            Drop,
            "30 秒内没有互动，不能下发输入状态",
            "no exchange within 30 s; typing not shown",
        ),
        row(
            45081,
            Drop,
            "正在输入状态中，勿重复下发",
            "typing is shown already",
        ),
        row(45103, Alert, "接口已下线", "the call is retired"),
        row(45109, Alert, "接口已下线", "the call is retired"),
        row(46004, Drop, "用户不存在", "no such user"),
        row(47001, Drop, "JSON 格式错误", "malformed JSON"),
        row(
            47003,
            Drop,
            "模板字段的值不合规，见字段名",
            "a template value breaks its field's rule; see the field",
        ),
        row(
            48001,
            Alert,
            "没有该接口权限，确认公众号类型与认证",
            "the account may not use this call; check its type and verification",
        ),
        row(48002, Drop, "用户拒收消息", "the user refuses messages"),
        row(
            48004,
            Alert,
            "接口被封禁，停止发送并登录公众平台查看",
            "the call is banned; stop sending and look into the console",
        ),
        row(
            48006,
            Alert,
            "本月清零次数用完",
            "this month's quota clearings are used up",
        ),
        row(
            50001,
            Drop,
            "用户未授权该接口",
            "the user has not authorised the call",
        ),
        row(
            50002,
            Alert,
            "账号受限，停止发送",
            "the account is restricted; stop sending",
        ),
        row(50005, Drop, "用户未关注公众号", "the user does not follow"),
        row(
            61003,
            Alert,
            "未授权给第三方平台",
            "not authorised to the third-party platform",
        ),
        row(
            61004,
            Alert,
            "本机 IP 不在白名单",
            "this host's address is not on the IP list",
        ),
        row(
            61007,
            Alert,
            "没有该接口权限",
            "the account may not use this call",
        ),
        row(
            65303,
            Alert,
            "请先创建默认菜单",
            "create the default menu first",
        ),
        row(
            65316,
            Alert,
            "个性化菜单外链域名过多",
            "too many external domains in the menus",
        ),
        row(
            65320,
            Alert,
            "个性化菜单匹配规则不允许",
            "the conditional menu's rule is not allowed",
        ),
        row(
            89501,
            Alert,
            "IP 待管理员确认",
            "the address waits for the administrator's confirmation",
        ),
        row(
            89503,
            Alert,
            "IP 有风险，等待管理员确认",
            "a risky address; the administrator must confirm it",
        ),
        row(
            89506,
            Alert,
            "该 IP 被管理员拒绝两次，24 小时后再试",
            "the administrator refused the address twice; wait 24 hours",
        ),
        row(
            89507,
            Alert,
            "该 IP 被管理员拒绝，1 小时后再试",
            "the administrator refused the address; wait an hour",
        ),
    ]
};

const fn row(code: i64, class: ErrorClass, zh: &'static str, en: &'static str) -> ErrorHint {
    ErrorHint {
        code,
        class,
        zh,
        en,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_ascending_and_has_both_languages() {
        assert!(
            KNOWN_ERRORS
                .windows(2)
                .all(|pair| pair[0].code < pair[1].code)
        );
        assert!(
            KNOWN_ERRORS
                .iter()
                .all(|row| !row.zh.is_empty() && row.en.is_ascii())
        );
    }

    #[test]
    fn codes_have_the_documented_class() {
        use ErrorClass::*;
        for (code, class) in [
            (-1, Retry),
            (40001, Refresh),
            (40014, Refresh),
            (42001, Refresh),
            (41001, Refresh),
            (43004, Drop),
            (43117, Throttle),
            (45011, Throttle),
            (45015, Fallback),
            (45047, Fallback),
            (45009, Alert),
            (47003, Drop),
            (48001, Alert),
            (987654, Alert),
        ] {
            assert_eq!(classify(code), class, "{code}");
        }
    }
}
