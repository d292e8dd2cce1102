//! Every example of the builtin registry runs: as a story on the real bot, or as a condition with
//! the answer it must give. A builtin without one here fails the test.

mod events;

use menshen::bot::ruleset;
use menshen::bot::stories::{self, Coverage, Kind};
use menshen::lang::builtins::{
    CARDS, CallSpec, FunctionKind, LIST_TYPES, Registry, STREAMS, Stage,
};
use menshen::lang::diagnostics::Language;
use menshen::lang::schema::examples;
use menshen::lang::span::Sources;
use menshen::lang::value::Type;

fn registry() -> Registry {
    let mut registry = Registry::standard();
    registry
        .register_call(CallSpec::webhook("security_desk"))
        .expect("a new name");
    registry
}

/// Runs the stories of a rule file. Returns the names of the rules they went through.
fn passes(text: &str) -> Result<Vec<String>, String> {
    let registry = registry();
    let rules = ruleset::compile(Sources::single("a.rules", text), &registry)
        .map_err(|error| format!("{}\n---\n{text}", error.report(Language::En)))?
        .ruleset;
    let mut covered = Vec::new();
    let results = stories::run(&rules, &registry, None);
    assert!(!results.is_empty(), "there is a story:\n{text}");
    for result in results {
        if !result.passed() {
            return Err(stories::print(&rules, &result));
        }
        let program = &rules.program;
        let reached = Coverage::of(program, &result.seen)
            .points
            .into_iter()
            .filter(|point| point.kind == Kind::Rule && point.whole())
            .map(|point| format!("a.rules:{}", program.sources.line_column(point.span).0));
        covered.extend(reached);
    }
    Ok(covered)
}

/// `example` followed by a story of these steps. Where the steps expect nothing, the example's first
/// rule must have run.
fn story(what: &str, example: &str, steps: &str, problems: &mut Vec<String>) {
    let mut text = format!("{example}\ntest \"{what}\" {{\n");
    for step in steps.trim().lines() {
        text.push_str(&format!("    {}\n", step.trim()));
    }
    text.push_str("}\n");
    let line = 1 + example
        .lines()
        .position(|line| line.starts_with("on "))
        .unwrap_or(0);
    match passes(&text) {
        Err(problem) => problems.push(format!("{what}:\n{problem}")),
        Ok(covered)
            if !steps.contains("expect")
                && !covered
                    .iter()
                    .any(|name| *name == format!("a.rules:{line}")) =>
        {
            problems.push(format!(
                "{what}: a.rules:{line} did not run, only {covered:?}"
            ));
        }
        Ok(_) => {}
    }
}

fn steps_of<'a>(name: &str, table: &[(&str, &'a str)]) -> &'a str {
    let found = table.iter().find(|(known, _)| *known == name);
    found
        .unwrap_or_else(|| panic!("`{name}` has no story here"))
        .1
}

const BIND: &str = "on text with phone: mobile, code: digits(6) {
    bind {
        bound   { reply \"绑定成功，{account.name}。\" }
        already { reply \"已绑定。\" }
        taken   { reply \"该账号已绑定其他微信。\" }
        refused { reply \"不正确，还可以试 {tries_left} 次。\" }
        blocked { reply \"请在 {blocked_until} 之后再试。\" }
    }
}
";

const LOCK: &str = "on text \"锁上\" when bound even in dialog {
    lock account {
        locked         { reply \"已锁定。\" }
        already_locked { reply \"已是锁定状态。\" }
    }
}
";

const ALERT: &str = "signal watched \"盯着的网段\" weight 90 {
    when login.ip in [\"192.0.2.0/24\"]
}
on login when suspicion >= 60 {
    alert {
        message \"{account.name} 登录：{reasons}。回复“锁上”。\"
    }
}
on undeliverable alert {
    note \"送不到\"
}
";

const BOUND: &str = "account alice name \"爱丽丝\" phone \"13800138000\" code \"482913\"
wechat 小王 sends \"13800138000 482913\"
expect reply \"绑定成功，爱丽丝。\"
";

#[test]
fn every_action_runs() {
    let plain: &[(&str, &str)] = &[
        ("reply", "wechat 小王 sends \"官网\"\nexpect reply news"),
        (
            "start",
            "wechat 小王 sends \"报名\"\nexpect reply \"怎么称呼您？\"\nwechat 小王 sends \"老王\"\nexpect reply \"好的，老王。\"",
        ),
        (
            "leave dialog",
            "wechat 小王 sends \"退出\"\nexpect reply \"已退出。\"\nexpect no dialog",
        ),
        (
            "ask again",
            "wechat 小王 sends \"报名\"\nwechat 小王 sends \"30\"\nexpect reply \"再问一次。\"\nexpect in dialog sign_up",
        ),
        (
            "remember",
            "wechat 小王 sends \"我是谁\"\nexpect no reply\nwechat 小王 sends \"我叫小明\"\nexpect reply \"记住了。\"\nwechat 小王 sends \"我是谁\"\nexpect reply \"您是 小明。\"\nafter 31 days\nwechat 小王 sends \"我是谁\"\nexpect no reply",
        ),
        (
            "forget",
            "wechat 小王 sends \"我叫小明\"\nexpect reply \"记住了，小明。\"\nwechat 小王 sends \"忘了我\"\nexpect reply \"忘了。\"",
        ),
        (
            "tag",
            "wechat 小王 sends \"我是会员\"\nexpect reply \"好的。\"",
        ),
        (
            "untag",
            "wechat 小王 sends \"不当会员\"\nexpect reply \"好的。\"",
        ),
        (
            "bind",
            "account alice name \"爱丽丝\" phone \"13800138000\" code \"482913\"\nwechat 小王 sends \"13800138000 482913\"\nexpect reply \"绑定成功，爱丽丝。\"\nexpect 小王 bound",
        ),
        (
            "challenge captcha",
            "account alice\nlogin alice\nexpect challenged",
        ),
        (
            "deny",
            "account alice\nlogin alice ip \"203.0.113.9\" machine \"m\"\nexpect denied",
        ),
        (
            "allow",
            "account alice\nlogin alice ip \"10.0.0.1\" machine \"m\"\nexpect allowed\nlogin alice ip \"10.0.0.1\" illegal machine\nexpect challenged",
        ),
        (
            "hand over",
            "wechat 小王 sends \"人工\"\nexpect reply customer service",
        ),
        (
            "call",
            "wechat 小王 sends \"报警\"\nexpect reply \"已通知值班。\"\nexpect call security_desk",
        ),
        ("note", "wechat 小王 unfollows"),
        (
            "send",
            "wechat 小王 sends \"提醒我\"\nexpect reply ~ \"十分钟后\"\nexpect no alert\nafter 11 minutes\nexpect alert to 小王 ~ \"时间到了\"",
        ),
    ];
    let bound: &[(&str, &str)] = &[
        (
            "unbind",
            "issue unbind code \"222333\" to alice\nwechat 小王 sends \"解绑 222333\"\nexpect reply \"已解绑 爱丽丝。\"\nexpect 小王 not bound",
        ),
        (
            "lock account",
            "wechat 小王 sends \"锁定\"\nexpect reply ~ \"已锁定 爱丽丝\"\nexpect alice locked",
        ),
        (
            "unlock account",
            "wechat 小王 sends \"锁上\"\nissue unlock code \"333444\" to alice\nwechat 小王 sends \"解锁 333444\"\nexpect reply ~ \"已解锁\"\nexpect alice not locked",
        ),
        (
            "log off account",
            "login alice machine \"m\"\nwechat 小王 sends \"下线\"\nexpect reply \"1 个会话已下线。\"",
        ),
        (
            "trust alert",
            "login alice ip \"192.0.2.7\" machine \"m\"\nexpect alert to 小王\nwechat 小王 sends \"是我\"\nexpect reply ~ \"30 天内不再提醒\"",
        ),
        (
            "close alert",
            "login alice ip \"192.0.2.7\" machine \"m\"\nexpect alert to 小王\nwechat 小王 sends \"知道了\"\nexpect reply \"好的。\"",
        ),
        (
            "issue code",
            "wechat 小王 sends \"要解锁码\"\nexpect reply ~ \"登记的手机\"\nexpect event \"code_requested\"\nwechat 小王 sends \"要解锁码\"\nexpect reply ~ \"过一分钟\"",
        ),
        (
            "forward",
            "system answers \"余额 42 元\"\nwechat 小王 sends \"查 余额\"\nexpect reply \"余额 42 元\"\nsystem is late\nwechat 小王 sends \"查 余额\"\nexpect reply ~ \"稍等\"",
        ),
    ];
    let signal = "signal x \"甲\" weight 90 {\n    when not login.legal\n}\n";
    let mut problems = Vec::new();
    for action in registry().actions() {
        let example = action.example;
        assert!(!example.is_empty(), "{} has no example", action.name);
        match action.name {
            "alert" => story(
                action.name,
                &format!("{example}{signal}"),
                "account alice\nlogin alice illegal machine\nexpect event \"alerted\"",
                &mut problems,
            ),
            name if bound.iter().any(|(known, _)| *known == name) => {
                let mut file = format!("{example}{BIND}{LOCK}");
                if name.ends_with("alert") {
                    file.push_str(ALERT);
                }
                let steps = format!("{BOUND}{}", steps_of(name, bound));
                story(name, &file, &steps, &mut problems);
            }
            name => story(name, example, steps_of(name, plain), &mut problems),
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

#[test]
fn every_extractor_runs() {
    let table: &[(&str, &str)] = &[
        (
            "mobile",
            "wechat 小王 sends \"电话是 +86 138-0013-8000。\"\nexpect reply \"您的手机号是 138****8000。\"\nwechat 小王 sends \"电话是 12345678901\"\nexpect no reply",
        ),
        (
            "digits",
            "wechat 小王 sends \"验证码４８２９１３\"\nexpect reply \"收到验证码。\"\nwechat 小王 sends \"验证码 4829130\"\nexpect no reply",
        ),
        (
            "number",
            "wechat 小王 sends \"买 2.5\"\nexpect reply \"好的，2.5 份。\"\nwechat 小王 sends \"买 0.5\"\nexpect no reply",
        ),
        (
            "email",
            "wechat 小王 sends \"发到 a.b@example.com 谢谢\"\nexpect reply \"邮箱是 a.b@example.com。\"\nwechat 小王 sends \"发到 a.b@example\"\nexpect no reply",
        ),
        (
            "id_card",
            "wechat 小王 sends \"我的身份证 11010519491231002X\"\nexpect reply ~ \"请不要\"\nwechat 小王 sends \"我的身份证 110105194912310021\"\nexpect no reply\nwechat 小王 sends \"我的身份证 110105194902310029\"\nexpect no reply",
        ),
        (
            "date",
            "wechat 小王 sends \"预约 2026年1月5日\"\nexpect reply \"已记下 2026-01-05。\"\nwechat 小王 sends \"预约 2026-02-30\"\nexpect no reply",
        ),
        (
            "word",
            "wechat 小王 sends \"查询 A-17\"\nexpect reply \"正在查询 A-17。\"",
        ),
        (
            "rest",
            "wechat 小王 sends \"留言 明天 不来了\"\nexpect reply \"已收到留言。\"\nwechat 小王 sends \"留言\"\nexpect no reply",
        ),
        (
            "url",
            "wechat 小王 sends \"看 https://example.com/a?b=1。\"\nexpect reply \"链接收到了。\"\nwechat 小王 sends \"看 ftp://example.com\"\nexpect no reply",
        ),
        (
            "one_of",
            "wechat 小王 sends \"要中杯\"\nexpect reply \"好的，中杯。\"\nwechat 小王 sends \"要巨杯\"\nexpect no reply",
        ),
    ];
    let mut problems = Vec::new();
    for extractor in registry().extractors() {
        story(
            extractor.name,
            extractor.example,
            steps_of(extractor.name, table),
            &mut problems,
        );
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

/// What a function's example says of the last login of the story below.
#[derive(Clone, Copy)]
enum Says {
    Yes,
    No,
    Unknown,
}
use Says::{No, Unknown, Yes};

/// Alice logs in from 北京 at nine for twenty days; her password is then guessed five times from
/// 纽约, and six hours later used there on another machine.
const TABLE: &[(&str, Says)] = &[
    ("distance", Yes),
    ("speed", Yes),
    ("min", No),
    ("max", No),
    ("abs", No),
    ("lower", No),
    ("contains", Yes),
    ("starts", No),
    ("length", No),
    ("between_hours", No),
    ("hours_apart", No),
    ("count", No),
    ("distinct", No),
    ("ratio", Unknown),
    ("share", Yes),
    ("new", Yes),
    ("seen", No),
    ("streak", Yes),
    ("since", No),
    ("days_since", Unknown),
    ("first", Yes),
    ("last", Yes),
    ("lowest", No),
    ("highest", Yes),
    ("mean", No),
    ("percentile", Yes),
    ("rarity", Unknown),
    ("followed", No),
    ("unfollowed", Yes),
    ("usual_distance", Yes),
    ("hour_distance", Yes),
    ("hour_spread", Yes),
    ("familiarity", Yes),
];

#[test]
fn every_function_answers() {
    let mut text = String::new();
    let mut expected = Vec::new();
    let registry = registry();
    for function in registry.functions() {
        let (name, example) = (function.name, function.example);
        if function.kind == FunctionKind::Trusted {
            text.push_str(&format!(
                "signal {name}_no \"甲\" weight 1 {{\n    when login.legal\n    except {example}\n}}\n"
            ));
            expected.push(format!("{name}_no"));
            continue;
        }
        for (which, condition) in [
            ("yes", example.to_owned()),
            ("no", format!("not ({example})")),
        ] {
            text.push_str(&format!(
                "signal {name}_{which} \"甲\" weight 1 {{\n    when {condition}\n}}\n"
            ));
        }
        let says = TABLE.iter().find(|(known, _)| *known == name);
        match says.unwrap_or_else(|| panic!("what does `{name}` say?")).1 {
            Yes => expected.push(format!("{name}_yes")),
            No => expected.push(format!("{name}_no")),
            Unknown => {}
        }
    }
    text.push_str(&format!(
        "test \"函数\" {{
    place 北京 39.90 116.40 country \"CN\"
    place 纽约 40.71 -74.01 country \"US\"
    account alice
    login alice city 北京 machine \"pc-1\" agent \"Mozilla/5.0 Firefox/130.0\", 20 times every 1 day
    login alice city 纽约 machine \"x\" wrong password, 5 times
    after 6 hours
    login alice city 纽约 machine \"x\" agent \"curl/8.5.0\"
    expect signals {}
}}
",
        expected.join(", ")
    ));
    if let Err(problem) = passes(&text) {
        panic!("{problem}");
    }
}

#[test]
fn every_field_of_a_login_is_there_when_the_login_has_it() {
    let registry = registry();
    let mut text = String::new();
    let mut expected = Vec::new();
    // What stories do not give: networks have no operators there, sessions and channels are the
    // information system's, and a right password has no reason to fail.
    let missing = ["asn", "isp", "channel", "reason", "region"];
    for field in registry.fields() {
        let path = field.path;
        let Some(name) = path.strip_prefix("login.") else {
            continue;
        };
        if field.ty == Type::YesNo || !field.stages.has(Stage::Signal) {
            continue;
        }
        text.push_str(&format!(
            "signal has_{name} \"甲\" weight 1 {{\n    when {path} is known\n}}\n"
        ));
        if !missing.contains(&name) {
            expected.push(format!("has_{name}"));
        }
    }
    text.push_str(&format!(
        "test \"登录的各项\" {{
    place 北京 39.90 116.40 country \"CN\"
    account alice
    login alice city 北京 ip \"192.0.2.7\" machine \"pc-1\" agent \"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36\"
    expect signals {}
}}
",
        expected.join(", ")
    ));
    if let Err(problem) = passes(&text) {
        panic!("{problem}");
    }
}

/// Streams, units, lists and cards: what `menshen schema --format json` shows of each.
#[test]
fn every_example_of_the_schema_runs() {
    let mut problems = Vec::new();
    let logins =
        "account alice phone \"13800138000\"\nplace 北京 39.90 116.40\nplace 纽约 40.71 -74.01\n";
    for (name, ..) in STREAMS {
        let steps = format!(
            "{logins}login alice machine \"a\", 3 times every 1 minute\nlogin alice machine \"a\" wrong password, 3 times every 1 minute\nlogin alice machine \"a\""
        );
        story(
            &format!("stream {name}"),
            &examples::stream(name),
            &steps,
            &mut problems,
        );
    }
    for unit in Registry::standard().units() {
        let word = unit.words[0];
        // Far apart, late enough, and never at this hour before.
        let steps = format!(
            "{logins}login alice city 北京 machine \"a\", 3 times every 36 days\nafter 850 hours\nlogin alice city 纽约 machine \"a\""
        );
        let near = "login alice city 北京 machine \"a\"\nlogin alice city 纽约 machine \"a\"";
        let steps = match unit.ty {
            Type::Speed => format!("{logins}{near}"),
            _ => steps,
        };
        story(
            &format!("unit {word}"),
            &examples::unit(unit),
            &steps,
            &mut problems,
        );
    }
    for (ty, _) in LIST_TYPES {
        let example = examples::list(ty).unwrap_or_else(|| panic!("list of {ty} has no example"));
        let steps = match *ty {
            "text" => "wechat 小王 sends \"您好\"\nexpect reply \"好\"".to_owned(),
            "phone" => "wechat 小王 sends \"13800138000\"\nexpect reply \"好\"".to_owned(),
            "number" => format!("{logins}after 5 days\nlogin alice machine \"pc-1\""),
            _ => format!("{logins}login alice machine \"pc-1\" ip \"192.0.2.1\""),
        };
        story(&format!("list {ty}"), &example, &steps, &mut problems);
    }
    for (name, _) in CARDS {
        let example = examples::card(name).unwrap_or_else(|| panic!("card {name} has no example"));
        let steps = format!("wechat 小王 sends \"例子\"\nexpect reply {name}");
        story(&format!("card {name}"), &example, &steps, &mut problems);
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}
