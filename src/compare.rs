//! Where a query is answered how often: by document, publisher, year, language or concept, in proportion to how much
//! there is to search.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::analysis::fold::fold;
use crate::document::Language;

use crate::engine::{Attribute, Engine, EngineError};
use crate::query::Filters;
use crate::query::plan::{FieldName, concept_token, field_name, language_token, publisher_token};
use crate::search::{FORMAT_VERSION, FiltersShown, Options, Searcher};
use crate::taxonomy::Taxonomy;

/// What passages are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Their document.
    Document,
    /// Its publisher.
    Publisher,
    /// The year of its date.
    Year,
    /// Their language.
    Language,
    /// The concepts of a scheme, by the scheme's index.
    Scheme(usize),
}

impl By {
    /// What goes by this name, in any of the languages: as the fields of a query, and `year`.
    pub fn named(taxonomy: &Taxonomy, name: &str) -> Option<By> {
        match field_name(taxonomy, name.trim()) {
            Some(FieldName::Document) => Some(By::Document),
            Some(FieldName::Publisher) => Some(By::Publisher),
            Some(FieldName::Language) => Some(By::Language),
            Some(FieldName::Scheme(scheme)) => Some(By::Scheme(scheme)),
            Some(FieldName::Title) => None,
            None => {
                matches!(fold(name.trim()).as_str(), "year" | "anno" | "annee" | "ano").then_some(By::Year)
            }
        }
    }

    /// The name of each thing to compare by.
    pub fn names(taxonomy: &Taxonomy) -> Vec<&str> {
        let schemes = taxonomy.schemes.iter().map(|scheme| scheme.id.as_str());
        ["document", "publisher", "year", "language"].into_iter().chain(schemes).collect()
    }

    /// How the rows are ordered unless asked for otherwise: years as they follow each other, all else by rate.
    pub fn order(self) -> Order {
        if self == By::Year { Order::Name } else { Order::Rate }
    }

    /// What passages without a value are called; a passage always has a document and a language.
    fn without(self) -> Option<&'static str> {
        match self {
            By::Publisher => Some("no publisher"),
            By::Year => Some("undated"),
            By::Document | By::Language | By::Scheme(_) => None,
        }
    }

    fn id(self, taxonomy: &Taxonomy) -> &str {
        match self {
            By::Document => "document",
            By::Publisher => "publisher",
            By::Year => "year",
            By::Language => "language",
            By::Scheme(scheme) => &taxonomy.schemes[scheme].id,
        }
    }
}

/// What the rows of a comparison are ordered by; the last word is always the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The share of passages that match, the largest first.
    Rate,
    /// How many match, the most first.
    Count,
    /// The name, numbers in it as numbers.
    Name,
}

/// How often a query is answered, value by value.
///
/// A value is there where any passage under the filters has it. A passage with several concepts counts in the row of
/// each, one with none in no row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The query.
    pub query: String,
    /// What both counts are limited to.
    pub filters: FiltersShown,
    /// What the rows stand for: `document`, `publisher`, `year`, `language`, or the id of a scheme.
    pub by: String,
    /// How many passages match.
    pub total: u64,
    /// How many passages there are under the filters.
    pub passages: u64,
    /// Of a thousand passages, how many match, to three decimals.
    pub per_thousand: f64,
    /// How many values there are; fewer may be listed.
    pub values: usize,
    /// The values, in the order asked for.
    pub rows: Vec<Row>,
    /// By year, where years are compared: all that there are from the first to the last, whatever rows are listed. A
    /// year without passages has no rate.
    #[serde(skip)]
    pub series: Vec<(u16, Option<f64>)>,
}

/// A value and how often the query is answered there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The value, as a filter takes it; nothing for passages without one, such as those of a document without a date.
    pub id: Option<String>,
    /// What it is called: the title of a document, the label of a concept in the language asked for; `undated` or
    /// `no publisher` where there is no value.
    pub label: Option<String>,
    /// How many of its passages match.
    pub matches: u64,
    /// How many passages it has under the filters.
    pub passages: u64,
    /// Of a thousand of them, how many match, to three decimals.
    pub per_thousand: f64,
}

impl Row {
    /// The name that a reader knows it by: a document's id, since titles repeat, otherwise the label.
    pub fn name(&self, by: &str) -> Option<&str> {
        let label = self.label.as_deref().filter(|_| by != "document");
        label.or(self.id.as_deref())
    }
}

impl Comparison {
    /// Counts what answers `query`, and all that there is, under the filters of `options`. At most `limit` rows are kept.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn count(
        searcher: &mut Searcher<'_>,
        taxonomy: &Taxonomy,
        query: &str,
        by: By,
        order: Order,
        limit: Option<usize>,
        options: &Options,
    ) -> Result<Comparison, EngineError> {
        let engine = searcher.engine();
        let all = counts(searcher, taxonomy, None, by, options)?;
        let found = counts(searcher, taxonomy, Some(query), by, options)?;
        let mut rows: Vec<Row> = all
            .values
            .into_iter()
            .filter(|&(_, passages)| passages > 0)
            .map(|(id, passages)| {
                let matches = found.values.get(&id).copied().unwrap_or(0);
                Row { label: None, matches, passages, per_thousand: per_thousand(matches, passages), id }
            })
            .collect();
        if let By::Scheme(scheme) = by {
            for row in &mut rows {
                let concept =
                    taxonomy.concepts_of(scheme).find(|(_, concept)| Some(&concept.id) == row.id.as_ref());
                row.label = concept.map(|(_, concept)| concept.labels.get(options.labels).to_owned());
            }
        }
        let kind = by.id(taxonomy);
        let series = if by == By::Year { series(&rows) } else { Vec::new() };
        rows.sort_by(|one, other| order.compare(kind, one, other));
        let values = rows.len();
        rows.truncate(limit.unwrap_or(values));
        for row in &mut rows {
            let Some(id) = &row.id else {
                row.label = by.without().map(str::to_owned);
                continue;
            };
            match by {
                By::Document => row.label = engine.document_info(id)?.and_then(|info| info.title),
                By::Publisher => row.label = publisher(engine, id)?,
                By::Year | By::Language => row.label = Some(id.clone()),
                By::Scheme(_) => {}
            }
        }
        Ok(Comparison {
            format_version: FORMAT_VERSION,
            query: query.to_owned(),
            filters: FiltersShown::from(&options.filters),
            by: kind.to_owned(),
            total: found.total,
            passages: all.total,
            per_thousand: per_thousand(found.total, all.total),
            values,
            rows,
            series,
        })
    }
}

/// Passages counted by the ids of values.
struct Counts {
    total: u64,
    values: BTreeMap<Option<String>, u64>,
}

fn counts(
    searcher: &mut Searcher<'_>,
    taxonomy: &Taxonomy,
    query: Option<&str>,
    by: By,
    options: &Options,
) -> Result<Counts, EngineError> {
    let (ids, tokens): (Vec<String>, Vec<String>) = match by {
        By::Document | By::Year => {
            let attribute = if by == By::Year { Attribute::Year } else { Attribute::Document };
            let values = searcher.value_counts(query, options, attribute)?;
            return Ok(Counts { total: values.values().sum(), values });
        }
        By::Publisher => {
            let known = searcher.engine().filter_values("publisher")?;
            known.into_keys().map(|name| (name.clone(), publisher_token(&name))).unzip()
        }
        By::Language => Language::ANALYSED
            .into_iter()
            .chain([Language::Other])
            .map(|language| (language.code().to_owned(), language_token(language)))
            .unzip(),
        By::Scheme(scheme) => taxonomy
            .concepts_of(scheme)
            .map(|(index, concept)| (concept.id.clone(), concept_token(taxonomy, index)))
            .unzip(),
    };
    let counted = searcher.cross_counts(query, options, &tokens, &[])?;
    let mut values: BTreeMap<Option<String>, u64> = ids.into_iter().map(Some).zip(counted.rows).collect();
    if by == By::Publisher {
        // A document has one publisher or none.
        let published: u64 = values.values().sum();
        values.insert(None, counted.total.saturating_sub(published));
    }
    Ok(Counts { total: counted.total, values })
}

/// A publisher as its first document writes it: filters know it in small letters only.
fn publisher(engine: &dyn Engine, folded: &str) -> Result<Option<String>, EngineError> {
    let filters = Filters { publishers: vec![folded.to_owned()], ..Filters::default() };
    let mut found = None;
    engine.each_passage(&filters, &mut |stored| {
        found = stored.document.publisher;
        ControlFlow::Break(())
    })?;
    Ok(found)
}

fn per_thousand(matches: u64, passages: u64) -> f64 {
    if passages == 0 {
        return 0.0;
    }
    (matches as f64 * 1_000_000.0 / passages as f64).round() / 1000.0
}

fn series(rows: &[Row]) -> Vec<(u16, Option<f64>)> {
    let rates: BTreeMap<u16, f64> =
        rows.iter().filter_map(|row| Some((row.id.as_ref()?.parse().ok()?, row.per_thousand))).collect();
    let (Some((&first, _)), Some((&last, _))) = (rates.first_key_value(), rates.last_key_value()) else {
        return Vec::new();
    };
    (first..=last).map(|year| (year, rates.get(&year).copied())).collect()
}

impl Order {
    fn compare(self, by: &str, one: &Row, other: &Row) -> Ordering {
        let first = match self {
            // The products compare the fractions without rounding.
            Order::Rate => {
                let cross = |a: &Row, b: &Row| u128::from(a.matches) * u128::from(b.passages);
                cross(other, one).cmp(&cross(one, other))
            }
            Order::Count => other.matches.cmp(&one.matches),
            Order::Name => by_name(one.name(by).map(fold).as_deref(), other.name(by).map(fold).as_deref()),
        };
        first.then_with(|| by_name(one.id.as_deref(), other.id.as_deref()))
    }
}

/// The order of names, numbers in them as numbers; what has no name comes last.
fn by_name(one: Option<&str>, other: Option<&str>) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) => natural(one, other),
        (one, other) => other.is_some().cmp(&one.is_some()),
    }
}

fn natural(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one, other);
    while let (Some(a), Some(b)) = (left.chars().next(), right.chars().next()) {
        if a.is_ascii_digit() && b.is_ascii_digit() {
            let (number, rest) = leading_number(left);
            let (other_number, other_rest) = leading_number(right);
            // Without leading zeros, the longer number is the larger one.
            let order = number.len().cmp(&other_number.len()).then_with(|| number.cmp(other_number));
            if order.is_ne() {
                return order;
            }
            (left, right) = (rest, other_rest);
        } else if a == b {
            (left, right) = (&left[a.len_utf8()..], &right[b.len_utf8()..]);
        } else {
            return a.cmp(&b);
        }
    }
    left.len().cmp(&right.len()).then_with(|| one.cmp(other))
}

/// The digits that a text begins with, without leading zeros, and what follows them.
fn leading_number(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    (digits.trim_start_matches('0'), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: Option<&str>, matches: u64, passages: u64) -> Row {
        let per_thousand = per_thousand(matches, passages);
        Row { id: id.map(str::to_owned), label: None, matches, passages, per_thousand }
    }

    fn ids(mut rows: Vec<Row>, order: Order) -> Vec<String> {
        rows.sort_by(|one, other| order.compare("year", one, other));
        rows.into_iter().map(|row| row.id.unwrap_or_default()).collect()
    }

    #[test]
    fn rows_are_ordered_by_exact_fractions_then_by_id() {
        let rows = || {
            vec![
                row(None, 1, 3),
                row(Some("c10"), 1, 3),
                row(Some("c2"), 333_333, 1_000_000),
                row(Some("c9"), 2, 6),
            ]
        };
        assert_eq!(ids(rows(), Order::Rate), ["c9", "c10", "", "c2"]);
        assert_eq!(ids(rows(), Order::Count), ["c2", "c9", "c10", ""]);
        assert_eq!(ids(rows(), Order::Name), ["c2", "c9", "c10", ""]);
    }

    #[test]
    fn numbers_in_names_are_numbers() {
        for (small, large) in
            [("a2b", "a10a"), ("2. x", "10. a"), ("a", "a1"), ("a01", "a1"), ("a1x", "a01y"), ("é", "ê")]
        {
            assert_eq!(natural(small, large), Ordering::Less, "{small} {large}");
            assert_eq!(natural(large, small), Ordering::Greater, "{small} {large}");
        }
        assert_eq!(natural("x7", "x7"), Ordering::Equal);
    }

    #[test]
    fn a_series_has_every_year_between() {
        let rows = [row(Some("2018"), 1, 4), row(None, 3, 3), row(Some("2016"), 0, 2)];
        assert_eq!(series(&rows), [(2016, Some(0.0)), (2017, None), (2018, Some(250.0))]);
        assert_eq!(series(&[row(None, 1, 1)]), []);
    }
}
