//! Numbers that may be used once, and several processes that want each of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use clap::Args;
use mintmark_bench::failure::{Context, Done, Failure, fail};
use mintmark_bench::rng::Rng;
use mintmark_core::clock::Clock;
use mintmark_core::store::{Store, UseDigest};
use serde_json::json;
use tokio::task::JoinSet;

use crate::Figures;
use crate::lines::{Lines, one_line};
use crate::place::StoreArgs;

/// How many calls of one process are on their way at once.
const AT_ONCE: usize = 16;
/// All go through blocks of so many numbers in one order, and inside of a block each in its own: so they meet.
const BLOCK: usize = 64;
/// For how many seconds a use is remembered.
const REMEMBERED: u32 = 3600;

/// One process of several, such as `2/3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    number: u64,
    of: u64,
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((number, of)) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err("expected one of several, such as 2/3".to_owned()),
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct SingleUseArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// The first number.
    #[arg(long)]
    first: u64,
    /// How many numbers.
    #[arg(long, default_value_t = 10_000)]
    count: u64,
    /// Which process of how many this is.
    #[arg(long, value_name = "K/M")]
    of: Part,
    /// Where to write a line for each call: its number when it begins, and what came of it. What a file says that is there
    /// already is not asked again.
    #[arg(long, value_name = "FILE")]
    report: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// The first number.
    #[arg(long)]
    first: u64,
    /// How many numbers.
    #[arg(long, default_value_t = 10_000)]
    count: u64,
    /// What the processes wrote.
    #[arg(required = true)]
    reports: Vec<PathBuf>,
}

pub(crate) async fn run(args: &SingleUseArgs) -> Done<Figures> {
    let store = Arc::new(args.store.open().await?);
    let known = if args.report.exists() { read(&args.report)? } else { BTreeMap::new() };
    let lines = Arc::new(Lines::append(&args.report)?);
    let expires_at = mintmark::clock::SystemClock.now().plus(REMEMBERED);
    let mut calls = JoinSet::new();
    let mut counts = [0_u64; 3];
    let order = order(args.first, args.count, args.of).into_iter();
    for number in order.filter(|number| known.get(number).is_none_or(|calls| calls.is_open())) {
        if calls.len() >= AT_ONCE {
            count(&mut counts, calls.join_next().await)?;
        }
        let (store, lines) = (Arc::clone(&store), Arc::clone(&lines));
        calls.spawn(async move {
            lines.add(&format!("begun {number}"))?;
            let (outcome, line) = match store.use_once(&digest_of(number), expires_at).await {
                Ok(true) => (0, format!("won {number}")),
                Ok(false) => (1, format!("late {number}")),
                Err(error) => (2, format!("unknown {number} {}", one_line(&error.to_string()))),
            };
            lines.add(&line)?;
            Ok(outcome)
        });
    }
    while !calls.is_empty() {
        count(&mut counts, calls.join_next().await)?;
    }
    let [won, late, unknown] = counts;
    Ok(Figures::new(json!({ "won": won, "late": late, "unknown": unknown })))
}

type Joined = Option<Result<Done<usize>, tokio::task::JoinError>>;

fn count(counts: &mut [u64; 3], joined: Joined) -> Done<()> {
    if let Some(done) = joined
        && let Some(count) = counts.get_mut(done.map_err(|error| Failure(error.to_string()))??)
    {
        *count += 1;
    }
    Ok(())
}

/// What may be used once for a number.
fn digest_of(number: u64) -> UseDigest {
    let mut rng = Rng::new(number);
    let mut digest = [0; 32];
    for part in digest.chunks_mut(8) {
        part.copy_from_slice(&rng.next().to_be_bytes());
    }
    UseDigest(digest)
}

fn order(first: u64, count: u64, part: Part) -> Vec<u64> {
    let mut numbers: Vec<u64> = (first..first + count).collect();
    let mut rng = Rng::new(part.number * 1000 + part.of);
    numbers.chunks_mut(BLOCK).for_each(|block| rng.shuffle(block));
    numbers
}

/// What one or several processes wrote about a number.
#[derive(Clone, Copy, Debug, Default)]
struct Calls {
    begun: u64,
    won: u64,
    late: u64,
    /// Of which calls the process says that it does not know.
    unknown: u64,
}

impl Calls {
    /// Whether a process that was killed has to ask again.
    fn is_open(self) -> bool {
        self.won + self.late == 0
    }

    /// Calls of which nobody can say whether they won: that failed, or whose process was killed before it wrote more.
    fn undecided(self) -> u64 {
        self.begun.saturating_sub(self.won + self.late)
    }
}

fn read(path: &Path) -> Done<BTreeMap<u64, Calls>> {
    let text = std::fs::read_to_string(path).context(|| path.display().to_string())?;
    let mut found: BTreeMap<u64, Calls> = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.split(' ');
        let (word, number) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let calls = found.entry(number.parse().context(|| format!("{}: {line:?}", path.display()))?).or_default();
        match word {
            "begun" => calls.begun += 1,
            "won" => calls.won += 1,
            "late" => calls.late += 1,
            "unknown" => calls.unknown += 1,
            _ => return fail!("{}: a line is {line:?}", path.display()),
        }
    }
    Ok(found)
}

/// Of each number exactly one call won, or at most one where of another nobody knows.
pub(crate) fn check(args: &CheckArgs) -> Done<Figures> {
    let mut all: BTreeMap<u64, Calls> = BTreeMap::new();
    for path in &args.reports {
        for (number, calls) in read(path)? {
            let sum = all.entry(number).or_default();
            sum.begun += calls.begun;
            sum.won += calls.won;
            sum.late += calls.late;
            sum.unknown += calls.unknown;
        }
    }
    let of = |number: u64| all.get(&number).copied().unwrap_or_default();
    let count = |is: &dyn Fn(Calls) -> bool| (args.first..args.first + args.count).filter(|number| is(of(*number))).count();
    let (twice, by_nobody) = (count(&|calls| calls.won > 1), count(&|calls| calls.won == 0 && calls.undecided() == 0));
    let json = json!({
        "numbers": args.count,
        "won_once": count(&|calls| calls.won == 1),
        "won_twice_or_more": twice,
        "won_by_nobody": by_nobody,
        "won_by_nobody_known": count(&|calls| calls.won == 0 && calls.undecided() > 0),
        "calls": all.values().map(|calls| calls.begun).sum::<u64>(),
        "undecided_calls": all.values().map(|calls| calls.undecided()).sum::<u64>(),
        "failed_calls": all.values().map(|calls| calls.unknown).sum::<u64>(),
    });
    Ok(Figures { json, good: twice + by_nobody == 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_process_goes_through_all_numbers_in_its_own_order() {
        let part = |number| Part { number, of: 3 };
        let (one, two) = (order(5, 1000, part(1)), order(5, 1000, part(2)));
        assert_ne!(one, two);
        for mut numbers in [one, two] {
            numbers.sort_unstable();
            assert_eq!(numbers, (5..1005).collect::<Vec<u64>>());
        }
    }

    #[test]
    fn a_part_is_one_of_several() {
        assert_eq!("2/3".parse::<Part>().unwrap(), Part { number: 2, of: 3 });
        for wrong in ["", "2", "0/3", "4/3", "a/b"] {
            assert!(wrong.parse::<Part>().is_err(), "{wrong}");
        }
    }

    fn checked(texts: &[&str], count: u64) -> Figures {
        let folder = std::env::temp_dir().join(format!("mintmark-faults-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let write = |(number, text): (usize, &&str)| {
            let path = folder.join(number.to_string());
            std::fs::write(&path, text).unwrap();
            path
        };
        let figures = check(&CheckArgs { first: 0, count, reports: texts.iter().enumerate().map(write).collect() });
        std::fs::remove_dir_all(&folder).unwrap();
        figures.unwrap()
    }

    #[test]
    fn a_number_that_was_won_twice_or_by_nobody_is_found() {
        let one = "begun 0\nwon 0\nbegun 1\nlate 1\nbegun 2\n";
        let two = "begun 0\nwon 0\nbegun 1\nlate 1\nbegun 2\nlate 2\n";
        let figures = checked(&[one, two], 3);
        assert!(!figures.good);
        assert_eq!(figures.json["won_twice_or_more"], 1);
        assert_eq!(figures.json["won_by_nobody"], 1);
        assert_eq!(figures.json["won_by_nobody_known"], 1, "the call that was begun may have won");
    }

    #[test]
    fn one_winner_of_each_number_is_what_must_be() {
        let figures = checked(&["begun 0\nwon 0\nbegun 1\nunknown 1 cut\n", "begun 0\nlate 0\nbegun 1\nwon 1\n"], 2);
        assert!(figures.good, "{}", figures.json);
    }
}
