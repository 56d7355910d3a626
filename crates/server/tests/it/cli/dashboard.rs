//! The dashboard of the real program, as a browser without scripts sees it.

use std::net::SocketAddr;
use std::path::Path;

use mintmark::clock::SystemClock;
use mintmark_core::clock::Clock;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rustix::process::Signal;
use serde_json::Value;

use crate::fixture::{Answer, Dev, Finished, Program, code, mintmark, send};

const PASSWORD: &str = "correct horse battery staple";

/// A browser at the dashboard.
struct Browser {
    address: SocketAddr,
    /// `localhost` with the port.
    host: String,
    cookie: String,
}

impl Browser {
    /// At a server on this machine that is known by an origin.
    fn at(address: SocketAddr, origin: &str) -> Self {
        Self { address, host: origin.strip_prefix("http://").unwrap().to_owned(), cookie: String::new() }
    }

    async fn go(&self, path: &str) -> Answer {
        let (host, cookie) = (&self.host, &self.cookie);
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n");
        send(self.address, request.as_bytes()).await
    }

    async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let encode = |(name, value): &(&str, &str)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
        let body = fields.iter().map(encode).collect::<Vec<_>>().join("&");
        let (host, cookie, length) = (&self.host, &self.cookie, body.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {cookie}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        send(self.address, request.as_bytes()).await
    }
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

/// The value of a hidden field of a page.
fn hidden<'p>(page: &'p str, name: &str) -> &'p str {
    let start = format!("name=\"{name}\" value=\"");
    page.split(start.as_str()).nth(1).unwrap_or_else(|| panic!("no {name}: {page}")).split('"').next().unwrap()
}

/// A link's path, once its origin is seen to be the expected one.
fn path_of<'l>(link: &'l str, origin: &str) -> &'l str {
    link.strip_prefix(origin).unwrap_or_else(|| panic!("{link} is not at {origin}"))
}

#[tokio::test]
async fn s24_the_printed_link_makes_the_first_admin_of_mintmark_dev() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data).await;
    let admin = dev.document["admin"].clone();
    let (origin, link) = (admin["dashboard"].as_str().unwrap(), admin["set_up_link"].as_str().unwrap());
    let port = dev.port_base + 10;
    assert_eq!(origin, format!("http://localhost:{port}"));
    let mut browser = Browser::at(SocketAddr::from(([127, 0, 0, 1], port)), origin);
    assert_eq!(browser.go("/").await.header("location"), Some("/sign-in"));
    assert_eq!(browser.go("/_kit").await.status, 200, "dev shows what is for developers of the dashboard");

    let looked = browser.go(path_of(link, origin)).await;
    assert_eq!(looked.status, 200, "{looked:?}");
    let page = text(&looked);
    let now = code(hidden(&page, "secret"), SystemClock.now());
    let fields = [
        ("token", hidden(&page, "token")),
        ("handle", hidden(&page, "handle")),
        ("name", "Ada"),
        ("email", "ada@example.com"),
        ("password", PASSWORD),
        ("code", now.expose()),
    ];
    let accepted = browser.submit("/invitation/accept", &fields).await;
    assert_eq!((accepted.status, accepted.header("location")), (303, Some("/")), "{accepted:?}");
    browser.cookie = accepted.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert!(browser.cookie.starts_with("mintmark_dev="), "{}", browser.cookie);

    let account = browser.go("/account").await;
    let shown = text(&account);
    assert!(account.status == 200 && shown.contains("Ada") && shown.contains("ada@example.com"), "{account:?}");
    // The same session reads the management API.
    assert_eq!(browser.go("/admin/v1/me").await.json()["role"], "admin");
    // A form needs the page's token; with it the session ends.
    assert_eq!(browser.submit("/sign-out", &[]).await.status, 403);
    let ended = browser.submit("/sign-out", &[("csrf", hidden(&shown, "csrf"))]).await;
    assert_eq!(ended.header("location"), Some("/sign-in"), "{ended:?}");
    assert_eq!(browser.go("/account").await.header("location"), Some("/sign-in"));
    dev.terminate().await;

    let again = Dev::start(&data).await;
    assert_eq!(again.document["admin"]["set_up_link"], Value::Null, "there is a member");
    again.terminate().await;
}

#[tokio::test]
async fn pages_and_api_have_hosts_headers_and_refusals_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&folder.path().join("data")).await;
    let address = SocketAddr::from(([127, 0, 0, 1], dev.port_base + 10));
    let browser = Browser::at(address, dev.document["admin"]["dashboard"].as_str().unwrap());
    let policy = |answer: &Answer| answer.header("content-security-policy").unwrap().to_owned();
    let page = browser.go("/nowhere").await;
    assert_eq!((page.status, page.header("content-type")), (404, Some("text/html; charset=utf-8")));
    let problem = browser.go("/admin/nowhere").await;
    assert_eq!((problem.status, problem.header("content-type")), (404, Some("application/problem+json")));
    let (sign_in, docs) = (browser.go("/sign-in").await, browser.go("/admin/v1/docs").await);
    assert_eq!((sign_in.status, docs.status), (200, 200));
    assert!(policy(&sign_in).contains("form-action 'self'"));
    assert!(policy(&docs).contains("form-action 'none'"));
    assert!(policy(&problem).starts_with("default-src 'none'; frame-ancestors"));
    for host in ["127.0.0.1", "rebound.example"] {
        let elsewhere = Browser { address, host: host.to_owned(), cookie: String::new() };
        for path in ["/sign-in", "/admin/v1/docs"] {
            assert_eq!(elsewhere.go(path).await.status, 421, "{host}{path}");
        }
    }
    dev.terminate().await;
}

/// A server made by `mintmark init`, with its management side; the second one is where that listens.
async fn serve(folder: &Path, origin: &str) -> (Program, SocketAddr) {
    let path = folder.join("server").to_str().unwrap().to_owned();
    let made = Finished::good(&["init", &path, "--environment", "sandbox=https://sandbox.example", "--json"]);
    let config = made.json()["configuration"].as_str().unwrap().to_owned();
    let text = std::fs::read_to_string(&config).unwrap().replace("127.0.0.1:8080", "127.0.0.1:0");
    std::fs::write(&config, format!("{text}\n[admin]\nlisten = \"127.0.0.1:0\"\norigin = \"{origin}\"\n")).unwrap();
    let mut command = mintmark(&["serve", "--config", &config, "--json"]);
    let mut program = Program::start(&mut command, folder.join("log"));
    let line = program.line().await.unwrap_or_else(|| panic!("{}", program.log()));
    let ready: Value = serde_json::from_str(&line).unwrap();
    (program, ready["admin"]["listen"].as_str().unwrap().parse().unwrap())
}

#[tokio::test]
async fn s24_serve_logs_the_link_once_and_shows_no_samples() {
    let folder = tempfile::tempdir().unwrap();
    let origin = "http://localhost:9010";
    let (program, address) = serve(folder.path(), origin).await;
    let browser = Browser::at(address, origin);
    for path in ["/_kit", "/_kit/clients"] {
        // As the name of any environment: there is none of it, once somebody is signed in.
        let answer = browser.go(path).await;
        assert!(answer.status == 404 || answer.header("location") == Some("/sign-in"), "{path}: {answer:?}");
    }
    let log = program.log();
    let start = format!("{origin}/invitation/");
    assert_eq!(log.matches(&start).count(), 1, "{log}");
    let token: String =
        log.split(&start).nth(1).unwrap().chars().take_while(|one| one.is_ascii_alphanumeric() || *one == '-').collect();
    let page = browser.go(&format!("/invitation/{token}")).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert_eq!(hidden(&text(&page), "token"), token);
    program.signal(Signal::TERM);
    let after = folder.path().join("log");
    assert_eq!(program.end().await.0.code(), Some(0));
    assert_eq!(std::fs::read_to_string(after).unwrap().matches(&start).count(), 1, "no request is logged with it");
}
