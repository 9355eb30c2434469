//! A comparison as rows with bars, and a sparkline over years.

use std::io::Write;

use gcm_search::compare::Comparison;

use super::text::{faint_style, found_style, title_style};
use super::{columns, first_columns, padded, padded_left, printable};
use crate::cli::Failure;

/// The widest that the bar of a rate is drawn.
const BAR: usize = 20;
/// The parts of a column, in eighths.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
/// The steps of a sparkline; the lowest is for nothing at all.
const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The heads of the columns with numbers.
const HEADS: [&str; 3] = ["per 1000", "matching", "passages"];

/// The rows, each with its rate as a number and as a bar, then a sparkline where years are compared, then the sum.
pub fn text(out: &mut dyn Write, found: &Comparison, width: usize) -> Result<(), Failure> {
    let (bold, faint, style) = (title_style(), faint_style(), found_style());
    if found.passages == 0 {
        writeln!(out, "{faint}no passage under these filters{faint:#}")?;
        return Ok(());
    }
    let most = found.rows.iter().map(|row| row.per_thousand).fold(0.0, f64::max);
    let numbers: Vec<[String; 3]> = found
        .rows
        .iter()
        .map(|row| [format!("{:.1}", row.per_thousand), row.matches.to_string(), row.passages.to_string()])
        .collect();
    let wide = |at: usize| {
        numbers.iter().map(|row| columns(&row[at])).chain([columns(HEADS[at])]).max().unwrap_or(0) + 1
    };
    let widths = [wide(0), wide(1), wide(2)];
    let line = |cells: [&str; 3]| -> String {
        cells.iter().zip(widths).map(|(cell, width)| padded_left(cell, width)).collect()
    };
    let room = width.saturating_sub(widths.iter().sum::<usize>() + BAR + 2).max(8);
    if !found.rows.is_empty() {
        writeln!(out, "{bold}{} {} {}{bold:#}", line(HEADS), " ".repeat(BAR), printable(&found.by))?;
    }
    for (row, numbers) in found.rows.iter().zip(&numbers) {
        let bar = padded(&bar(row.per_thousand, most), BAR);
        let name = first_columns(&printable(row.name(&found.by).unwrap_or_default()), room);
        writeln!(out, "{} {style}{bar}{style:#} {name}", line([&numbers[0], &numbers[1], &numbers[2]]))?;
    }
    sparkline(out, &found.series, width)?;
    let more = found.values - found.rows.len();
    let more = if more == 0 { String::new() } else { format!("; {more} more with a larger --limit") };
    let summary = format!(
        "{} of {} passages match, {:.1} of a thousand{more}",
        found.total, found.passages, found.per_thousand
    );
    writeln!(out)?;
    for line in textwrap::wrap(&summary, width) {
        writeln!(out, "{faint}{line}{faint:#}")?;
    }
    Ok(())
}

/// A bar as long as a rate's share of the largest one; whatever matches at all shows.
fn bar(rate: f64, most: f64) -> String {
    if most <= 0.0 || rate <= 0.0 {
        return String::new();
    }
    let eighths = ((rate / most * (BAR * 8) as f64).round() as usize).clamp(1, BAR * 8);
    let mut bar = "█".repeat(eighths / 8);
    if let Some(part) = (eighths % 8).checked_sub(1) {
        bar.push(EIGHTHS[part]);
    }
    bar
}

/// The years in their order, one column each: a blank for a year without passages, and as many lines as they need.
fn sparkline(out: &mut dyn Write, series: &[(u16, Option<f64>)], width: usize) -> Result<(), Failure> {
    let most = series.iter().filter_map(|(_, rate)| *rate).fold(0.0, f64::max);
    if most <= 0.0 {
        return Ok(());
    }
    // Before a line stands its first year, behind it its last.
    let at_once = width.saturating_sub(12).max(10);
    let lines = series.chunks(at_once).filter(|years| years.iter().any(|(_, rate)| rate.is_some()));
    for (at, years) in lines.enumerate() {
        let (Some((first, _)), Some((last, _))) = (years.first(), years.last()) else {
            continue;
        };
        let style = found_style();
        let steps: String = years.iter().map(|(_, rate)| rate.map_or(' ', |rate| step(rate, most))).collect();
        let gap = if at == 0 { "\n" } else { "" };
        writeln!(out, "{gap}{first} {style}{steps}{style:#} {last}")?;
    }
    Ok(())
}

fn step(rate: f64, most: f64) -> char {
    if most <= 0.0 || rate <= 0.0 {
        return STEPS[0];
    }
    let above = STEPS.len() - 1;
    STEPS[((rate / most * above as f64).ceil() as usize).clamp(1, above)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_and_steps_are_in_proportion_and_show_whatever_is_there() {
        assert_eq!(bar(10.0, 10.0), "█".repeat(BAR));
        assert_eq!(bar(5.0, 10.0), "█".repeat(BAR / 2));
        assert_eq!(bar(0.001, 10.0), "▏");
        assert_eq!((bar(0.0, 10.0), bar(0.0, 0.0)), (String::new(), String::new()));
        assert_eq!([0.0, 0.001, 5.0, 10.0].map(|rate| step(rate, 10.0)), ['▁', '▂', '▅', '█']);
        assert_eq!(step(0.0, 0.0), '▁');
    }

    #[test]
    fn a_sparkline_leaves_years_without_passages_blank() {
        let mut out = Vec::new();
        sparkline(&mut out, &[(2016, Some(1.0)), (2017, None), (2018, Some(0.0)), (2019, Some(4.0))], 80)
            .unwrap();
        let plain = anstream::adapter::strip_bytes(&out).into_vec();
        assert_eq!(String::from_utf8(plain).unwrap(), "\n2016 ▃ ▁█ 2019\n");
        let mut none = Vec::new();
        sparkline(&mut none, &[], 80).unwrap();
        assert!(none.is_empty());
    }
}
