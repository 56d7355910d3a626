//! Many changes in one transaction: all or none, each with its position, its audit row and its feed entry.

use mintmark_core::model::{Client, Credential, Imported, Position, Proof, StoredSecret};
use mintmark_core::store::{AuditEntry, AuditFilter, Change, CommitError, Store, Subject, Write};

use super::world::{NOW, World};

super::on_every_store! {
    many_changes_are_read_as_they_were_written_and_each_has_its_place,
    of_many_changes_all_are_made_or_none,
    names_that_are_clients_are_found_among_others,
    nothing_is_a_change_of_nothing,
}

/// How many: more than one statement takes.
const MANY: usize = 120;

fn changes<S: Store>(world: &World<S>, client: impl Fn(usize) -> Client) -> Vec<(Client, Credential, Change)> {
    (0..MANY)
        .map(|number| {
            let client = client(number);
            let scheme = "bcrypt".to_owned();
            let credential = Credential {
                // As long as a hash of another server is.
                proof: Proof::Secret(StoredSecret { scheme: 103, pepper_id: String::new(), mac: vec![b'$'; 60] }),
                imported: Some(Imported { from: "hydra".to_owned(), scheme }),
                ..world.new_credential(&client)
            };
            let subject = Subject::Client { environment: client.environment.clone(), id: client.id.clone() };
            let audit =
                AuditEntry { tenant: Some(client.tenant_id), ..AuditEntry::local(NOW, "test", "client.import", subject) };
            let writes = vec![Write::InsertClient(client.clone()), Write::InsertCredential(credential.clone())];
            (client, credential, Change { writes, audit })
        })
        .collect()
}

async fn many_changes_are_read_as_they_were_written_and_each_has_its_place<S: Store>(world: World<S>) {
    let (sandbox, tenant) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let before = world.store.feed(Position(0), 1).await.unwrap().head;
    for run in 0..2 {
        let made = changes(&world, |_| world.new_client(&sandbox, &tenant));
        let all: Vec<Change> = made.iter().map(|(.., change)| change.clone()).collect();
        let last = world.store.commit_all(&all).await.unwrap();
        let begun = before.0 + run * MANY as u64;
        assert_eq!(last, Position(begun + MANY as u64));
        let feed = world.store.feed(Position(begun), 1000).await.unwrap();
        assert_eq!((feed.head, feed.entries.len()), (last, MANY));
        assert_eq!(feed.mark, feed.entries[MANY - 1].mark, "the last one's mark is the store's");
        let audit =
            world.store.audit(&AuditFilter { tenant: Some(Some(tenant.id)), ..AuditFilter::default() }, None, 1000).await;
        let audit = audit.unwrap();
        for (at, (client, credential, _)) in made.iter().enumerate() {
            let record = world.store.client_record(&sandbox.name, &client.id).await.unwrap().value.unwrap();
            assert_eq!((&record.client, &record.credentials), (client, &vec![credential.clone()]));
            let subject = Subject::Client { environment: sandbox.name.clone(), id: client.id.clone() };
            let position = Position(begun + 1 + at as u64);
            assert_eq!((&feed.entries[at].subject, feed.entries[at].position), (&subject, position));
            let row = &audit[MANY - 1 - at];
            assert_eq!(
                (&row.subject, row.position, row.sequence),
                (&subject, position, Some(run * MANY as u64 + at as u64 + 1))
            );
        }
    }
    let renamed = world.tenant("Blue").await;
    assert_eq!(world.store.tenant(renamed.id).await.unwrap().unwrap(), renamed, "single changes go on behind them");
}

async fn of_many_changes_all_are_made_or_none<S: Store>(world: World<S>) {
    let (sandbox, tenant) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let there = world.client(&sandbox, &tenant).await;
    let head = world.store.feed(Position(0), 1).await.unwrap().head;
    let made = changes(&world, |number| {
        let new = world.new_client(&sandbox, &tenant);
        if number == MANY - 1 { Client { id: there.id.clone(), ..new } } else { new }
    });
    let all: Vec<Change> = made.iter().map(|(.., change)| change.clone()).collect();
    assert!(matches!(world.store.commit_all(&all).await, Err(CommitError::Exists)));
    let feed = world.store.feed(head, 10).await.unwrap();
    assert_eq!((feed.head, feed.entries.len()), (head, 0));
    let first = &made[0].0;
    assert!(world.store.client_record(&sandbox.name, &first.id).await.unwrap().value.is_none());
    let rest: Vec<Change> = all[..MANY - 1].to_vec();
    assert_eq!(world.store.commit_all(&rest).await.unwrap(), Position(head.0 + MANY as u64 - 1));
}

async fn names_that_are_clients_are_found_among_others<S: Store>(world: World<S>) {
    let (sandbox, production) = (world.environment("sandbox").await, world.environment("production").await);
    let tenant = world.tenant("Acme").await;
    let (one, two) = (world.client(&sandbox, &tenant).await, world.client(&sandbox, &tenant).await);
    let elsewhere = world.client(&production, &tenant).await;
    let mut asked = vec![two.id.clone(), elsewhere.id, "nobody".parse().unwrap(), one.id.clone()];
    asked.extend((0..MANY).map(|number| format!("other-{number}").parse().unwrap()));
    let mut found = world.store.clients_among(&sandbox.name, &asked).await.unwrap();
    found.sort();
    let mut expected = vec![one.id, two.id];
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(world.store.clients_among(&sandbox.name, &[]).await.unwrap(), []);
}

async fn nothing_is_a_change_of_nothing<S: Store>(world: World<S>) {
    let head = world.store.feed(Position(0), 1).await.unwrap().head;
    assert_eq!(world.store.commit_all(&[]).await.unwrap(), head);
}
