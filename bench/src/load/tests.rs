use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::requests::Fixed;

const GOOD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"access_token\":\"x\"}";
const BAD: &str = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\n{}";
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\n\r\n";

/// A server that answers the request of a number as `answer` says, a connection a thread. It ends with the process.
fn server(answer: impl Fn(u64) -> &'static str + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (answer, count) = (Arc::new(answer), Arc::new(AtomicU64::new(0)));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer, count) = (stream.unwrap(), Arc::clone(&answer), Arc::clone(&count));
            std::thread::spawn(move || {
                let mut bytes = [0; REQUEST.len()];
                while stream.read_exact(&mut bytes).is_ok() {
                    let text = answer(count.fetch_add(1, Ordering::SeqCst));
                    if stream.write_all(text.as_bytes()).is_err() || text.contains("connection: close") {
                        return;
                    }
                }
            });
        }
    });
    address
}

fn lane(address: SocketAddr, connections: usize, pace: Pace) -> Lane {
    Lane { address, connections, pace, source: Box::new(Fixed(REQUEST.to_vec())), expect: Expect::Token }
}

fn requests(count: u64) -> Timing {
    let patience = Duration::from_secs(20);
    Timing { warm_up: Duration::ZERO, measured: Duration::from_mins(1), patience, requests: Some(count) }
}

#[test]
fn every_answer_is_counted() {
    let tallies = run(vec![lane(server(|_| GOOD), 3, Pace::Closed)], requests(100)).unwrap();
    assert_eq!(tallies[0].histogram().total(), 100);
    assert_eq!(tallies[0].verify(None).unwrap(), 0);
}

#[test]
fn one_bad_answer_among_many_is_noticed() {
    let address = server(|number| if number == 57 { BAD } else { GOOD });
    let tallies = run(vec![lane(address, 3, Pace::Closed)], requests(100)).unwrap();
    assert!(tallies[0].verify(None).unwrap_err().to_string().contains("1 of 100"));
    assert_eq!(tallies[0].statuses()[&401], 1);
}

#[test]
fn a_server_that_closes_is_connected_to_anew() {
    let close = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 20\r\n\r\n{\"access_token\":\"x\"}";
    let tallies = run(vec![lane(server(move |_| close), 2, Pace::Closed)], requests(20)).unwrap();
    assert_eq!(tallies[0].histogram().total(), 20);
    tallies[0].verify(None).unwrap();
}

#[test]
fn garbage_ends_the_measurement() {
    assert!(run(vec![lane(server(|_| "garbage\r\n\r\n"), 1, Pace::Closed)], requests(5)).is_err());
}

#[test]
fn two_loads_run_side_by_side_and_are_counted_apart() {
    let refused = Lane { expect: Expect::Refusal, ..lane(server(|_| BAD), 1, Pace::Closed) };
    let tallies = run(vec![lane(server(|_| GOOD), 2, Pace::Closed), refused], requests(30)).unwrap();
    assert_eq!(tallies.iter().map(|tally| tally.histogram().total()).collect::<Vec<_>>(), [30, 30]);
    assert!(tallies.iter().all(|tally| tally.verify(None).is_ok()));
}
