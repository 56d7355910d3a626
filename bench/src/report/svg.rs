//! Just enough SVG. White background, so that plots look the same on light and dark pages.

use std::fmt::Write;

/// A drawing.
pub(super) struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// Where a text begins or ends.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.push(&format!(r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" stroke="{colour}"/>"#));
    }

    pub(super) fn bar(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), colour: &str) {
        let width = width.max(0.5);
        self.push(&format!(r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill="{colour}"/>"#));
    }

    pub(super) fn path(&mut self, points: &[(f64, f64)], colour: &str, dashed: bool) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let dash = if dashed { r#" stroke-dasharray="5 3""# } else { "" };
        self.push(&format!(
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>"#,
            points.join(" ")
        ));
    }

    pub(super) fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        self.styled(&format!(r#"x="{x:.1}" y="{y:.1}""#), anchor, text);
    }

    pub(super) fn title(&mut self, (x, y): (f64, f64), text: &str) {
        self.styled(&format!(r#"x="{x:.1}" y="{y:.1}" font-size="15" font-weight="bold""#), Anchor::Start, text);
    }

    /// A text that reads upwards.
    pub(super) fn upward(&mut self, (x, y): (f64, f64), text: &str) {
        self.styled(&format!(r#"transform="translate({x:.1} {y:.1}) rotate(-90)""#), Anchor::Middle, text);
    }

    fn styled(&mut self, place: &str, anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        self.push(&format!(r#"<text {place} text-anchor="{anchor}">{text}</text>"#));
    }

    fn push(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }

    pub(super) fn finish(self) -> String {
        let Self { width, height, body } = self;
        let mut text = String::new();
        // Writing to a `String` cannot fail.
        let _ = write!(
            text,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} \
             {height:.0}\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#1f2328\">\n<rect width=\"100%\" \
             height=\"100%\" fill=\"white\"/>\n{body}</svg>\n"
        );
        text
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::records::{Figure, Footprint, Latency, PairFigure, Records, SubjectNote};

    /// A made-up run of two rounds, in the second of which the machine was half as fast.
    pub(crate) fn records() -> Records {
        let figure = |subject: &str, round: usize, rate: f64| {
            let latency = Latency { p50: 0.2, p90: 0.4, p99: 0.8, p999: 2.0, max: 3.0, curve: vec![(0.5, 0.2), (0.99, 0.8)] };
            let per_second = if round == 1 { rate } else { rate / 2.0 };
            Figure {
                per_second,
                answers: 100,
                verified: 2,
                latency,
                failure: None,
                ..Figure::failed(subject, round, String::new())
            }
        };
        let mut figures = Vec::new();
        for round in [1, 2] {
            for (subject, rate) in [
                ("floor", 80_000.0),
                ("bound-es256", 20_000.0),
                ("mintmark-es256", 19_000.0),
                ("mintmark-asset", 9_000.0),
                ("bound-eddsa", 30_000.0),
                ("mintmark-es256@50%", 9_000.0),
            ] {
                figures.push(figure(subject, round, rate));
            }
            figures.push(Figure::failed("mintmark-eddsa", round, "3 of 7 answers were wrong".to_owned()));
        }
        let note = |name: &str| SubjectNote {
            name: name.to_owned(),
            what: "what".to_owned(),
            algorithm: "ES256".to_owned(),
            connections: 32,
        };
        Records {
            date: "2026-01-01T00:00:00Z".to_owned(),
            machine: BTreeMap::new(),
            command: "run".to_owned(),
            seed: 1,
            rounds: 2,
            seconds: 3.0,
            clients: 200,
            brief: false,
            subjects: ["floor", "bound-es256", "mintmark-es256", "mintmark-eddsa"].map(note).into(),
            figures,
            pairs: [1, 2]
                .into_iter()
                .flat_map(|round| {
                    [("mintmark-es256", "bound-es256", 0.95), ("mintmark-asset", "mintmark-es256", 0.5)]
                        .map(|pair| (round, pair))
                })
                .map(|(round, (one, other, ratio))| PairFigure {
                    one: one.to_owned(),
                    other: other.to_owned(),
                    round,
                    ratio: Some(ratio),
                    failure: None,
                })
                .collect(),
            raw: Vec::new(),
            peers: Vec::new(),
            footprint: Footprint::default(),
        }
    }

    #[test]
    fn texts_are_escaped() {
        let mut svg = Svg::new(10.0, 10.0);
        svg.text((0.0, 0.0), Anchor::Start, "a < b & c");
        assert!(svg.finish().contains(">a &lt; b &amp; c</text>"));
    }
}
