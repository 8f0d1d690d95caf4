//! Writes the table and the plot of the promise: `cargo run --release -p callguard-benches --bin simulation -- docs`.

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;

use callguard_benches::simulation::{Case, Effort, PROMISE, Row, table};
use callguard_core::simulate::{ChartLaw, GenuineGuests, delays};
use plotters::element::DashedPathElement;
use plotters::prelude::*;

const LONG: Effort = Effort { steps: 10_000_000, tried: 6, synthetic: 2_000 };

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let rows = table(LONG);
    let text = page(&rows)?;
    match folder {
        None => print!("{text}"),
        Some(folder) => {
            std::fs::write(folder.join("simulation.md"), text)?;
            plot(&folder.join("simulation.svg"))?;
            eprintln!("wrote simulation.md and simulation.svg to {}", folder.display());
        }
    }
    Ok(())
}

fn page(rows: &[Row]) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    writeln!(
        out,
        "# The promise, simulated\n\n\
         Made by `cargo run --release -p callguard-benches --bin simulation -- docs`; a shorter run of the same is in `make test`.\n\n\
         Guests are drawn from each law: calibrated Gaussian llr of the given variance (nats²), 4 s windows that follow one another\n\
         or slide by 0.5 s, a share ρ of the variance the guest's own, clipped at ± 4. Thresholds are those that Callguard finds for the promise\n\
         *at most {:.0} % of genuine guests flagged in the call*; the shares of genuine guests flagged are of **other** guests (estimate and upper end of\n\
         the one-sided 95 % interval, importance sampling). *Caught* is the share of synthetic guests flagged within 15 / 30 / 120 s, at the threshold for\n\
         10 minutes: from the start of the call, and for a voice that turns synthetic at 2 min (guests flagged before that left out). Plain Page has a\n\
         threshold of its own for the same promise.\n\n\
         Two sources are of one hypothesis, llrs correlating by .7, weighed by 1/1.7 each.\n\n\
         ![Share of synthetic voices caught against time](simulation.svg)\n",
        100.0 * PROMISE
    )?;
    writeln!(
        out,
        "| sources | windows | variance | ρ | S at 10 min | genuine flagged in 10 min | in 1 h | caught, from the start | caught, turning at 2 min | plain Page: S | caught, from the start |"
    )?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")?;
    for row in rows {
        let Case { variance, sliding, rho, sources } = row.case;
        let share =
            |i: usize| format!("{:.2} % (≤ {:.2} %)", 100.0 * row.flagged[i].share, 100.0 * row.flagged[i].upper95());
        let caught = |c: [f64; 3]| c.map(|x| format!("{:.0}", 100.0 * x)).join(" / ") + " %";
        let windows = if sliding { "sliding" } else { "independent" };
        writeln!(
            out,
            "| {sources} | {windows} | {variance} | {rho} | {:.2} | {} | {} | {} | {} | {:.2} | {} |",
            row.thresholds[0],
            share(0),
            share(1),
            caught(row.caught),
            caught(row.caught_turning),
            row.plain_threshold,
            caught(row.plain_caught)
        )?;
    }
    Ok(out)
}

/// Share caught against time for a detector of variance 7 (window EER 9 %), with the guest effect and without.
fn plot(path: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(path, (900, 480)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption("Caught at \"1 % of genuine guests in 10 min\", variance 7", ("sans-serif", 20))
        .margin(14)
        .x_label_area_size(42)
        .y_label_area_size(52)
        .build_cartesian_2d(0f64..120f64, 0f64..100f64)?;
    chart
        .configure_mesh()
        .x_desc("seconds of speech")
        .y_desc("% of synthetic guests flagged")
        .label_style(("sans-serif", 14))
        .draw()?;
    // Okabe & Ito's colours, which colour-blind eyes tell apart.
    for (rho, colour) in [(0.0, RGBColor(0, 114, 178)), (0.3, RGBColor(230, 159, 0)), (0.6, RGBColor(213, 94, 0))] {
        let law = Case { variance: 7.0, sliding: true, rho, sources: 1 }.law();
        for plain in [false, true] {
            let law = if plain { ChartLaw { rho: 0.0, ..law.clone() } } else { law.clone() };
            let threshold = GenuineGuests::simulate(&law, 600.0, None, 1).threshold(PROMISE, 600.0);
            let found = delays(&law, threshold, 0.0, 120.0, LONG.synthetic, 3);
            let share = |s: f64| {
                100.0 * found.iter().filter(|d| d.is_some_and(|d| d <= s)).count() as f64 / found.len().max(1) as f64
            };
            let points = (0..=240).map(|i| f64::from(i) * 0.5).map(|s| (s, share(s)));
            if plain {
                chart
                    .draw_series(DashedLineSeries::new(points, 6, 4, colour.stroke_width(2)))?
                    .label(format!("plain Page, ρ = {rho}"))
                    .legend(move |(x, y)| DashedPathElement::new([(x, y), (x + 26, y)], 6, 4, colour.stroke_width(2)));
            } else {
                chart
                    .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
                    .label(format!("guest effect, ρ = {rho}"))
                    .legend(move |(x, y)| PathElement::new([(x, y), (x + 26, y)], colour.stroke_width(2)));
            }
        }
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .margin(12)
        .legend_area_size(34)
        .label_font(("sans-serif", 14))
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK)
        .draw()?;
    root.present()?;
    Ok(())
}
