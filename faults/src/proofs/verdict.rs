//! What came of each message, and whether each was accepted once.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

/// What came of a message that was sent once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// There is a token.
    Accepted,
    /// It was refused as one that is not good, or not good any more.
    Refused,
    /// Another answer.
    Other(String),
    /// No answer came: nobody can say whether it was accepted.
    Lost,
}

impl Outcome {
    pub(super) fn of(answer: &Response<Bytes>) -> Self {
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let (status, error) = (answer.status().as_u16(), body.get("error").and_then(Value::as_str).unwrap_or_default());
        match (status, error) {
            (200, _) if body.get("access_token").is_some_and(Value::is_string) => Self::Accepted,
            (400, "invalid_dpop_proof") | (401, "invalid_client") => Self::Refused,
            _ => Self::Other(format!("{status} {error}")),
        }
    }
}

/// Whether one has to be asked about once more: nobody accepted it that is known, and somebody may have.
pub(super) fn is_open(outcomes: &[Outcome]) -> bool {
    !outcomes.contains(&Outcome::Accepted) && outcomes.iter().any(|outcome| *outcome != Outcome::Refused)
}

/// Counts of messages.
#[derive(Debug, Default)]
pub(super) struct Tally {
    requests: u64,
    lost_requests: u64,
    other_requests: BTreeMap<String, u64>,
    once: u64,
    twice: Vec<String>,
    by_nobody: Vec<String>,
    /// Used up by a request whose answer was lost.
    answer_lost: Vec<String>,
}

impl Tally {
    /// What came of a message from each thread, and from whom asked once more.
    pub(super) fn add(&mut self, name: &str, outcomes: &[Outcome], again: Option<&Outcome>) {
        let all = || outcomes.iter().chain(again);
        for outcome in all() {
            self.requests += 1;
            match outcome {
                Outcome::Lost => self.lost_requests += 1,
                Outcome::Other(told) => *self.other_requests.entry(told.clone()).or_default() += 1,
                Outcome::Accepted | Outcome::Refused => {}
            }
        }
        match all().filter(|outcome| **outcome == Outcome::Accepted).count() {
            0 if outcomes.contains(&Outcome::Lost) && again == Some(&Outcome::Refused) => {
                self.answer_lost.push(name.to_owned());
            }
            0 => self.by_nobody.push(name.to_owned()),
            1 => self.once += 1,
            _ => self.twice.push(name.to_owned()),
        }
    }

    /// Whether none was accepted twice, and none by nobody.
    pub(super) fn is_good(&self) -> bool {
        self.twice.is_empty() && self.by_nobody.is_empty()
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "accepted_once": self.once,
            "accepted_twice": self.twice,
            "accepted_by_nobody": self.by_nobody,
            "only_answer_lost": self.answer_lost,
            "requests": self.requests,
            "lost_requests": self.lost_requests,
            "other_answers": self.other_requests,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome::{Accepted, Lost, Refused};
    use super::*;

    fn tally(outcomes: &[Outcome], again: Option<&Outcome>) -> Tally {
        let mut tally = Tally::default();
        tally.add("one", outcomes, again);
        tally
    }

    #[test]
    fn one_that_is_accepted_twice_or_by_nobody_is_named() {
        for (outcomes, again) in [(&[Accepted, Accepted][..], None), (&[Accepted, Lost], Some(&Accepted))] {
            let tally = tally(outcomes, again);
            assert!(!tally.is_good());
            assert_eq!(tally.twice, ["one"]);
        }
        for (outcomes, again) in [(&[Refused, Refused][..], None), (&[Lost, Refused], Some(&Lost))] {
            let tally = tally(outcomes, again);
            assert!(!tally.is_good());
            assert_eq!(tally.by_nobody, ["one"]);
        }
    }

    #[test]
    fn one_whose_only_answer_was_lost_is_counted_apart() {
        assert!(is_open(&[Refused, Lost]) && !is_open(&[Accepted, Lost]) && !is_open(&[Refused, Refused]));
        let lost = tally(&[Refused, Lost], Some(&Refused));
        assert!(lost.is_good());
        assert_eq!((lost.once, lost.answer_lost), (0, vec!["one".to_owned()]));
        assert_eq!(tally(&[Lost, Lost], Some(&Accepted)).once, 1);
    }

    #[test]
    fn an_answer_is_read_by_its_status_and_error() {
        let outcome = |status: u16, body: &'static str| {
            Outcome::of(&Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap())
        };
        assert_eq!(outcome(200, r#"{"access_token":"a"}"#), Accepted);
        assert_eq!(outcome(400, r#"{"error":"invalid_dpop_proof"}"#), Refused);
        assert_eq!(outcome(401, r#"{"error":"invalid_client"}"#), Refused);
        assert_eq!(outcome(400, r#"{"error":"use_dpop_nonce"}"#), Outcome::Other("400 use_dpop_nonce".to_owned()));
        assert_eq!(outcome(200, "x"), Outcome::Other("200 ".to_owned()));
    }
}
