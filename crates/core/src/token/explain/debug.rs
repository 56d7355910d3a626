//! The token debugger: decodes a token, verifies it line by line, and says what it is worth.
//!
//! It obeys introspection's rule (rule S5): of a token that is not within reach it tells what everybody can decode, and looks at
//! nothing else, so that it is no way to learn what became of others' tokens.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mintmark_verify::Claims;
use mintmark_verify::jws::{EmbeddedKey, Jws};
use serde_json::{Map, Value};

use super::report::{LineVerdict, Lines, TokenReport, TokenStanding};
use super::signature::check_signature;
use crate::clock::Timestamp;
use crate::crypto::OPAQUE_PREFIX;
use crate::directory::EnvironmentView;
use crate::management::Reach;
use crate::store::Store;
use crate::token::{Denial, EndedBy, OpenedToken, TokenEndpoint};

/// The longest text that is looked at, in bytes.
const MAX_TEXT: usize = 8 * 1024;
/// By how much clocks may be apart, in seconds: what services grant at most.
const CLOCKS_APART: i64 = 300;

impl<S: Store> TokenEndpoint<S> {
    /// Looks into a token, for somebody of this reach.
    ///
    /// # Errors
    /// The denial of a client or business that cannot be looked up now.
    pub async fn debug_token(&self, text: &str, reach: Reach) -> Result<TokenReport, Denial> {
        let text = text.trim();
        let mut lines = Lines::default();
        if text.len() > MAX_TEXT {
            lines.check("format", false, format!("longer than {MAX_TEXT} bytes, which is no token"));
            return Ok(lines.into_report(TokenStanding::Malformed));
        }
        if text.starts_with(OPAQUE_PREFIX) {
            return Box::pin(self.debug_opaque(text, reach, lines)).await;
        }
        match Jws::parse(text, EmbeddedKey::Refused) {
            Ok(jws) => Box::pin(self.debug_jwt(text, &jws, reach, lines)).await,
            Err(error) => {
                lines.check("format", false, error.to_string());
                Ok(lines.into_report(TokenStanding::Malformed))
            }
        }
    }

    /// A sealed token. To whom it is out of reach it is the same as one that no environment here made.
    async fn debug_opaque(&self, text: &str, reach: Reach, mut lines: Lines) -> Result<TokenReport, Denial> {
        let sealer = &self.root_keys.sealer;
        let opened = self.directory.environments().into_iter().find_map(|view| {
            let claims = sealer.open_token(&view.environment.name, text)?;
            Some((view, serde_json::from_slice::<Map<String, Value>>(&claims).ok()?))
        });
        let Some((view, claims)) = opened.filter(|(_, claims)| is_within(reach, claims)) else {
            let detail = "an opaque token that cannot be opened here: of another server, of somebody else, or changed";
            lines.put("format", LineVerdict::Note, detail);
            return Ok(lines.into_report(TokenStanding::Foreign));
        };
        lines.check("format", true, "an opaque token, which this server alone can read");
        lines.check("signature", true, "it was sealed here, and nobody has changed it");
        let report = self.debug_claims(&view, &claims, lines, None).await?;
        Ok(TokenReport { claims: Some(claims), ..report })
    }

    async fn debug_jwt(&self, text: &str, jws: &Jws<'_>, reach: Reach, mut lines: Lines) -> Result<TokenReport, Denial> {
        let claims = jws.claims().clone();
        lines.check("format", true, "a JWT of the compact form");
        let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default();
        let view = self.directory.environments().into_iter().find(|view| view.environment.issuer == issuer);
        let report = match view.filter(|_| is_within(reach, &claims)) {
            None => {
                lines.put("issuer", LineVerdict::Note, "of another issuer, or of somebody whose tokens you do not see");
                lines.into_report(TokenStanding::Foreign)
            }
            Some(view) => {
                lines.check("issuer", true, format!("the environment {}", view.environment.name));
                match check_signature(jws, &view, &mut lines) {
                    Ok(()) => self.debug_claims(&view, &claims, lines, None).await?,
                    Err(standing) => self.debug_claims(&view, &claims, lines, Some(standing)).await?,
                }
            }
        };
        Ok(TokenReport { header: header_of(text), claims: Some(claims), ..report })
    }

    /// What the claims say. They are compared with what was revoked only if they are genuine: `broken` is what the token is else.
    async fn debug_claims(
        &self,
        view: &Arc<EnvironmentView>,
        claims: &Map<String, Value>,
        mut lines: Lines,
        broken: Option<TokenStanding>,
    ) -> Result<TokenReport, Denial> {
        let now = self.clock.now();
        let read = serde_json::from_value::<Claims>(Value::Object(claims.clone()));
        let environment = Some(view.environment.name.clone());
        let Ok(read) = read else {
            lines.check("claims", false, "a claim that RFC 9068 requires is missing or of another type");
            let standing = broken.unwrap_or(TokenStanding::Invalid);
            return Ok(TokenReport { environment, ..lines.into_report(standing) });
        };
        describe_audience(view, &read, &mut lines);
        let time = check_time(&read, now, &mut lines);
        describe_binding(&read, &mut lines);
        let standing = match broken {
            Some(standing) => {
                lines.put("revocation", LineVerdict::NotChecked, "not looked up, since the token is not genuine");
                standing
            }
            None => self.check_revocation(view, OpenedToken { claims: read }, time, &mut lines).await?,
        };
        Ok(TokenReport { environment, ..lines.into_report(standing) })
    }

    /// Whether the token was ended, and by what; else what its times make of it.
    async fn check_revocation(
        &self,
        view: &EnvironmentView,
        token: OpenedToken,
        time: TokenStanding,
        lines: &mut Lines,
    ) -> Result<TokenStanding, Denial> {
        let ended = self.ended_by(&view.environment.name, &token).await?;
        Ok(match (ended, time) {
            (None, time) => {
                lines.check("revocation", true, "neither the token nor anything that it belongs to was revoked or turned off");
                if lines.all_pass() || !matches!(time, TokenStanding::Live { .. }) { time } else { TokenStanding::Invalid }
            }
            (Some((by, when)), time) => {
                lines.check("revocation", false, told_revocation(by, when));
                if matches!(time, TokenStanding::Expired { .. }) { time } else { TokenStanding::Revoked { by, when } }
            }
        })
    }
}

fn told_revocation(by: EndedBy, when: Option<Timestamp>) -> String {
    let what = match by {
        EndedBy::Token => "the token itself was revoked",
        EndedBy::Credential => "its credential was turned off, or the tokens of it were revoked",
        EndedBy::Client => "its client was turned off, or the tokens of it were revoked",
        EndedBy::Business => "its business was turned off, or the tokens for it were revoked",
        EndedBy::Tenant => "its organisation was turned off, or the tokens of it were revoked",
        EndedBy::Key => "the key that signed it was revoked",
        EndedBy::Restore => "it is from before the store was restored from a backup",
    };
    when.map_or_else(|| what.to_owned(), |when| format!("{what}, at {} (unix seconds)", when.0))
}

/// Whether somebody may look into a token that says this.
fn is_within(reach: Reach, claims: &Map<String, Value>) -> bool {
    match reach {
        Reach::Operator => true,
        Reach::Tenant(tenant) => claims.get("tenant_id").and_then(Value::as_str) == Some(&*tenant.to_text()),
    }
}

/// The header as it is, for people.
fn header_of(text: &str) -> Option<Map<String, Value>> {
    let header = URL_SAFE_NO_PAD.decode(text.split('.').next()?).ok()?;
    serde_json::from_slice(&header).ok()
}

fn describe_audience(view: &EnvironmentView, claims: &Claims, lines: &mut Lines) {
    let named = claims.aud.iter().map(|uri| match view.resources.iter().find(|resource| resource.uri.as_str() == uri) {
        Some(resource) => format!("{uri} ({})", resource.name),
        None => format!("{uri} (no resource of the environment any more)"),
    });
    let named: Vec<String> = named.collect();
    let detail = format!("for {}: a service takes it only if that is its own URI", named.join(", "));
    lines.put("audience", LineVerdict::Note, detail);
}

/// What its times make of a token.
fn check_time(claims: &Claims, now: Timestamp, lines: &mut Lines) -> TokenStanding {
    let seconds_left = claims.exp.saturating_sub(now.0);
    let ahead = claims.nbf.unwrap_or(claims.iat).max(claims.iat).saturating_sub(now.0);
    if seconds_left <= 0 {
        let seconds_ago = seconds_left.saturating_neg();
        lines.check("time", false, format!("expired {seconds_ago} s ago"));
        return TokenStanding::Expired { seconds_ago };
    }
    if ahead > CLOCKS_APART {
        lines.check("time", false, format!("good in {ahead} s: the clock of whoever made it is ahead"));
        return TokenStanding::NotYetValid { seconds: ahead };
    }
    let age = now.0.saturating_sub(claims.iat).max(0);
    lines.check("time", true, format!("made {age} s ago, good for {seconds_left} s more"));
    TokenStanding::Live { seconds_left }
}

fn describe_binding(claims: &Claims, lines: &mut Lines) {
    let detail = match &claims.cnf {
        None => "to nobody: whoever has it can use it",
        Some(cnf) if cnf.jkt.is_some() => "to a key: each request needs a DPoP proof of it",
        Some(_) => "to a certificate: the connection has to show it",
    };
    lines.put("binding", LineVerdict::Note, detail);
}
