//! The load generator: one thread, many connections, several loads at once.
//!
//! It never sleeps. Waking a virtual core that sleeps costs the waker some microseconds, and the waker here is the server.

mod arrivals;
mod connection;
mod tally;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::event::Events;
use mio::{Poll, Registry, Token};
use serde::Serialize;

pub(crate) use tally::Tally;

use crate::check::Expect;
use crate::clock;
use crate::failure::{Done, fail};
use crate::interrupt;
use crate::requests::Source;
use arrivals::Arrivals;
use connection::{Connection, Flight, Progress};

/// When the next request is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// As soon as the connection's last answer is there.
    Closed,
    /// At random moments of this mean rate, whatever the server does. Latency counts from the moment that a request was due,
    /// also where it had to wait for a free connection: coordinated omission is accounted for.
    Open { per_second: f64, seed: u64 },
}

/// One load.
pub(crate) struct Lane {
    pub(crate) address: SocketAddr,
    pub(crate) connections: usize,
    pub(crate) pace: Pace,
    pub(crate) source: Box<dyn Source>,
    pub(crate) expect: Expect,
}

/// How long a load lasts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// Not counted.
    pub(crate) warm_up: Duration,
    /// Counted.
    pub(crate) measured: Duration,
    /// How long an answer may take.
    pub(crate) patience: Duration,
    /// After so many requests in each closed lane, nothing more is sent.
    pub(crate) requests: Option<u64>,
}

impl Timing {
    fn end(&self) -> Duration {
        self.warm_up + self.measured
    }
}

/// Runs the lanes together and counts for each.
pub(crate) fn run(lanes: Vec<Lane>, timing: Timing) -> Done<Vec<Tally>> {
    Ok(run_watched(lanes, timing)?.0)
}

/// The same, and how often the load generator itself did not get to run.
pub(crate) fn run_watched(lanes: Vec<Lane>, timing: Timing) -> Done<(Vec<Tally>, Stalls)> {
    Generator::new(lanes, timing)?.run()
}

/// Moments in which the load generator did not run, since others had its core: they look like slow answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Stalls {
    /// Milliseconds in all.
    pub(crate) total_ms: f64,
    /// The longest.
    pub(crate) longest_ms: f64,
}

impl Stalls {
    /// Looking at all connections once takes less than this.
    const SHORTEST: Duration = Duration::from_millis(1);

    fn note(&mut self, gap: Duration) {
        if gap >= Self::SHORTEST {
            let milliseconds = gap.as_secs_f64() * 1000.0;
            self.total_ms += milliseconds;
            self.longest_ms = self.longest_ms.max(milliseconds);
        }
    }
}

struct Generator {
    poll: Poll,
    lanes: Vec<Running>,
    /// Lane and place in it, for each connection.
    owners: Vec<(usize, usize)>,
    timing: Timing,
    start: Instant,
}

struct Running {
    source: Box<dyn Source>,
    connections: Vec<Connection>,
    free: Vec<usize>,
    arrivals: Option<Arrivals>,
    /// When the requests were due that no connection was free for.
    waiting: VecDeque<Duration>,
    sent: u64,
    tally: Tally,
}

impl Generator {
    fn new(lanes: Vec<Lane>, timing: Timing) -> Done<Self> {
        let poll = Poll::new()?;
        let mut owners = Vec::new();
        let mut running = Vec::new();
        for (number, lane) in lanes.into_iter().enumerate() {
            let mut connections = Vec::new();
            for place in 0..lane.connections {
                connections.push(Connection::open(lane.address, Token(owners.len()), poll.registry())?);
                owners.push((number, place));
            }
            running.push(Running {
                source: lane.source,
                free: (0..connections.len()).rev().collect(),
                connections,
                arrivals: match lane.pace {
                    Pace::Closed => None,
                    Pace::Open { per_second, seed } => Some(Arrivals::new(per_second, seed)),
                },
                waiting: VecDeque::new(),
                sent: 0,
                tally: Tally::new(lane.expect, (timing.warm_up, timing.end())),
            });
        }
        Ok(Self { poll, lanes: running, owners, timing, start: clock::now() })
    }

    fn run(mut self) -> Done<(Vec<Tally>, Stalls)> {
        let (mut stalls, mut last) = (Stalls::default(), Duration::ZERO);
        let mut events = Events::with_capacity(1024);
        let mut scratch = vec![0; 64 * 1024];
        let mut next_check = Duration::ZERO;
        self.start = clock::now();
        loop {
            let now = self.now();
            if now >= self.timing.warm_up {
                stalls.note(now.saturating_sub(last));
            }
            last = now;
            let over = now >= self.timing.end();
            // Also those that were due before the end while this loop did not run.
            for lane in &mut self.lanes {
                lane.note_arrivals(now.min(self.timing.end()));
            }
            for lane in &mut self.lanes {
                lane.send_what_is_due(now, over, &self.timing, self.poll.registry())?;
            }
            if self.lanes.iter().all(|lane| lane.is_done(over, &self.timing)) {
                return Ok((self.lanes.into_iter().map(|lane| lane.tally).collect(), stalls));
            }
            if now >= next_check {
                next_check = now + Duration::from_millis(100);
                interrupt::check()?;
                self.check_patience(now)?;
            }
            self.poll.poll(&mut events, Some(Duration::ZERO))?;
            for event in &events {
                self.look(event.token(), &mut scratch)?;
            }
        }
    }

    fn now(&self) -> Duration {
        clock::now().duration_since(self.start)
    }

    fn look(&mut self, token: Token, scratch: &mut [u8]) -> Done<()> {
        let Some((number, place)) = self.owners.get(token.0).copied() else { return Ok(()) };
        let Some(lane) = self.lanes.get_mut(number) else { return Ok(()) };
        let Some(connection) = lane.connections.get_mut(place) else { return Ok(()) };
        if let Progress::Answered(flight, answer) = connection.look(scratch, self.poll.registry())? {
            let now = clock::now().duration_since(self.start);
            // In an open loop it is the arrivals of the window that count, however late they are answered.
            let moment = if lane.arrivals.is_some() { flight.due } else { now };
            lane.tally.answered(&answer, moment, now.saturating_sub(flight.due));
            lane.free.push(place);
            // At once, not after all other events: the server must never lack requests.
            if lane.arrivals.is_none() && now < self.timing.end() {
                lane.send_closed(now, &self.timing, self.poll.registry())?;
            }
        }
        Ok(())
    }

    /// An answer that does not come ends the measurement.
    fn check_patience(&self, now: Duration) -> Done<()> {
        let patience = self.timing.patience;
        let flights = self.lanes.iter().flat_map(|lane| lane.connections.iter().filter_map(Connection::flight));
        let late = flights.filter(|flight| now.saturating_sub(flight.sent) > patience).count();
        if late > 0 {
            return fail!("{late} requests were not answered within {} s", patience.as_secs());
        }
        let waiting: usize = self.lanes.iter().map(|lane| lane.waiting.len()).sum();
        if waiting > 0 && now > self.timing.end() + patience {
            return fail!(
                "the server does not keep up: {waiting} requests were still waiting {} s after the end",
                patience.as_secs()
            );
        }
        Ok(())
    }
}

impl Running {
    fn note_arrivals(&mut self, now: Duration) {
        if let Some(arrivals) = &mut self.arrivals {
            while let Some(due) = arrivals.due(now) {
                self.waiting.push_back(due);
            }
        }
    }

    fn send_what_is_due(&mut self, now: Duration, over: bool, timing: &Timing, registry: &Registry) -> Done<()> {
        if self.arrivals.is_some() {
            while !self.free.is_empty()
                && let Some(due) = self.waiting.pop_front()
            {
                self.send(Flight { due, sent: now }, registry)?;
            }
        } else if !over {
            while !self.free.is_empty() && self.may_send(timing) {
                self.send_closed(now, timing, registry)?;
            }
        }
        Ok(())
    }

    fn may_send(&self, timing: &Timing) -> bool {
        timing.requests.is_none_or(|most| self.sent < most)
    }

    fn send_closed(&mut self, now: Duration, timing: &Timing, registry: &Registry) -> Done<()> {
        if self.may_send(timing) { self.send(Flight { due: now, sent: now }, registry) } else { Ok(()) }
    }

    fn send(&mut self, flight: Flight, registry: &Registry) -> Done<()> {
        let Some(place) = self.free.pop() else { return Ok(()) };
        let Some(connection) = self.connections.get_mut(place) else { return Ok(()) };
        self.sent += 1;
        let source = &mut self.source;
        connection.send(flight, registry, |out| source.push_next(out))
    }

    fn is_done(&self, over: bool, timing: &Timing) -> bool {
        let finished = over || (self.arrivals.is_none() && !self.may_send(timing));
        finished && self.waiting.is_empty() && self.free.len() == self.connections.len()
    }
}

#[cfg(test)]
mod tests;
