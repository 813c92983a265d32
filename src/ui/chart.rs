//! Bars as inline SVG. Colours are the stylesheet's; sizes are attributes, since no inline style is allowed.

use maud::{Markup, html};

/// How many bars a chart has at most. Of more, neighbours are put together.
const MAX_BARS: usize = 64;

/// The height of the highest bar.
const HEIGHT: f64 = 100.0;

/// A bar.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bar {
    /// What it stands for.
    pub(super) label: String,
    /// How high it is, in whatever unit.
    pub(super) value: f64,
    /// The value in words.
    pub(super) text: String,
}

/// Bars side by side; `name` says what they show to those who do not see them.
pub(super) fn bars(name: &str, bars: &[Bar]) -> Markup {
    let per_bar = bars.len().div_ceil(MAX_BARS).max(1);
    let heights: Vec<f64> = bars
        .chunks(per_bar)
        .map(|chunk| chunk.iter().map(|bar| height(bar.value)).sum())
        .collect();
    let highest = heights.iter().copied().fold(0.0, f64::max);
    let ends = [bars.first(), bars.last()];
    html! {
        div {
        svg.chart role="img" aria-label=(name) viewBox={"0 0 " (heights.len() * 10) " 100"} preserveAspectRatio="none" {
            @for (at, (chunk, value)) in bars.chunks(per_bar).zip(&heights).enumerate() {
                @let tall = scaled(*value, highest);
                rect x=(at * 10 + 1) y=(100 - tall) width="8" height=(tall) {
                    @if let Some(bar) = chunk.first() { title { (bar.label) ": " (bar.text) @if per_bar > 1 { " …" } } }
                }
            }
        }
        div.axis aria-hidden="true" { @for bar in ends.into_iter().flatten() { span { (bar.label) } } }
        }
    }
}

/// A bar from left to right that fills a share of its line.
pub(super) fn meter(value: usize, most: usize) -> Markup {
    let wide = value
        .saturating_mul(100)
        .checked_div(most)
        .unwrap_or(0)
        .clamp(1, 100);
    html! {
        svg.meter aria-hidden="true" viewBox="0 0 100 1" preserveAspectRatio="none" {
            rect width=(wide) height="1" {}
        }
    }
}

/// What of a value can be shown as a height.
fn height(value: f64) -> f64 {
    if value.is_finite() { value.abs() } else { 0.0 }
}

/// A height as a share of the highest one. What is there at all can be seen.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from 0 to 100"
)]
pub(super) fn scaled(value: f64, highest: f64) -> u32 {
    if value > 0.0 && highest > 0.0 {
        // Divided first: the product could be infinite.
        (value / highest * HEIGHT).ceil().clamp(1.0, HEIGHT) as u32
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_are_shares_of_the_highest() {
        let cases = [
            (0.0, 10.0, 0),
            (1.0, 1_000.0, 1),
            (5.0, 10.0, 50),
            (10.0, 10.0, 100),
            (f64::MAX, f64::MAX, 100),
            (0.0, 0.0, 0),
        ];
        for (value, highest, want) in cases {
            assert_eq!(scaled(value, highest), want, "{value} of {highest}");
        }
        assert_eq!(
            [height(f64::NAN), height(f64::NEG_INFINITY), height(-2.0)],
            [0.0, 0.0, 2.0]
        );
    }

    #[test]
    fn many_bars_are_put_together() {
        let bar = |at: usize| Bar {
            label: format!("<{at}>"),
            value: 1.0,
            text: at.to_string(),
        };
        for (count, want) in [(0, 0), (1, 1), (64, 64), (65, 33), (1_000, 63)] {
            let chart = bars("n", &(0..count).map(bar).collect::<Vec<_>>()).into_string();
            assert_eq!(chart.matches("<rect").count(), want, "{count}");
            assert!(!chart.contains("<0>"));
        }
    }
}
