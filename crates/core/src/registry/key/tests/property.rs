//! Hazards 1 and 2 over random schedules: nodes whose clocks differ and that are cut off for a while, people who rotate, remove,
//! restore and revoke at any moment, and verifiers that keep the JWKS for as long as they may.

use std::collections::BTreeMap;

use super::*;
use crate::keys::{MAX_STALENESS, scheduled_lead};
use crate::model::Environment;

const SCHEDULES: u64 = 10_000;
const STEPS: u64 = 60;
/// How far the clock of a node may be off, in seconds.
const SKEW: i64 = 60;
/// For how long a verifier that can reach a node uses a JWKS: `max-age` and `stale-while-revalidate`. A node that is cut off says with
/// `Age` how old its keys are, so it counts from when they were read.
const KEPT: i64 = 600;
/// For how long one uses it that can reach no node, and got it from one that was cut off.
const KEPT_UNREACHABLE: i64 = 300 + 86_400 + MAX_STALENESS;
/// How long after its end a verifier may still accept a token.
const LEEWAY: i64 = 300;

/// Repeatable dice.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn seconds(&mut self, limit: i64) -> i64 {
        i64::try_from(self.below(u64::try_from(limit).unwrap() + 1)).unwrap()
    }
}

struct Node {
    skew: i64,
    max_staleness: i64,
    is_cut_off: bool,
    view: Vec<SigningKey>,
    read_at: i64,
}

struct Simulation {
    dice: Dice,
    now: i64,
    rotate_after: u32,
    by_hand: bool,
    keys: Vec<SigningKey>,
    nodes: Vec<Node>,
    made: u32,
    /// Since when which key ids were published, with the latest last.
    published: Vec<(i64, Vec<String>)>,
    /// By key id, until when a verifier may accept a token of it.
    accepted_until: BTreeMap<String, i64>,
    /// Keys that an emergency made active before verifiers could know them, and the first.
    is_exempt: Vec<String>,
    signed: u32,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let periods = [0, 900, 3600, 86_400, 3 * 86_400, 30 * 86_400];
        let rotate_after = periods[usize::try_from(dice.below(6)).unwrap()];
        let node = |dice: &mut Dice| Node {
            skew: dice.seconds(2 * SKEW) - SKEW,
            max_staleness: [240, 3600, MAX_STALENESS][usize::try_from(dice.below(3)).unwrap()],
            is_cut_off: false,
            view: Vec::new(),
            read_at: START,
        };
        let nodes = (0..3).map(|_| node(&mut dice)).collect();
        let by_hand = dice.below(2) == 0;
        let mut simulation = Self {
            dice,
            now: START,
            rotate_after,
            by_hand,
            keys: Vec::new(),
            nodes,
            made: 0,
            published: Vec::new(),
            accepted_until: BTreeMap::new(),
            is_exempt: vec!["k1".to_owned()],
            signed: 0,
        };
        simulation.upkeep(1);
        (0..3).for_each(|node| simulation.poll(node));
        simulation
    }

    fn new_key(&mut self, state: KeyState, skew: i64) -> SigningKey {
        self.made += 1;
        key(&format!("k{}", self.made), state, self.now + skew)
    }

    fn poll(&mut self, node: usize) {
        let node = &mut self.nodes[node];
        if !node.is_cut_off {
            (node.view, node.read_at) = (self.keys.clone(), self.now);
        }
    }

    /// Notes what is published now, and that nothing is missing that some token still names.
    fn look(&mut self) {
        let published = self.keys.iter().filter(|key| key.state.is_published());
        let published: Vec<String> = published.map(|key| key.kid.clone()).collect();
        let is_revoked = |kid: &String| self.keys.iter().any(|key| key.kid == *kid && key.state == KeyState::Revoked);
        self.accepted_until.retain(|kid, until| *until >= self.now && !is_revoked(kid));
        for (kid, until) in &self.accepted_until {
            assert!(published.contains(kid), "{kid} was removed {} s too early", until - self.now);
        }
        for state in [KeyState::Active, KeyState::Next] {
            assert!(self.keys.iter().filter(|key| key.state == state).count() <= 1, "{:?}", states(&self.keys));
        }
        if self.published.last().is_none_or(|(_, before)| *before != published) {
            self.published.push((self.now, published));
        }
    }

    /// Some nodes read the store, and then each does what is due by what it read: those that are late hear of a conflict.
    fn upkeep(&mut self, nodes: usize) {
        let read = self.keys.clone();
        for node in 0..nodes {
            let skew = self.nodes[node].skew;
            for work in due(&read, &[ES256], self.rotate_after, Timestamp(self.now + skew)) {
                let _ = self.do_work(&read, &work, skew);
                self.look();
            }
        }
    }

    fn do_work(&mut self, read: &[SigningKey], work: &Due, skew: i64) -> Result<(), ()> {
        let (name, now) = (sandbox(), self.now + skew);
        match work {
            Due::Create(_) => {
                let key = self.new_key(KeyState::Active, skew);
                let is_there = self.keys.iter().any(|key| key.state == KeyState::Active);
                if is_there {
                    return Err(());
                }
                self.keys.push(key);
                Ok(())
            }
            Due::Prepare { active_kid, .. } | Due::Rotate { active_kid, .. } => {
                let new = [self.new_key(KeyState::Next, skew)];
                let plan = plan_at(read, now, |situation| rotation::plan(situation, &request(&name, active_kid, false), &new));
                apply(&mut self.keys, plan.map_err(drop)?).map(drop)
            }
            Due::NoteRetirement(kid) => panic!("{kid} was retired without a time"),
            Due::Remove(kid) => {
                let plan = plan_at(read, now, |situation| removal::plan_removal(situation, kid, None));
                apply(&mut self.keys, plan.map_err(drop)?).map(drop)
            }
            Due::Delete(kid) => {
                let plan = plan_at(read, now, |situation| removal::plan_deletion(situation, kid));
                apply(&mut self.keys, plan.map_err(drop)?).map(drop)
            }
        }
    }

    /// A token, if the node still decides: verifiers know its key, whatever JWKS they may hold, and will know it to its end.
    fn sign(&mut self, node: usize) {
        let limit = i64::from(Environment::LIFETIME_LIMIT);
        let lifetime = if self.dice.below(2) == 0 { limit } else { self.dice.seconds(limit) };
        let node = &self.nodes[node];
        let active = node.view.iter().find(|key| key.state == KeyState::Active);
        let Some(active) = active.filter(|_| self.now - node.read_at <= node.max_staleness) else { return };
        let kid = active.kid.clone();
        let is_revoked = self.keys.iter().any(|key| key.kid == kid && key.state == KeyState::Revoked);
        if is_revoked {
            return;
        }
        self.signed += 1;
        if !self.is_exempt.contains(&kid) {
            let is_patient = !self.by_hand && i64::from(self.rotate_after) >= 3 * DAY;
            let since = self.now - if is_patient { KEPT_UNREACHABLE } else { KEPT };
            // The states since then, and the one that was in force at that moment.
            for (at, published) in self.published.iter().rev() {
                assert!(published.contains(&kid), "a JWKS of {} s ago does not have {kid}", self.now - at);
                if *at <= since {
                    break;
                }
            }
        }
        let until = self.now + node.skew + lifetime + LEEWAY;
        let known = self.accepted_until.entry(kid).or_insert(until);
        *known = until.max(*known);
    }

    /// Somebody does something, as the rules allow it.
    fn meddle(&mut self, skew: i64) {
        let (name, now, keys) = (sandbox(), self.now + skew, self.keys.clone());
        let chosen = usize::try_from(self.dice.below(keys.len() as u64)).unwrap();
        let kid = keys[chosen].kid.clone();
        let new = [self.new_key(KeyState::Next, skew), self.new_key(KeyState::Next, skew)];
        let active = keys.iter().find(|key| key.state == KeyState::Active).unwrap();
        match self.dice.below(8) {
            0 => {
                let plan = plan_at(&keys, now, |situation| revocation::plan(situation, &kid, &new)).unwrap();
                apply(&mut self.keys, plan).unwrap();
                let is_early = |key: &&SigningKey| key.state == KeyState::Active && key.kid != active.kid;
                self.is_exempt.extend(self.keys.iter().find(is_early).map(|key| key.kid.clone()));
            }
            1 | 2 => {
                let plan = plan_at(&keys, now, |situation| removal::plan_restoration(situation, &kid));
                let _ = plan.map(|plan| apply(&mut self.keys, plan).unwrap());
            }
            3..=5 => {
                let plan = plan_at(&keys, now, |situation| removal::plan_removal(situation, &kid, None));
                let _ = plan.map(|plan| apply(&mut self.keys, plan).unwrap());
            }
            _ => {
                let plan =
                    plan_at(&keys, now, |situation| rotation::plan(situation, &request(&name, &active.kid, false), &new));
                apply(&mut self.keys, plan.unwrap()).unwrap();
            }
        }
        self.look();
    }

    /// Some time later, or about when something may be done for the first time or the last.
    fn next_moment(&mut self) -> i64 {
        let of_key = |key: &SigningKey| match key.state {
            KeyState::Next => key.created_at.0 + scheduled_lead(self.rotate_after),
            KeyState::Active => key.active_since().0 + i64::from(self.rotate_after),
            KeyState::Retired => key.removable_at().unwrap().0,
            KeyState::Removed => key.restorable_until().unwrap().0,
            KeyState::Revoked => 0,
        };
        let nodes = self.nodes.iter().filter(|node| node.is_cut_off).map(|node| node.read_at + node.max_staleness);
        let moments = self.keys.iter().map(of_key).chain(nodes).filter(|moment| *moment > self.now);
        let mut moments: Vec<i64> = moments.collect();
        moments.sort_unstable();
        if let Some(first) = moments.first()
            && self.dice.below(2) == 0
        {
            let near = first + [0, -SKEW, SKEW, 1][usize::try_from(self.dice.below(4)).unwrap()];
            return near.max(self.now);
        }
        let limit = [5, 600, 3600, DAY, 12 * DAY][usize::try_from(self.dice.below(5)).unwrap()];
        self.now + self.dice.seconds(limit)
    }

    fn step(&mut self) {
        self.now = self.next_moment();
        self.look();
        let node = usize::try_from(self.dice.below(3)).unwrap();
        match self.dice.below(10) {
            0 => self.nodes[node].is_cut_off = !self.nodes[node].is_cut_off,
            1 if self.by_hand => self.meddle(self.nodes[node].skew),
            2..=6 => {
                let nodes = usize::try_from(1 + self.dice.below(3)).unwrap();
                self.upkeep(nodes);
            }
            _ => {}
        }
        for node in 0..3 {
            // One that is connected polls all the time; that it is a moment behind is what cut-off nodes show.
            self.poll(node);
            self.sign(node);
        }
    }
}

#[test]
fn no_token_names_a_key_that_a_verifier_cannot_know_and_no_key_leaves_before_its_tokens() {
    let mut signed = 0;
    for seed in 0..SCHEDULES {
        let run = std::panic::catch_unwind(|| {
            let mut simulation = Simulation::new(seed);
            (0..STEPS).for_each(|_| simulation.step());
            // All that is due is done in three rounds at the most: create, prepare, and nothing more.
            (0..3).for_each(|_| simulation.upkeep(1));
            let now = Timestamp(simulation.now + simulation.nodes[0].skew);
            assert_eq!(due(&simulation.keys, &[ES256], simulation.rotate_after, now), []);
            simulation.signed
        });
        signed += run.unwrap_or_else(|_| panic!("schedule {seed}"));
    }
    assert!(signed > 1_000_000, "{signed} tokens were signed");
}
