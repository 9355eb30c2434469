//! `matrix`: passages counted by two kinds of tags at once.

use gcm_search::matrix::Matrix;
use gcm_search::search::Searcher;

use super::args::{Format, MatrixArgs, MatrixFormat, QueryArgs, ResultArgs, ResultFormat, SearchArgs};
use super::settings::Global;
use super::terminal::Terminal;
use super::{
    Failure, Knowledge, Outcome, counting_options, engine_failure, open_or_build, query, scheme_named,
};
use crate::output;

pub fn run(global: &Global, args: &MatrixArgs, terminal: &Terminal) -> Result<Outcome, Failure> {
    if let Some(cell) = &args.cell {
        return list(global, args, cell, terminal);
    }
    let knowledge = Knowledge::load_outline(global)?;
    let rows = scheme_named(&knowledge.taxonomy, &args.rows)?;
    let columns = scheme_named(&knowledge.taxonomy, &args.columns)?;
    let engine = open_or_build(global, &knowledge, terminal)?;
    let options = counting_options(global, &args.counted, &knowledge.taxonomy, &*engine)?;
    let text = args.query.join(" ");
    let asked = (!text.trim().is_empty()).then_some(text.as_str());
    let mut searcher = Searcher::new(&*engine, &knowledge.taxonomy, &knowledge.glossary);
    let mut matrix = Matrix::count(&mut searcher, &knowledge.taxonomy, asked, rows, columns, &options)
        .map_err(|error| engine_failure(error, global))?;
    if !args.empty {
        matrix = matrix.without_empty();
    }
    match args.format {
        MatrixFormat::Text => {
            let mut out = terminal.output(Format::Text);
            output::text::matrix(&mut out, &matrix, terminal.width())?;
            out.flush()?;
        }
        machine => {
            let mut out = terminal.output(Format::Json);
            match machine {
                MatrixFormat::Csv => output::csv::matrix(&mut out, &matrix, args.tables.csv_safe())?,
                MatrixFormat::Svg => output::svg::matrix(&mut out, &matrix)?,
                _ => output::json::line(&mut out, &matrix)?,
            }
            out.flush()?;
        }
    }
    Ok(if matrix.total > 0 { Outcome::Found } else { Outcome::Nothing })
}

/// The passages of one cell, as `query` lists them.
fn list(global: &Global, args: &MatrixArgs, cell: &str, terminal: &Terminal) -> Result<Outcome, Failure> {
    let (row, column) = cell.split_once(',').ok_or_else(|| {
        Failure::new(format!("\"{cell}\" is no cell"))
            .hint("name the concept of a row, a comma, and that of a column: --cell states,national")
    })?;
    let mut filters = args.counted.filters.clone();
    filters.tag.push(format!("{}:{}", args.rows, row.trim()));
    filters.tag.push(format!("{}:{}", args.columns, column.trim()));
    let format = match args.format {
        MatrixFormat::Text => ResultFormat::Text,
        MatrixFormat::Json => ResultFormat::Json,
        MatrixFormat::Csv => ResultFormat::Csv,
        MatrixFormat::Svg => {
            return Err(Failure::new("the passages of a cell come as text, CSV or JSON")
                .hint("leave out --format, or use query with --tag for other forms"));
        }
    };
    let as_query = QueryArgs {
        query: args.query.clone(),
        search: SearchArgs {
            filters,
            all: args.counted.all,
            no_concepts: args.counted.no_concepts,
            ..SearchArgs::default()
        },
        format: Some(format),
        result: ResultArgs { tables: args.tables, ..ResultArgs::default() },
        ..QueryArgs::default()
    };
    query::run(global, &as_query, terminal)
}
