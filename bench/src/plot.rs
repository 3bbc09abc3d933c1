//! Figures as plots: lines and bars on logarithmic axes, as SVG text.
//!
//! It draws what it is given and measures nothing. Equal figures give equal bytes. A renderer chooses the font, so room
//! for text is estimated from its characters.

use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const LINE_PLOT_HEIGHT: f64 = 420.0;
/// From one bar to the next.
const BAR_STEP: f64 = 28.0;
const BAR_HEIGHT: f64 = 18.0;
/// Room above for the title, and below for the axis and its label.
const TOP: f64 = 48.0;
const BOTTOM: f64 = 56.0;
/// Text is 13 pixels high; a character of it is about this wide in the fonts that stand for `sans-serif`.
const CHARACTER_WIDTH: f64 = 7.2;
/// Most room for the longest label, so that a plot remains beside it.
const LABELS_WIDTH_MAX: f64 = 320.0;
/// Lines of a grid that can be read.
const TICKS_MAX: f64 = 8.0;
/// The colours of Okabe and Ito that carry on white, told apart by those who see fewer.
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

/// One line of a plot.
pub(crate) struct Series {
    /// What the legend calls it.
    pub(crate) name: String,
    /// In the order in which they are joined.
    pub(crate) points: Vec<(f64, f64)>,
}

/// Lines over two axes, both logarithmic or both linear. A point that has no place on its axis is left out.
pub(crate) fn line_plot(title: &str, x_label: &str, y_label: &str, log: bool, series: &[Series]) -> String {
    let place = |value: f64| value.is_finite() && (!log || value > 0.0);
    let points =
        |of: &Series| -> Vec<(f64, f64)> { of.points.iter().copied().filter(|&(x, y)| place(x) && place(y)).collect() };
    let all: Vec<(f64, f64)> = series.iter().flat_map(points).collect();
    let (left, bottom) = (84.0, LINE_PLOT_HEIGHT - BOTTOM);
    let right = WIDTH - 40.0 - room(series.iter().map(|it| it.name.as_str()));
    let x = Axis::over(all.iter().map(|point| point.0), log, (left, right));
    let y = Axis::over(all.iter().map(|point| point.1), log, (bottom, TOP));
    let mut svg = Svg::new(title, LINE_PLOT_HEIGHT);
    for tick in x.ticks() {
        svg.grid_line((x.at(tick), TOP), (x.at(tick), bottom));
        svg.text((x.at(tick), bottom + 20.0), "middle", &figure(tick));
    }
    for tick in y.ticks() {
        svg.grid_line((left, y.at(tick)), (right, y.at(tick)));
        svg.text((left - 8.0, y.at(tick) + 4.0), "end", &figure(tick));
    }
    svg.text((f64::midpoint(left, right), LINE_PLOT_HEIGHT - 14.0), "middle", x_label);
    svg.upright((18.0, f64::midpoint(TOP, bottom)), y_label);
    let mut legend = TOP + 12.0;
    for (line, colour) in series.iter().zip(COLOURS.iter().cycle()) {
        let points: Vec<(f64, f64)> = points(line).into_iter().map(|point| (x.at(point.0), y.at(point.1))).collect();
        svg.line(&points, colour);
        svg.line(&[(right + 12.0, legend), (right + 28.0, legend)], colour);
        svg.text((right + 36.0, legend + 4.0), "start", &line.name);
        legend += 22.0;
    }
    svg.end()
}

/// Horizontal bars on a logarithmic scale, each with its figure. A figure that has no place there has no bar.
pub(crate) fn bars(title: &str, unit: &str, rows: &[(String, f64)]) -> String {
    let lengths = || rows.iter().map(|row| row.1).filter(|value| value.is_finite() && *value > 0.0);
    let height = rows.iter().fold(TOP + BOTTOM, |height, _| height + BAR_STEP);
    let left = 24.0 + room(rows.iter().map(|row| row.0.as_str()));
    let figures: Vec<String> = rows.iter().map(|row| format!("{} {unit}", figure(row.1))).collect();
    let right = WIDTH - 16.0 - room(figures.iter().map(String::as_str));
    // A scale that begins at half the least figure leaves a bar for it.
    let least = lengths().fold(f64::INFINITY, f64::min) / 2.0;
    let scale = Axis::over(lengths().chain((least > 0.0 && least.is_finite()).then_some(least)), true, (left, right));
    let mut svg = Svg::new(title, height);
    for tick in scale.ticks() {
        svg.grid_line((scale.at(tick), TOP), (scale.at(tick), height - BOTTOM));
        svg.text((scale.at(tick), height - BOTTOM + 20.0), "middle", &figure(tick));
    }
    svg.text((f64::midpoint(left, right), height - 14.0), "middle", unit);
    let mut top = TOP + (BAR_STEP - BAR_HEIGHT) / 2.0;
    for ((name, value), shown) in rows.iter().zip(&figures) {
        let end = if value.is_finite() && *value > 0.0 { scale.at(*value) } else { left };
        svg.bar((left, top), end - left);
        svg.text((left - 8.0, top + 13.0), "end", name);
        svg.text((end + 6.0, top + 13.0), "start", shown);
        top += BAR_STEP;
    }
    svg.end()
}

/// The room that the longest of some texts takes.
fn room<'a>(texts: impl Iterator<Item = &'a str>) -> f64 {
    let wide = |text: &str| text.chars().fold(0.0, |sum, _| sum + CHARACTER_WIDTH);
    texts.map(wide).fold(0.0, f64::max).min(LABELS_WIDTH_MAX)
}

/// Three digits that count, with a comma at each thousand.
fn figure(value: f64) -> String {
    let text = match value.abs() {
        0.0 => return "0".to_owned(),
        it if !(0.000_999_9..1e9).contains(&it) => return format!("{value:.2e}").replace(".00e", "e"),
        it if it >= 99.95 => format!("{value:.0}"),
        it if it >= 9.995 => format!("{value:.1}"),
        it if it >= 0.999_5 => format!("{value:.2}"),
        it if it >= 0.099_95 => format!("{value:.3}"),
        it if it >= 0.009_995 => format!("{value:.4}"),
        _ => format!("{value:.5}"),
    };
    if text.contains('.') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
    let mut out = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// From figures to places. On a logarithmic axis, `low`, `high` and `step` are powers of ten.
struct Axis {
    log: bool,
    low: f64,
    high: f64,
    step: f64,
    pixels: (f64, f64),
}

impl Axis {
    /// An axis that holds all values, from one tick to another.
    fn over(values: impl Iterator<Item = f64>, log: bool, pixels: (f64, f64)) -> Self {
        let place = |value: f64| if log { value.log10() } else { value };
        let (least, most) =
            values.map(place).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), it| (a.min(it), b.max(it)));
        // A linear axis shows its zero; an axis without figures goes from 1 to 10, or from 0 to 1.
        let (least, most) = match (least.is_finite(), log) {
            (false, _) => (0.0, 1.0),
            (true, true) => (least, most),
            (true, false) => (least.min(0.0), most.max(0.0)),
        };
        let wide = if most > least { most - least } else { 1.0 };
        let step = if log { (wide / TICKS_MAX).ceil() } else { round_step(wide / TICKS_MAX) };
        let low = (least / step).floor() * step;
        let high = ((most / step).ceil() * step).max(low + step);
        Self { log, low, high, step, pixels }
    }

    fn at(&self, value: f64) -> f64 {
        let value = if self.log { value.log10() } else { value };
        let (from, to) = self.pixels;
        from + (value - self.low) / (self.high - self.low) * (to - from)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let end = self.high + self.step / 2.0;
        let ticks = std::iter::successors(Some(self.low), |at| Some(at + self.step));
        ticks.take_while(move |at| *at < end).map(|at| if self.log { 10_f64.powf(at) } else { at })
    }
}

/// The next number from here that is 1, 2 or 5 times a power of ten.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let fits = [1.0, 2.0, 5.0].map(|times| times * power).into_iter().find(|step| *step >= least);
    fits.unwrap_or(10.0 * power)
}

/// A text of XML: no sign that ends it, and no character that XML does not have.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other if other.is_control() => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

/// A drawing on white, whatever the page around it is.
struct Svg(String);

impl Svg {
    fn new(title: &str, height: f64) -> Self {
        let title = escaped(title);
        let middle = WIDTH / 2.0;
        Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\" role=\"img\" font-family=\"sans-serif\" font-size=\"13\" fill=\"#222222\">\n\
             <title>{title}</title>\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
             <text x=\"{middle}\" y=\"28\" text-anchor=\"middle\" font-size=\"16\">{title}</text>\n"
        ))
    }

    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(self.0, "{element}");
    }

    fn text(&mut self, (x, y): (f64, f64), anchor: &str, text: &str) {
        self.put(format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>", escaped(text)));
    }

    fn upright(&mut self, (x, y): (f64, f64), text: &str) {
        let text = escaped(text);
        self.put(format_args!(
            "<text transform=\"translate({x:.1} {y:.1}) rotate(-90)\" text-anchor=\"middle\">{text}</text>"
        ));
    }

    fn grid_line(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.put(format_args!(
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"#d0d0d0\"/>",
            from.0, from.1, to.0, to.1
        ));
    }

    /// A line through some places, with a dot at each.
    fn line(&mut self, points: &[(f64, f64)], colour: &str) {
        let places: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let places = places.join(" ");
        self.put(format_args!("<polyline points=\"{places}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"));
        for (x, y) in points {
            self.put(format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"));
        }
    }

    fn bar(&mut self, (x, y): (f64, f64), width: f64) {
        self.put(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR_HEIGHT}\" fill=\"#0072b2\"/>"
        ));
    }

    fn end(mut self) -> String {
        self.put(format_args!("</svg>"));
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of a document, if it is well-formed in the small part of XML that is used here.
    #[track_caller]
    fn texts(xml: &str) -> Vec<String> {
        let (mut open, mut texts, mut rest) = (Vec::new(), Vec::new(), xml);
        while let Some((text, after)) = rest.split_once('<') {
            let (tag, after) = after.split_once('>').expect("a tag ends");
            let plain = ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;"]
                .iter()
                .fold(text.to_owned(), |text, entity| text.replace(entity, ""));
            assert!(!plain.contains(['&', '>']), "{text}");
            assert!(!open.is_empty() || text.trim().is_empty(), "{text} outside");
            if !text.trim().is_empty() {
                texts.push(text.to_owned());
            }
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name), "{xml}");
            } else {
                let (name, attributes) = tag.trim_end_matches('/').split_once(' ').unwrap_or((tag, ""));
                let pieces: Vec<&str> = attributes.split('"').collect();
                assert!(pieces.len() % 2 == 1 && !attributes.contains("NaN") && !attributes.contains("inf"), "{tag}");
                assert!(pieces.iter().step_by(2).all(|it| it.is_empty() || it.ends_with('=')), "{tag}");
                if !tag.ends_with('/') {
                    open.push(name);
                }
            }
            rest = after;
        }
        assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest:?}");
        texts
    }

    fn series(name: &str, points: &[(f64, f64)]) -> Series {
        Series { name: name.to_owned(), points: points.to_vec() }
    }

    #[test]
    fn a_plot_is_well_formed_and_names_everything() {
        let lines = [
            series("a < b & \"c\" 'd'", &[(100.0, 2.5), (10_000.0, 3.1), (1e6, 40.0)]),
            series("two\u{1b}", &[(100.0, 0.05)]),
        ];
        for log in [true, false] {
            let svg = line_plot("costs <&>", "names", "µs", log, &lines);
            let texts = texts(&svg);
            for label in
                ["costs &lt;&amp;&gt;", "names", "µs", "a &lt; b &amp; &quot;c&quot; &apos;d&apos;", "two\u{fffd}"]
            {
                assert!(texts.iter().any(|text| text == label), "{label} in {texts:?}");
            }
            assert_eq!(svg, line_plot("costs <&>", "names", "µs", log, &lines));
        }
        let rows = [("a & b".to_owned(), 1_234.5), ("c".to_owned(), 0.5), ("d".to_owned(), 0.0)];
        let texts = texts(&bars("bars", "µs", &rows));
        for label in ["bars", "a &amp; b", "c", "d", "1,234 µs", "0.5 µs", "0 µs", "0.1", "10,000"] {
            assert!(texts.iter().any(|text| text == label), "{label} in {texts:?}");
        }
    }

    #[test]
    fn figures_without_a_place_spoil_nothing() {
        for points in [
            &[][..],
            &[(1.0, 1.0)],
            &[(0.0, 1.0), (1.0, -1.0)],
            &[(f64::NAN, 1.0), (1.0, f64::INFINITY)],
            &[(5.0, 7.0), (5.0, 7.0)],
            &[(1e-300, 1e300), (1e300, 1e-300)],
        ] {
            for log in [true, false] {
                texts(&line_plot("t", "x", "y", log, &[series("s", points)]));
            }
            let rows: Vec<_> = points.iter().map(|(_, y)| ("row".to_owned(), *y)).collect();
            texts(&bars("t", "u", &rows));
        }
        texts(&line_plot("t", "x", "y", true, &[]));
    }

    #[test]
    fn a_figure_has_three_digits_that_count() {
        for (value, expected) in [
            (0.0, "0"),
            (0.000_123_4, "1.23e-4"),
            (0.001, "0.001"),
            (0.012_34, "0.0123"),
            (0.1, "0.1"),
            (1.0, "1"),
            (1.234, "1.23"),
            (9.999, "10"),
            (12.34, "12.3"),
            (99.99, "100"),
            (1_234.5, "1,234"),
            (1e6, "1,000,000"),
            (1e9, "1e9"),
            (-1_234_567.0, "-1,234,567"),
        ] {
            assert_eq!(figure(value), expected, "{value}");
        }
    }

    #[test]
    fn an_axis_holds_all_values_between_ticks() {
        for (values, log, expected) in [
            (&[3.0, 400.0][..], true, &[1.0, 10.0, 100.0, 1_000.0][..]),
            (&[10.0], true, &[10.0, 100.0]),
            (&[0.0, 4.0], false, &[0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0]),
            (&[70.0], false, &[0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0]),
            (&[], true, &[1.0, 10.0]),
        ] {
            let axis = Axis::over(values.iter().copied(), log, (0.0, 1.0));
            assert_eq!(
                axis.ticks().map(figure).collect::<Vec<_>>(),
                expected.iter().copied().map(figure).collect::<Vec<_>>()
            );
            for value in values {
                assert!((0.0..=1.0).contains(&axis.at(*value)), "{value}");
            }
        }
    }
}
