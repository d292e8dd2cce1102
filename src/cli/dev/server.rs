//! The HTTP server of `dev` and `chat`: the bot's own routes, the simulated platform's and the sample
//! information system's, on one address.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::web::{self, Data, Path};
use actix_web::{App as ActixApp, HttpResponse, HttpServer, guard};
use serde_json::json;

use super::{Captchas, System};
use crate::sandbox::{self, Platform};
use crate::server;

/// Threads: it is one person's.
const WORKERS: usize = 2;

/// What is served.
#[derive(Debug, Clone)]
pub struct DevServer {
    /// The bot's routes.
    pub app: server::App,
    /// The simulated platform.
    pub platform: Platform,
    /// The sample information system.
    pub system: Arc<System>,
    /// The answers of captchas.
    pub captchas: Arc<Captchas>,
    /// Host names the sandbox answers besides loopback ones.
    pub hosts: Vec<String>,
}

impl DevServer {
    /// Answers until `shutdown` completes, then finishes what was accepted.
    pub async fn run(
        self,
        listener: TcpListener,
        shutdown_seconds: u64,
        shutdown: impl Future<Output = ()>,
    ) -> std::io::Result<()> {
        let app = self.app.clone();
        let server = HttpServer::new(move || {
            let this = self.clone();
            ActixApp::new().configure(move |service| this.configure(service))
        })
        .workers(WORKERS)
        .shutdown_timeout(shutdown_seconds)
        .disable_signals()
        .listen(listener)?
        .run();
        let handle = server.handle();
        let stopping = async {
            shutdown.await;
            app.stop();
            handle.stop(true).await;
        };
        let (served, ()) = tokio::join!(server, stopping);
        served?;
        app.finished().await;
        Ok(())
    }

    fn configure(&self, service: &mut web::ServiceConfig) {
        let hosts = self.hosts.clone();
        self.system.configure(service, &self.hosts);
        service.service(
            web::resource("/sandbox/captchas/{id}")
                .guard(guard::fn_guard(move |context| {
                    sandbox::is_local(context, &hosts)
                }))
                .app_data(Data::from(self.captchas.clone()))
                .route(web::get().to(captcha)),
        );
        self.platform.configure(service);
        self.app.configure(service);
    }
}

async fn captcha(captchas: Data<Captchas>, id: Path<String>) -> HttpResponse {
    match captchas.answer(&id) {
        Some(answer) => HttpResponse::Ok().json(json!({ "answer": answer })),
        None => HttpResponse::NotFound().json(json!({ "error": "no such captcha, or an old one" })),
    }
}
