//! What every store promises, run on each of them, and what is particular to one.
//!
//! A case is generic over the store; [`on_every_store`] makes its tests. Each test has a store of its own, so that they run in
//! any order and at the same time.

mod audit;
mod bulk;
mod changes;
mod feed;
mod isolation;
mod listings;
mod managing;
mod memory;
mod notices;
mod nouns;
mod opening;
mod people;
mod postgres;
mod quotas;
mod revocations;
mod rotation;
mod secret_rotation;
mod sql_file;
mod together;
mod transfer;
mod upkeep;
mod usage;
mod uses;
mod webhooks;
mod world;

/// Makes a test of each case for each kind of store.
macro_rules! on_every_store {
    ($($case:ident),+ $(,)?) => {
        mod in_memory {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$case($crate::store::world::World::in_memory()).await;
                }
            )+
        }

        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let folder = tempfile::tempdir().unwrap();
                    let world = $crate::store::world::World::on_sqlite(&folder).await;
                    let store = std::sync::Arc::clone(&world.store);
                    super::$case(world).await;
                    store.close().await;
                }
            )+
        }

        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let Some(database) = $crate::fixture::PostgresDatabase::make().await else { return };
                    let world = $crate::store::world::World::on_postgres(&database).await;
                    let store = std::sync::Arc::clone(&world.store);
                    super::$case(world).await;
                    store.close().await;
                    database.remove().await;
                }
            )+
        }
    };
}
use on_every_store;
