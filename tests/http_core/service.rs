//! The server about itself: health, metrics, its document, its two addresses, its end.

use menshen::server::Scope;
use reqwest::Method;
use serde_json::json;

use crate::attempt;
use crate::http_support::{self, Ground};

#[tokio::test]
async fn health_readiness_rules_and_metrics_are_what_they_say() {
    let ground = Ground::new().await;
    let nobody = ground.anonymous();
    assert_eq!(nobody.get("/healthz").await.text, "ok");
    let ready = nobody.get("/readyz").await;
    assert_eq!(
        (ready.status.as_u16(), &ready.json["rules"]),
        (200, &json!("ok"))
    );
    *ground.bot.stale.lock().unwrap() = true;
    assert_eq!(nobody.get("/readyz").await.json["rules"], "stale");
    *ground.bot.unloaded.lock().unwrap() = true;
    assert_eq!(nobody.get("/readyz").await.status, 503);
    *ground.bot.unloaded.lock().unwrap() = false;

    let client = ground.client("rules", &[Scope::Rules]).await;
    assert_eq!(client.get("/v1/rules").await.json["stale"], true);
    *ground.bot.reject_reload.lock().unwrap() = Some("E0101 guard.rules:3".into());
    let rejected = client
        .send(Method::POST, "/v1/rules/reload", None, &[])
        .await;
    assert_eq!(
        (rejected.status.as_u16(), rejected.problem()),
        (422, "rules-rejected")
    );
    assert_eq!(rejected.json["detail"], "E0101 guard.rules:3");
    assert_eq!(
        client
            .send(Method::POST, "/v1/rules/reload", None, &[])
            .await
            .status,
        200
    );

    let metrics = nobody.get("/metrics").await.text;
    assert!(metrics.contains("menshen_rules_stale 1"), "{metrics}");
    assert!(
        metrics.contains("route=\"/v1/rules/reload\",status=\"422\"} 1"),
        "{metrics}"
    );
    assert!(metrics.ends_with("# EOF\n"));
    for line in [
        // How many depends on the open files this machine allows.
        "menshen_bound_limit{bound=\"connections\"} ",
        "menshen_bound_limit{bound=\"pushes_running\"} 4096",
        "menshen_bound_limit{bound=\"replay_marks\"} 2097152",
        "menshen_bound_used{bound=\"event_streams\"} 0",
        "menshen_replies_dropped_total 0",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn the_document_is_openapi_31_and_lists_every_route() {
    let ground = Ground::new().await;
    let document = ground.anonymous().get("/openapi.json").await.json;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(document, ground.document);
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(operation["description"].is_string(), "{method} {path}");
            if path.starts_with("/v1/") {
                assert!(
                    operation["security"].is_array(),
                    "{method} {path} needs a key"
                );
            }
        }
    }
}

#[tokio::test]
async fn the_admin_address_has_the_api_and_the_public_one_has_not() {
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\nworkers = 1\nshutdown_seconds = 1\n{}",
        http_support::CONFIG
    );
    let ground = Ground::with(&config).await;
    let status = async |address: std::net::SocketAddr, path: &str| {
        let url = format!("http://{address}{path}");
        ground.http.get(url).send().await.unwrap().status().as_u16()
    };
    let (public, admin) = (
        ground.server.address(),
        ground.server.admin_address().unwrap(),
    );
    assert_eq!(status(public, "/v1/rules").await, 404);
    assert_eq!(status(public, "/metrics").await, 404);
    assert_eq!(status(public, "/wechat/main").await, 400);
    assert_eq!(status(public, "/healthz").await, 200);
    assert_eq!(status(admin, "/v1/rules").await, 401);
    assert_eq!(status(admin, "/metrics").await, 200);
    assert_eq!(status(admin, "/wechat/main").await, 404);
}

#[tokio::test]
async fn a_shutdown_finishes_what_was_accepted() {
    let ground = Ground::new().await;
    let gate = std::sync::Arc::new(tokio::sync::Notify::new());
    *ground.bot.gate.lock().unwrap() = Some(gate.clone());
    let key = ground.client("login", &[Scope::Login]).await.key.unwrap();
    let Ground {
        server, bot, http, ..
    } = ground;
    let address = server.address();
    let request = http
        .post(server.url("/v1/attempts"))
        .bearer_auth(key)
        .json(&attempt("alice"))
        .send();
    let stop = async {
        bot.entered.notified().await;
        let stopping = tokio::spawn(server.stop());
        // The server takes no more connections: it is stopping.
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        gate.notify_one();
        stopping.await.unwrap();
    };
    let (answer, ()) = tokio::join!(request, stop);
    assert_eq!(answer.unwrap().status(), 200);
}
