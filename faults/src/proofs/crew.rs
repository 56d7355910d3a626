//! Threads that send the same at the same moment, each over connections of its own.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use mintmark_bench::failure::Done;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::gone;
use super::holder::Message;
use super::verdict::Outcome;
use crate::ask::{Origin, Server};

const PATIENCE: Duration = Duration::from_secs(10);

/// The threads. They end with this.
pub(super) struct Crew {
    orders: Vec<Sender<Arc<[Message]>>>,
    outcomes: UnboundedReceiver<Vec<Outcome>>,
}

struct Member {
    server: Arc<Server>,
    orders: Receiver<Arc<[Message]>>,
    outcomes: UnboundedSender<Vec<Outcome>>,
    start: Arc<Barrier>,
}

impl Crew {
    /// So many threads, which take the nodes in turn.
    pub(super) fn hire(threads: usize, nodes: &[Origin]) -> Done<Self> {
        let start = Arc::new(Barrier::new(threads.max(1)));
        let (sender, outcomes) = unbounded_channel();
        let mut orders = Vec::new();
        for origin in nodes.iter().cycle().take(threads) {
            let (order, receiver) = channel();
            let server = Arc::new(Server::new(*origin)?);
            let member = Member { server, orders: receiver, outcomes: sender.clone(), start: Arc::clone(&start) };
            thread::Builder::new().spawn(move || member.work())?;
            orders.push(order);
        }
        Ok(Self { orders, outcomes })
    }

    /// Has every thread send every message, all at once. For each message what came of it, from every thread.
    pub(super) async fn send(&mut self, messages: &Arc<[Message]>) -> Done<Vec<Vec<Outcome>>> {
        for order in &self.orders {
            order.send(Arc::clone(messages)).map_err(gone)?;
        }
        let mut by_message: Vec<Vec<Outcome>> = messages.iter().map(|_| Vec::new()).collect();
        for _ in &self.orders {
            let outcomes = self.outcomes.recv().await.ok_or_else(|| gone(()))?;
            for (all, outcome) in by_message.iter_mut().zip(outcomes) {
                all.push(outcome);
            }
        }
        Ok(by_message)
    }
}

impl Member {
    fn work(self) {
        // Whoever waits for the outcomes learns of a failure by the end of their channel.
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        while let Ok(messages) = self.orders.recv() {
            self.start.wait();
            let outcomes = runtime.block_on(send_all(&self.server, &messages));
            if self.outcomes.send(outcomes).is_err() {
                return;
            }
        }
    }
}

async fn send_all(server: &Arc<Server>, messages: &[Message]) -> Vec<Outcome> {
    let mut calls = JoinSet::new();
    for (at, message) in messages.iter().cloned().enumerate() {
        let server = Arc::clone(server);
        calls.spawn(async move { (at, send(&server, message).await) });
    }
    let mut outcomes = calls.join_all().await;
    outcomes.sort_unstable_by_key(|(at, _)| *at);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

/// Sends a message once.
pub(super) async fn send(server: &Server, message: Message) -> Outcome {
    match tokio::time::timeout(PATIENCE, server.post(message.headers, message.body)).await {
        Err(_) | Ok(Err(_)) => Outcome::Lost,
        Ok(Ok(answer)) => Outcome::of(&answer),
    }
}
