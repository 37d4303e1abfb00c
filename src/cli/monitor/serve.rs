//! `--listen`: the newest metrics at /metrics, over HTTP/1.1.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode, body::Bytes, header::CONTENT_TYPE, server::conn::http1, service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore};

use super::super::output::Failure;

/// Clients at once: whoever is slow keeps nobody else away for long.
const MOST_CLIENTS: usize = 16;
/// A client that does not say what it wants is sent away.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is served: nothing before the first look.
#[derive(Debug, Clone, Default)]
pub struct Metrics(Arc<Mutex<Option<String>>>);

impl Metrics {
    /// Serves this from now on.
    pub fn set(&self, text: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }

    fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Listens; serving goes on beside everything else. Gives the address, whose port the system chose where 0 was asked for.
///
/// # Errors
/// [`Failure`] when nobody may listen there.
pub async fn listen(address: SocketAddr, metrics: Metrics) -> Result<SocketAddr, Failure> {
    let failed = |error| Failure::new(format!("could not listen on {address}")).source(error);
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let places = Arc::new(Semaphore::new(MOST_CLIENTS));
    tokio::spawn(async move {
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            let Ok((stream, _)) = listener.accept().await else {
                // as when there are too many open files
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            };
            let metrics = metrics.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| answer(request, metrics.clone()));
                let mut server = http1::Builder::new();
                server.timer(TokioTimer::new()).header_read_timeout(PATIENCE).keep_alive(false);
                let serving = server.serve_connection(TokioIo::new(stream), service);
                // a client that went away is its own affair
                drop(tokio::time::timeout(2 * PATIENCE, serving).await);
                drop(place);
            });
        }
    });
    Ok(bound)
}

async fn answer<T>(request: Request<T>, metrics: Metrics) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, text) = match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/metrics") => match metrics.get() {
            Some(text) => (StatusCode::OK, text),
            None => (StatusCode::SERVICE_UNAVAILABLE, "no look yet\n".to_owned()),
        },
        (_, "/metrics") => (StatusCode::METHOD_NOT_ALLOWED, "only GET\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, "metrics are at /metrics\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let kind = hyper::header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(response)
}
