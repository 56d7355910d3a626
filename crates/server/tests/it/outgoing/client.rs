use std::io::ErrorKind;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use mintmark::outgoing::{FetchError, FetchLimits, GuardedClient, Resolve, Rules, SystemResolver};
use mintmark_core::clock::FakeClock;

use super::{Elsewhere, NAME, Names, Reply, soon};
use crate::fixture::pki::Authority;
use crate::fixture::{NOW, in_time};

/// Sockets of this machine that nobody should connect to.
struct Traps(Vec<TcpListener>);

impl Traps {
    fn set() -> (Self, u16) {
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = first.local_addr().unwrap().port();
        let mut all = vec![first];
        // A machine may have no IPv6, and then nobody can be lured there.
        all.extend(TcpListener::bind(("::1", port)).ok());
        (Self(all), port)
    }

    fn assert_untouched(&self) {
        for trap in &self.0 {
            trap.set_nonblocking(true).unwrap();
            assert_eq!(trap.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        }
    }
}

/// Hazard 27. `PORT` is the traps'.
const HOSTILE: [&str; 66] = [
    "https://127.0.0.1:PORT/",
    "https://127.1:PORT/",
    "https://127.0.1:PORT/",
    "https://127.000.000.001:PORT/",
    "https://0177.0.0.1:PORT/",
    "https://0x7f.0.0.1:PORT/",
    "https://0x7f000001:PORT/",
    "https://2130706433:PORT/",
    "https://017700000001:PORT/",
    "https://127.0.0.1.:PORT/",
    "https://0.0.0.0:PORT/",
    "https://0:PORT/",
    "https://0000:PORT/",
    "https://[::1]:PORT/",
    "https://[0:0:0:0:0:0:0:1]:PORT/",
    "https://[::]:PORT/",
    "https://[::ffff:127.0.0.1]:PORT/",
    "https://[::ffff:7f00:1]:PORT/",
    "https://[::127.0.0.1]:PORT/",
    "https://[64:ff9b::127.0.0.1]:PORT/",
    "https://[64:ff9b:1::7f00:1]:PORT/",
    "https://[2002:7f00:1::]:PORT/",
    "https://[2001:0:7f00:1::]:PORT/",
    "https://[fe80::1]:PORT/",
    "https://[fe80::1%25lo]:PORT/",
    "https://[::1%lo]:PORT/",
    "https://[fec0::1]:PORT/",
    "https://[fd00::1]:PORT/",
    "https://[fd00:ec2::254]/latest/meta-data",
    "https://[ff02::1]:PORT/",
    "https://169.254.169.254/latest/meta-data",
    "https://100.100.100.200/latest/meta-data",
    "https://192.0.0.192/opc/v2",
    "https://168.63.129.16/machine",
    "https://10.0.0.1:PORT/",
    "https://172.16.0.1:PORT/",
    "https://192.168.0.1:PORT/",
    "https://100.64.0.1:PORT/",
    "https://198.18.0.1:PORT/",
    "https://224.0.0.1:PORT/",
    "https://255.255.255.255:PORT/",
    "https://localhost:PORT/",
    "https://LOCALHOST:PORT/",
    "https://localhost.:PORT/",
    "https://localhost.localdomain:PORT/",
    "https://127.0.0.1.nip.example:PORT/",
    "https://metadata.google.internal/computeMetadata/v1",
    "https://kubernetes.default.svc:PORT/",
    "https://keys.example:PORT/",
    "http://keys.example:PORT/",
    "http://127.0.0.1:PORT/",
    "HTTP://127.0.0.1:PORT/",
    "ftp://127.0.0.1:PORT/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:PORT/_",
    "//127.0.0.1:PORT/",
    "https:/127.0.0.1:PORT/",
    "https:127.0.0.1:PORT/",
    "https://keys.example@127.0.0.1:PORT/",
    "https://user:secret@keys.example:PORT/",
    "https://127.0.0.1:PORT#@keys.example/",
    "https://127.0.0.1:PORT\\@keys.example/",
    "https://keys.example:PORT:443/",
    "https://①②⑦.⓪.⓪.①:PORT/",
    "https://127%2e0%2e0%2e1:PORT/",
    "https://keys.example\r\nHost: evil:PORT/",
];

/// CVE-2026-1180 and CVE-2020-10770: a `jwks_uri` that leads into the network of the server.
#[tokio::test]
async fn s21_no_hostile_url_leads_to_a_connection() {
    let (traps, port) = Traps::set();
    let rules = Rules { ports: vec![port], ..Rules::default() };
    let resolvers: [Arc<dyn Resolve>; 4] = [
        Names::all_at("127.0.0.1"),
        Names::all_at("::1"),
        Names::in_turn(&[&["8.8.8.8", "127.0.0.1"], &["2606:4700::1111", "::ffff:127.0.0.1"]]),
        Arc::new(SystemResolver),
    ];
    for (at, resolver) in resolvers.into_iter().enumerate() {
        let clock = Arc::new(FakeClock::at(NOW));
        let client = GuardedClient::new(rules.clone(), FetchLimits::default(), None, resolver, clock).unwrap();
        for url in HOSTILE {
            let url = url.replace("PORT", &port.to_string());
            let error = client.fetch(&url).await.unwrap_err();
            // A name of a hostile URL that the system does not know stands for no address.
            let is_unknown = at == 3 && matches!(error, FetchError::Unresolved | FetchError::TooSlow);
            assert!(is_unknown || matches!(error, FetchError::Refused(_)), "{url}: {error:?}");
        }
    }
    traps.assert_untouched();
}

#[tokio::test]
async fn s21_other_ports_need_the_operators_word() {
    let client = Elsewhere::start(|_| Reply::json("{}")).await.plain_client();
    for port in [1, 22, 25, 80, 6443, 8443, 65535] {
        let error = client.fetch(&format!("https://8.8.8.8:{port}/")).await.unwrap_err();
        assert!(matches!(error, FetchError::Refused(cause) if cause.contains("port")), "{port} {error:?}");
    }
}

/// Somebody whose name server gives one answer to whoever checks and another to whoever connects.
#[tokio::test]
async fn s21_a_name_is_resolved_once_for_each_request() {
    let elsewhere = Elsewhere::start(|_| Reply::json("{\"a\":1}")).await;
    let (names, clock) = (Names::in_turn(&[&["127.0.0.1"], &["192.0.2.1"]]), Arc::new(FakeClock::at(NOW)));
    let client = elsewhere.client(FetchLimits::default(), &names, &clock);
    let fetched = client.fetch(&elsewhere.url("/jwks")).await.unwrap();
    assert_eq!((&fetched.body[..], fetched.max_age), (&b"{\"a\":1}"[..], None));
    assert_eq!(names.asked.load(Ordering::SeqCst), 1);
    assert_eq!(*elsewhere.asked.lock().unwrap(), ["/jwks"]);
}

#[tokio::test]
async fn s21_the_allow_list_holds_for_its_host_alone() {
    let elsewhere = Elsewhere::start(|_| Reply::json("{}")).await;
    let client = elsewhere.plain_client();
    assert!(client.fetch(&elsewhere.url("/")).await.is_ok());
    let other = elsewhere.url("/").replace("keys.", "other.");
    assert!(matches!(client.fetch(&other).await, Err(FetchError::Refused(_))));
    assert_eq!(elsewhere.count(), 1);
}

/// CVE-2026-1180: nor by a detour.
#[tokio::test]
async fn s21_redirects_are_not_followed() {
    let (traps, port) = Traps::set();
    let elsewhere = Elsewhere::start(move |path| {
        let status = path.trim_start_matches('/').to_owned();
        Reply::with(&format!("{status} Found"), &format!("Location: https://127.0.0.1:{port}/\r\n"), b"")
    })
    .await;
    let client = elsewhere.plain_client();
    for status in [201, 204, 301, 302, 303, 304, 307, 308, 401, 404, 500] {
        assert_eq!(client.fetch(&elsewhere.url(&format!("/{status}"))).await, Err(FetchError::Status(status)));
    }
    traps.assert_untouched();
}

#[tokio::test]
async fn s21_an_answer_that_never_ends_is_given_up() {
    let begin = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123".to_vec();
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n".to_vec();
    for held in [Vec::new(), b"HTTP/1.1 200".to_vec(), b"HTTP/1.1 200 OK\r\nX-Slow: ".to_vec(), begin, chunked] {
        let reply = Reply::Hold(held.clone());
        let elsewhere = Elsewhere::start(move |_| reply.clone()).await;
        let client = elsewhere.client(soon(), &Names::all_at("127.0.0.1"), &Arc::new(FakeClock::at(NOW)));
        let fetched = in_time("the client gives up", client.fetch(&elsewhere.url("/"))).await;
        assert_eq!(fetched, Err(FetchError::TooSlow), "{}", String::from_utf8_lossy(&held));
    }
}

#[tokio::test]
async fn s21_a_handshake_that_never_ends_is_given_up() {
    let elsewhere = Elsewhere::start(|_| Reply::json("{}")).await;
    let (traps, port) = Traps::set();
    let rules = Rules { allow: vec![format!("{NAME}:{port}")], ..Rules::default() };
    let file = elsewhere.folder.path().join("authority.pem");
    let clock = Arc::new(FakeClock::at(NOW));
    let client = GuardedClient::new(rules, soon(), Some(&file), Names::all_at("127.0.0.1"), clock).unwrap();
    let fetched = in_time("the client gives up", client.fetch(&format!("https://{NAME}:{port}/"))).await;
    assert_eq!(fetched, Err(FetchError::TooSlow));
    drop(traps);
}

#[tokio::test]
async fn s21_nothing_is_unpacked_and_nothing_large_is_read() {
    let large = vec![b' '; 64 * 1024 + 1];
    let chunks = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
        format!("2000\r\n{}\r\n", " ".repeat(0x2000)).repeat(9)
    );
    let elsewhere = Elsewhere::start(move |path| match path {
        "/gzip" => Reply::with("200 OK", "Content-Encoding: gzip\r\n", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"),
        "/twice" => Reply::with("200 OK", "Content-Encoding: identity\r\nContent-Encoding: br\r\n", b"{}"),
        "/large" => Reply::with("200 OK", "", &large),
        "/announced" => Reply::Hold(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n".to_vec()),
        "/chunks" => Reply::Whole(chunks.clone().into_bytes()),
        "/header" => Reply::with("200 OK", &format!("X-Large: {}\r\n", "a".repeat(64 * 1024)), b"{}"),
        "/nonsense" => Reply::Whole(b"SSH-2.0-OpenSSH\r\n".to_vec()),
        _ => Reply::with("200 OK", "Content-Encoding: identity\r\n", &large[1..]),
    })
    .await;
    let client = elsewhere.plain_client();
    for (path, expected) in [
        ("/gzip", FetchError::Encoded),
        ("/twice", FetchError::Encoded),
        ("/large", FetchError::TooLarge),
        ("/announced", FetchError::TooLarge),
        ("/chunks", FetchError::TooLarge),
    ] {
        assert_eq!(client.fetch(&elsewhere.url(path)).await, Err(expected), "{path}");
    }
    for path in ["/header", "/nonsense"] {
        assert!(matches!(client.fetch(&elsewhere.url(path)).await, Err(FetchError::Protocol(_))), "{path}");
    }
    assert_eq!(client.fetch(&elsewhere.url("/")).await.unwrap().body.len(), 64 * 1024);
}

#[tokio::test]
async fn s21_the_other_side_must_be_who_it_should_be() {
    let elsewhere = Elsewhere::start(|_| Reply::json("{}")).await;
    let (names, clock) = (Names::all_at("127.0.0.1"), Arc::new(FakeClock::at(NOW)));
    let port = elsewhere.address.port();
    let file = elsewhere.folder.path().join("authority.pem");
    let rules = Rules { allow: vec![format!("other.example:{port}"), format!("{NAME}:{port}")], ..Rules::default() };
    let client = GuardedClient::new(rules.clone(), FetchLimits::default(), Some(&file), names.clone(), clock.clone()).unwrap();
    let fetched = client.fetch(&format!("https://other.example:{port}/")).await;
    assert!(matches!(fetched, Err(FetchError::Tls(_))), "another name: {fetched:?}");

    std::fs::write(&file, Authority::new().pem).unwrap();
    let client = GuardedClient::new(rules.clone(), FetchLimits::default(), Some(&file), names.clone(), clock.clone()).unwrap();
    let fetched = client.fetch(&elsewhere.url("/")).await;
    assert!(matches!(fetched, Err(FetchError::Tls(_))), "another authority: {fetched:?}");

    let late = Arc::new(FakeClock::at(4_133_980_800));
    std::fs::write(&file, &elsewhere.authority.pem).unwrap();
    let client = GuardedClient::new(rules, FetchLimits::default(), Some(&file), names, late).unwrap();
    let fetched = client.fetch(&elsewhere.url("/")).await;
    assert!(matches!(fetched, Err(FetchError::Tls(_))), "expired by the clock: {fetched:?}");
    assert_eq!(elsewhere.count(), 0);
}

#[tokio::test]
async fn s21_one_request_for_a_url_and_a_bounded_number_in_all() {
    let elsewhere = Elsewhere::start(|_| Reply::json("{}")).await;
    elsewhere.gate.send_replace(false);
    let limits = FetchLimits { at_once: 2, ..FetchLimits::default() };
    let client = Arc::new(elsewhere.client(limits, &Names::all_at("127.0.0.1"), &Arc::new(FakeClock::at(NOW))));
    let fetches: Vec<_> = ["/1", "/2", "/3"]
        .map(|path| {
            let (client, url) = (Arc::clone(&client), elsewhere.url(path));
            tokio::spawn(async move { client.fetch(&url).await })
        })
        .into();
    crate::fixture::eventually("two requests", async || (elsewhere.count() == 2).then_some(())).await;
    let first = elsewhere.asked.lock().unwrap()[0].clone();
    assert_eq!(client.fetch(&elsewhere.url(&first)).await, Err(FetchError::Busy));
    assert_eq!(elsewhere.count(), 2, "the third waits");
    elsewhere.gate.send_replace(true);
    for fetch in fetches {
        assert!(fetch.await.unwrap().is_ok());
    }
    assert_eq!(elsewhere.count(), 3);
    assert!(client.fetch(&elsewhere.url(&first)).await.is_ok(), "it can be fetched again");
}

#[tokio::test]
async fn tells_how_long_an_answer_is_good_for() {
    let elsewhere = Elsewhere::start(|path| {
        Reply::with("200 OK", &format!("Cache-Control: {}\r\n", path.trim_start_matches('/').replace("%20", " ")), b"{}")
    })
    .await;
    let client = elsewhere.plain_client();
    for (value, expected) in [
        ("max-age=60", Some(60)),
        ("public,%20Max-Age=3600,%20must-revalidate", Some(3600)),
        ("max-age=99999999999999999999", None),
        ("max-age=-1", None),
        ("no-store", None),
        ("s-maxage=5", None),
    ] {
        let fetched = client.fetch(&elsewhere.url(&format!("/{value}"))).await.unwrap();
        assert_eq!(fetched.max_age.map(|age| age.as_secs()), expected, "{value}");
    }
}
