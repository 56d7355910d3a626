//! A plot of latency: how many of the answers took how long, at a fixed load.

use super::svg::{Anchor, Svg};
use crate::records::{Records, Spread};

const LEFT: f64 = 70.0;
const TOP: f64 = 44.0;
const PLOT: (f64, f64) = (520.0, 320.0);
const LEGEND: f64 = 210.0;
const GRID: &str = "#d0d7de";
const PARTS: [f64; 6] = [0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999];

/// What is drawn, and how.
const LINES: [(&str, &str, bool); 6] = [
    ("floor@50%", "#afb8c1", true),
    ("bound-es256@50%", "#57606a", true),
    ("mintmark-es256@25%", "#54aeff", false),
    ("mintmark-es256@50%", "#0969da", false),
    ("mintmark-es256@75%", "#0a3069", false),
    ("mintmark-eddsa@50%", "#bf8700", false),
];

struct Line {
    name: &'static str,
    colour: &'static str,
    dashed: bool,
    points: Vec<(f64, f64)>,
}

/// The plot; nothing if no latency was measured.
pub(super) fn latency(records: &Records) -> Option<String> {
    let lines: Vec<Line> = LINES
        .into_iter()
        .map(|(name, colour, dashed)| Line { name, colour, dashed, points: points(records, name) })
        .filter(|line| !line.points.is_empty())
        .collect();
    let all = || lines.iter().flat_map(|line| &line.points);
    let low = all().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let high = all().map(|point| point.1).fold(0.0, f64::max);
    let last = all().map(|point| point.0).fold(0.9, f64::max);
    (high > 0.0).then(|| draw(&lines, Axes { low: 10_f64.powf(low.max(1e-4).log10().floor()), high: high * 1.2, last }))
}

/// The median of the rounds at each part.
fn points(records: &Records, name: &str) -> Vec<(f64, f64)> {
    let figures = records.figures_of(name);
    let Some(first) = figures.first() else { return Vec::new() };
    let parts = first.latency.curve.iter().map(|(part, _)| *part);
    let of_part = |part: f64| {
        let values = figures
            .iter()
            .filter_map(|figure| figure.latency.curve.iter().find(|point| (point.0 - part).abs() < 1e-9).map(|point| point.1));
        Spread::of(values).map(|spread| (part, spread.median))
    };
    parts.filter_map(of_part).collect()
}

/// Parts of all answers to the right, each nine ten times as wide as the one before; milliseconds upwards, logarithmic.
#[derive(Clone, Copy)]
struct Axes {
    low: f64,
    high: f64,
    last: f64,
}

impl Axes {
    fn place(self, (part, milliseconds): (f64, f64)) -> (f64, f64) {
        let nines = |part: f64| -(1.0 - part).log10();
        let x = LEFT + PLOT.0 * nines(part) / nines(self.last);
        let y = (milliseconds.max(self.low) / self.low).ln() / (self.high / self.low).ln();
        (x, TOP + PLOT.1 * (1.0 - y))
    }
}

fn draw(lines: &[Line], axes: Axes) -> String {
    let (right, bottom) = (LEFT + PLOT.0, TOP + PLOT.1);
    let mut svg = Svg::new(right + LEGEND, bottom + 52.0);
    svg.title((16.0, 26.0), "Latency at a fixed load, open loop");
    for part in PARTS.into_iter().filter(|part| *part <= axes.last + 1e-12) {
        let (x, _) = axes.place((part, axes.low));
        svg.line((x, TOP), (x, bottom), GRID);
        svg.text((x, bottom + 16.0), Anchor::Middle, &format!("{} %", (part * 1e7).round() / 1e5));
    }
    let first = axes.low.log10().round();
    let decades = (0..8).map(|count| 10_f64.powf(first + f64::from(count)));
    for tick in decades.flat_map(|decade| [1.0, 2.0, 5.0].map(|factor| factor * decade)).filter(|tick| *tick <= axes.high) {
        let (_, y) = axes.place((0.0, tick));
        svg.line((LEFT, y), (right, y), GRID);
        svg.text((LEFT - 8.0, y + 4.0), Anchor::End, &format!("{}", (tick * 1e6).round() / 1e6));
    }
    svg.text((LEFT + PLOT.0 / 2.0, bottom + 38.0), Anchor::Middle, "part of all answers");
    svg.upward((18.0, TOP + PLOT.1 / 2.0), "answered within, milliseconds");
    for (at, line) in lines.iter().enumerate() {
        let points: Vec<(f64, f64)> = line.points.iter().map(|point| axes.place(*point)).collect();
        svg.path(&points, line.colour, line.dashed);
        let y = TOP + 12.0 + 22.0 * at as f64;
        svg.path(&[(right + 18.0, y), (right + 48.0, y)], line.colour, line.dashed);
        svg.text((right + 56.0, y + 4.0), Anchor::Start, line.name);
    }
    svg.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::svg::tests::records;

    #[test]
    fn the_measured_lines_are_drawn_and_named() {
        let svg = latency(&records()).unwrap();
        assert!(svg.contains(">mintmark-es256@50%</text>"), "{svg}");
        assert!(!svg.contains("mintmark-eddsa@50%"), "{svg}");
    }

    #[test]
    fn a_run_without_latencies_has_no_plot() {
        let mut records = records();
        records.figures.clear();
        assert!(latency(&records).is_none());
    }
}
