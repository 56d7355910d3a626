//! Assertions of other issuers (rule S22): workloads that hold no secret.

use mintmark_verify::Algorithm;
use serde_json::{Value, json};

use super::super::{AssertionFault, Denial};
use super::key_holder::{JWT_BEARER, KeyHolder, assert_with, send, with};
use crate::fixture::{Answer, ISSUER, NOW, World, sandbox};
use crate::model::{Client, Federation, Proof};
use crate::registry::{NewCredential, RegistryError};

const CLUSTER: &str = "https://cluster.example";
const GITHUB: &str = "https://token.actions.githubusercontent.com";

fn federation(conditions: &[(&str, Value)]) -> Federation {
    let conditions = conditions.iter().map(|(claim, value)| ((*claim).to_owned(), value.clone())).collect();
    Federation { issuer: CLUSTER.to_owned(), jwks_uri: None, conditions, single_use: false }
}

/// What a Kubernetes cluster writes into a pod.
fn service_account() -> Value {
    json!({
        "iss": CLUSTER, "sub": "system:serviceaccount:billing:exporter", "aud": [ISSUER], "exp": NOW + 3600, "iat": NOW,
        "kubernetes.io": { "namespace": "billing", "serviceaccount": { "name": "exporter", "uid": "1-2-3" } },
    })
}

fn conditions() -> Federation {
    let subject = json!("system:serviceaccount:billing:exporter");
    federation(&[("sub", subject), ("/kubernetes.io/serviceaccount/uid", json!("1-2-3"))])
}

struct Cluster {
    world: World,
    holder: KeyHolder,
    client: Client,
}

async fn cluster(federation: Federation) -> Cluster {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::Es256);
    world.published.publish(CLUSTER, vec![holder.jwk.clone()]);
    let new = NewCredential { proof: Proof::Federated(federation), expires_at: None };
    let (client, _) = world.registry.create_client_with(world.new_client(|_| ()), new).await.unwrap();
    world.poll().await;
    Cluster { world, holder, client }
}

impl Cluster {
    async fn ask(&self, claims: &Value) -> Answer {
        let assertion = self.holder.assertion(claims);
        let id = self.client.id.as_str();
        let fields = [("client_id", id), ("client_assertion_type", JWT_BEARER), ("client_assertion", &*assertion)];
        send(&self.world, &fields).await
    }

    async fn refused_for(&self, claims: Value) -> AssertionFault {
        match self.ask(&claims).await.denial() {
            Denial::AssertionRefused(fault) => fault.clone(),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_workload_proves_its_client_again_and_again_with_what_its_platform_gives_it() {
    let cluster = cluster(conditions()).await;
    for _ in 0..2 {
        let answer = cluster.ask(&service_account()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(cluster.world.verify(&answer, ISSUER).client_id, cluster.client.id.as_str());
    }
}

#[tokio::test]
async fn s22_the_client_is_named_and_the_audience_is_ours_alone() {
    let cluster = cluster(conditions()).await;
    let unnamed = assert_with(&cluster.world, &cluster.holder.assertion(&service_account())).await;
    assert_eq!(unnamed.denial(), &Denial::UnknownClient);
    for audience in [json!([ISSUER, "https://other.example"]), json!("https://other.example"), Value::Null] {
        let refused = cluster.refused_for(with(service_account(), "aud", audience)).await;
        assert!(matches!(refused, AssertionFault::Audience(_)));
    }
}

#[tokio::test]
async fn s22_every_condition_is_exact() {
    let cluster = cluster(conditions()).await;
    let uid = "/kubernetes.io/serviceaccount/uid";
    for (change, claim) in [
        (with(service_account(), "sub", json!("system:serviceaccount:billing:exporter2")), "sub"),
        (with(service_account(), "sub", json!(["system:serviceaccount:billing:exporter"])), "sub"),
        (with(service_account(), "kubernetes.io", Value::Null), uid),
        (with(service_account(), "kubernetes.io", json!({ "serviceaccount": { "uid": "1-2-30" } })), uid),
        (with(service_account(), "kubernetes.io", json!({ "serviceaccount": "uid" })), uid),
    ] {
        assert_eq!(cluster.refused_for(change).await, AssertionFault::Condition(claim.to_owned()));
    }
}

#[tokio::test]
async fn another_issuer_or_key_proves_nothing() {
    let cluster = cluster(conditions()).await;
    let other = cluster.refused_for(with(service_account(), "iss", json!("https://other.example"))).await;
    assert_eq!(other, AssertionFault::IssuerUnknown);
    assert_eq!(cluster.refused_for(with(service_account(), "exp", json!(NOW - 31))).await, AssertionFault::Expired(31));
    let endless = with(with(service_account(), "exp", json!(NOW + 90_000)), "iat", Value::Null);
    assert_eq!(cluster.refused_for(endless).await, AssertionFault::TooLong);
    // An assertion that says it is of the client itself is judged by the client's own keys, and it has none.
    let id = cluster.client.id.as_str();
    let own = super::key_holder::claims(id, "a");
    let unknown = AssertionFault::KeyUnknown(cluster.holder.jwk.kid().map(str::to_owned));
    assert_eq!(cluster.refused_for(own).await, unknown);
    cluster.world.published.publish(CLUSTER, vec![KeyHolder::new(Algorithm::Es256).jwk]);
    assert_eq!(cluster.refused_for(service_account()).await, unknown);
    cluster.world.published.at.lock().unwrap().clear();
    assert_eq!(cluster.ask(&service_account()).await.status, 503);
}

#[tokio::test]
async fn an_issuer_can_be_asked_for_assertions_that_are_good_once() {
    let cluster = cluster(Federation { single_use: true, ..conditions() }).await;
    assert_eq!(cluster.refused_for(service_account()).await, AssertionFault::JtiMissing);
    let once = with(service_account(), "jti", json!("a"));
    assert_eq!(cluster.ask(&once).await.status, 200);
    assert_eq!(cluster.refused_for(once).await, AssertionFault::Used);
}

#[tokio::test]
async fn s22_conditions_that_anybody_could_meet_are_not_taken() {
    let world = World::new().await;
    let client = world.client(|_| ()).await.client;
    let add = async |federation: Federation| {
        let new = NewCredential { proof: Proof::Federated(federation), expires_at: None };
        world.registry.add_credential(&sandbox(), &client.id, &new).await
    };
    assert!(matches!(add(federation(&[])).await, Err(RegistryError::Invalid { field: "conditions", .. })));
    for (claim, value) in [("iss", json!("x")), ("aud", json!("x")), ("/exp", json!(1)), ("jti", json!("x"))] {
        assert!(matches!(add(federation(&[(claim, value)])).await, Err(RegistryError::NotAllowed(_))), "{claim}");
    }
    for value in [json!(null), json!([]), json!({}), json!(""), json!(1.5), json!(1e30)] {
        assert!(matches!(add(federation(&[("sub", value)])).await, Err(RegistryError::Invalid { .. })));
    }
    let repository = |conditions| Federation { issuer: GITHUB.to_owned(), ..federation(conditions) };
    let by_name = [("repository", json!("acme/exporter")), ("sub", json!("repo:acme/exporter:ref:refs/heads/main"))];
    let refused = add(repository(&by_name)).await.unwrap_err().to_string();
    assert!(refused.contains("repository_id"), "{refused}");
    let below = Federation { issuer: format!("{GITHUB}/acme"), ..federation(&by_name) };
    assert!(add(below).await.is_err(), "an enterprise's own issuer");
    let number = [by_name.as_slice(), &[("repository_id", json!(true))]].concat();
    assert!(add(repository(&number)).await.is_err(), "an id is a text");
    let by_id = [by_name.as_slice(), &[("repository_id", json!("123456"))]].concat();
    assert!(add(repository(&by_id)).await.is_ok());
    for issuer in ["http://cluster.example", "https://user@cluster.example", "cluster.example", "https://c.example#x", ISSUER] {
        let bad = Federation { issuer: issuer.to_owned(), ..conditions() };
        assert!(add(bad.clone()).await.is_err(), "{issuer}");
        let new = NewCredential { proof: Proof::Federated(bad), expires_at: None };
        assert!(world.registry.create_client_with(world.new_client(|_| ()), new).await.is_err(), "{issuer}");
    }
}
