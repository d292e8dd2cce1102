//! Every event of the registry happens in a story.

use super::*;

#[test]
fn every_event_happens() {
    let account = |act: &str| format!("{BOUND}{act}\nexpect call security_desk");
    let (locked, bound) = (
        account("operator locks alice"),
        account("expect 小王 bound"),
    );
    let unlocked = account("operator locks alice\noperator unlocks alice");
    let unbound = account("operator unbinds alice");
    let table: &[(&str, &str)] = &[
        (
            "text",
            "wechat 小王 sends \"你好\"\nexpect reply \"您好！\"",
        ),
        (
            "image",
            "wechat 小王 sends image\nexpect reply \"图片收到了。\"",
        ),
        ("voice", "wechat 小王 sends voice\nexpect no reply"),
        (
            "video",
            "wechat 小王 sends video\nexpect reply \"视频收到了。\"",
        ),
        (
            "shortvideo",
            "wechat 小王 sends shortvideo\nexpect reply \"小视频收到了。\"",
        ),
        (
            "location",
            "wechat 小王 sends location\nexpect reply ~ \"您在\"",
        ),
        (
            "link",
            "wechat 小王 sends link\nexpect reply ~ \"链接收到了\"",
        ),
        (
            "file",
            "wechat 小王 sends file\nexpect reply ~ \"文件收到了\"",
        ),
        (
            "miniprogram",
            "wechat 小王 sends miniprogram\nexpect reply ~ \"小程序\"",
        ),
        (
            "subscribe",
            "wechat 小王 follows\nexpect reply \"欢迎关注！\"",
        ),
        ("unsubscribe", "wechat 小王 unfollows"),
        (
            "scan",
            "wechat 小王 scans \"bind:abc\"\nexpect reply \"扫码成功。\"",
        ),
        (
            "click",
            "wechat 小王 clicks \"HELP\"\nexpect reply ~ \"绑定\"",
        ),
        ("view", "wechat 小王 views \"https://example.com/\""),
        ("view_miniprogram", "wechat 小王 does \"view_miniprogram\""),
        ("position", "wechat 小王 does \"LOCATION\""),
        ("scancode_push", "wechat 小王 does \"scancode_push\""),
        ("scancode_wait", "wechat 小王 does \"scancode_waitmsg\""),
        ("photos", "wechat 小王 does \"pic_sysphoto\""),
        ("location_select", "wechat 小王 does \"location_select\""),
        ("event", "wechat 小王 does \"user_info_modified\""),
        ("any", "wechat 小王 sends \"随便\"\nexpect reply ~ \"帮助\""),
        ("attempt", "account alice\nlogin alice\nexpect challenged"),
        (
            "failure",
            "account alice\nlogin alice machine \"m\" wrong password, 11 times\nexpect call security_desk",
        ),
        (
            "login",
            "account alice\nlogin alice ip \"192.0.2.7\" machine \"m\"\nexpect denied",
        ),
        (
            "undeliverable",
            "account alice\nlogin alice ip \"192.0.2.7\" machine \"m\"\nexpect call security_desk",
        ),
        ("locked", &locked),
        ("unlocked", &unlocked),
        ("bound", &bound),
        ("unbound", &unbound),
    ];
    let mut problems = Vec::new();
    for event in registry().events() {
        let mut file = event.example.to_owned();
        // Nobody sees a note; a call is seen.
        let start = file.find("note \"").zip(file.find("\"\n}"));
        let mut told = file.clone();
        if let Some((from, to)) = start {
            told.replace_range(from..=to, "call security_desk");
        }
        match event.name {
            "locked" | "unlocked" | "bound" | "unbound" => file = format!("{told}{BIND}"),
            "failure" => file = told,
            "login" => file.push_str(
                "signal watched \"盯着的网段\" weight 100 {\n    when login.ip in [\"192.0.2.0/24\"]\n}\n",
            ),
            "undeliverable" => {
                let alert =
                    ALERT.replace("on undeliverable alert {\n    note \"送不到\"\n}\n", "");
                file = format!("{told}{alert}");
                file.push_str(LOCK);
            }
            // Stories press no menu buttons of these kinds with a key of their own.
            "scancode_push" | "scancode_wait" | "photos" | "location_select" => {
                let key = file.find(" \"").zip(file.find("\" {")).expect("a key");
                file.replace_range(key.0..=key.1, "");
            }
            _ => {}
        }
        story(
            event.name,
            &file,
            steps_of(event.name, table),
            &mut problems,
        );
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}
