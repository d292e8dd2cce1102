//! A small HTTP server on an ephemeral port that answers as told and keeps what it got.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, http::StatusCode, web};

#[derive(Debug, Clone)]
pub(super) struct Got {
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl Got {
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

#[derive(Default)]
struct Shared {
    answers: Mutex<VecDeque<(u16, Vec<u8>)>>,
    got: Mutex<Vec<Got>>,
}

pub(super) struct Server {
    shared: Arc<Shared>,
    pub(super) url: String,
}

impl Server {
    /// Must be called on actix's runtime (`#[actix_web::test]`).
    pub(super) fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let state = web::Data::from(Arc::clone(&shared));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(state.clone())
                .default_service(web::to(answer))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .expect("a free port");
        let url = format!("http://{}", server.addrs()[0]);
        actix_web::rt::spawn(server.run());
        Self { shared, url }
    }

    pub(super) fn then(&self, status: u16, body: &str) -> &Self {
        let answer = (status, body.as_bytes().to_vec());
        self.shared.answers.lock().unwrap().push_back(answer);
        self
    }

    pub(super) fn got(&self) -> Vec<Got> {
        self.shared.got.lock().unwrap().clone()
    }
}

async fn answer(shared: web::Data<Shared>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("").to_owned()))
        .collect();
    shared.got.lock().unwrap().push(Got {
        path: request.path().to_owned(),
        headers,
        body: body.to_vec(),
    });
    let (status, body) = shared
        .answers
        .lock()
        .unwrap()
        .pop_front()
        .unwrap_or((200, Vec::new()));
    let mut response = HttpResponse::build(StatusCode::from_u16(status).expect("a status"));
    if (300..400).contains(&status) {
        response.insert_header(("location", "/elsewhere"));
    }
    response.body(body)
}
