//! One client that asks again and again: what a node says, moment by moment.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use mintmark_bench::clock;
use mintmark_bench::failure::{Done, fail};
use serde_json::json;
use tokio::time::MissedTickBehavior;

use crate::Figures;
use crate::ask::{Origin, Server};
use crate::crowd;
use crate::lines::{Lines, one_line};
use crate::stop::Stop;

#[derive(Args, Debug)]
pub(crate) struct WatchArgs {
    /// The server.
    #[arg(long)]
    url: Origin,
    /// The clients that `seed` made.
    #[arg(long, value_name = "FILE")]
    clients: PathBuf,
    /// Which of them asks.
    #[arg(long, default_value_t = 0)]
    number: usize,
    /// The time between two requests, in milliseconds.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 500)]
    every: u64,
    /// How long an answer may take, in milliseconds.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 2000)]
    patience: u64,
    /// Where to write a line for each request: when it was sent and answered, in milliseconds since 1970, and the answer.
    #[arg(long, value_name = "FILE")]
    report: PathBuf,
}

/// Until this program is told to end.
pub(crate) async fn run(args: &WatchArgs) -> Done<Figures> {
    let mut stop = Stop::listen()?;
    let Some(caller) = crowd::read(&args.clients)?.into_iter().nth(args.number) else {
        return fail!("--number {}: there are not so many clients", args.number);
    };
    let (server, lines) = (Arc::new(Server::new(args.url)?), Arc::new(Lines::create(&args.report)?));
    let caller = Arc::new(caller);
    let mut ticks = tokio::time::interval(Duration::from_millis(args.every.max(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut count = 0_u64;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.asked() => return Ok(Figures::new(json!({ "requests": count }))),
        }
        count += 1;
        let (server, caller, lines) = (Arc::clone(&server), Arc::clone(&caller), Arc::clone(&lines));
        let patience = Duration::from_millis(args.patience);
        // One that gets no answer keeps no other waiting.
        tokio::spawn(async move {
            let sent = clock::unix_milliseconds();
            let answer = server.ask(&caller, patience).await;
            if let Err(failure) = lines.add(&format!("{sent} {} {}", clock::unix_milliseconds(), one_line(&answer.to_string())))
            {
                eprintln!("mintmark-faults: {failure}");
            }
        });
    }
}
