//! Learning curves as a picture that needs nothing beside itself: no script, no font, no style sheet. It follows the
//! reader's choice of light or dark.

use learn::simulate::Simulation;
use std::fmt::Write;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 480.0;
/// Left, top, right and bottom edge of the plot in the picture.
const FRAME: (f64, f64, f64, f64) = (64.0, 44.0, 676.0, 424.0);

/// On white, and on black: as far apart as ten colors can be for most eyes; dashes tell them apart for all.
const COLORS: [(&str, &str); 9] = [
    ("#0969da", "#6cb6ff"),
    ("#bc4c00", "#ffa657"),
    ("#1a7f37", "#57d977"),
    ("#8250df", "#c297ff"),
    ("#cf222e", "#ff8a84"),
    ("#0b7285", "#5fd4e6"),
    ("#7d6608", "#e3c850"),
    ("#a0327a", "#ff92cf"),
    ("#57606a", "#b1bac4"),
];
const DASHES: [&str; 4] = ["none", "7 3", "2 3", "9 3 2 3"];

/// The curves with bands of their 95% intervals, and a line at the target.
pub fn svg(outcomes: &[Simulation], target: Option<f64>) -> String {
    let points = || outcomes.iter().flat_map(|o| &o.curve);
    let answers = points().map(|p| p.answers as f64);
    let (x0, x1) = answers.fold((f64::INFINITY, 0.0_f64), |(a, b), x| (a.min(x), b.max(x)));
    let ends = points().flat_map(|p| [p.accuracy.low, p.accuracy.high]).chain(target);
    let (y0, y1) = ends.fold((1.0_f64, 0.0_f64), |(a, b), y| (a.min(y), b.max(y)));
    let xs = Axis::new(x0, x1, FRAME.0, FRAME.2);
    // Accuracy is a share: no axis leaves 0 to 1.
    let ys = Axis::new(y0.clamp(0.0, 1.0), y1.clamp(0.0, 1.0), FRAME.3, FRAME.1);
    let mut svg = String::new();
    // Writing to a string can't fail.
    let _ = draw(&mut svg, outcomes, target, &xs, &ys);
    svg
}

fn draw(
    svg: &mut String,
    outcomes: &[Simulation],
    target: Option<f64>,
    xs: &Axis,
    ys: &Axis,
) -> Result<(), std::fmt::Error> {
    writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"Accuracy by number of labels, one curve for each strategy\">"
    )?;
    style(svg, outcomes.len())?;
    writeln!(svg, "<rect class=\"paper\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>")?;
    writeln!(svg, "<text class=\"strong\" x=\"{}\" y=\"26\">Accuracy by number of labels</text>", FRAME.0)?;
    for y in ys.ticks() {
        let at = ys.at(y);
        writeln!(
            svg,
            "<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>",
            FRAME.0, FRAME.2
        )?;
        writeln!(
            svg,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            FRAME.0 - 8.0,
            at + 4.0,
            ys.label(y)
        )?;
    }
    for x in xs.ticks() {
        let at = xs.at(x);
        writeln!(
            svg,
            "<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{}\" y2=\"{}\"/>",
            FRAME.3,
            FRAME.3 + 5.0
        )?;
        writeln!(
            svg,
            "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            FRAME.3 + 20.0,
            xs.label(x)
        )?;
    }
    writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">labels</text>",
        (FRAME.0 + FRAME.2) / 2.0,
        FRAME.3 + 42.0
    )?;
    if let Some(target) = target {
        let at = ys.at(target);
        writeln!(
            svg,
            "<line class=\"target\" x1=\"{}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>",
            FRAME.0, FRAME.2
        )?;
    }
    for (number, outcome) in outcomes.iter().enumerate() {
        band(svg, number, outcome, xs, ys)?;
    }
    for (number, outcome) in outcomes.iter().enumerate() {
        let path: Vec<String> = outcome
            .curve
            .iter()
            .map(|p| format!("{:.1},{:.1}", xs.at(p.answers as f64), ys.at(p.accuracy.value)))
            .collect();
        writeln!(svg, "<polyline class=\"line c{number}\" points=\"{}\"/>", path.join(" "))?;
        for point in path {
            let (x, y) = point.split_once(',').unwrap_or_default();
            writeln!(svg, "<circle class=\"dot c{number}\" cx=\"{x}\" cy=\"{y}\" r=\"2\"/>")?;
        }
        let y = FRAME.1 + 12.0 + 22.0 * number as f64;
        let x = FRAME.2 + 16.0;
        writeln!(
            svg,
            "<line class=\"line c{number}\" x1=\"{x}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\"/>",
            x + 28.0
        )?;
        writeln!(svg, "<text x=\"{}\" y=\"{}\">{}</text>", x + 36.0, y + 4.0, outcome.strategy.name())?;
    }
    if let Some(target) = target {
        let y = FRAME.1 + 12.0 + 22.0 * outcomes.len() as f64;
        let x = FRAME.2 + 16.0;
        writeln!(svg, "<line class=\"target\" x1=\"{x}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\"/>", x + 28.0)?;
        writeln!(svg, "<text x=\"{}\" y=\"{}\">target {target}</text>", x + 36.0, y + 4.0)?;
    }
    writeln!(svg, "</svg>")
}

fn style(svg: &mut String, n: usize) -> Result<(), std::fmt::Error> {
    writeln!(
        svg,
        "<style>\ntext{{font:13px system-ui,sans-serif;fill:#24292f}}.strong{{font-weight:600}}.paper{{fill:#fff}}"
    )?;
    writeln!(
        svg,
        ".grid{{stroke:#d0d7de}}.target{{stroke:#57606a;stroke-dasharray:4 4}}.line{{fill:none;stroke-width:2}}"
    )?;
    writeln!(svg, ".band{{stroke:none;opacity:.15}}")?;
    let colors = |svg: &mut String, dark: bool| {
        for number in 0..n {
            let both = COLORS[number % COLORS.len()];
            let color = if dark { both.1 } else { both.0 };
            writeln!(svg, ".line.c{number}{{stroke:{color}}}.dot.c{number},.band.c{number}{{fill:{color}}}")?;
        }
        Ok(())
    };
    colors(svg, false)?;
    for number in 0..n {
        writeln!(svg, ".line.c{number}{{stroke-dasharray:{}}}", DASHES[number % DASHES.len()])?;
    }
    writeln!(
        svg,
        "@media (prefers-color-scheme:dark){{text{{fill:#e6edf3}}.paper{{fill:#0d1117}}.grid{{stroke:#30363d}}.target{{stroke:#8d96a0}}"
    )?;
    colors(svg, true)?;
    writeln!(svg, "}}\n</style>")
}

fn band(
    svg: &mut String,
    number: usize,
    outcome: &Simulation,
    xs: &Axis,
    ys: &Axis,
) -> Result<(), std::fmt::Error> {
    let there = outcome.curve.iter().map(|p| (p.answers, p.accuracy.high));
    let back = outcome.curve.iter().rev().map(|p| (p.answers, p.accuracy.low));
    let points: Vec<String> =
        there.chain(back).map(|(x, y)| format!("{:.1},{:.1}", xs.at(x as f64), ys.at(y))).collect();
    writeln!(svg, "<polygon class=\"band c{number}\" points=\"{}\"/>", points.join(" "))
}

/// From values to places, with ticks at round values.
struct Axis {
    low: f64,
    high: f64,
    step: f64,
    from: f64,
    to: f64,
}

impl Axis {
    fn new(low: f64, high: f64, from: f64, to: f64) -> Self {
        let (low, high) = if high > low { (low, high) } else { (low - 0.5, low + 0.5) };
        let rough = (high - low) / 6.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step =
            [1.0, 2.0, 5.0, 10.0].map(|s| s * power).into_iter().find(|s| *s >= rough).unwrap_or(rough);
        Self { low: (low / step).floor() * step, high: (high / step).ceil() * step, step, from, to }
    }

    fn at(&self, value: f64) -> f64 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.from + share * (self.to - self.from)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let n = ((self.high - self.low) / self.step).round() as usize;
        let (low, step) = (self.low, self.step);
        (0..=n).map(move |i| low + step * i as f64)
    }

    fn label(&self, value: f64) -> String {
        let digits = (-self.step.log10().floor()).clamp(0.0, 6.0) as usize;
        format!("{value:.digits$}")
    }
}
