use std::fmt::Write;

use askama::Template;

use crate::dashboard::words;

/// What became of requests, in the order in which they are stacked: the good ones below.
pub(crate) const OUTCOMES: [(&str, &str); 6] = [
    ("issued", words::chart::ISSUED),
    ("credentials", words::chart::CREDENTIALS),
    ("request", words::chart::REQUEST),
    ("rights", words::chart::RIGHTS),
    ("limited", words::chart::LIMITED),
    ("unavailable", words::chart::UNAVAILABLE),
];

/// The height that the highest column is drawn in. The picture is stretched to its place, so it is only a proportion.
const HEIGHT: u64 = 1000;
/// The width of a column with the gap after it.
const STEP: u64 = 100;
const GAP: u64 = 22;

/// One interval.
pub(crate) struct Column {
    /// When it began, as the axis has it.
    pub(crate) label: String,
    /// How many requests ended in each way, in the order of [`OUTCOMES`].
    pub(crate) counts: [u64; 6],
}

/// Requests over time by what became of them, as a picture and as a table of the same figures.
#[derive(Template)]
#[template(path = "components/chart.html")]
pub(crate) struct Chart {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) columns: Vec<Column>,
}

/// A piece of a column.
struct Bar {
    outcome: &'static str,
    x: u64,
    y: u64,
    height: u64,
}

/// All pieces of one outcome, as one path: a page of charts stays small.
struct Band {
    outcome: &'static str,
    path: String,
}

impl Column {
    fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}

impl Chart {
    /// The value at the top of the axis: the first of 1, 2, 5, 10, 20, 50, ... that no column is above.
    fn top(&self) -> u64 {
        let highest = self.columns.iter().map(Column::total).max().unwrap_or(0).max(1);
        let mut power = 1_u64;
        loop {
            for factor in [1, 2, 5] {
                let top = power.saturating_mul(factor);
                if top >= highest {
                    return top;
                }
            }
            power = power.saturating_mul(10);
        }
    }

    fn axis(&self) -> [String; 3] {
        let top = self.top();
        [thousands(top), if top > 1 { thousands(top / 2) } else { String::new() }, "0".to_owned()]
    }

    fn width(&self) -> u64 {
        (self.columns.len() as u64).saturating_mul(STEP).max(STEP)
    }

    fn bars(&self) -> Vec<Bar> {
        let top = self.top();
        let mut bars = Vec::new();
        for (column, x) in self.columns.iter().zip((0_u64..).step_by(100)) {
            let mut below = 0_u64;
            for ((outcome, _), count) in OUTCOMES.iter().zip(column.counts).filter(|(_, count)| *count > 0) {
                let (from, to) = (scaled(below, top), scaled(below.saturating_add(count), top));
                // What is there is seen, however little it is.
                let height = (to - from).max(8);
                bars.push(Bar { outcome, x: x + GAP / 2, y: HEIGHT.saturating_sub(from + height), height });
                below = below.saturating_add(count);
            }
        }
        bars
    }

    fn bands(&self) -> Vec<Band> {
        let bars = self.bars();
        let mut bands = Vec::new();
        for (outcome, _) in OUTCOMES {
            let mut path = String::new();
            for Bar { x, y, height, .. } in bars.iter().filter(|bar| bar.outcome == outcome) {
                let width = STEP - GAP;
                // Writing to a string does not fail.
                let _ = write!(path, "M{x} {y}h{width}v{height}h-{width}z");
            }
            if !path.is_empty() {
                bands.push(Band { outcome, path });
            }
        }
        bands
    }

    /// The outcomes that occur, for the legend and the table.
    fn shown(&self) -> Vec<(usize, &'static str, &'static str)> {
        let occurs = |place: usize| self.columns.iter().any(|column| column.counts.get(place).is_some_and(|count| *count > 0));
        OUTCOMES
            .iter()
            .enumerate()
            .filter(|(place, _)| *place == 0 || occurs(*place))
            .map(|(place, (word, label))| (place, *word, *label))
            .collect()
    }

    fn count(column: &Column, place: usize) -> String {
        thousands(column.counts.get(place).copied().unwrap_or(0))
    }

    fn total(&self) -> u64 {
        self.columns.iter().map(Column::total).sum()
    }

    fn summary(&self) -> String {
        words::chart::summary(self.title, self.columns.len(), &thousands(self.total()))
    }

    /// The labels under the columns: the first, one in the middle, the last.
    fn ticks(&self) -> Vec<&str> {
        let last = self.columns.len().saturating_sub(1);
        let mut places = vec![0, last / 2, last];
        places.dedup();
        places.into_iter().filter_map(|place| self.columns.get(place)).map(|column| column.label.as_str()).collect()
    }
}

/// Where a value is between nothing and the top, in the picture's own measure.
fn scaled(value: u64, top: u64) -> u64 {
    u64::try_from(u128::from(value) * u128::from(HEIGHT) / u128::from(top.max(1))).unwrap_or(HEIGHT)
}

/// A number with a narrow space between each three digits, which no language reads as a decimal point.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(counts: &[[u64; 6]]) -> Chart {
        let columns = counts.iter().map(|counts| Column { label: "12:00".to_owned(), counts: *counts }).collect();
        Chart { id: "chart", title: "Requests", columns }
    }

    #[test]
    fn the_axis_ends_at_a_round_number_that_nothing_is_above() {
        assert_eq!(chart(&[]).top(), 1);
        assert_eq!(chart(&[[0; 6]]).top(), 1);
        assert_eq!(chart(&[[40, 2, 0, 0, 0, 0]]).top(), 50);
        assert_eq!(chart(&[[51, 0, 0, 0, 0, 0]]).top(), 100);
        assert_eq!(chart(&[[u64::MAX, 0, 0, 0, 0, 0]]).top(), u64::MAX);
    }

    #[test]
    fn columns_are_stacked_without_gaps_and_end_at_their_sum() {
        let bars = chart(&[[500, 300, 200, 0, 0, 0]]).bars();
        assert_eq!(
            bars.iter().map(|bar| (bar.outcome, bar.y, bar.height)).collect::<Vec<_>>(),
            [("issued", 500, 500), ("credentials", 200, 300), ("request", 0, 200)]
        );
    }

    #[test]
    fn one_refusal_among_a_million_is_seen() {
        let bars = chart(&[[1_000_000, 1, 0, 0, 0, 0]]).bars();
        assert!(bars.iter().any(|bar| bar.outcome == "credentials" && bar.height >= 8));
    }

    #[test]
    fn figures_are_grouped_by_thousands() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
