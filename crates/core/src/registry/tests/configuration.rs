use std::collections::BTreeMap;
use std::fmt::Write as _;

use mintmark_verify::{Algorithm, Jwk};

use super::super::*;
use crate::clock::{Clock, FakeClock};
use crate::configuration::ConfigurationFile;
use crate::document::Source;
use crate::fixture::{LEDGER, NOW, World, grant, sandbox, signing_keys, timestamp};
use crate::model::{
    AttributeValue, BusinessAccess, CertificateFingerprint, CertificateName, ClientId, Credential, CredentialId,
    CredentialLimits, DialectName, Federation, KeySetLocation, Proof, PublicKey, Quota, QuotaLimits, QuotaMode, QuotaSubject,
    ScopeSet, Status,
};
use crate::quota::QUOTAS_MAX;
use crate::random::SeededRandom;
use crate::store::memory::MemoryStore;
use crate::store::{AuditFilter, Store};

const ISSUER: &str = "https://other.example";

/// An instance with the environment and nothing else, of an issuer of its own.
async fn empty() -> Registry<MemoryStore> {
    let root_keys = RootKeys::parse(&RootKeys::generate(&SeededRandom::new(9))).unwrap();
    let registry = Registry {
        store: Arc::new(MemoryStore::new()),
        clock: Arc::new(FakeClock::at(NOW)) as Arc<dyn Clock>,
        random: Arc::new(SeededRandom::new(8)),
        root_keys: Arc::new(root_keys),
        dialects: DialectSet::load(&[]).unwrap(),
        actor: Actor::local("apply"),
    };
    let new = NewEnvironment { name: sandbox(), issuer: ISSUER.to_owned(), algorithm: Algorithm::Es256, lifetime_max: 86_400 };
    registry.create_environment(new, signing_keys()).await.unwrap();
    registry
}

/// A world with a credential of each kind, and what else there is to write.
async fn full() -> World {
    let world = World::new().await;
    let created = world.client(|new| new.businesses = BusinessAccess::Only(vec![world.shop])).await;
    let id = &created.client.id;
    let federation = Federation {
        issuer: "https://issuer.example".to_owned(),
        jwks_uri: None,
        conditions: BTreeMap::from([("sub".to_owned(), "a".into())]),
        single_use: false,
    };
    let proofs = [
        Proof::PublicKey(PublicKey { jwk: Jwk::ed25519(&[0xd7; 32]).with_kid("a") }),
        Proof::KeySet(KeySetLocation { uri: "https://client.example/jwks".to_owned() }),
        Proof::CertificateName(CertificateName::Dns("client.example".to_owned())),
        Proof::Certificate(CertificateFingerprint { sha256: vec![1; 32] }),
        Proof::Federated(federation),
    ];
    for proof in proofs {
        // Not every 32 bytes are a point of the curve.
        let proof = match proof {
            Proof::PublicKey(_) => Proof::PublicKey(PublicKey { jwk: public_key() }),
            other => other,
        };
        let new = NewCredential { proof, expires_at: Some(timestamp(1000)) };
        let limits = CredentialLimits { networks: vec!["10.0.0.0/8".parse().unwrap()], ..CredentialLimits::default() };
        world.registry.add_limited_credential(&sandbox(), id, &new, &limits).await.unwrap();
    }
    world.registry.add_shared_key(&sandbox(), id, None).await.unwrap();
    let limits = CredentialLimits { scopes: Some(ScopeSet::parse("read").unwrap()), ..CredentialLimits::default() };
    world.registry.add_limited_secret(&sandbox(), id, None, &limits).await.unwrap();
    let entitle = EntitlementEdit {
        grant: Some(grant(None, "read write")),
        dialects: Some(vec!["asset".parse::<DialectName>().unwrap()]),
        lifetime_max: Some(Some(600)),
        ..EntitlementEdit::default()
    };
    world.registry.edit_entitlement(&sandbox(), world.acme, &entitle).await.unwrap();
    let edit = TenantEdit {
        attributes: [("region".to_owned(), AttributeValue::Text("eu".to_owned()))].into(),
        ..TenantEdit::default()
    };
    world.registry.edit_tenant(world.globex, &edit).await.unwrap();
    let off = BusinessEdit { status: Some(Status::Disabled), ..BusinessEdit::default() };
    world.registry.edit_business(&sandbox(), world.acme, world.depot, &off).await.unwrap();
    let quotas = [
        (QuotaSubject::Tenant(world.acme), QuotaEdit { headers: Some(true), ..per_day(9000) }),
        (QuotaSubject::Business(world.shop), QuotaEdit { tenant_of_business: Some(world.acme), ..per_day(900) }),
        (QuotaSubject::Client(id.clone()), QuotaEdit { mode: Some(QuotaMode::Observe), ..per_day(90) }),
    ];
    for (subject, edit) in quotas {
        world.registry.edit_quota(&sandbox(), &subject, &edit).await.unwrap();
    }
    world
}

fn per_day(limit: u32) -> QuotaEdit {
    QuotaEdit { per_day: Some(Some(limit)), ..QuotaEdit::default() }
}

fn public_key() -> Jwk {
    serde_json::from_str(r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"a"}"#)
        .unwrap()
}

async fn exported(registry: &Registry<MemoryStore>) -> String {
    registry.configuration(&sandbox(), Vec::new()).await.unwrap().to_toml()
}

fn file(text: &str) -> ConfigurationFile {
    let source = Source { name: "f.toml".to_owned(), text: text.to_owned() };
    ConfigurationFile::read(source, &SeededRandom::new(5)).unwrap_or_else(|found| panic!("{found:#?}\n{text}"))
}

const PRUNE: PlanOptions = PlanOptions { prune: true, new_secrets: false, differences: true };
const WITH_SECRETS: PlanOptions = PlanOptions { prune: false, new_secrets: true, differences: false };

async fn plan(registry: &Registry<MemoryStore>, text: &str, options: PlanOptions) -> ConfigurationPlan {
    match registry.configuration_plan(&file(text), &[], options).await.unwrap() {
        Ok(plan) => plan,
        Err(found) => panic!("{found:#?}"),
    }
}

/// The mistakes of a file, as they are told.
async fn refused(registry: &Registry<MemoryStore>, text: &str) -> Vec<String> {
    match registry.configuration_plan(&file(text), &[], WITH_SECRETS).await.unwrap() {
        Ok(plan) => panic!("it would be applied: {}", serde_json::to_string(&plan).unwrap()),
        Err(found) => found.iter().map(ToString::to_string).collect(),
    }
}

async fn apply(registry: &Registry<MemoryStore>, text: &str, options: PlanOptions) -> usize {
    let plan = plan(registry, text, options).await;
    registry.apply_configuration(plan).await.unwrap()
}

async fn audit(registry: &Registry<MemoryStore>) -> Vec<String> {
    let rows = registry.store.audit(&AuditFilter::default(), None, 1000).await.unwrap();
    rows.into_iter().rev().map(|row| row.action).collect()
}

fn changed(plan: &ConfigurationPlan) -> Vec<(PlannedAction, &'static str, &str)> {
    plan.changes.iter().map(|change| (change.action, change.kind, change.id.as_str())).collect()
}

#[tokio::test]
async fn an_export_applied_to_an_empty_instance_exports_as_the_same_bytes_and_applied_again_changes_nothing() {
    let (world, other) = (full().await, empty().await);
    let text = exported(&world.registry).await;
    assert_eq!(apply(&other, &text, WITH_SECRETS).await, 1, "it is one transaction");
    assert_eq!(exported(&other).await, text);
    let rows = audit(&other).await;
    let again = plan(&other, &text, PlanOptions { prune: true, new_secrets: true, differences: true }).await;
    assert_eq!((changed(&again), again.notes.len(), again.secrets.len()), (vec![], 0, 0));
    assert_eq!(apply(&other, &text, PlanOptions::default()).await, 0);
    assert_eq!(audit(&other).await, rows);
    let itself = plan(&world.registry, &text, PlanOptions { prune: true, new_secrets: true, differences: true }).await;
    assert_eq!(changed(&itself), [], "it is what it was written from");
}

#[tokio::test]
async fn each_object_has_its_own_audit_row_under_its_own_name_for_what_is_done() {
    let (world, other) = (full().await, empty().await);
    apply(&other, &exported(&world.registry).await, WITH_SECRETS).await;
    let rows = audit(&other).await;
    let mut expected = vec!["environment.create", "resource.edit"];
    expected.extend(["resource.create"; 2]);
    expected.extend(["tenant.create", "tenant.entitle", "tenant.create"]);
    expected.extend(["business.create"; 3]);
    expected.push("client.create");
    expected.extend(["quota.set"; 3]);
    let mut sorted = rows.clone();
    sorted.sort();
    expected.sort_unstable();
    assert_eq!(sorted, expected, "{rows:?}");
}

#[tokio::test]
async fn clients_that_were_brought_along_are_exported_applied_and_exported_as_the_same_bytes() {
    let (world, other) = (World::new().await, empty().await);
    let milliseconds = Timestamp(1_893_499_200_000);
    for (id, expires_at) in [("a:b", None), (":", Some(Timestamp::LAST)), ("later", Some(milliseconds)), ("two: \"3\"", None)] {
        let created = world.client(|new| new.name = id.to_owned()).await;
        // As earlier versions imported them.
        let mut client = created.client.clone();
        client.id = id.parse().unwrap();
        let credential = Credential { client_id: client.id.clone(), expires_at, ..created.credential.clone() };
        let credential = Credential { id: CredentialId::generate(&*world.registry.random), ..credential };
        let draft = Draft {
            tenant: Some(client.tenant_id),
            action: "client.import",
            subject: Subject::Client { environment: sandbox(), id: client.id.clone() },
            before: None,
            after: None,
            writes: vec![Write::InsertClient(client), Write::InsertCredential(credential)],
        };
        world.store.commit(&world.registry.audited_change(draft)).await.unwrap();
    }
    let text = exported(&world.registry).await;
    assert!(text.contains("id = \"two: \\\"3\\\"\"\n") && text.contains("expires_at = \"9999-12-30T22:00:00Z\"\n"), "{text}");
    let planned = plan(&other, &text, WITH_SECRETS).await;
    assert_eq!(planned.notes.iter().filter(|note| note.contains("has to write it as %3A")).count(), 3, "{:?}", planned.notes);
    other.apply_configuration(planned).await.unwrap();
    assert_eq!(exported(&other).await, text);
    for registry in [&other, &world.registry] {
        let again = plan(registry, &text, PlanOptions { prune: true, new_secrets: true, differences: true }).await;
        assert_eq!((changed(&again), again.notes.len()), (vec![], 0));
    }
}

#[tokio::test]
async fn a_quota_is_set_changed_and_taken_away_by_a_file_and_whose_it_is_stays_as_it_was() {
    let world = full().await;
    let text = exported(&world.registry).await;
    let (of_client, of_tenant) = ("\n[client.quota]\nper_day = 90\nmode = \"observe\"\n", "per_day = 9000\nheaders = true\n");
    let of_business = "\n[business.quota]\nper_day = 900\n";
    assert!([of_client, of_tenant, of_business].iter().all(|table| text.contains(table)), "{text}");
    let other = text.replacen(of_client, "", 1).replacen(of_tenant, "per_minute = 10\nper_day = 9000\n", 1).replacen(
        of_business,
        "\n[business.quota]\nper_day = 901\n",
        1,
    );
    let client = file(&text).configuration.clients[0].id.clone();
    let versions = async || {
        let record = world.store.client_record(&sandbox(), &client).await.unwrap().value.unwrap();
        let business = world.store.business_of(&sandbox(), world.acme, world.shop).await.unwrap().value.unwrap();
        (record.client.version, record.tenant.version, business.version)
    };
    let (before, rows) = (versions().await, audit(&world.registry).await.len());
    let planned = plan(&world.registry, &other, PRUNE).await;
    let told = |at: usize| -> Vec<_> {
        let all = planned.changes[at].differences.iter();
        all.map(|one| (one.field.as_str(), one.before.as_deref(), one.after.as_deref())).collect()
    };
    let kinds: Vec<_> = changed(&planned).iter().map(|(action, kind, _)| (*action, *kind)).collect();
    assert_eq!(kinds, ["tenant", "business", "client"].map(|kind| (PlannedAction::Change, kind)));
    assert_eq!(told(0), [("quota.per_minute", None, Some("10")), ("quota.headers", Some("true"), None)]);
    assert_eq!(told(1), [("quota.per_day", Some("900"), Some("901"))]);
    assert_eq!(told(2), [("quota.per_day", Some("90"), None), ("quota.mode", Some("\"observe\""), None)]);
    world.registry.apply_configuration(planned).await.unwrap();
    assert_eq!((versions().await, exported(&world.registry).await.as_str()), (before, other.as_str()));
    assert_eq!(audit(&world.registry).await[rows..], ["quota.set", "quota.set", "quota.remove"]);
    let held = world.store.quota(&sandbox(), &QuotaSubject::Tenant(world.acme)).await.unwrap().unwrap();
    assert_eq!((held.version, held.limits.per_minute, held.tenant_id), (2, Some(10), world.acme));
    assert_eq!(changed(&plan(&world.registry, &other, PRUNE).await), []);
    apply(&world.registry, &text, PRUNE).await;
    assert_eq!(exported(&world.registry).await, text, "and back");
}

#[tokio::test]
async fn a_quota_that_makes_no_sense_is_a_mistake_at_its_place() {
    let (world, other) = (full().await, empty().await);
    let text = exported(&world.registry).await;
    for (wrong, expected) in [
        ("per_hour = 91\nper_day = 90\n", "limits: expected no more tokens in a shorter window than in a longer one"),
        ("headers = true\n", "limits: expected at least one of tokens per minute, hour and day"),
    ] {
        let text = text.replacen("per_day = 90\n", wrong, 1);
        let line = text.lines().position(|line| line == "[client.quota]").unwrap() + 1;
        for registry in [&world.registry, &other] {
            let found = refused(registry, &text).await;
            assert!(found.len() == 1 && found[0].starts_with(&format!("f.toml:{line}:1: {expected}")), "{found:?}");
        }
    }
}

#[tokio::test]
async fn more_quotas_than_there_may_be_are_a_mistake_and_nothing_is_changed() {
    let (world, other) = (full().await, empty().await);
    let text = exported(&world.registry).await;
    let tenant = other.create_tenant("Full").await.unwrap().id;
    let limits = QuotaLimits { per_day: Some(1), ..QuotaLimits::default() };
    let quota = |number: usize| Quota {
        environment: sandbox(),
        subject: QuotaSubject::Client(format!("client-{number}").parse().unwrap()),
        tenant_id: tenant,
        limits,
        mode: QuotaMode::Enforce,
        headers: false,
        changed_at: timestamp(0),
        version: 1,
    };
    let draft = Draft {
        tenant: None,
        action: "quota.set",
        subject: Subject::Store,
        before: None,
        after: None,
        writes: (0..QUOTAS_MAX - 2).map(|number| Write::InsertQuota(quota(number))).collect(),
    };
    other.store.commit(&other.audited_change(draft)).await.unwrap();
    let rows = audit(&other).await;
    let found = refused(&other, &text).await;
    assert!(found.len() == 1 && found[0].contains("there are 10000 quotas, which is the most"), "{found:?}");
    assert_eq!(audit(&other).await, rows);
    other.remove_quota(&sandbox(), &quota(0).subject, None).await.unwrap();
    apply(&other, &text, WITH_SECRETS).await;
    assert_eq!(other.store.quotas().await.unwrap().len(), QUOTAS_MAX);
}

#[tokio::test]
async fn a_key_that_has_to_be_made_first_is_among_the_changes() {
    let (world, other) = (full().await, empty().await);
    let text = exported(&world.registry).await.replacen("name = \"API\"\n", "name = \"API\"\nalgorithm = \"EdDSA\"\n", 1);
    assert!(text.contains("EdDSA"), "{text}");
    let planned = plan(&other, &text, PRUNE).await;
    assert_eq!(planned.algorithms, [Algorithm::EdDsa]);
    assert_eq!(changed(&planned)[0], (PlannedAction::Create, "signing_key", "EdDSA"));
    assert_eq!(planned.changes[0].differences.len(), 2, "the diff says what becomes of it");
    other.apply_configuration(planned).await.unwrap();
    // Nobody has made it yet, so it is still to be made: nothing else is.
    assert_eq!(changed(&plan(&other, &text, PRUNE).await), [(PlannedAction::Create, "signing_key", "EdDSA")]);
}

#[tokio::test]
async fn a_secret_is_made_when_that_is_asked_for_and_otherwise_asked_for() {
    let (world, other) = (full().await, empty().await);
    let text = exported(&world.registry).await;
    let without = plan(&other, &text, PlanOptions::default()).await;
    let id = file(&text).configuration.clients[0].id.clone();
    let expected = [
        format!("the client {id} (Exporter) has no secret here: mintmark secret add {id} --environment sandbox"),
        format!(
            "the client {id} (Exporter) has no shared key here: mintmark credential add-shared-key {id} --environment sandbox"
        ),
    ];
    assert_eq!((without.notes.as_slice(), without.secrets.len()), (&expected[..], 0));
    other.apply_configuration(without).await.unwrap();
    let held = other.store.client_record(&sandbox(), &id).await.unwrap().value.unwrap().credentials;
    assert!(held.iter().all(|one| one.proof.secret().is_none()) && held.len() == 5, "{held:?}");

    let with = plan(&other, &text, WITH_SECRETS).await;
    assert_eq!((with.secrets.len(), with.notes.len()), (3, 0));
    let made: Vec<_> = with.secrets.iter().map(|one| (one.credential_id, one.secret.text().expose().to_owned())).collect();
    other.apply_configuration(with).await.unwrap();
    let held = other.store.client_record(&sandbox(), &id).await.unwrap().value.unwrap().credentials;
    for (id, secret) in made {
        assert!(secret.starts_with("mms_sandbox_"));
        assert!(held.iter().any(|one| one.id == id), "it has the id of the file");
    }
    assert_eq!(exported(&other).await, text);
}

#[tokio::test]
async fn s1_administrative_scopes_are_refused_wherever_they_stand() {
    let world = full().await;
    let text = exported(&world.registry).await;
    let catalogue =
        text.replacen("    { name = \"read\" },\n", "    { name = \"read\" },\n    { name = \"mintmark:admin\" },\n", 1);
    assert_ne!(catalogue, text);
    let entitled = text.replacen("issuer = [\"read\", \"write\"]", "issuer = [\"read\", \"mintmark:admin\"]", 1);
    assert_ne!(entitled, text);
    let granted = text.replacen("issuer = [\"business:read\"", "issuer = [\"mintmark:admin\", \"business:read\"", 1);
    assert_ne!(granted, text);
    for (registry, what) in [(&world.registry, "the instance itself"), (&empty().await, "an empty one")] {
        for text in [&catalogue, &entitled, &granted] {
            let found = refused(registry, text).await;
            let expected = "the scope mintmark:admin is Mintmark's own and cannot be given to clients";
            assert!(found.iter().any(|one| one.contains(expected)), "{what}: {found:?}");
        }
    }
}

#[tokio::test]
async fn s2_an_attribute_that_is_a_reserved_claim_is_refused() {
    let world = full().await;
    let text = exported(&world.registry).await.replacen("region = \"eu\"", "tenant_id = \"eu\"", 1);
    let found = refused(&world.registry, &text).await;
    assert!(
        found.len() == 1 && found[0].contains("the attribute tenant_id has the name of one of Mintmark's own"),
        "{found:?}"
    );
}

#[tokio::test]
async fn what_the_file_does_not_name_stays_unless_it_is_pruned() {
    let world = full().await;
    let text = exported(&world.registry).await;
    let extra = world.client(|new| new.name = "Extra".to_owned()).await;
    let whose = file(&text).configuration.clients[0].id.clone();
    let secret = world.registry.add_secret(&sandbox(), &whose, None).await.unwrap().credential.id;
    let more = NewBusiness { environment: sandbox(), tenant_id: world.acme, name: "More".to_owned(), external_id: None };
    let business = world.registry.create_business(more).await.unwrap().id;
    let without_ledger = text.replace(&section(&text, "[[resource]]\nuri = \"https://ledger.example\""), "");
    let without_ledger = without_ledger.replace("\"https://ledger.example\" = [\"ledger:read\", \"ledger:create\"]\n", "");

    assert_eq!(changed(&plan(&world.registry, &text, PlanOptions::default()).await), []);
    let pruned = plan(&world.registry, &without_ledger, PRUNE).await;
    let (client, prune) = (whose.to_string(), PlannedAction::Prune);
    let expected = [
        (PlannedAction::Change, "client", client.clone()),
        (prune, "credential", secret.to_string()),
        (prune, "client", extra.client.id.to_string()),
        (prune, "business", business.to_string()),
        (prune, "resource", LEDGER.to_owned()),
    ];
    let expected: Vec<_> = expected.iter().map(|(action, kind, id)| (*action, *kind, id.as_str())).collect();
    assert_eq!(changed(&pruned), expected);
    world.registry.apply_configuration(pruned).await.unwrap();
    assert_eq!(world.stored(&extra.client.id).await.client.status, Status::Disabled);
    let held = world.stored(&whose).await.credentials;
    assert_eq!(held.iter().find(|one| one.id == secret).unwrap().status, Status::Disabled);
    assert_eq!(changed(&plan(&world.registry, &without_ledger, PRUNE).await), [], "pruned once, it is pruned");
}

/// A table of the file with what is below it, up to the next empty line.
fn section(text: &str, head: &str) -> String {
    let from = text.find(head).unwrap();
    let end = text[from..].find("\n\n").map_or(text.len(), |end| from + end + 2);
    text[from..end].to_owned()
}

#[tokio::test]
async fn a_client_that_is_turned_off_by_a_file_loses_its_tokens() {
    let world = full().await;
    let text = exported(&world.registry).await;
    let name = "name = \"Exporter\"\n";
    let off = text.replacen(name, &format!("{name}status = \"disabled\"\n"), 1);
    let before = world.store.revocations(crate::model::Position(0), 100).await.unwrap().revocations.len();
    apply(&world.registry, &off, PlanOptions::default()).await;
    assert_eq!(world.store.revocations(crate::model::Position(0), 100).await.unwrap().revocations.len(), before + 1);
    assert_eq!(exported(&world.registry).await, off);
}

#[tokio::test]
async fn a_file_is_all_of_an_object_that_it_names() {
    let world = full().await;
    let text = exported(&world.registry).await;
    let shorter = text
        .replace("\n[tenant.attributes]\nregion = \"eu\"\n", "")
        .replace("\n[client.attributes]\nfirstVisionId = \"FV1\"\n", "")
        .replace("\"firstvision\"", "\"standard-metrics\"")
        .replace("\"standard-metrics\", \"standard-metrics\"", "\"standard-metrics\"");
    apply(&world.registry, &shorter, PlanOptions::default()).await;
    assert_eq!(exported(&world.registry).await, shorter);
    let tenant = world.store.tenant(world.globex).await.unwrap().unwrap();
    assert!(tenant.attributes.is_empty());
}

#[tokio::test]
async fn objects_never_move_to_another_tenant() {
    let world = full().await;
    let text = exported(&world.registry).await;
    let (acme, globex) = (world.acme.to_string(), world.globex.to_string());
    let swapped = text.replace(&format!("tenant = \"{acme}\""), "tenant = \"X\"");
    let swapped = swapped.replace(&format!("tenant = \"{globex}\""), &format!("tenant = \"{acme}\""));
    let swapped = swapped.replace("tenant = \"X\"", &format!("tenant = \"{globex}\""));
    let found = refused(&world.registry, &swapped).await;
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found.iter().all(|one| one.contains("it belongs to another tenant here, and never moves")), "{found:?}");
}

#[tokio::test]
async fn what_is_there_twice_or_refers_to_nothing_is_told_with_its_place() {
    let (world, other) = (full().await, empty().await);
    let text = exported(&world.registry).await;
    let twice = format!("{text}\n{}", section(&text, "[[tenant]]"));
    let line = text.lines().count() + 3;
    let found = refused(&world.registry, &twice).await;
    assert!(
        found[0].starts_with(&format!("f.toml:{line}:6: ten_")) && found[0].contains("is there twice, first in line"),
        "{found:?}"
    );
    let shop = world.shop.to_string();
    let nowhere = text.replacen(&section(&text, &format!("[[business]]\nid = \"{shop}\"")), "", 1);
    let found = refused(&other, &nowhere).await;
    assert!(found[0].contains(&format!("there is no business {shop} of the tenant")), "{found:?}");
    let unknown = text.replacen("\"firstvision\"", "\"secondvision\"", 1);
    let found = refused(&other, &unknown).await;
    assert!(found[0].contains("there is no dialect \"secondvision\"; there are: "), "{found:?}");
    let nobody = text.replacen("name = \"sandbox\"", "name = \"staging\"", 1);
    let found = refused(&other, &nobody).await;
    assert!(found[0].starts_with("f.toml:5:8: there is no environment \"staging\"; there are: sandbox"), "{found:?}");
}

#[tokio::test]
async fn a_credential_of_another_client_is_not_taken_over() {
    let world = full().await;
    let other = world.client(|new| new.name = "Other".to_owned()).await;
    let text = exported(&world.registry).await;
    let mine = other.credential.id.to_string();
    let first = file(&text).configuration.clients.into_iter().find(|one| one.id != other.client.id).unwrap();
    let stolen = text.replacen(&first.credentials[0].id.to_string(), &mine, 1);
    let found = refused(&world.registry, &stolen).await;
    assert!(found.iter().any(|one| one.contains("is there twice: as a credential of")), "{found:?}");
}

#[tokio::test]
async fn what_is_over_never_comes_back_and_what_it_proves_never_changes() {
    let world = full().await;
    let text = exported(&world.registry).await;
    let client = file(&text).configuration.clients.remove(0);
    let key = client.credentials.iter().find(|one| one.proof.kind() == crate::model::ProofKind::KeySet).unwrap().id;
    let other = text.replacen("https://client.example/jwks", "https://client.example/more", 1);
    let found = refused(&world.registry, &other).await;
    assert!(found[0].contains("what a credential proves its client with never changes"), "{found:?}");
    world.registry.disable_secret(&sandbox(), &client.id, key).await.unwrap();
    let plan = plan(&world.registry, &text, PRUNE).await;
    assert_eq!(changed(&plan), []);
    assert!(plan.notes[0].contains("is over here and never comes back"), "{:?}", plan.notes);
    world.clock.advance(2000);
    let expired = self::plan(&empty_at(2000).await, &text, WITH_SECRETS).await;
    assert_eq!(
        expired.notes.iter().filter(|one| one.contains("has expired and is not made")).count(),
        5,
        "{:?}",
        expired.notes
    );
}

async fn empty_at(seconds: u32) -> Registry<MemoryStore> {
    let mut registry = empty().await;
    let clock = FakeClock::at(NOW);
    clock.advance(seconds);
    registry.clock = Arc::new(clock);
    registry
}

#[tokio::test]
async fn limits_and_ends_of_credentials_follow_the_file() {
    let world = full().await;
    let text = exported(&world.registry).await;
    let client = file(&text).configuration.clients.remove(0);
    let narrowed = text.replacen("networks = [\"10.0.0.0/8\"]", "networks = [\"10.1.0.0/16\", \"192.0.2.0/24\"]", 1);
    let narrowed = narrowed.replacen("expires_at = \"2027-01-15T08:16:40Z\"", "expires_at = \"2027-01-15T09:00:00Z\"", 1);
    let plan = plan(&world.registry, &narrowed, PlanOptions::default()).await;
    assert!(plan.changes.iter().all(|change| change.kind == "credential"), "{:?}", changed(&plan));
    world.registry.apply_configuration(plan).await.unwrap();
    assert_eq!(exported(&world.registry).await, narrowed);
    assert!(audit(&world.registry).await.contains(&"credential.edit".to_owned()));
    assert!(world.stored(&client.id).await.credentials.len() >= 7);
    let ended = narrowed.replacen("expires_at = \"2027-01-15T09:00:00Z\"", "expires_at = \"2020-01-01T00:00:00Z\"", 1);
    apply(&world.registry, &ended, PlanOptions::default()).await;
    let over: Vec<_> =
        world.stored(&client.id).await.credentials.into_iter().filter(|one| one.status == Status::Disabled).collect();
    assert_eq!(over.len(), 1, "one that ends at once is turned off (rule S11)");
}

#[tokio::test]
async fn a_plan_that_somebody_overtook_changes_nothing() {
    let world = full().await;
    let text = exported(&world.registry).await.replacen("name = \"Exporter\"", "name = \"Importer\"", 1);
    let plan = plan(&world.registry, &text, PlanOptions::default()).await;
    let id = ClientId::clone(&file(&text).configuration.clients[0].id);
    let edit = ClientEdit { lifetime_max: Some(60), ..ClientEdit::default() };
    world.registry.edit_client(&sandbox(), &id, &edit).await.unwrap();
    let failure = world.registry.apply_configuration(plan).await.unwrap_err();
    assert!(matches!(failure, ApplyFailure { made: 0, of: 1, error: RegistryError::Conflict }), "{failure:?}");
    assert_eq!(world.stored(&id).await.client.name, "Exporter");
}

#[tokio::test]
async fn scopes_that_give_nothing_are_not_written_and_come_back_only_by_the_file() {
    let world = full().await;
    let remove = ResourceEdit { remove_scopes: vec!["write".parse().unwrap()], ..ResourceEdit::default() };
    let own = crate::fixture::ISSUER.parse().unwrap();
    world.registry.edit_resource(&sandbox(), &own, &remove).await.unwrap();
    let text = exported(&world.registry).await;
    assert!(!text.contains("\"write\""), "{text}");
    // The resource understands it again, and the client must not have it by that.
    let wider = text.replacen("    { name = \"read\" },\n", "    { name = \"read\" },\n    { name = \"write\" },\n", 1);
    apply(&world.registry, &wider, PlanOptions::default()).await;
    assert_eq!(exported(&world.registry).await, wider);
}

#[tokio::test]
async fn many_changes_take_several_transactions_and_go_on_where_they_broke_off() {
    let other = empty().await;
    let mut text = exported(&other).await;
    let random = SeededRandom::new(4);
    for number in 0..CHANGES_AT_ONCE + 10 {
        let id = crate::model::TenantId::generate(&random);
        write!(text, "\n[[tenant]]\nid = \"{id}\"\nname = \"T{number}\"\n").unwrap();
    }
    let half = plan(&other, &text, PlanOptions::default()).await;
    other.store.fail_call(1);
    let failure = other.apply_configuration(half).await.unwrap_err();
    assert_eq!((failure.made, failure.of), (CHANGES_AT_ONCE, CHANGES_AT_ONCE + 10));
    assert!(failure.to_string().contains("500 of 510 changes were made, then: "), "{failure}");
    assert_eq!(plan(&other, &text, PlanOptions::default()).await.changes.len(), 10);
    assert_eq!(apply(&other, &text, PlanOptions::default()).await, 1);
}

#[tokio::test]
async fn what_belongs_to_one_object_is_made_in_one_transaction() {
    let other = empty().await;
    let mut text = exported(&other).await;
    let random = SeededRandom::new(4);
    let mut tenant = |quota: &str| {
        let id = crate::model::TenantId::generate(&random);
        write!(text, "\n[[tenant]]\nid = \"{id}\"\nname = \"{id}\"\n{quota}").unwrap();
    };
    tenant("");
    (0..CHANGES_AT_ONCE / 2).for_each(|_| tenant("[tenant.quota]\nper_day = 1\n"));
    let half = plan(&other, &text, PlanOptions::default()).await;
    other.store.fail_call(1);
    let failure = other.apply_configuration(half).await.unwrap_err();
    assert_eq!((failure.made, failure.of), (CHANGES_AT_ONCE - 1, CHANGES_AT_ONCE + 1), "no tenant without its quota");
    assert_eq!(apply(&other, &text, PlanOptions::default()).await, 1);
}

#[tokio::test]
async fn the_longest_life_of_an_environment_follows_the_file_and_its_algorithm_does_not() {
    let world = full().await;
    let text = exported(&world.registry).await;
    let shorter = text.replacen("lifetime_max = 86400", "lifetime_max = 900", 1);
    apply(&world.registry, &shorter, PlanOptions::default()).await;
    assert_eq!(exported(&world.registry).await, shorter);
    let other = text.replacen("algorithm = \"ES256\"", "algorithm = \"EdDSA\"", 1);
    let found = refused(&world.registry, &other).await;
    assert!(found[0].contains("the algorithm of an environment is decided when it is made: ES256 here"), "{found:?}");
}

#[tokio::test]
async fn a_dialect_of_a_file_must_be_the_same_one() {
    let world = full().await;
    let text = exported(&world.registry).await;
    let head = "\n[[resource]]";
    let with = |sha256: &str| {
        text.replacen(head, &format!("\n[[dialect]]\nname = \"acme\"\nfile = \"acme.toml\"\nsha256 = \"{sha256}\"\n{head}"), 1)
    };
    let found = refused(&world.registry, &with("aa")).await;
    assert!(found[0].contains("there is no dialect acme here; copy acme.toml"), "{found:?}");
    let here = crate::configuration::DialectPart {
        name: "acme".parse().unwrap(),
        file: "acme.toml".to_owned(),
        sha256: Some("bb".to_owned()),
    };
    let registry = &world.registry;
    let found =
        registry.configuration_plan(&file(&with("aa")), std::slice::from_ref(&here), PlanOptions::default()).await.unwrap();
    assert!(found.unwrap_err()[0].message.contains("is another one here, of the SHA-256 bb"));
    let found = registry.configuration_plan(&file(&with("bb")), &[here], PlanOptions::default()).await.unwrap();
    assert_eq!(changed(&found.unwrap()), []);
}
