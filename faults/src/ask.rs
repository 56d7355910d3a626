//! Asking a server for a token, over connections that are kept, and made anew when they break.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use mintmark_bench::clock;
use mintmark_bench::failure::{Done, fail};
use tokio::net::TcpStream;

use crate::crowd::Caller;

/// The token path of the standard dialect.
pub(crate) const PATH: &str = "/oauth/token";
pub(crate) const BODY: &str = "grant_type=client_credentials";
/// A connection that was idle for longer is not used again: the server may be about to close it.
const IDLE_MAX: Duration = Duration::from_secs(4);

/// A server's address, read from a URL such as `http://10.83.0.20:8080`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin(pub(crate) SocketAddr);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("http://").map(|rest| rest.trim_end_matches('/').parse()) {
            Some(Ok(address)) => Ok(Self(address)),
            _ => Err("expected a URL like http://10.83.0.20:8080".to_owned()),
        }
    }
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A token.
    Token,
    /// Another status.
    Refused(u16),
    /// The connection failed, or what came over it was no answer.
    Broken(String),
    /// Nothing came in time.
    TimedOut,
}

impl fmt::Display for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Token => out.write_str("200"),
            Answer::Refused(status) => status.fmt(out),
            Answer::Broken(cause) => write!(out, "broken {cause}"),
            Answer::TimedOut => out.write_str("timeout"),
        }
    }
}

/// A server with the connections to it.
#[derive(Debug)]
pub(crate) struct Server {
    origin: Origin,
    host: HeaderValue,
    idle: Mutex<Vec<(Instant, SendRequest<Full<Bytes>>)>>,
}

impl Server {
    pub(crate) fn new(origin: Origin) -> Done<Self> {
        Ok(Self { origin, host: HeaderValue::try_from(origin.0.to_string())?, idle: Mutex::default() })
    }

    /// Asks for a token once.
    pub(crate) async fn ask(&self, caller: &Caller, patience: Duration) -> Answer {
        match tokio::time::timeout(patience, self.try_ask(caller)).await {
            Err(_) => Answer::TimedOut,
            Ok(Err(failure)) => Answer::Broken(failure.0),
            Ok(Ok(answer)) => answer,
        }
    }

    async fn try_ask(&self, caller: &Caller) -> Done<Answer> {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, caller.authorization.clone())]);
        let told = self.post(headers, Bytes::from_static(BODY.as_bytes())).await?;
        if told.status() != 200 {
            return Ok(Answer::Refused(told.status().as_u16()));
        }
        let answer: serde_json::Value = serde_json::from_slice(told.body())?;
        match answer.get("access_token").and_then(serde_json::Value::as_str) {
            Some(token) if token.split('.').count() == 3 => Ok(Answer::Token),
            _ => fail!("an answer of status 200 has no token"),
        }
    }

    /// Sends a form to the token endpoint once.
    pub(crate) async fn post(&self, headers: HeaderMap, body: Bytes) -> Done<Response<Bytes>> {
        let mut connection = self.connection().await?;
        let mut request = Request::post(PATH).body(Full::new(body))?;
        *request.headers_mut() = headers;
        request.headers_mut().insert(HOST, self.host.clone());
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let (head, body) = connection.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((clock::now(), connection));
        Ok(Response::from_parts(head, body))
    }

    async fn connection(&self) -> Done<SendRequest<Full<Bytes>>> {
        while let Some((since, connection)) = self.take_idle() {
            if connection.is_ready() && clock::now().duration_since(since) < IDLE_MAX {
                return Ok(connection);
            }
        }
        let stream = TcpStream::connect(self.origin.0).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // What breaks it, the request on it is told.
        tokio::spawn(async move { drop(connection.await) });
        Ok(sender)
    }

    fn take_idle(&self) -> Option<(Instant, SendRequest<Full<Bytes>>)> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_an_address_behind_http() {
        assert_eq!("http://10.83.0.20:8080".parse::<Origin>().unwrap().0.to_string(), "10.83.0.20:8080");
        for wrong in ["10.83.0.20:8080", "https://10.83.0.20:8080", "http://example.com", "http://10.83.0.20:8080/path"] {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
    }
}
