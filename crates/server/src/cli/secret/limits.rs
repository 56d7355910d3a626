//! `mintmark secret limits`, and the flags that set limits.

use clap::Args;
use mintmark_core::clock::Timestamp;
use mintmark_core::model::{BusinessId, Credential, CredentialId, CredentialLimits, IpNetwork, ScopeSet};
use mintmark_core::store::Store;
use serde_json::json;

use super::super::output::{Output, words};
use super::super::place::Place;
use super::super::resource::parse_scopes;
use super::super::{Done, Failure, time};
use super::{Owner, environment_of};

/// What a credential may be used for, where that is less than what its client may do.
#[derive(Args, Debug, Default)]
pub(in super::super) struct LimitArgs {
    /// An address or network that it may be used from, such as 10.0.0.0/8 [default: everywhere]; may be repeated.
    #[arg(long, value_name = "NETWORK")]
    network: Vec<IpNetwork>,
    /// How long until it may be used, such as 12h [default: at once].
    #[arg(long, value_name = "DURATION", value_parser = time::parse_duration)]
    valid_in: Option<u32>,
    /// The scopes that it may obtain, separated by spaces [default: all of the client's].
    #[arg(long, value_name = "SCOPES", value_parser = parse_scopes)]
    only_scope: Option<ScopeSet>,
    /// A business that it may act for [default: all of the client's]; may be repeated.
    #[arg(long, value_name = "ID")]
    only_business: Vec<BusinessId>,
}

impl LimitArgs {
    /// The limits, counted from now; what is not named is no limit.
    pub(in super::super) fn read(self, place: &Place) -> CredentialLimits {
        self.over(CredentialLimits::default(), place.registry.clock.now())
    }

    /// The limits of a credential with those that are named in place of its own.
    fn over(self, own: CredentialLimits, now: Timestamp) -> CredentialLimits {
        CredentialLimits {
            networks: if self.network.is_empty() { own.networks } else { self.network },
            not_before: self.valid_in.map(|seconds| now.plus(seconds)).or(own.not_before),
            scopes: self.only_scope.or(own.scopes),
            businesses: Some(self.only_business).filter(|ids| !ids.is_empty()).or(own.businesses),
        }
    }

    fn is_given(&self) -> bool {
        !self.network.is_empty() || self.valid_in.is_some() || self.only_scope.is_some() || !self.only_business.is_empty()
    }
}

#[derive(Args, Debug)]
pub(in super::super) struct LimitsArgs {
    #[command(flatten)]
    owner: Owner,
    /// Which secret, or other credential.
    #[arg(long)]
    id: CredentialId,
    #[command(flatten)]
    limits: LimitArgs,
    /// Take all other limits away; without it, those that are not named stay.
    #[arg(long)]
    clear: bool,
}

pub(super) async fn run(place: &Place, args: LimitsArgs) -> Done {
    let LimitsArgs { owner, id, limits, clear } = args;
    let environment = environment_of(place, &owner).await?;
    let all = place.store.credentials(&environment, &owner.client_id).await?;
    let Some(own) = all.into_iter().find(|credential| credential.id == id) else {
        return Err(Failure(format!("there is no credential {id} of the client {} in {environment}", owner.client_id)));
    };
    if !clear && !limits.is_given() {
        return Ok(show(&own));
    }
    let kept = if clear { CredentialLimits::default() } else { own.limits };
    let limits = limits.over(kept, place.registry.clock.now());
    Ok(show(&place.registry.set_limits(&environment, &owner.client_id, id, &limits).await?))
}

fn show(credential: &Credential) -> Output {
    let limits = &credential.limits;
    let scopes = limits.scopes.as_ref().map_or_else(|| "all of the client's".to_owned(), |scopes| scopes.as_str().to_owned());
    let fields = vec![
        ("id", credential.id.to_string()),
        ("networks", if limits.networks.is_empty() { "everywhere".to_owned() } else { words(&limits.networks) }),
        ("valid from", limits.not_before.map_or_else(|| "at once".to_owned(), time::show)),
        ("scopes", scopes),
        ("businesses", limits.businesses.as_ref().map_or_else(|| "all of the client's".to_owned(), words)),
        ("expires", time::show_or_never(credential.expires_at)),
    ];
    Output::object(&fields, json!(credential))
}

/// Limits on one line.
pub(in super::super) fn shown(limits: &CredentialLimits) -> String {
    let mut parts = Vec::new();
    if !limits.networks.is_empty() {
        parts.push(format!("from {}", words(&limits.networks)));
    }
    parts.extend(limits.not_before.map(|start| format!("not before {}", time::show(start))));
    parts.extend(limits.scopes.as_ref().map(|scopes| format!("scopes {}", scopes.as_str())));
    parts.extend(limits.businesses.as_ref().map(|ids| format!("businesses {}", words(ids))));
    if parts.is_empty() { "-".to_owned() } else { parts.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_told_on_one_line() {
        assert_eq!(shown(&CredentialLimits::default()), "-");
        let limits = CredentialLimits {
            networks: vec!["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()],
            not_before: Some(Timestamp(0)),
            scopes: Some(ScopeSet::parse("a b").unwrap()),
            businesses: None,
        };
        assert_eq!(shown(&limits), "from 10.0.0.0/8 ::1/128; not before 1970-01-01T00:00:00Z; scopes a b");
    }

    #[test]
    fn what_is_not_named_stays() {
        let args = LimitArgs { network: vec!["::1".parse().unwrap()], ..LimitArgs::default() };
        let own = CredentialLimits {
            networks: vec!["10.0.0.0/8".parse().unwrap()],
            scopes: Some(ScopeSet::parse("a").unwrap()),
            ..CredentialLimits::default()
        };
        let expected = CredentialLimits { networks: vec!["::1".parse().unwrap()], ..own.clone() };
        assert_eq!(args.over(own, Timestamp(0)), expected);
    }
}
