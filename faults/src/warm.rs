//! Every client at every node once.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use mintmark_bench::failure::{Done, Failure, fail};
use serde_json::json;
use tokio::task::JoinSet;

use crate::Figures;
use crate::ask::{Answer, Origin, Server};
use crate::crowd;

/// How many ask at once at each node.
const AT_ONCE: usize = 8;
const TRIES: u32 = 5;
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Args, Debug)]
pub(crate) struct WarmArgs {
    /// A node; may be repeated.
    #[arg(long, value_name = "URL", required = true)]
    node: Vec<Origin>,
    /// The clients that `seed` made.
    #[arg(long, value_name = "FILE")]
    clients: PathBuf,
}

pub(crate) async fn run(args: &WarmArgs) -> Done<Figures> {
    let callers: Arc<[_]> = crowd::read(&args.clients)?.into();
    let mut tasks = JoinSet::new();
    for origin in &args.node {
        let server = Arc::new(Server::new(*origin)?);
        for first in 0..AT_ONCE {
            let (server, callers) = (Arc::clone(&server), Arc::clone(&callers));
            tasks.spawn(async move {
                for caller in callers.iter().skip(first).step_by(AT_ONCE) {
                    let mut answer = server.ask(caller, PATIENCE).await;
                    for _ in 1..TRIES {
                        if answer == Answer::Token {
                            break;
                        }
                        tokio::time::sleep(Duration::from_millis(500)).await;
                        answer = server.ask(caller, PATIENCE).await;
                    }
                    if answer != Answer::Token {
                        return fail!("{}: expected a token, found {answer}", caller.id);
                    }
                }
                Ok(())
            });
        }
    }
    while let Some(done) = tasks.join_next().await {
        done.map_err(|error| Failure(error.to_string()))??;
    }
    Ok(Figures::new(json!({ "nodes": args.node.len(), "clients": callers.len() })))
}
