//! `http` URLs of servers on this machine, and documents fetched from them outside of measurements.

use std::fmt;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::str::FromStr;
use std::time::Duration;

use crate::answer::parse;
use crate::failure::{Context, Done, Failure, fail};

/// How long one fetch may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where a server listens, and a path there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) address: SocketAddr,
    /// What goes into `Host`.
    pub(crate) host: String,
    pub(crate) path: String,
}

impl FromStr for Url {
    type Err = Failure;

    fn from_str(text: &str) -> Done<Self> {
        let wrong = || Failure(format!("expected a URL like http://127.0.0.1:8080/path, found {text:?}"));
        let rest = text.strip_prefix("http://").ok_or_else(wrong)?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (name, port) = host.rsplit_once(':').unwrap_or((host, "80"));
        let port = port.parse().map_err(|_| wrong())?;
        let ip = if name == "localhost" { Ipv4Addr::LOCALHOST } else { name.parse().map_err(|_| wrong())? };
        Ok(Self { address: SocketAddr::from((ip, port)), host: host.to_owned(), path: format!("/{path}") })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "http://{}{}", self.host, self.path)
    }
}

impl Url {
    /// A path at an address.
    pub(crate) fn at(address: SocketAddr, path: &str) -> Self {
        Self { address, host: address.to_string(), path: path.to_owned() }
    }

    /// The request for the document at this URL.
    pub(crate) fn get(&self) -> Vec<u8> {
        format!("GET {} HTTP/1.1\r\nHost: {}\r\nAccept: application/json\r\n\r\n", self.path, self.host).into_bytes()
    }

    /// The document at this URL.
    pub(crate) fn fetch(&self) -> Done<Vec<u8>> {
        match exchange(self.address, &self.get()).context(|| self.to_string())? {
            (200, body) => Ok(body),
            (status, _) => fail!("{self}: expected status 200, found {status}"),
        }
    }
}

/// Sends one request on a connection of its own; status and body of the answer.
pub(crate) fn exchange(address: SocketAddr, request: &[u8]) -> Done<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    stream.write_all(request)?;
    let mut read = Vec::new();
    let mut part = [0; 16 * 1024];
    loop {
        if let Some(answer) = parse(&read)? {
            return Ok((answer.status, answer.body.into_owned()));
        }
        match stream.read(&mut part)? {
            0 => return fail!("the server closed the connection before its answer was whole"),
            length => read.extend_from_slice(part.get(..length).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_urls_that_peers_have() {
        let url: Url = "http://localhost:3000/oauth/token".parse().unwrap();
        assert_eq!((url.address.to_string().as_str(), url.path.as_str()), ("127.0.0.1:3000", "/oauth/token"));
        assert_eq!(url.to_string(), "http://localhost:3000/oauth/token");
        assert_eq!("http://127.0.0.1:9".parse::<Url>().unwrap().path, "/");
        for wrong in ["https://127.0.0.1/", "http://example.com/", "http://127.0.0.1:x/", "127.0.0.1"] {
            assert!(wrong.parse::<Url>().is_err(), "{wrong}");
        }
    }
}
