//! The HTTP side: one server for each address, for as long as the program runs. It serves the guest's page and takes offers; a door says who may enter.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum_server::tls_rustls::RustlsConfig;
use tower_http::cors::{Any, CorsLayer};
use uuid::Uuid;

use super::door::{Door, Held, Refused};
use super::offer::LARGEST;
use crate::trouble::{Stage, Trouble, code};

const PAGE: &str = include_str!("page.html");

/// The doors of one address.
pub struct Server {
    address: SocketAddr,
    secure: bool,
    doors: Mutex<HashMap<String, Arc<Door>>>,
}

impl Server {
    /// The server of that address, started by the first who asks.
    ///
    /// # Errors
    /// Where the address cannot be listened on, or the certificate cannot be read.
    pub fn at(address: SocketAddr, tls: Option<&(PathBuf, PathBuf)>) -> Result<Arc<Self>, Trouble> {
        static ALL: Mutex<Vec<Arc<Server>>> = Mutex::new(Vec::new());
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(there) = all.iter().find(|s| s.address == address) {
            if there.secure != tls.is_some() {
                let what = format!("whip://{address}: both with and without TLS");
                return Err(Trouble::new(
                    code::CONFIG,
                    Stage::Configure,
                    what,
                    "Give cert= and key= to each of its names, or to none.",
                ));
            }
            return Ok(Arc::clone(there));
        }
        let server = Arc::new(Self { address, secure: tls.is_some(), doors: Mutex::default() });
        server.start(tls)?;
        all.push(Arc::clone(&server));
        Ok(server)
    }

    fn start(self: &Arc<Self>, tls: Option<&(PathBuf, PathBuf)>) -> Result<(), Trouble> {
        let runtime = runtime()?;
        let refuse = |code, what: String, hint: &str| {
            Trouble::new(code, Stage::Open, format!("whip://{}: {what}", self.address), hint)
        };
        let listener =
            TcpListener::bind(self.address).and_then(|l| l.set_nonblocking(true).map(|()| l)).map_err(|e| {
                refuse(code::NETWORK, format!("it cannot be listened on: {e}"), "Does another program use the port?")
            })?;
        let app = self.app().into_make_service();
        let _inside = runtime.enter();
        let failed = |e: std::io::Error| refuse(code::NETWORK, e.to_string(), "Does another program use the port?");
        match tls {
            None => {
                let server = axum_server::from_tcp(listener).map_err(failed)?;
                runtime.spawn(server.serve(app));
            }
            Some((cert, key)) => {
                let config = runtime.block_on(RustlsConfig::from_pem_file(cert, key)).map_err(|e| {
                    let what = format!("{} and {}: {e}", cert.display(), key.display());
                    refuse(code::CONFIG, what, "cert= is a chain of certificates, key= its key, both PEM.")
                })?;
                let server = axum_server::from_tcp_rustls(listener, config).map_err(failed)?;
                runtime.spawn(server.serve(app));
            }
        }
        Ok(())
    }

    /// Opens a door.
    ///
    /// # Errors
    /// Where one of that name is open.
    pub fn open(self: Arc<Self>, name: &str, door: Door) -> Result<Held, Trouble> {
        let door = Arc::new(door);
        let mut doors = self.doors();
        if doors.contains_key(name) {
            let what = format!("whip://{}/{name} is named twice", self.address);
            return Err(Trouble::new(code::CONFIG, Stage::Configure, what, "Give each guest a name."));
        }
        doors.insert(name.to_owned(), Arc::clone(&door));
        drop(doors);
        Ok(Held { server: self, name: name.to_owned(), door })
    }

    /// Closes the door, unless it is another one by now.
    pub fn close(&self, name: &str, id: Uuid) {
        let mut doors = self.doors();
        if doors.get(name).is_some_and(|door| door.id == id) {
            doors.remove(name);
        }
    }

    /// Where it is reached, as far as this machine can tell.
    pub fn origin(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        if self.address.ip().is_unspecified() {
            let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
            return format!("{scheme}://{host}:{}", self.address.port());
        }
        format!("{scheme}://{}", self.address)
    }

    fn doors(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Door>>> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn door(&self, name: &str) -> Option<Arc<Door>> {
        self.doors().get(name).cloned()
    }

    fn app(self: &Arc<Self>) -> Router {
        // Any page may offer: who may enter is said by the token, and no cookie goes with it.
        let cors = CorsLayer::new()
            .allow_origin(Any)
            .allow_methods([Method::POST, Method::DELETE])
            .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
            .expose_headers([header::LOCATION]);
        Router::new()
            .route("/{name}", get(page))
            .route("/{name}/whip", post(enter))
            .route("/{name}/whip/{session}", delete(end))
            .layer(DefaultBodyLimit::max(LARGEST))
            .layer(cors)
            .with_state(Arc::clone(self))
    }
}

/// The one in which all servers run.
fn runtime() -> Result<&'static tokio::runtime::Runtime, Trouble> {
    static RUNTIME: OnceLock<Option<tokio::runtime::Runtime>> = OnceLock::new();
    let build = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).thread_name("whip").enable_all().build().ok()
    };
    let none = || Trouble::defect(Stage::Open, "no runtime for WHIP");
    RUNTIME.get_or_init(build).as_ref().ok_or_else(none)
}

async fn page(State(server): State<Arc<Server>>, Path(name): Path<String>) -> Response {
    if server.door(&name).is_none() {
        return (StatusCode::NOT_FOUND, "No guest is expected here now. Ask for a new link.\n").into_response();
    }
    let nonce = Uuid::new_v4().simple().to_string();
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; media-src blob:; base-uri 'none'; frame-ancestors 'none'"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (headers, PAGE.replace("NONCE", &nonce)).into_response()
}

async fn enter(
    State(server): State<Arc<Server>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let told = |key| headers.get(key).and_then(|v: &HeaderValue| v.to_str().ok()).unwrap_or_default();
    if told(header::CONTENT_TYPE).split(';').next().map(str::trim) != Some("application/sdp") {
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send an offer as application/sdp (RFC 9725).\n").into_response();
    }
    let token = told(header::AUTHORIZATION).strip_prefix("Bearer ").unwrap_or_default().trim();
    let refused = match server.door(&name) {
        None => Refused::Token,
        Some(door) => match door.enter(token, told(header::USER_AGENT), &body).await {
            Ok(answer) => {
                let headers = [
                    (header::CONTENT_TYPE, "application/sdp".to_owned()),
                    (header::LOCATION, format!("/{name}/whip/{}", door.session)),
                ];
                return (StatusCode::CREATED, headers, answer).into_response();
            }
            Err(refused) => refused,
        },
    };
    match refused {
        // No word on whether a name is known: that is nobody's business without a token.
        Refused::Token => {
            let wanted = [(header::WWW_AUTHENTICATE, "Bearer")];
            (StatusCode::UNAUTHORIZED, wanted, "This link is not good any more, or never was. Ask for a new one.\n")
                .into_response()
        }
        Refused::Offer(what) => {
            (StatusCode::BAD_REQUEST, format!("The offer cannot be taken: {what}.\n")).into_response()
        }
        Refused::Broken(what) => {
            tracing::error!(stage = "open", name, "an offer was not answered: {what}");
            (StatusCode::INTERNAL_SERVER_ERROR, "The offer could not be answered. Ask for a new link.\n")
                .into_response()
        }
    }
}

async fn end(State(server): State<Arc<Server>>, Path((name, session)): Path<(String, String)>) -> Response {
    let ended = server.door(&name).is_some_and(|door| door.end(&session));
    if ended { StatusCode::OK.into_response() } else { StatusCode::NOT_FOUND.into_response() }
}
