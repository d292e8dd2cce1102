//! Browser, operating system and kind of device from a user agent's text.
//!
//! A small table of what is common in China and elsewhere, in the order in which one product
//! pretends to be another. Limits: no versions (they change too often to tell people apart), no
//! device models, nothing from client hints; what is not in the table is unknown, and whoever wants
//! to lie can. Only the first [`MAX_BYTES`] count.

/// The longest text looked at, in bytes.
pub const MAX_BYTES: usize = 1024;

/// What a user agent's text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Agent {
    /// Browser or app, e.g. `Chrome`, `WeChat`.
    pub browser: Option<&'static str>,
    /// Operating system, e.g. `Windows`, `HarmonyOS`.
    pub os: Option<&'static str>,
    /// `mobile`, `tablet`, `desktop` or `bot`.
    pub device: Option<&'static str>,
}

/// The first hit counts: what others' texts also contain stands further down.
const BROWSERS: &[(&str, &str)] = &[
    ("wxwork/", "WeCom"),
    ("micromessenger/", "WeChat"),
    ("dingtalk", "DingTalk"),
    ("lark/", "Feishu"),
    ("feishu", "Feishu"),
    ("alipayclient", "Alipay"),
    ("aweme", "Douyin"),
    ("weibo", "Weibo"),
    ("mqqbrowser/", "QQ Browser"),
    ("qqbrowser/", "QQ Browser"),
    (" qq/", "QQ"),
    ("ucbrowser/", "UC Browser"),
    ("quark/", "Quark"),
    ("baiduboxapp/", "Baidu"),
    ("bidubrowser/", "Baidu"),
    ("huaweibrowser/", "Huawei Browser"),
    ("miuibrowser/", "Mi Browser"),
    ("xiaomi/miuibrowser", "Mi Browser"),
    ("heytapbrowser/", "HeyTap Browser"),
    ("vivobrowser/", "vivo Browser"),
    ("samsungbrowser/", "Samsung Internet"),
    ("360se", "360"),
    ("360ee", "360"),
    ("qihu", "360"),
    ("metasr", "Sogou"),
    ("maxthon", "Maxthon"),
    ("edg/", "Edge"),
    ("edga/", "Edge"),
    ("edgios/", "Edge"),
    ("edge/", "Edge"),
    ("opr/", "Opera"),
    ("opera", "Opera"),
    ("vivaldi/", "Vivaldi"),
    ("yabrowser/", "Yandex"),
    ("fxios/", "Firefox"),
    ("firefox/", "Firefox"),
    ("crios/", "Chrome"),
    ("headlesschrome/", "Headless Chrome"),
    ("electron/", "Electron"),
    ("chrome/", "Chrome"),
    ("msie ", "Internet Explorer"),
    ("trident/", "Internet Explorer"),
    ("safari/", "Safari"),
    ("curl/", "curl"),
    ("wget/", "Wget"),
    ("python-requests/", "Python"),
    ("python-urllib/", "Python"),
    ("aiohttp/", "Python"),
    ("okhttp/", "OkHttp"),
    ("go-http-client/", "Go"),
    ("java/", "Java"),
    ("apache-httpclient/", "Java"),
    ("postmanruntime/", "Postman"),
];

const SYSTEMS: &[(&str, &str)] = &[
    ("openharmony", "HarmonyOS"),
    ("harmonyos", "HarmonyOS"),
    ("windows phone", "Windows Phone"),
    ("windows", "Windows"),
    ("ipad", "iOS"),
    ("iphone", "iOS"),
    ("ipod", "iOS"),
    ("android", "Android"),
    ("mac os x", "macOS"),
    ("macintosh", "macOS"),
    ("cros ", "ChromeOS"),
    ("uos", "UOS"),
    ("kylin", "Kylin"),
    ("linux", "Linux"),
    ("x11", "Linux"),
];

const BOTS: &[&str] = &[
    "bot/",
    "bot;",
    "bot)",
    "spider",
    "crawler",
    "headlesschrome",
    "curl/",
    "wget/",
    "python-",
    "aiohttp/",
    "go-http-client",
    "java/",
    "apache-httpclient",
    "postmanruntime",
    "scrapy",
    "phantomjs",
    "libwww",
];

/// Reads a user agent's text.
pub fn parse(text: &str) -> Agent {
    let mut end = text.len().min(MAX_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = text[..end].to_ascii_lowercase();
    let find = |table: &[(&str, &'static str)]| {
        table
            .iter()
            .find(|(mark, _)| text.contains(mark))
            .map(|(_, name)| *name)
    };
    let os = find(SYSTEMS);
    Agent {
        browser: find(BROWSERS),
        os,
        device: device(&text, os),
    }
}

/// A text that [`parse`] reads as this browser, system and device: stands in for one that was not kept.
/// None when nothing is known of it, or nothing says that.
pub fn typical(browser: Option<&str>, os: Option<&str>, device: Option<&str>) -> Option<String> {
    if (browser, os, device) == (None, None, None) {
        return None;
    }
    let marks = |table: &'static [(&str, &str)], wanted: Option<&str>| -> Vec<&'static str> {
        match wanted {
            None => vec![""],
            Some(name) => {
                let named = table.iter().filter(|(_, known)| *known == name);
                named.map(|(mark, _)| *mark).collect()
            }
        }
    };
    let systems = marks(SYSTEMS, os);
    for browser_mark in marks(BROWSERS, browser) {
        for system in &systems {
            for kind in ["", " mobile", " tablet", " pc", " bot/"] {
                let text = format!("{browser_mark}1 ({system}{kind})");
                let read = parse(&text);
                if (read.browser, read.os, read.device) == (browser, os, device) {
                    return Some(text);
                }
            }
        }
    }
    None
}

fn device(text: &str, os: Option<&str>) -> Option<&'static str> {
    let has = |mark: &str| text.contains(mark);
    if BOTS.iter().any(|mark| has(mark)) {
        return Some("bot");
    }
    let tablet = has("ipad") || has("tablet") || (os == Some("Android") && !has("mobile"));
    if tablet {
        return Some("tablet");
    }
    match os? {
        "iOS" | "Android" | "Windows Phone" => Some("mobile"),
        // A HarmonyOS machine says which it is; phones are the rule.
        "HarmonyOS" if has(" pc") => Some("desktop"),
        "HarmonyOS" => Some("mobile"),
        _ if has("mobile") => Some("mobile"),
        _ => Some("desktop"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> (Option<&str>, Option<&str>, Option<&str>) {
        let agent = parse(text);
        (agent.browser, agent.os, agent.device)
    }

    #[test]
    fn common_user_agents() {
        let cases = [
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.49(0x1800312c) NetType/WIFI Language/zh_CN",
                ("WeChat", "iOS", "mobile"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; 2211133C) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 XWEB/1160117 MMWEBSDK/20240404 MicroMessenger/8.0.49.2600",
                ("WeChat", "Android", "mobile"),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
                ("Edge", "Windows", "desktop"),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
                ("Safari", "macOS", "desktop"),
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
                ("Firefox", "Linux", "desktop"),
            ),
            (
                "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile HuaweiBrowser/5.0.4.300",
                ("Huawei Browser", "HarmonyOS", "mobile"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36",
                ("Chrome", "Android", "tablet"),
            ),
        ];
        for (text, (browser, os, device)) in cases {
            assert_eq!(
                told(text),
                (Some(browser), Some(os), Some(device)),
                "{text}"
            );
            // What stands in for it is read the same.
            let typical = typical(Some(browser), Some(os), Some(device)).expect("a text");
            assert_eq!(parse(&typical), parse(text), "{typical}");
        }
        assert_eq!(typical(None, None, None), None);
        assert_eq!(typical(Some("Netscape"), None, None), None);
        assert_eq!(told("curl/8.8.0"), (Some("curl"), None, Some("bot")));
    }

    #[test]
    fn what_is_unknown_stays_unknown() {
        assert_eq!(parse(""), Agent::default());
        assert_eq!(parse("某某客户端"), Agent::default());
        assert_eq!(parse(&"汉".repeat(1000)), Agent::default());
    }
}
