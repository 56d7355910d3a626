//! Forms whose answer shows a secret: sent again, by a reload or a second press, they make nothing a second time.
//!
//! Each such form carries a random token, and goes by the rules of the API's `Idempotency-Key`: the first request takes the row of
//! its token in the store, on whichever node, before it does anything, and notes there the place of what it made, never the secret.
//! A unique key on what is made would not do: two clients may have one name, and a client several secrets.
//!
//! So the secret of a form whose button was pressed twice is in the first answer, which the browser dropped, and in nothing else: the
//! second answer says so and leads to what was made, whose secret can be replaced. To keep the secret for the second answer, even
//! sealed under the form's token, would show it again to whoever loads the page again, and would put it where no secret is.
//! Scripts keep the button from being pressed twice.

use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mintmark_core::clock::Timestamp;
use mintmark_core::random::Random;
use mintmark_core::registry::RegistryError;
use mintmark_core::store::StoreError;

use super::seat::{Seat, Stop, go};
use super::security::TOKEN_FIELD;
use crate::admin::Refusal;
use crate::store::{Begun, RequestDigest, SqlStore};

/// The field with the token.
pub(crate) const FIELD: &str = "once";
/// For how many seconds a form is known that was sent.
const KEPT: u32 = 86_400;
/// The longest token, in characters.
const TOKEN_MAX: usize = 64;
/// How long our own tokens are: 128 bits in base64url.
pub(crate) const TOKEN_LENGTH: usize = 22;
/// After how many milliseconds each time a form is looked at again that came before and is in work: some five seconds in all.
const LOOKS: [u64; 7] = [50, 100, 200, 400, 800, 1600, 1600];

/// A token for a form that is about to be shown.
pub(crate) fn token(random: &dyn Random) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What is known of a form.
pub(crate) enum Sent {
    /// It came for the first time.
    First(Ticket),
    /// It came before and was done: the place of what it made.
    Before(String),
    /// It came before, and what became of it is not known, or it asked for something else then.
    Unclear,
}

/// The row of a form that came for the first time.
pub(crate) struct Ticket(RequestDigest);

/// Whether the form of a seat came before. One that is in work, as when a button is pressed twice, is waited for a while.
pub(crate) async fn begin(seat: &Seat) -> Result<Sent, Stop> {
    let token = seat.fields.one(FIELD).filter(|token| (1..=TOKEN_MAX).contains(&token.len()));
    let expected = || Refusal::Invalid { field: FIELD, expected: "the form's own token".to_owned() };
    let token = token.ok_or_else(|| seat.stop(expected()))?;
    let principal = seat.desk.authority.principal().to_string();
    let digest = RequestDigest {
        key: hash(["a form of the dashboard", &principal, token].into_iter()),
        request: hash(std::iter::once(seat.visit.path.as_str()).chain(asked(seat))),
    };
    let begun = look(seat.desk.store(), seat.app.now(), &digest, &LOOKS).await.map_err(|error| seat.stop(error))?;
    Ok(match begun {
        Begun::First => Sent::First(Ticket(digest)),
        Begun::Answered(place) => Sent::Before(place),
        Begun::Other | Begun::Unanswered => Sent::Unclear,
    })
}

/// Takes the row, or waits for what becomes of whoever has it: by reading alone, so that a form whose answer never comes costs the store
/// no more writes than any other.
async fn look(store: &SqlStore, now: Timestamp, digest: &RequestDigest, looks: &[u64]) -> Result<Begun, StoreError> {
    let mut begun = store.begin_request(digest, now, now.plus(KEPT)).await?;
    for wait in looks {
        if begun != Begun::Unanswered {
            break;
        }
        tokio::time::sleep(Duration::from_millis(*wait)).await;
        begun = match store.begun_request(digest).await? {
            Some(begun) => begun,
            // Whoever had it did nothing, so it is there to be taken. One that goes again and again is not run after.
            None => return store.begin_request(digest, now, now.plus(KEPT)).await,
        };
    }
    Ok(begun)
}

/// The ticket of a form that came for the first time; one that came before leads to a page that says so.
pub(crate) async fn ticket(seat: &Seat, page: &str) -> Result<Ticket, Stop> {
    match begin(seat).await? {
        Sent::First(ticket) => Ok(ticket),
        Sent::Before(_) => Err(go(page, Some("done-before")).into()),
        Sent::Unclear => Err(go(page, Some("unclear")).into()),
    }
}

impl Ticket {
    /// Notes what became of the form.
    pub(crate) async fn close<T>(self, seat: &Seat, result: &Result<T, Refusal>) {
        match result {
            Ok(_) => self.done(seat, "").await,
            // Whether something was made is not known: the row stays, and says so.
            Err(Refusal::Registry(RegistryError::Unknown(_))) => {}
            Err(_) => self.undone(seat).await,
        }
    }

    /// Notes the place of what was made. Where that fails, the form sent again is told that nobody knows.
    pub(crate) async fn done(self, seat: &Seat, place: &str) {
        if let Err(error) = seat.desk.store().note_answer(&self.0, place).await {
            tracing::warn!(%error, "what a form made could not be noted for when it comes again");
        }
    }

    /// Gives the row back: nothing was made.
    pub(crate) async fn undone(self, seat: &Seat) {
        if let Err(error) = seat.desk.store().release_request(&self.0).await {
            tracing::warn!(%error, "the row of a form that did nothing could not be given back");
        }
    }
}

/// The fields that say what is asked for: not the session's token, and not what shows who asks.
fn asked(seat: &Seat) -> impl Iterator<Item = &str> {
    let is_asked = |name: &str| name != TOKEN_FIELD && !name.starts_with("step_up_");
    seat.fields.all().filter(move |(name, _)| is_asked(name)).flat_map(|(name, value)| [name, value])
}

/// Each text behind its length, so that no two lists are one.
fn hash<'t>(texts: impl Iterator<Item = &'t str>) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for text in texts {
        context.update(&(text.len() as u64).to_be_bytes());
        context.update(text.as_bytes());
    }
    let mut hash = [0; 32];
    hash.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::fixture::{Dashboard, START};

    const DIGEST: RequestDigest = RequestDigest { key: [1; 32], request: [2; 32] };
    const NOW: Timestamp = Timestamp(START);

    fn written(store: &SqlStore) -> u64 {
        store.measured().asked("idempotency.take")
    }

    #[tokio::test]
    async fn a_form_whose_answer_never_comes_is_waited_for_without_writing() {
        let dashboard = Dashboard::new(true).await;
        let store = &*dashboard.app.management.registry.store;
        assert_eq!(look(store, NOW, &DIGEST, &[]).await.unwrap(), Begun::First);
        let before = written(store);
        assert_eq!(look(store, NOW, &DIGEST, &[0; 20]).await.unwrap(), Begun::Unanswered);
        assert_eq!(written(store) - before, before, "as many writes as for a form that came once");
        store.note_answer(&DIGEST, "/there").await.unwrap();
        assert_eq!(look(store, NOW, &DIGEST, &[0; 20]).await.unwrap(), Begun::Answered("/there".to_owned()));
        let other = RequestDigest { request: [3; 32], ..DIGEST };
        assert_eq!(look(store, NOW, &other, &[0; 20]).await.unwrap(), Begun::Other);
    }
}
