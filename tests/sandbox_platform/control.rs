//! The phone and its control.

use serde_json::{Value, json};

use crate::stage;

#[tokio::test(flavor = "multi_thread")]
async fn the_control_api_drives_a_phone_and_stays_local() {
    let stage = stage(|_| {});
    let base = format!("{}/sandbox", stage.handle.base());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = |path: String, body: Value| {
        let request = http.post(format!("{base}{path}")).json(&body);
        async move { request.send().await.unwrap() }
    };
    let made: Value = post("/users".into(), json!({"name": "小红"}))
        .await
        .json()
        .await
        .unwrap();
    let openid = made["openid"].as_str().unwrap().to_owned();
    let user = format!("/users/{openid}");
    assert_eq!(
        post(format!("{user}/text"), json!({"content": "你好"}))
            .await
            .status(),
        409
    );
    assert_eq!(
        post(format!("{user}/follow"), json!({})).await.status(),
        200
    );
    let report: Value = post(format!("{user}/text"), json!({"content": "你好"}))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        report,
        json!({"attempts": ["replied"], "reply": "你说：你好", "fault_shown": false})
    );
    assert_eq!(
        post(format!("{user}/scan"), json!({"code": "none"}))
            .await
            .status(),
        410
    );
    assert_eq!(post(format!("{user}/fly"), json!({})).await.status(), 404);
    assert_eq!(
        post("/users/nobody/text".into(), json!({"content": "a"}))
            .await
            .status(),
        404
    );
    assert_eq!(
        post(
            "/faults".into(),
            json!({"path": "/cgi-bin/user/info", "times": 1, "kind": {"errcode": 40003}})
        )
        .await
        .status(),
        204
    );
    assert_eq!(post("/verify".into(), json!({})).await.status(), 204);
    let event = json!({"event": "user_get_card", "fields": [["CardId", "p1"]]});
    assert_eq!(post(format!("{user}/event"), event).await.status(), 200);

    let get = |path: &str, host: &str| {
        let request = http
            .get(format!("{base}{path}"))
            .header("Host", host.to_owned());
        async move { request.send().await.unwrap() }
    };
    let entries: Value = get(&format!("{user}/transcript?after=2"), "localhost")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(entries[0]["text"], "你好");
    assert_eq!(
        (entries[0]["from"].as_str(), entries[0]["channel"].as_str()),
        (Some("user"), Some("message"))
    );
    let page = get("/", "127.0.0.1:9").await;
    assert!(
        page.headers()["Content-Security-Policy"]
            .to_str()
            .unwrap()
            .contains("default-src 'none'")
    );
    let text = page.text().await.unwrap();
    assert!(text.contains("模拟微信") && !text.contains("http://") && !text.contains("https://"));
    for path in [
        "/phone.js",
        "/phone.css",
        "/users",
        "/codes",
        "/menu",
        "/info",
    ] {
        assert_eq!(get(path, "localhost").await.status(), 200, "{path}");
    }
    // A foreign name that resolves to this machine, and a form of a foreign page.
    assert_eq!(get("/users", "evil.example").await.status(), 404);
    let form = http
        .post(format!("{base}/users"))
        .header("Content-Type", "text/plain")
        .body("{}");
    assert_eq!(form.send().await.unwrap().status(), 400);
}
