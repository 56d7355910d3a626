//! Plots of throughput: bars with the median, and whiskers from the least to the greatest.

use super::svg::{Anchor, Svg};
use super::table::whole;
use crate::records::{Records, Spread};
use crate::run::peer_subject;

const LABELS: f64 = 330.0;
const PLOT: f64 = 480.0;
const WIDTH: f64 = LABELS + PLOT + 90.0;
const ROW: f64 = 24.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 48.0;
const GRID: &str = "#d0d7de";
const INK: &str = "#1f2328";

/// One bar.
struct Bar {
    label: String,
    rate: Spread,
    colour: &'static str,
}

/// From rates to places.
#[derive(Clone, Copy)]
enum Scale {
    Linear { max: f64 },
    Log { min: f64, max: f64 },
}

impl Scale {
    fn place(self, value: f64) -> f64 {
        let part = match self {
            Scale::Linear { max } => value / max,
            Scale::Log { min, max } => (value.max(min) / min).ln() / (max / min).ln(),
        };
        LABELS + PLOT * part.clamp(0.0, 1.0)
    }

    fn ticks(self) -> Vec<f64> {
        match self {
            Scale::Linear { max } => {
                let step = round_step(max / 5.0);
                (0..=6).map(|count| step * f64::from(count)).filter(|tick| *tick <= max).collect()
            }
            Scale::Log { min, max } => {
                let first = min.log10().round();
                (0..12).map(|count| 10_f64.powf(first + f64::from(count))).filter(|tick| *tick <= max * 1.001).collect()
            }
        }
    }
}

/// 1, 2 or 5 times a power of ten.
fn round_step(value: f64) -> f64 {
    let power = 10_f64.powf(value.max(1e-9).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    steps.into_iter().find(|step| *step >= value).unwrap_or(value)
}

/// What one core does, by subject.
pub(super) fn throughput(records: &Records) -> String {
    let bars: Vec<Bar> = records
        .subjects
        .iter()
        .filter_map(|subject| {
            let label = match subject.algorithm.as_str() {
                "none" => subject.name.clone(),
                algorithm => format!("{} ({algorithm})", subject.name),
            };
            Some(Bar { label, rate: per_core(records, &subject.name)?, colour: colour(&subject.name) })
        })
        .collect();
    let max = bars.iter().map(|bar| bar.rate.max).fold(1.0, f64::max);
    draw("Answers per second of one core", "answers per second of CPU time", &bars, Scale::Linear { max: max * 1.02 })
}

/// Mintmark beside others, on a logarithmic scale.
pub(super) fn peers(records: &Records) -> String {
    let mine = records
        .subjects
        .iter()
        .filter(|subject| ["es256", "eddsa", "rs256"].iter().any(|algorithm| subject.name == format!("mintmark-{algorithm}")));
    let mut bars: Vec<Bar> = mine
        .filter_map(|subject| {
            let rate = per_second(records, &subject.name)?;
            Some(Bar { label: format!("Mintmark, {}", subject.algorithm), rate, colour: colour(&subject.name) })
        })
        .collect();
    bars.extend(records.peers.iter().filter_map(|peer| {
        let rate = per_second(records, &peer_subject(&peer.name))?;
        Some(Bar { label: format!("{} ({})", peer.name, peer.algorithm), rate, colour: "#8c959f" })
    }));
    bars.sort_by(|one, other| other.rate.median.total_cmp(&one.rate.median));
    let max = bars.iter().map(|bar| bar.rate.max).fold(10.0, f64::max);
    let min = bars.iter().map(|bar| bar.rate.min).fold(max, f64::min);
    let scale = Scale::Log { min: 10_f64.powf(min.max(0.1).log10().floor()), max: max * 1.3 };
    draw("Tokens per second of one core", "tokens per second, logarithmic scale", &bars, scale)
}

fn per_core(records: &Records, subject: &str) -> Option<Spread> {
    Spread::of(records.figures_of(subject).iter().map(|figure| figure.per_core()))
}

/// By the wall clock, since some peers wait for a disk.
fn per_second(records: &Records, subject: &str) -> Option<Spread> {
    Spread::of(records.figures_of(subject).iter().map(|figure| figure.per_second))
}

fn colour(subject: &str) -> &'static str {
    match subject {
        "floor" => "#afb8c1",
        name if name.starts_with("bound") => "#57606a",
        _ => "#0969da",
    }
}

fn draw(title: &str, axis: &str, bars: &[Bar], scale: Scale) -> String {
    let bottom = TOP + ROW * bars.len() as f64;
    let mut svg = Svg::new(WIDTH, bottom + BOTTOM);
    svg.title((16.0, 26.0), title);
    for tick in scale.ticks() {
        let x = scale.place(tick);
        svg.line((x, TOP), (x, bottom), GRID);
        svg.text((x, bottom + 16.0), Anchor::Middle, &whole(tick));
    }
    svg.text((LABELS + PLOT / 2.0, bottom + 36.0), Anchor::Middle, axis);
    for (at, bar) in bars.iter().enumerate() {
        let middle = TOP + ROW * (at as f64 + 0.5);
        svg.text((LABELS - 8.0, middle + 4.0), Anchor::End, &shortened(&bar.label));
        svg.bar((LABELS, middle - 7.0), (scale.place(bar.rate.median) - LABELS, 14.0), bar.colour);
        let (from, to) = (scale.place(bar.rate.min), scale.place(bar.rate.max));
        svg.line((from, middle), (to, middle), INK);
        for x in [from, to] {
            svg.line((x, middle - 4.0), (x, middle + 4.0), INK);
        }
        svg.text((to + 8.0, middle + 4.0), Anchor::Start, &whole(bar.rate.median));
    }
    svg.line((LABELS, TOP), (LABELS, bottom), INK);
    svg.finish()
}

fn shortened(label: &str) -> String {
    const MOST: usize = 48;
    if label.chars().count() <= MOST { label.to_owned() } else { label.chars().take(MOST - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::svg::tests::records;

    #[test]
    fn only_what_was_measured_gets_a_bar() {
        let svg = throughput(&records());
        assert!(svg.contains(">mintmark-es256 (ES256)</text>"), "{svg}");
        assert!(!svg.contains("mintmark-eddsa"), "{svg}");
    }

    #[test]
    fn ticks_are_round_and_within_the_plot() {
        assert_eq!(Scale::Linear { max: 81_600.0 }.ticks(), [0.0, 20_000.0, 40_000.0, 60_000.0, 80_000.0]);
        assert_eq!(Scale::Log { min: 1.0, max: 20_000.0 }.ticks().len(), 5);
        let scale = Scale::Log { min: 1.0, max: 100.0 };
        assert!((scale.place(10.0) - (LABELS + PLOT / 2.0)).abs() < 1e-9);
        assert!((scale.place(0.001) - LABELS).abs() < 1e-9);
    }
}
