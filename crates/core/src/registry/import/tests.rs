use super::*;
use crate::fixture::{ISSUER, LEDGER, World, grant, sandbox};
use crate::registry::EntitlementEdit;

fn place(world: &World) -> ImportPlace {
    let dialects = vec!["standard".parse().unwrap()];
    ImportPlace { environment: sandbox(), tenant_id: world.acme, from: "csv", resource: None, dialects }
}

fn secret(text: &str) -> CredentialToImport {
    CredentialToImport { proof: ProofToImport::Secret(SecretText::new(text.to_owned())), expires_at: None }
}

fn client(id: &str, scopes: &str) -> ClientToImport {
    ClientToImport {
        id: id.parse().unwrap(),
        name: Some("Old".to_owned()),
        status: Status::Active,
        scopes: scopes.split_whitespace().map(|scope| scope.parse().unwrap()).collect(),
        lifetime_max: Some(600),
        credentials: vec![secret("s3cret")],
    }
}

async fn run(world: &World, clients: Vec<ClientToImport>) -> Vec<ImportedClient> {
    world.registry.import(place(world)).await.unwrap().run(clients, false).await.unwrap()
}

fn verdicts(answers: &[ImportedClient]) -> Vec<&ImportVerdict> {
    answers.iter().map(|answer| &answer.verdict).collect()
}

#[tokio::test]
async fn a_client_keeps_its_name_and_what_it_may_do_and_each_has_an_audit_row() {
    let world = World::new().await;
    let answers = run(&world, vec![client("one", "read write read"), client("two: 2", "")]).await;
    assert_eq!(verdicts(&answers), [&ImportVerdict::Made, &ImportVerdict::Made]);
    let stored = world.stored(&"one".parse().unwrap()).await;
    assert_eq!((stored.client.name.as_str(), stored.client.lifetime_max), ("Old", Some(600)));
    assert_eq!(stored.client.grants[0].scopes, ["read".parse().unwrap(), "write".parse().unwrap()]);
    let imported = stored.credentials[0].imported.clone().unwrap();
    assert_eq!((imported.from.as_str(), imported.scheme.as_str()), ("csv", "clear"));
    assert_eq!(answers[1].left_out[0].what, "client_id", "a colon is told");
    let audit = world.store.audit(&crate::store::AuditFilter::default(), None, 2).await.unwrap();
    assert!(audit.iter().all(|record| record.action == "client.import" && record.tenant == Some(world.acme)));
    assert!(!format!("{audit:?}").contains("s3cret"));
}

#[tokio::test]
async fn a_second_run_changes_nothing_and_a_dry_one_never_does() {
    let world = World::new().await;
    let both = || vec![client("one", "read"), client("two", "write")];
    let import = world.registry.import(place(&world)).await.unwrap();
    let planned = import.run(both(), true).await.unwrap();
    assert_eq!(verdicts(&planned), [&ImportVerdict::Made, &ImportVerdict::Made]);
    assert!(world.store.clients_among(&sandbox(), &["one".parse().unwrap()]).await.unwrap().is_empty());

    run(&world, both()).await;
    let position = world.store.feed(crate::model::Position(0), 1).await.unwrap().head;
    assert_eq!(verdicts(&run(&world, both()).await), [&ImportVerdict::Unchanged, &ImportVerdict::Unchanged]);
    let changed = ClientToImport { credentials: vec![secret("other")], ..client("one", "read") };
    assert!(matches!(run(&world, vec![changed]).await[0].verdict, ImportVerdict::Differs(_)));
    assert_eq!(world.store.feed(crate::model::Position(0), 1).await.unwrap().head, position);
}

#[tokio::test]
async fn a_client_that_somebody_else_has_is_never_touched() {
    let world = World::new().await;
    let own = world.client(|new| new.id = Some("own".parse().unwrap())).await;
    world.client(|new| (new.id, new.tenant_id) = (Some("theirs".parse().unwrap()), world.globex)).await;
    let answers = run(&world, vec![client("own", "read"), client("theirs", "read"), client("new", "read")]).await;
    let [ImportVerdict::Refused(first), ImportVerdict::Refused(second), ImportVerdict::Made] = verdicts(&answers)[..] else {
        panic!("{answers:?}")
    };
    assert!(first.contains("was not imported from csv") && second.contains("another tenant"), "{first} {second}");
    assert_eq!(world.stored(&own.client.id).await.client, own.client);
}

#[tokio::test]
async fn scopes_that_cannot_be_given_are_left_out_and_mintmarks_own_never_come_in_s1() {
    let world = World::new().await;
    let edit = EntitlementEdit { grants: Some(vec![grant(None, "read edit")]), ..EntitlementEdit::default() };
    world.registry.edit_entitlement(&sandbox(), world.acme, &edit).await.unwrap();
    let answers = run(&world, vec![client("one", "mintmark:admin unknown write read")]).await;
    let why: Vec<(&str, &str)> = answers[0].left_out.iter().map(|left| (left.what.as_str(), left.why.as_str())).collect();
    assert!(why[0].0 == "scope mintmark:admin" && why[0].1.contains("Mintmark's own"), "{why:?}");
    assert!(why[1].0 == "scope unknown" && why[1].1.contains(ISSUER), "{why:?}");
    assert!(why[2].0 == "scope write" && why[2].1.contains("not entitled"), "{why:?}");
    let stored = world.stored(&"one".parse().unwrap()).await;
    assert_eq!(stored.client.grants[0].scopes, ["read".parse().unwrap()]);
}

#[tokio::test]
async fn bad_clients_are_refused_whole_and_the_others_made() {
    let world = World::new().await;
    let with = |id: &str, credentials| ClientToImport { credentials, ..client(id, "read") };
    let past = || CredentialToImport { expires_at: Some(Timestamp(1)), ..secret("s3cret") };
    let milliseconds = CredentialToImport { expires_at: Some(Timestamp(1_893_499_200_000)), ..secret("s3cret") };
    let bad = vec![
        with("none", vec![]),
        with("empty", vec![secret("")]),
        with("long", vec![secret(&"x".repeat(257))]),
        with("mistyped", vec![secret("mms_sandbox_abc")]),
        with("past", vec![past(), past()]),
        with("milliseconds", vec![secret("good"), milliseconds]),
        with("many", (0..6).map(|number| secret(&format!("s{number}"))).collect()),
        client("good", "read"),
    ];
    let answers = run(&world, bad).await;
    let refused = answers.iter().filter(|answer| matches!(answer.verdict, ImportVerdict::Refused(_))).count();
    assert_eq!((refused, &answers[7].verdict), (7, &ImportVerdict::Made));
    assert!(matches!(&answers[4].verdict, ImportVerdict::Refused(why) if why.contains("all of its secrets have expired")));
    assert!(matches!(&answers[5].verdict, ImportVerdict::Refused(why) if why.contains("are these milliseconds?")));
    let ids: Vec<ClientId> = ["past", "milliseconds", "many", "good"].iter().map(|id| id.parse().unwrap()).collect();
    assert_eq!(world.store.clients_among(&sandbox(), &ids).await.unwrap(), ["good".parse().unwrap()]);
}

#[tokio::test]
async fn a_secret_that_has_expired_is_left_out_and_the_client_comes_with_the_others() {
    let world = World::new().await;
    let past = || CredentialToImport { expires_at: Some(Timestamp(1)), ..secret("old") };
    let both = || ClientToImport { credentials: vec![past(), secret("new")], ..client("one", "read") };
    let answers = run(&world, vec![both()]).await;
    assert_eq!(answers[0].verdict, ImportVerdict::Made);
    assert_eq!(answers[0].left_out, [LeftOut { what: "a secret".to_owned(), why: "it has expired".to_owned() }]);
    assert_eq!(world.stored(&"one".parse().unwrap()).await.credentials.len(), 1);
    assert_eq!(run(&world, vec![both()]).await[0].verdict, ImportVerdict::Unchanged, "a second run finds it so");
}

#[tokio::test]
async fn what_was_narrowed_there_since_is_told_and_never_called_unchanged() {
    let world = World::new().await;
    let expiring = |end| CredentialToImport { expires_at: Some(crate::fixture::timestamp(end)), ..secret("s3cret") };
    let original = || ClientToImport { credentials: vec![expiring(1000), secret("second")], ..client("one", "read write") };
    run(&world, vec![original()]).await;
    let before = world.stored(&"one".parse().unwrap()).await;
    let cases = [
        (ClientToImport { status: Status::Disabled, ..original() }, "it is turned off there, and active here"),
        (
            ClientToImport { scopes: vec!["read".parse().unwrap()], ..original() },
            "scopes that it has here and not there: write",
        ),
        (
            ClientToImport { scopes: ["read", "write", "edit"].map(|scope| scope.parse().unwrap()).into(), ..original() },
            "scopes that it has there and not here: edit",
        ),
        (ClientToImport { lifetime_max: Some(60), ..original() }, "the life of its tokens is 60 s there and 600 s here"),
        (
            ClientToImport { credentials: vec![expiring(1000)], ..original() },
            "what was imported and proves it here is not there any more",
        ),
        (ClientToImport { credentials: vec![expiring(10), secret("second")], ..original() }, "a secret expires earlier there"),
    ];
    for (narrowed, expected) in cases {
        let answers = run(&world, vec![narrowed]).await;
        assert_eq!(answers[0].verdict, ImportVerdict::Differs(format!("{expected}; nothing was done")));
    }
    let unknown = ClientToImport {
        scopes: ["read", "write", "mintmark:admin", "unknown"].map(|scope| scope.parse().unwrap()).into(),
        ..original()
    };
    assert_eq!(
        run(&world, vec![unknown]).await[0].verdict,
        ImportVerdict::Unchanged,
        "what cannot be carried over is no difference"
    );
    let after = world.stored(&"one".parse().unwrap()).await;
    assert_eq!((after.client, after.credentials), (before.client, before.credentials));
}

#[tokio::test]
async fn what_cannot_be_begun_is_told_at_once() {
    let world = World::new().await;
    let nowhere = ImportPlace { resource: Some("https://nowhere.example".parse().unwrap()), ..place(&world) };
    assert!(matches!(world.registry.import(nowhere).await, Err(RegistryError::NotFound(_))));
    let ledger = ImportPlace { resource: Some(LEDGER.parse().unwrap()), ..place(&world) };
    let import = world.registry.import(ledger).await.unwrap();
    assert_eq!(import.run(vec![client("one", "ledger:read")], false).await.unwrap()[0].left_out, []);
    let other = ImportPlace { dialects: vec!["nonsense".parse().unwrap()], ..place(&world) };
    let told = world.registry.import(other).await.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(told.contains("there is no dialect \"nonsense\"; there are: standard"), "{told}");
}

#[tokio::test]
async fn a_life_longer_than_any_tokens_is_left_out() {
    let world = World::new().await;
    let long = ClientToImport { lifetime_max: Some(10_000_000), ..client("one", "read") };
    let answers = run(&world, vec![long]).await;
    assert_eq!(answers[0].left_out[0].what, "lifetime 10000000");
    assert_eq!(world.stored(&"one".parse().unwrap()).await.client.lifetime_max, None);
}
