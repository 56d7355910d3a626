//! The tables, as Markdown and for the terminal.

use std::fmt::Write;

use super::judge::{Hardness, Verdict, Wanted, hardness};
use crate::records::{Records, Spread};
use crate::run::{FLOOD_VALID, FLOOD_WRONG, JWKS_RATE};

const MIB: f64 = 1024.0 * 1024.0;
/// What others may have of the servers' core before the report warns: the kernel's own work comes to about this.
const QUIET: f64 = 0.05;

/// The whole page. Writing to a `String` cannot fail.
pub(super) fn page(records: &Records, verdicts: &[Verdict]) -> String {
    let mut page = String::from("# Results of bench/run\n\n");
    page += &conditions(records);
    if !records.brief {
        page += &targets(verdicts);
    }
    page += &throughput(records);
    page += &bound(&hardness(records));
    page += &raw(records);
    page += &latency(records);
    page += &footprint(records);
    page += &peers(records);
    page += &failures(records);
    page
}

fn conditions(records: &Records) -> String {
    let mut text = format!(
        "{}; {} rounds of {} s each, order by seed {}; `bench/run {}`\n\n",
        records.date,
        records.rounds,
        records.seconds,
        records.seed,
        records.command.strip_prefix("run ").unwrap_or_default()
    );
    for (name, value) in &records.machine {
        let _ = writeln!(text, "- {name}: {value}");
    }
    let others =
        Spread::of(records.figures.iter().filter(|figure| figure.failure.is_none()).map(|figure| figure.effort.others));
    if let Some(others) = others {
        let (median, max) = (others.median * 100.0, others.max * 100.0);
        let _ = writeln!(
            text,
            "- others on the servers' core: {median:.0} % of the time (median of all measurements; at most {max:.0} %)"
        );
        if others.median > QUIET {
            text += "\n**The machine was not quiet.** Throughput is told by CPU time and suffers little; latencies are worthless.\n";
        }
    }
    if records.brief {
        text += "\nA brief run, to see that everything works: its figures say nothing, and nothing is judged.\n";
    }
    text.push('\n');
    text
}

fn targets(verdicts: &[Verdict]) -> String {
    let rows = verdicts.iter().map(|verdict| {
        let wanted = match verdict.wanted {
            Wanted::AtLeast(least) => format!("at least {least}"),
            Wanted::AtMost(most) => format!("at most {most}"),
        };
        vec![verdict.target.clone(), format!("{wanted} {}", verdict.unit), found(verdict), word(verdict).to_owned()]
    });
    section(
        "Targets",
        "Ratios of throughput are of subjects asked in turn, in slices of a fraction of a second; other ratios are made within a round. Median (least to greatest) of the rounds.",
        &["target", "wanted", "found", ""],
        rows,
    )
}

fn found(verdict: &Verdict) -> String {
    verdict.found.map_or_else(|| "not measured".to_owned(), |found| spread(found, precise))
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict.passed() {
        Some(true) => "pass",
        Some(false) => "**miss**",
        None => "–",
    }
}

fn throughput(records: &Records) -> String {
    let rows = records.subjects.iter().map(|subject| {
        let figures = records.figures_of(&subject.name);
        let rate = Spread::of(figures.iter().map(|figure| figure.per_second));
        let core = Spread::of(figures.iter().map(|figure| figure.per_core()));
        let p50 = Spread::of(figures.iter().map(|figure| figure.latency.p50));
        let p99 = Spread::of(figures.iter().map(|figure| figure.latency.p99));
        let verified: usize = figures.iter().map(|figure| figure.verified).sum();
        let answers: u64 = figures.iter().map(|figure| figure.answers).sum();
        vec![
            format!("`{}`", subject.name),
            subject.what.clone(),
            subject.algorithm.clone(),
            core.map_or_else(|| "failed".to_owned(), |core| spread(core, whole)),
            rate.map_or_else(String::new, |rate| whole(rate.median)),
            p50.map_or_else(String::new, |p50| precise(p50.median)),
            p99.map_or_else(String::new, |p99| precise(p99.median)),
            format!("{answers} / {verified}"),
        ]
    });
    let heads =
        ["subject", "what", "algorithm", "answers per CPU second", "answers/s", "p50 ms", "p99 ms", "checked / verified"];
    section(
        "Throughput of one core",
        "Closed loop, 32 connections. Per second of the server's CPU time, which is what a core does also where others use it too; by the wall clock in the next column. Every answer's status and content was checked, of a sample the signature too.",
        &heads,
        rows,
    )
}

fn bound(hardness: &[Hardness]) -> String {
    let rows = hardness.iter().map(|one| {
        vec![one.algorithm.to_owned(), spread(one.floor_and_raw, whole), spread(one.bound, whole), spread(one.ratio, precise)]
    });
    let note = "Left: 1 / (time of the floor + time of a raw signature). A ratio below 0.67 would call for a profile.";
    section("How hard the bound is", note, &["algorithm", "floor and raw signature/s", "bound/s", "ratio"], rows)
}

fn raw(records: &Records) -> String {
    let rows = crate::raw::ALGORITHMS.iter().filter_map(|algorithm| {
        let all: Vec<_> = (1..=records.rounds).filter_map(|round| records.raw(algorithm.as_str(), round)).collect();
        Some(vec![
            algorithm.to_string(),
            spread(Spread::of(all.iter().map(|rates| rates.sign))?, whole),
            spread(Spread::of(all.iter().map(|rates| rates.verify))?, whole),
            spread(Spread::of(all.iter().map(|rates| rates.verifier))?, whole),
        ])
    });
    let heads = ["algorithm", "signatures/s", "verifications/s", "mintmark-verify/s"];
    section("One core without HTTP", "The same library, a key parsed once.", &heads, rows)
}

fn latency(records: &Records) -> String {
    let names = records.subject_names().into_iter().filter(|name| !records.subjects.iter().any(|known| known.name == *name));
    let rows = names.filter(|name| !name.starts_with("peer-")).filter_map(|name| {
        let figures = records.figures_of(&name);
        let of = |part: fn(&crate::records::Latency) -> f64| Spread::of(figures.iter().map(|figure| part(&figure.latency)));
        let rate = Spread::of(figures.iter().map(|figure| figure.per_second))?;
        Some(vec![
            format!("`{name}`"),
            spread(rate, whole),
            spread(of(|latency| latency.p50)?, precise),
            spread(of(|latency| latency.p99)?, precise),
            precise(of(|latency| latency.p999)?.median),
            Spread::of(figures.iter().map(|figure| figure.stalls.longest_ms)).map(|stall| spread(stall, precise))?,
        ])
    });
    let note = format!(
        "`@` is an open loop at so many percent of the round's capacity: Poisson arrivals, latency from the moment that a request \
         was due. `jwks-under-rs256`: {JWKS_RATE} requests a second, open loop, beside 32 saturated RS256 connections. \
         `valid-under-flood`: {} % of capacity, beside wrong secrets at {FLOOD_WRONG} times that; limits on refused tries are \
         lifted in all of Mintmark's configurations here. A stall is a time in which others had the load generator's core: it looks \
         like slow answers, of the floor too.",
        FLOOD_VALID * 100.0
    );
    section("Latency", &note, &["load", "answers/s", "p50 ms", "p99 ms", "p99.9 ms", "generator's longest stall, ms"], rows)
}

fn footprint(records: &Records) -> String {
    let footprint = &records.footprint;
    let mebibytes = |bytes: u64| format!("{:.1} MiB", bytes as f64 / MIB);
    let mut rows = vec![
        vec!["memory, idle".to_owned(), mebibytes(footprint.resident_idle)],
        vec!["of it not pages of the program's file".to_owned(), mebibytes(footprint.resident_idle_own)],
        vec!["memory, after all rounds".to_owned(), mebibytes(footprint.resident_loaded)],
        vec!["program, stripped of debug information".to_owned(), mebibytes(footprint.binary_bytes)],
    ];
    if let Some(start) = Spread::of(footprint.first_token_ms.iter().copied()) {
        rows.push(vec![
            format!("start to first token, {} starts", footprint.first_token_ms.len()),
            spread(start, precise) + " ms",
        ]);
    }
    for note in &footprint.caches {
        let rate = note.cache_use.map(|cache| cache.hits as f64 / ((cache.hits + cache.misses).max(1)) as f64 * 100.0);
        let rate = rate.map_or_else(|| "hit rate not told by the server".to_owned(), |rate| format!("hit rate {rate:.1} %"));
        let per_client = note.bytes_per_client().map(|bytes| format!(" ({bytes:.0} bytes a client)")).unwrap_or_default();
        rows.push(vec![
            format!("`{}`: {} clients, `{}`", note.subject, note.clients, note.setting),
            format!(
                "{} before, {} after filling{per_client}, in {:.0} s; {rate}",
                mebibytes(note.resident_before),
                mebibytes(note.resident_after),
                note.warm_up_seconds
            ),
        ]);
    }
    section("Memory, size, start", "", &["what", "found"], rows.into_iter())
}

fn peers(records: &Records) -> String {
    if records.peers.is_empty() {
        return String::new();
    }
    let rows = records.peers.iter().map(|peer| {
        let figures = records.figures_of(&crate::run::peer_subject(&peer.name));
        let rate = Spread::of(figures.iter().map(|figure| figure.per_second));
        let rate = match (&peer.skipped, rate) {
            (Some(reason), _) => format!("left out: {reason}"),
            (None, Some(rate)) => spread(rate, whole),
            (None, None) => "failed".to_owned(),
        };
        let p99 = Spread::of(figures.iter().map(|figure| figure.latency.p99));
        let core = Spread::of(figures.iter().map(|figure| figure.per_core()));
        vec![
            format!("{} {}", peer.server, peer.version),
            peer.setup.clone(),
            peer.algorithm.clone(),
            rate,
            core.map_or_else(String::new, |core| whole(core.median)),
            p99.map_or_else(String::new, |p99| precise(p99.median)),
            peer.resident_bytes.map_or_else(String::new, |bytes| format!("{:.0}", bytes as f64 / MIB)),
            peer.first_token_ms.map_or_else(String::new, |time| format!("{time:.0}")),
        ]
    });
    let heads = ["server", "set-up", "algorithm", "tokens/s", "per CPU second", "p99 ms", "memory MiB", "first token ms"];
    section("Other servers", "Same core, same load; those that take over 100 ms a token get 8 connections.", &heads, rows)
}

fn failures(records: &Records) -> String {
    let failed: Vec<String> = failure_lines(records);
    if failed.is_empty() {
        return "Every measurement succeeded.\n".to_owned();
    }
    format!("## Failed measurements\n\n- {}\n", failed.join("\n- "))
}

fn failure_lines(records: &Records) -> Vec<String> {
    let figures = records
        .figures
        .iter()
        .filter_map(|figure| Some(format!("{} in round {}: {}", figure.subject, figure.round, figure.failure.as_ref()?)));
    let pairs = records.pairs.iter().filter_map(|pair| {
        Some(format!("{} against {} in round {}: {}", pair.one, pair.other, pair.round, pair.failure.as_ref()?))
    });
    figures.chain(pairs).collect()
}

/// Targets and failures, for the terminal.
pub(super) fn summary(records: &Records, verdicts: &[Verdict]) -> String {
    let mut text = String::new();
    for verdict in verdicts {
        let unit = if verdict.found.is_some() { verdict.unit } else { "" };
        let _ = writeln!(text, "{:<6} {:<86} {} {unit}", word(verdict).trim_matches('*'), verdict.target, found(verdict));
    }
    let failures = failure_lines(records);
    for line in &failures {
        let _ = writeln!(text, "FAILED {line}");
    }
    let _ = write!(text, "{} measurements, {} failed.", records.figures.len(), failures.len());
    text
}

fn section(title: &str, note: &str, heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = format!("## {title}\n\n");
    if !note.is_empty() {
        let _ = write!(text, "{note}\n\n");
    }
    let _ = writeln!(text, "| {} |\n|{}", heads.join(" | "), "---|".repeat(heads.len()));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text.push('\n');
    text
}

fn spread(spread: Spread, show: impl Fn(f64) -> String) -> String {
    let (median, min, max) = (show(spread.median), show(spread.min), show(spread.max));
    if min == max { median } else { format!("{median} ({min} to {max})") }
}

/// A count with thousands apart.
pub(super) fn whole(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Three significant digits.
pub(super) fn precise(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value if value >= 0.1 => format!("{value:.2}"),
        value => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::judge::judge;
    use crate::report::svg::tests::records;

    #[test]
    fn numbers_are_shown_as_people_read_them() {
        assert_eq!([0.0, 999.0, 1000.0, 1_234_567.8].map(whole), ["0", "999", "1,000", "1,234,568"]);
        assert_eq!([0.0123, 0.95, 12.34, 123.4].map(precise), ["0.012", "0.95", "12.3", "123"]);
    }

    #[test]
    fn a_failure_is_told_and_never_a_figure() {
        let records = records();
        let page = page(&records, &judge(&records));
        assert!(page.contains("mintmark-eddsa in round 1: 3 of 7 answers were wrong"), "{page}");
        assert!(page.contains("| `mintmark-eddsa` | what | ES256 | failed |"), "{page}");
    }

    #[test]
    fn a_brief_run_judges_nothing() {
        let records = Records { brief: true, ..records() };
        assert!(!page(&records, &judge(&records)).contains("## Targets"));
    }
}
