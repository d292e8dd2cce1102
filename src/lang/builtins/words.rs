//! What each keyword of the grammar says, for hover and `menshen help`: how it is written, in Chinese and English.
//!
//! A word that means different things in different clauses has a line for each. What is a name of the
//! registry besides (an action, an event, an outcome) has its page there; this one is shown where the word
//! is no such name.

/// A keyword: the word, how it is written, Chinese, English.
pub type Keyword = (&'static str, &'static str, &'static str, &'static str);

/// The uses of `word`, in the table's order.
pub fn uses(word: &str) -> impl Iterator<Item = &'static Keyword> {
    KEYWORDS.iter().filter(move |(known, ..)| *known == word)
}

#[rustfmt::skip]
pub const KEYWORDS: &[Keyword] = &[
    // What begins an item.
    ("on", "on EVENT [when CONDITION] { … }", "一条规则：发生什么、什么条件时做什么", "a rule: what happens, on what condition, and what is done"),
    ("on", "cancel on \"取消\" or \"退出\" { … }", "对话里说了这些话就离开", "words that end the dialog"),
    ("let", "let NAME = VALUE", "给一个值或条件起名", "gives a value or a condition a name"),
    ("list", "list NAME[: TYPE] = […]", "一个列表，写在这里或放在文件里", "a list, written here or kept in a file"),
    ("signal", "signal NAME \"标题\" weight N [shadow] { when … }", "登录异常的一个信号和它的分量", "a sign that a login is unusual, with its weight"),
    ("dialog", "dialog NAME [expires 时长] { ask … done { … } }", "一步一步问的对话", "a conversation that asks step by step"),
    ("extractor", "extractor NAME = \"模式\"", "自己的提取器", "an extractor of your own"),
    ("test", "test \"名字\" { … }", "一个故事：真的演一遍，再核对结果", "a story: it is acted, and what comes is compared"),
    // Triggers.
    ("or", "A or B", "两个条件有一个成立就成立；也连接几种说法", "holds when one of two holds; also between alternatives"),
    ("scene", "on subscribe scene \"…\"", "二维码的场景值", "the scene of a QR code"),
    ("containing", "on text containing \"…\"", "话里有这些字就算", "the text has these words anywhere"),
    ("starting", "on text starting \"…\"", "话以这些字开头", "the text begins with these words"),
    ("matching", "on text matching \"正则\"", "话符合一个正则表达式", "the text fits a regular expression"),
    ("with", "on text with phone: mobile, code: digits(6)", "话里任何位置有这些东西，顺序不限", "these are anywhere in the text, in any order"),
    ("with", "start DIALOG with a, b", "把已经知道的值交给对话，这些就不问了", "hands the dialog what is known already; it does not ask for it"),
    ("with", "call NAME with a, b", "交给登记的动作的值", "the values a registered action is given"),
    ("with", "wechat 小王 sends location with Label \"…\"", "推送里的字段，用平台自己的名字", "fields of the push, by the platform's own names"),
    ("when", "on EVENT when CONDITION { … }", "条件成立才做；放在 `{` 前面", "only on this condition; before the `{`"),
    ("when", "signal … { when CONDITION }", "信号在什么时候触发", "when the signal fires"),
    ("even", "on text \"锁定\" even in dialog { … }", "正在对话里时也听", "is heard inside a dialog as well"),
    ("continue", "on text \"…\" continue { … }", "做完接着看后面的规则；不能回复", "the search goes on after it; it cannot reply"),
    ("undeliverable", "on undeliverable alert { … }", "提醒送不到时", "when an alert cannot be delivered"),
    // Signals.
    ("weight", "signal … weight 30", "触发时加多少分，可以是负数", "what it adds to the score when it fires; may be negative"),
    ("shadow", "signal … weight 30 shadow", "影子信号：只记录，不计分", "only recorded, counts nothing"),
    ("except", "except CONDITION", "这个条件成立时信号不触发", "the signal does not fire where this holds"),
    ("learn", "learn until 14 days and 10 logins", "学习期：账号有这么久、这么多次登录之前不触发", "does not fire before the account is so old and has so many logins"),
    ("until", "learn until …", "学习期到什么时候为止", "where the learning ends"),
    ("logins", "learn until 10 logins", "登录次数", "a number of logins"),
    // Dialogs.
    ("expires", "dialog NAME expires 10 minutes", "这么久没有回答，对话就结束", "the dialog ends after so long without an answer"),
    ("expires", "alert expires 24 hours", "发出后这么久之内回答“是我”“锁定”算数", "how long after delivery its answers count"),
    ("ask", "ask NAME: EXTRACTOR \"问题？\"", "对话里的一个问题，回答存进名字", "a question of the dialog; the answer goes into the name"),
    ("ask", "ask again NAME", "回到这个问题再问一次", "goes back to this question"),
    ("again", "ask again NAME", "回到这个问题再问一次", "goes back to this question"),
    ("unless", "ask … unless CONDITION", "条件成立就不问", "is not asked where this holds"),
    ("invalid", "ask … invalid \"…\"", "回答不合适时说的话", "what is said to an answer that does not fit"),
    ("at", "at most 3 times", "最多问几次，然后到 `give up`", "asked so often at most, then `give up`"),
    ("most", "at most 3 times", "最多问几次，然后到 `give up`", "asked so often at most, then `give up`"),
    ("times", "at most 3 times", "几次", "a number of times"),
    ("times", "…, 5 times every 1 day", "这一步重复几次", "repeats the step"),
    ("cancel", "cancel on \"取消\" { … }", "用户怎样离开对话，离开时做什么", "how the user leaves, and what is done then"),
    ("give", "give up { … }", "问了 `at most` 次还不合适时做什么", "what is done after the last try"),
    ("up", "give up { … }", "问了 `at most` 次还不合适时做什么", "what is done after the last try"),
    ("done", "done { … }", "都答完了做什么", "what is done once everything is answered"),
    // Actions: pages of the registry come first, these are for the words inside.
    ("reply", "reply \"…\"", "回复这条消息", "answers the message"),
    ("reply", "expect reply \"…\"", "故事里：应当这样回复；`~` 表示其中有", "in a story: the reply to be expected; `~` for a part of it"),
    ("image", "reply image \"MEDIA_ID\"", "回复图片", "replies with a picture"),
    ("voice", "reply voice \"MEDIA_ID\"", "回复语音", "replies with a voice message"),
    ("video", "reply video { … }", "回复视频", "replies with a video"),
    ("music", "reply music { … }", "回复音乐", "replies with music"),
    ("news", "reply news { title: … url: … }", "回复图文", "replies with an article"),
    ("start", "start DIALOG [with …]", "开始一段对话", "begins a dialog"),
    ("leave", "leave dialog", "离开正在进行的对话", "leaves the running dialog"),
    ("remember", "remember NAME = VALUE [for 时长]", "为这个用户记住一个值", "keeps a value for this user"),
    ("forget", "forget NAME", "忘掉记住的值", "forgets it"),
    ("tag", "tag \"…\"", "给用户打标签", "tags the user"),
    ("untag", "untag \"…\"", "去掉标签", "takes the tag off"),
    ("bind", "bind { … }", "用手机号和验证码绑定账号", "binds the user to an account by phone and code"),
    ("bind", "issue bind code \"…\" to ACCOUNT", "故事里：发一个绑定验证码", "in a story: a code for binding"),
    ("unbind", "unbind { … }", "解除绑定", "ends the binding"),
    ("lock", "lock account { … }", "锁定账号并下线", "locks the account and ends its sessions"),
    ("unlock", "unlock account { … }", "用验证码解锁账号", "unlocks the account by a code"),
    ("log", "log off account { … }", "强制下线，不锁定", "ends the sessions without locking"),
    ("off", "log off account { … }", "强制下线，不锁定", "ends the sessions without locking"),
    ("account", "lock account", "发消息的人绑定的账号", "the account the sender is bound to"),
    ("account", "account alice phone \"…\" code \"…\"", "故事里：有这样一个账号", "in a story: there is such an account"),
    ("trust", "trust alert for 30 days { … }", "是我：这台设备在这段时间里不再提醒", "it was me: no more alerts for this machine"),
    ("close", "close alert { … }", "关闭提醒，不信任设备", "closes the alert without trusting the machine"),
    ("for", "for 30 days", "多久", "for how long"),
    ("challenge", "challenge captcha", "要求先过图形验证码", "asks for a captcha first"),
    ("captcha", "challenge captcha", "图形验证码", "a captcha"),
    ("deny", "deny [\"原因\"]", "拒绝这次登录", "refuses the login"),
    ("allow", "allow", "放行这次登录", "lets the login through"),
    ("alert", "alert [expires …] [once per …] { message … template … }", "给账号的主人发登录提醒", "sends the owner of the account a prompt"),
    ("alert", "expect alert [to 小王] [~ \"…\"]", "故事里：应当发出提醒", "in a story: a prompt to be expected"),
    ("once", "alert once per 30 minutes [per login.machine]", "这段时间里只提醒一次", "one prompt at most in this time"),
    ("per", "once per 30 minutes per login.machine", "每这么久一次，每台设备分开算", "once in so long, each machine by itself"),
    ("message", "message \"…\"", "提醒的文字，48 小时窗口之内用客服消息发", "the prompt's text, sent while the 48-hour window is open"),
    ("template", "template NAME { … }", "窗口关了用模板消息发，名字在配置里对应模板", "the template message for afterwards; the configuration maps its name"),
    ("forward", "forward { answered … late … failed … }", "转给信息系统回答", "lets the information system answer"),
    ("hand", "hand over [to \"客服\"]", "转人工客服", "hands over to a person"),
    ("over", "hand over [to \"客服\"]", "转人工客服", "hands over to a person"),
    ("to", "to \"客服\"", "转给谁，发给谁", "to whom"),
    ("call", "call NAME [with …] [{ ok … failed … }]", "调用配置里登记的动作", "calls an action registered in the configuration"),
    ("note", "note \"…\"", "写进日志", "writes to the log"),
    ("send", "send \"…\" [after 10 minutes]", "另外发一条消息", "sends a message besides the reply"),
    ("after", "send \"…\" after 10 minutes", "过这么久再发", "sends it so much later"),
    ("after", "after 10 minutes", "故事里：过了这么久", "in a story: so much time goes by"),
    ("issue", "issue unbind code", "向账号登记的手机发一个验证码", "sends a code to the account's phone"),
    ("issue", "issue bind code \"…\" to ACCOUNT", "故事里：发一个验证码或绑定票据", "in a story: a code or a ticket"),
    ("code", "issue unlock code", "验证码", "a code"),
    ("code", "account alice code \"482913\"", "故事里：账号现在的绑定验证码", "in a story: the account's present code for binding"),
    // Expressions.
    ("and", "A and B", "两个条件都成立才成立", "holds when both hold"),
    ("not", "not A", "条件不成立才成立；未知还是未知", "holds when it does not; unknown stays unknown"),
    ("in", "X in LIST", "在列表里", "is in the list"),
    ("is", "X is known", "问知道不知道", "asks whether it is known"),
    ("known", "X is known", "知道它的值", "it has a value"),
    ("unknown", "X is unknown", "不知道它的值", "it has none"),
    ("otherwise", "X otherwise Y", "不知道 X 就用 Y", "Y where X is unknown"),
    ("yes", "yes", "是", "yes"),
    ("no", "no", "否；故事里 `expect no …` 是没有", "no; in a story `expect no` says that there is none"),
    ("from", "list NAME: TYPE from \"lists/….txt\"", "名单放在文件里，一行一个", "the entries stand in a file, one a line"),
    // Stories.
    ("place", "place 北京 39.90 116.40 [country \"CN\"]", "故事里的一个地点：纬度 经度", "a place of the story: latitude, longitude"),
    ("country", "place … country \"CN\"", "地点的国家代码", "the country of the place"),
    ("region", "place … region \"…\"", "地点的省份", "the region of the place"),
    ("asn", "place … asn \"4134\"", "地点的自治系统号", "the autonomous system of the place"),
    ("isp", "place … isp \"电信\"", "地点的运营商", "the provider of the place"),
    ("phone", "account alice phone \"138…\"", "账号登记的手机号", "the phone of the account"),
    ("name", "account alice name \"爱丽丝\"", "账号的显示名", "the name people are shown"),
    ("password", "account alice password \"…\"", "账号的密码；`wrong password` 是输错", "the account's password; `wrong password` for a wrong one"),
    ("zone", "account alice zone \"Asia/Shanghai\"", "账号的时区", "the account's time zone"),
    ("ticket", "issue ticket \"…\" to ACCOUNT", "绑定二维码的票据", "the ticket of a QR code for binding"),
    ("wechat", "wechat 小王 sends \"…\"", "微信用户做了什么", "what a WeChat user does"),
    ("sends", "wechat 小王 sends \"…\"", "发来一条消息", "sends a message"),
    ("sends", "platform refuses sends", "平台怎样对待发出去的消息", "what the platform does with messages"),
    ("follows", "wechat 小王 follows [scene \"…\"]", "关注公众号，可带二维码的场景值", "follows the account, perhaps by a QR code"),
    ("unfollows", "wechat 小王 unfollows", "取消关注", "unfollows"),
    ("scans", "wechat 小王 scans \"场景值\"", "已关注的人扫二维码", "a follower scans a QR code"),
    ("clicks", "wechat 小王 clicks \"KEY\"", "点菜单", "clicks a menu button"),
    ("views", "wechat 小王 views \"https://…\"", "点菜单里的网页", "opens a page from the menu"),
    ("does", "wechat 小王 does \"EVENT\"", "平台的任何事件，用它自己的名字", "any event of the platform, by its own name"),
    ("every", "…, 5 times every 1 day", "每次隔多久", "the time between the repeats"),
    ("login", "login alice city 北京 machine \"pc-1\"", "故事里：用密码登录一次", "in a story: a login by password"),
    ("city", "login … city 北京", "从哪个地点，先用 `place` 写出", "from which place, as `place` gave it"),
    ("machine", "login … machine \"pc-1\"", "用哪台设备", "on which machine"),
    ("illegal", "login … illegal machine", "设备标识不合法", "the machine's identifier is not legal"),
    ("ip", "login … ip \"203.0.113.9\"", "从哪个地址", "from which address"),
    ("wrong", "login … wrong password", "密码输错", "with a wrong password"),
    ("agent", "login … agent \"curl/8\"", "浏览器报的自己", "the user agent"),
    ("solving", "login … solving captcha", "答对了图形验证码", "with the captcha solved"),
    ("reported", "login … reported [20 minutes ago]", "信息系统自己验密码，事后报告", "authenticated by the information system, reported afterwards"),
    ("ago", "reported 20 minutes ago", "报告的是多久以前", "how long before the report"),
    ("reason", "login … reported reason \"…\"", "报告里失败的原因", "the reason the report gives"),
    ("operator", "operator locks alice", "管理员做了什么", "what an operator does"),
    ("locks", "operator locks alice", "管理员锁定账号", "the operator locks the account"),
    ("unlocks", "operator unlocks alice", "管理员解锁账号", "the operator unlocks the account"),
    ("unbinds", "operator unbinds alice", "管理员解除绑定", "the operator ends the binding"),
    ("platform", "platform refuses sends", "平台怎样对待发出去的消息", "what the platform does with messages"),
    ("accepts", "platform accepts sends", "平台又收下消息", "it takes messages again"),
    ("refuses", "platform refuses sends", "平台拒绝消息", "it refuses messages"),
    ("loses", "platform loses sends", "平台收下了，却没有回话", "it takes them, and its answer is lost"),
    ("drops", "platform drops sends", "平台收下了，后来说没有送到", "it takes them, and later says they did not arrive"),
    ("system", "system answers \"…\"", "信息系统怎样回答 `forward` 和 `call`", "how the information system answers"),
    ("answers", "system answers \"…\"", "信息系统这样回答", "it answers this"),
    ("late", "system is late", "信息系统回答得太晚", "its answer comes too late"),
    ("fails", "system fails", "信息系统出错", "it fails"),
    ("expect", "expect reply \"…\"", "应当发生什么，和实际的比", "what should have happened, compared with what did"),
    ("include", "expect signals include a", "至少有这些信号", "these among others"),
    ("signals", "expect signals a, b", "触发的信号正好是这些", "exactly these signals fired"),
    ("allowed", "expect allowed", "登录放行了", "the login went through"),
    ("denied", "expect denied", "登录被拒绝", "the login was refused"),
    ("challenged", "expect challenged", "要图形验证码", "a captcha was asked for"),
    ("event", "on event \"NAME\"", "平台的其他事件，用它自己的名字", "another event of the platform, by its own name"),
    ("event", "expect event \"locked\"", "故事里：动态里有这一件事", "in a story: a fact of the feed"),
    ("webhook", "expect webhook \"locked\"", "故事里：网址会收到这一件事", "in a story: a fact that webhooks carry"),
    ("customer", "expect reply customer service", "转了人工客服", "handed over to a person"),
    ("service", "expect reply customer service", "转了人工客服", "handed over to a person"),
    ("by", "expect alert by template", "用客服消息还是模板消息发的", "by message or by template"),
    ("locked", "expect alice locked", "账号锁定了", "the account is locked"),
    ("bound", "expect 小王 bound", "微信用户绑定了账号", "the user is bound"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::lang::syntax::keywords;

    #[test]
    fn every_keyword_of_the_grammar_has_a_line_and_nothing_else_has() {
        let told: BTreeSet<&str> = KEYWORDS.iter().map(|(word, ..)| *word).collect();
        let known: BTreeSet<&str> = keywords().iter().copied().collect();
        assert_eq!(told, known);
    }

    #[test]
    fn a_line_shows_its_word_and_says_something_in_both_languages() {
        for (word, form, zh, en) in KEYWORDS {
            let mut words = form.split(|c: char| !c.is_ascii_alphanumeric());
            assert!(words.any(|part| part == *word), "{word}: {form}");
            assert!(!zh.is_ascii() && en.is_ascii(), "{word}: {zh} / {en}");
        }
    }
}
