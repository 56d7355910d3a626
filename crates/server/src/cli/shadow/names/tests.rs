use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::Request;

use super::*;

fn request(target: &str, headers: &[(&str, &str)], body: &str) -> Whole {
    let mut built = Request::post(target);
    for (name, value) in headers {
        built = built.header(*name, *value);
    }
    let (head, ()) = built.body(()).unwrap().into_parts();
    Whole { peer: "127.0.0.1:1".parse().unwrap(), head, body: Bytes::copy_from_slice(body.as_bytes()) }
}

fn names(request: &Whole) -> Vec<String> {
    of_request(request).all.iter().map(ToString::to_string).collect()
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// Whether a name is found, in a request that can be read.
fn finds(request: &Whole, name: &str) -> bool {
    let found = of_request(request);
    found.unreadable.is_none() && found.all.iter().any(|id| id.as_str() == name)
}

#[test]
fn a_name_is_found_wherever_it_stands() {
    let basic = format!("Basic {}", STANDARD.encode("acme:secret"));
    let bare = format!("bAsIc\t {}", STANDARD_NO_PAD.encode("acme:secret"));
    let form = format!("Basic {}", STANDARD.encode("ac%6De:secret"));
    let token = |claims: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
    let (assertion, bearer) = (token(r#"{"iss":"acme","sub":"x"}"#), format!("Bearer {}", token(r#"{"azp":"acme"}"#)));
    let asserted = format!("client_assertion={assertion}");
    let part = "--B\r\nContent-Disposition: form-data; name=\"client_id\"\r\n\r\nacme\r\n--B--\r\n";
    let multipart = ("content-type", "multipart/form-data; boundary=B");
    let json = ("content-type", "application/json");
    for (at, request) in [
        request("/t", &[("authorization", &basic)], ""),
        request("/t", &[("authorization", &bare)], ""),
        request("/t", &[("authorization", &form)], ""),
        request("/t", &[("x-authorization", &basic)], ""),
        request("/t", &[("authorization", "Basic b3RoZXI6eA=="), ("authorization", &basic)], ""),
        request("/t", &[("authorization", &bearer)], ""),
        request("/t", &[("x-client", "acme")], ""),
        request("/t", &[("cookie", "a=b; client_id=acme")], ""),
        request("/t?client_id=acme", &[], ""),
        request("/t?a=1;client_id=acme", &[], ""),
        request("/t", &[FORM], "client_id=other&client_id=acme"),
        request("/t", &[FORM], "client_id=acme&client_id=other"),
        request("/t", &[FORM], "client%5Fid=%61cme"),
        request("/t", &[FORM], "client_id=%2561cme"),
        request("/t", &[FORM], "client_id=acme%20"),
        request("/t", &[FORM], "user=acme"),
        request("/t", &[FORM], "a=b;client_id=acme"),
        request("/t", &[FORM], &asserted),
        request("/t", &[], "client_id=acme"),
        request("/t", &[("content-type", "text/plain")], "client_id=acme"),
        request("/t", &[FORM], r#"{"client_id":"acme"}"#),
        request("/t", &[json], r#"{"client_id":"other","client_id":"acme"}"#),
        request("/t", &[json], r#"{"client_id":["x","acme"]}"#),
        request("/t", &[json], r#"{"a":{"clientId":"\u0061cme"}}"#),
        request("/t", &[multipart], part),
    ]
    .iter()
    .enumerate()
    {
        assert!(finds(request, "acme"), "{at}: {:?}", of_request(request));
    }
}

#[test]
fn names_may_have_spaces_and_signs() {
    assert!(finds(&request("/t", &[FORM], "client_id=odd%2Bid+100%25"), "odd+id 100%"));
    assert!(finds(&request("/t", &[FORM], "client_id=a+b"), "a+b"), "as a server reads it that knows no plus");
    let basic = format!("Basic {}", STANDARD.encode("odd:id:secret"));
    assert!(finds(&request("/t", &[("authorization", &basic)], ""), "odd:id"));
}

#[test]
fn what_servers_would_not_read_alike_is_told() {
    let typed = |value: &str| request("/t", &[("content-type", value)], "client_id=acme");
    let many = (0..100).fold(String::new(), |many, number| many + &format!("p{number}=v{number}&"));
    let part = "--B\r\nContent-Transfer-Encoding: base64\r\n\r\nYWNtZQ==\r\n--B--";
    for (at, request) in [
        typed("application/x-www-form-urlencoded; charset=ibm037"),
        typed("application/x-www-form-urlencoded; charset=\"utf-16\""),
        typed("application/x-www-form-urlencoded, application/json"),
        typed("application/xml"),
        request("/t", &[FORM, FORM], "a=b"),
        request("/t", &[FORM, ("content-encoding", "gzip")], "a=b"),
        request("/t", &[FORM], "a\0=b"),
        request("/t", &[FORM], "_charset_=ibm037&a=b"),
        request("/t", &[FORM], &many),
        request("/t", &[("content-type", "application/json")], "{'client_id':'acme'}"),
        request("/t", &[("content-type", "application/json")], "client_id=acme"),
        request("/t", &[("authorization", "Basic %%%")], ""),
        request("/t", &[("content-type", "multipart/form-data; boundary=B")], part),
    ]
    .iter()
    .enumerate()
    {
        assert!(of_request(request).unreadable.is_some(), "{at}");
    }
    let plain = typed("Application/X-WWW-Form-Urlencoded; Charset=UTF-8");
    assert!(finds(&plain, "acme"));
    let binary = Whole { body: Bytes::from_static(b"a=\xff"), ..typed("text/plain") };
    assert!(of_request(&binary).unreadable.is_some());
}

#[test]
fn what_is_called_something_else_is_no_name() {
    let body = "grant_type=client_credentials&scope=acme&client_secret=secret&audience=acme&password=acme";
    assert!(names(&request("/t", &[FORM, ("host", "acme"), ("user-agent", "acme")], body)).is_empty());
}

#[test]
fn an_answer_tells_whose_its_token_is() {
    let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(r#"{"client_id":"acme","iss":"https://old","sub":"u"}"#));
    let found = of_answer(format!(r#"{{"access_token":"{token}","scope":"read"}}"#).as_bytes());
    assert_eq!(found.all.iter().map(ClientId::as_str).collect::<Vec<_>>(), ["acme", "u"]);
    assert_eq!(of_answer(br#"{"client_id":"acme"}"#).all.len(), 1);
    assert!(of_answer(b"<html>").all.is_empty());
}

#[test]
fn a_name_that_no_client_here_can_have_is_refused_or_foreign_whatever_stands_beside_it() {
    let unreadable = |body: &str| of_request(&request("/t", &[FORM], body)).unreadable.is_some();
    assert!(unreadable("client_id=n%C3%ADghtly&client_secret=S&x=y"));
    assert!(unreadable("client_id=nightly%01&client_secret=S&x=y"));
    assert!(unreadable("client_assertion=a.%2B%2B.c&x=y"), "an assertion that another server may read");
    let long = of_request(&request("/t", &[FORM], &format!("client_id={}", "a".repeat(129))));
    assert!(long.is_foreign && long.unreadable.is_none());
    let payload = URL_SAFE_NO_PAD.encode(r#"{"sub":"acme","sub":"other"}"#);
    let assertion = request("/t", &[FORM], &format!("client_assertion=e30.{payload}.c"));
    assert!(finds(&assertion, "acme") && finds(&assertion, "other"));
}
