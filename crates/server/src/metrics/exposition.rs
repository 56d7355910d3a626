//! The Prometheus text format, version 0.0.4: a line for each value, a `# HELP` and a `# TYPE` line before each family.

use std::fmt::Write;

use super::counters::{BOUNDS, Distribution};
use super::families::{Family, Kind};

/// The content type of the format.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
/// What nanoseconds are divided by: durations are told in seconds.
const NANOSECONDS: f64 = 1e9;

/// A text that is being written.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    text: String,
}

/// A value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Whole(u64),
    Real(f64),
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Number::Whole(number)
    }
}

impl From<usize> for Number {
    fn from(number: usize) -> Self {
        Number::Whole(number as u64)
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        Number::Real(number)
    }
}

impl From<bool> for Number {
    fn from(is: bool) -> Self {
        Number::Whole(u64::from(is))
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Number::Whole(number) => number.fmt(out),
            Number::Real(number) => number.fmt(out),
        }
    }
}

/// Nanoseconds in seconds.
#[expect(clippy::cast_precision_loss, reason = "a sum of durations needs no nanoseconds after a hundred days")]
pub(super) fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / NANOSECONDS
}

// Writing to a `String` cannot fail.
impl Exposition {
    /// A family with its values: the labels' values in the order of [`Family::labels`], and the value.
    pub(super) fn values<'a, N: Into<Number>>(&mut self, family: &Family, values: impl IntoIterator<Item = (Vec<&'a str>, N)>) {
        let mut has_head = false;
        for (labels, value) in values {
            if !std::mem::replace(&mut has_head, true) {
                self.head(family);
            }
            self.sample(family, "", (&labels, None), value.into());
        }
    }

    /// A family of one value without labels.
    pub(super) fn value(&mut self, family: &Family, value: impl Into<Number>) {
        self.values(family, [(Vec::new(), value)]);
    }

    /// A family of histograms.
    pub(super) fn histograms<'a>(
        &mut self,
        family: &Family,
        histograms: impl IntoIterator<Item = (Vec<&'a str>, Distribution)>,
    ) {
        let mut has_head = false;
        for (labels, histogram) in histograms {
            if histogram.count() == 0 {
                continue;
            }
            if !std::mem::replace(&mut has_head, true) {
                self.head(family);
            }
            let mut below = 0;
            let bounds = BOUNDS.iter().map(|bound| seconds(*bound).to_string()).chain(["+Inf".to_owned()]);
            for (bucket, bound) in histogram.buckets.iter().zip(bounds) {
                below += bucket;
                self.sample(family, "_bucket", (&labels, Some(&bound)), below.into());
            }
            self.sample(family, "_sum", (&labels, None), seconds(histogram.nanoseconds).into());
            self.sample(family, "_count", (&labels, None), below.into());
        }
    }

    /// The text.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn head(&mut self, family: &Family) {
        let help = family.help.replace('\\', "\\\\").replace('\n', "\\n");
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let _ = writeln!(self.text, "# HELP {0} {help}\n# TYPE {0} {kind}", family.name);
    }

    fn sample(&mut self, family: &Family, suffix: &str, (labels, bound): (&[&str], Option<&str>), value: Number) {
        let _ = write!(self.text, "{}{suffix}", family.name);
        let pairs = family.labels.iter().copied().zip(labels.iter().copied()).chain(bound.map(|bound| ("le", bound)));
        let mut separator = '{';
        for (name, value) in pairs {
            let _ = write!(self.text, "{separator}{name}=\"");
            self.escaped(value);
            self.text.push('"');
            separator = ',';
        }
        if separator == ',' {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }

    fn escaped(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '\\' => self.text.push_str("\\\\"),
                '"' => self.text.push_str("\\\""),
                '\n' => self.text.push_str("\\n"),
                other => self.text.push(other),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::counters::Histogram;

    const COUNTER: Family = Family { name: "a_total", kind: Kind::Counter, labels: &["one", "two"], help: "What\nit \\ is." };
    const HISTOGRAM: Family = Family { name: "b_seconds", kind: Kind::Histogram, labels: &["one"], help: "Time." };

    #[test]
    fn values_are_written_as_the_format_wants_them() {
        let mut out = Exposition::default();
        out.values(&COUNTER, [(vec!["x", "a\"b\\c\nd"], 5_u64), (vec!["y", ""], 0)]);
        let expected = "# HELP a_total What\\nit \\\\ is.\n# TYPE a_total counter\n\
                        a_total{one=\"x\",two=\"a\\\"b\\\\c\\nd\"} 5\na_total{one=\"y\",two=\"\"} 0\n";
        assert_eq!(out.into_text(), expected);
    }

    #[test]
    fn buckets_add_up_and_a_family_without_values_is_left_out() {
        let histogram = Histogram::default();
        histogram.observe(20_000);
        histogram.observe(30_000_000_000);
        let mut out = Exposition::default();
        out.values(&COUNTER, Vec::<(Vec<&str>, u64)>::new());
        out.histograms(&HISTOGRAM, [(vec!["x"], [&histogram].into_iter().collect())]);
        let text = out.into_text();
        assert!(
            text.starts_with(
                "# HELP b_seconds Time.\n# TYPE b_seconds histogram\nb_seconds_bucket{one=\"x\",le=\"0.00001\"} 0\n"
            )
        );
        assert!(text.contains("b_seconds_bucket{one=\"x\",le=\"0.000025\"} 1\n"), "{text}");
        assert!(text.contains("b_seconds_bucket{one=\"x\",le=\"10\"} 1\n"), "{text}");
        assert!(text.ends_with("le=\"+Inf\"} 2\nb_seconds_sum{one=\"x\"} 30.00002\nb_seconds_count{one=\"x\"} 2\n"), "{text}");
    }
}
