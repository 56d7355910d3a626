//! Peers in a run. Each is started for its measurement and stopped after it, since many of them never come to rest.

use std::time::Duration;

use super::bench::Bench;
use super::subjects::CONNECTIONS;
use crate::check::Expect;
use crate::cores::Cores;
use crate::effort::Meter;
use crate::failure::Done;
use crate::interrupt;
use crate::load::{self, Lane, Pace, Timing};
use crate::peers::{Peer, Peers, RunningPeer};
use crate::records::{Figure, PeerNote};

/// A peer whose first token takes longer than this gets fewer connections.
const SLOW: Duration = Duration::from_millis(100);
const SLOW_CONNECTIONS: usize = 8;
/// Longer than for others: many compile or fill caches when first asked.
const WARM_UP: Duration = Duration::from_secs(1);

/// A peer that can be had here.
pub(super) struct MeasuredPeer {
    peer: Peer,
    /// Its note's place in the records.
    note: usize,
}

impl Bench<'_> {
    pub(super) fn peer_count(&self) -> usize {
        self.peers.len()
    }

    /// Installs the peers.
    pub(super) fn find_peers(&mut self) -> Done<()> {
        if !self.options.peers {
            return Ok(());
        }
        let Some(peers) = Peers::find(&self.options.folder) else {
            eprintln!("there is no peers/peer in {}: other servers are left out", self.options.folder.display());
            return Ok(());
        };
        for peer in peers.list()? {
            interrupt::check()?;
            if !self.options.wants(&subject_of(&peer.name)) {
                continue;
            }
            eprintln!("installing {}", peer.name);
            let skipped = peers.install(&peer.name)?.err();
            if let Some(reason) = &skipped {
                eprintln!("  left out: {reason}");
            }
            let usable = skipped.is_none();
            self.records.peers.push(PeerNote {
                name: peer.name.clone(),
                server: peer.server.clone(),
                version: String::new(),
                algorithm: peer.algorithm.clone(),
                setup: peer.setup.clone(),
                first_token_ms: None,
                resident_bytes: None,
                skipped,
            });
            if usable {
                self.peers.push(MeasuredPeer { peer, note: self.records.peers.len() - 1 });
            }
        }
        Ok(())
    }

    /// Measures a peer in a closed loop.
    pub(super) fn peer(&mut self, place: usize, round: usize, _seed: u64) -> Done<()> {
        let Some(MeasuredPeer { peer, note }) = self.peers.get(place) else { return Ok(()) };
        let (subject, note) = (subject_of(&peer.name), *note);
        let Some(peers) = Peers::find(&self.options.folder) else { return Ok(()) };
        let started = peers.start(&peer.name, self.cores, &self.options.work());
        let figure = started.and_then(|running| {
            let figure = measure(&running, &subject, round, (self.options.timing, self.cores))?;
            self.describe(&running, note);
            Ok(figure)
        });
        interrupt::check()?;
        self.note(figure.unwrap_or_else(|failure| Figure::failed(&subject, round, failure.to_string())));
        Ok(())
    }

    fn describe(&mut self, running: &RunningPeer, note: usize) {
        let Some(note) = self.records.peers.get_mut(note) else { return };
        note.server.clone_from(&running.info.server);
        note.version.clone_from(&running.info.version);
        note.algorithm.clone_from(&running.info.algorithm);
        note.setup.clone_from(&running.info.setup);
        note.first_token_ms = Some(running.first_token.as_secs_f64() * 1000.0);
        note.resident_bytes = running.process.resident_in_all().ok();
    }
}

/// A peer's name among the figures.
pub(crate) fn subject_of(peer: &str) -> String {
    format!("peer-{peer}")
}

fn measure(running: &RunningPeer, subject: &str, round: usize, (timing, cores): (Timing, Cores)) -> Done<Figure> {
    let connections = if answer_time(running)? > SLOW { SLOW_CONNECTIONS } else { CONNECTIONS };
    let lane = lane(running, connections);
    let meter = Meter::start(cores, running.process.group())?;
    let (tallies, stalls) = load::run_watched(vec![lane], Timing { warm_up: WARM_UP, ..timing })?;
    let effort = (meter.stop()?, stalls);
    let tally = tallies.first().ok_or_else(|| crate::failure::Failure("nothing was measured".to_owned()))?;
    let figure = Figure::of(subject, round, tally, tally.verify(running.proof.as_ref()));
    Ok(figure.with_effort(effort, Some(tally.seen())))
}

/// How long one token takes when nobody else asks.
fn answer_time(running: &RunningPeer) -> Done<Duration> {
    let timing = Timing {
        warm_up: Duration::ZERO,
        measured: Duration::from_mins(1),
        patience: Duration::from_secs(20),
        requests: Some(3),
    };
    let tallies = load::run(vec![lane(running, 1)], timing)?;
    let milliseconds = tallies.first().map_or(0.0, |tally| tally.histogram().quantile(0.5));
    Ok(Duration::from_secs_f64(milliseconds / 1000.0))
}

fn lane(running: &RunningPeer, connections: usize) -> Lane {
    let source = Box::new(running.request.clone());
    Lane { address: running.url.address, connections, pace: Pace::Closed, source, expect: Expect::Token }
}
