//! What was reported as leaked of a client's secrets, for whoever looks at the client.

use mintmark_core::model::{CredentialId, LeakState, ProofKind, Status};

use crate::admin::operations::clients::ClientView;
use crate::admin::operations::credentials::CredentialView;
use crate::admin::operations::leaks::{self, LeakView};
use crate::dashboard::components::{Banner, Button, When};
use crate::dashboard::frame::Tone;
use crate::dashboard::leaks::path_of;
use crate::dashboard::seat::{Seat, Stop};
use crate::dashboard::words;

/// How many secrets are looked at: more than are in force at once.
const LOOKED_AT: usize = 20;

/// A warning for each leak that nobody has decided yet.
pub(super) async fn notices(seat: &Seat, client: &ClientView, all: &[CredentialView]) -> Result<Vec<Banner>, Stop> {
    let may_be_open =
        |one: &&CredentialView| one.kind == ProofKind::Secret && (one.status == Status::Active || one.quarantined_at.is_some());
    let mut suspects: Vec<&CredentialView> = all.iter().filter(may_be_open).collect();
    suspects.sort_by_key(|one| one.quarantined_at.is_none());
    let suspects: Vec<CredentialId> = suspects.into_iter().map(|one| one.id).take(LOOKED_AT).collect();
    let open = leaks::open_of(&seat.desk, &client.environment, &suspects).await.map_err(|refusal| seat.stop(refusal))?;
    Ok(open.iter().map(|leak| notice(seat, leak)).collect())
}

fn notice(seat: &Seat, leak: &LeakView) -> Banner {
    let (tone, (title, text)) = if leak.state == LeakState::Quarantined {
        let left = When::relative(leak.revoke_at.map(|at| at.0), seat.app.now());
        (Tone::Bad, words::leaks::quarantined(&leak.hint, left.said()))
    } else {
        (Tone::Warning, words::leaks::reported(&leak.hint))
    };
    Banner::new(tone, title, text).action(Button::plain(words::leaks::SEE).to(path_of(&leak.environment, leak.id)))
}
