//! Documents and corpora held against each other. Proves:
//!
//! - the counts of `compare` are the totals of `query` under the same filters, for documents, publishers, years, languages
//!   and concepts;
//! - a date that is only a year or a month counts in that year, and what has no date or publisher has a row of its own;
//! - rows come by rate, count or name, and at most as many as asked for; the forms hold the same counts;
//! - `coverage` counts what `query` finds under a tag, names the surest passage and the concepts that are never mentioned;
//! - a document that does not exist is named, and the others are answered.

mod common;

use common::{Sealed, built_in};
use gcm_search::compare::{Comparison, Row};
use gcm_search::coverage::{ConceptCovered, Coverage, Covered};
use serde_json::json;

fn compare(sealed: &Sealed, args: &[&str]) -> Comparison {
    let run = sealed.run(["compare", "--format", "json"].iter().chain(args));
    let found: Comparison =
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"));
    assert_eq!(run.code, i32::from(found.total == 0), "the exit code agrees with the total\n{run}");
    found
}

fn coverage(sealed: &Sealed, args: &[&str]) -> Coverage {
    let run = sealed.run(["coverage", "--format", "json"].iter().chain(args)).code_is(0);
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"))
}

fn total(sealed: &Sealed, args: &[&str]) -> u64 {
    sealed.ask(args).total as u64
}

fn id(row: &Row) -> &str {
    row.id.as_deref().unwrap_or("none")
}

fn ids(found: &Comparison) -> Vec<&str> {
    found.rows.iter().map(id).collect()
}

fn concept<'a>(document: &'a Covered, scheme: &str, id: &str) -> &'a ConceptCovered {
    let scheme = document.schemes.iter().find(|one| one.scheme == scheme).expect("a scheme");
    scheme.concepts.iter().find(|one| one.id == id).expect("a concept")
}

/// Documents with dates of every precision, with publishers written in two ways, and without either.
fn dated() -> Sealed {
    let sealed = Sealed::new();
    let records = [
        ("giorno", Some("2018-12-19"), Some("OIM Italia"), "Le rimesse arrivano ai villaggi."),
        ("mese", Some("2018-03"), Some("oim italia"), "Le case popolari del quartiere."),
        ("anno", Some("2018"), Some("Caritas"), "Le rimesse e le scuole."),
        ("prima", Some("2015-01-01"), Some("Caritas"), "La strada lunga."),
        ("senza", None, None, "Le rimesse di chi lavora lontano."),
    ];
    let lines: Vec<String> = records
        .iter()
        .map(|(id, date, publisher, text)| {
            json!({"_id": id, "date": date, "publisher": publisher, "text": text, "lang": "it"}).to_string()
        })
        .collect();
    sealed.write("records.jsonl", lines.join("\n"));
    sealed.run(["index", "records.jsonl"]).code_is(0);
    sealed
}

#[test]
fn a_comparison_counts_what_queries_find() {
    let sealed = built_in();
    for (by, option) in [
        ("document", "--document"),
        ("publisher", "--publisher"),
        ("language", "--lang"),
        ("dimension", "--dimension"),
        ("obiettivo", "--objective"),
    ] {
        let found = compare(sealed, &["rimesse", "--by", by, "--since", "2017"]);
        assert_eq!(found.total, total(sealed, &["rimesse", "--since", "2017"]));
        assert_eq!(found.passages, total(sealed, &["", "--since", "2017"]));
        assert!(found.rows.iter().any(|row| row.matches > 0), "{by}");
        // The first rows and the last one; each costs two runs.
        for row in found.rows.iter().take(3).chain(found.rows.last()).filter(|row| row.id.is_some()) {
            let value = ["--since", "2017", option, id(row)];
            assert_eq!(row.matches, total(sealed, &[&["rimesse"], &value[..]].concat()), "{by} {row:?}");
            assert_eq!(row.passages, total(sealed, &[&[""], &value[..]].concat()), "{by} {row:?}");
        }
    }
    let all = compare(sealed, &["autorità", "locali", "--by", "document", "--all"]);
    assert_eq!(all.total, total(sealed, &["autorità locali", "--all"]));
    assert_eq!(all.rows.iter().map(|row| row.passages).sum::<u64>(), all.passages);
    let plain = compare(sealed, &["autorità locali", "--by", "document", "--no-concepts"]);
    assert_eq!(plain.total, total(sealed, &["autorità locali", "--no-concepts"]));
}

#[test]
fn years_take_dates_of_every_precision() {
    let sealed = dated();
    let found = compare(&sealed, &["rimesse", "--by", "year"]);
    // Years as they follow each other, what has no date last.
    assert_eq!(ids(&found), ["2015", "2018", "none"]);
    let counts: Vec<(u64, u64)> = found.rows.iter().map(|row| (row.matches, row.passages)).collect();
    assert_eq!(counts, [(0, 1), (2, 3), (1, 1)]);
    assert_eq!(found.rows[1].per_thousand, 666.667);
    assert_eq!(found.rows[1].matches, total(&sealed, &["rimesse", "--since", "2018", "--until", "2018"]));
    let limited = compare(&sealed, &["rimesse", "--by", "anno", "--until", "2017"]);
    assert_eq!((ids(&limited), limited.total), (vec!["2015"], 0));
}

#[test]
fn an_index_without_dates_has_one_row_of_years() {
    let sealed = Sealed::with_records(&[("a", "Le rimesse."), ("b", "La strada.")]);
    let found = compare(&sealed, &["rimesse", "--by", "year"]);
    assert_eq!((ids(&found), found.rows[0].matches, found.rows[0].passages), (vec!["none"], 1, 2));
    sealed.run(["compare", "rimesse", "--by", "year"]).code_is(0).prints(&["undated"]);
}

#[test]
fn publishers_are_told_apart_as_their_filter_does() {
    let sealed = dated();
    let found = compare(&sealed, &["rimesse", "--by", "publisher"]);
    assert_eq!(ids(&found), ["none", "caritas", "oim italia"]);
    // As its first document writes it.
    assert_eq!(found.rows[2].label.as_deref(), Some("OIM Italia"));
    assert_eq!((found.rows[2].matches, found.rows[2].passages), (1, 2));
    assert_eq!(found.rows[0].label.as_deref(), Some("no publisher"));
}

#[test]
fn rows_are_ordered_and_limited() {
    let sealed = dated();
    let sorted = |order: &str| {
        let found = compare(&sealed, &["rimesse", "--by", "year", "--sort", order]);
        ids(&found).join(" ")
    };
    assert_eq!(sorted("rate"), "none 2018 2015");
    assert_eq!(sorted("count"), "2018 none 2015");
    assert_eq!(sorted("name"), "2015 2018 none");
    let first = compare(&sealed, &["rimesse", "--by", "year", "--limit", "1"]);
    assert_eq!((first.rows.len(), first.values, first.total), (1, 3, 3));
    let objectives = compare(built_in(), &["rimesse", "--by", "objective", "--sort", "name"]);
    let two = ids(&objectives).iter().position(|id| *id == "objective-2");
    assert!(two < ids(&objectives).iter().position(|id| *id == "objective-10"), "{:?}", ids(&objectives));
}

#[test]
fn the_forms_of_a_comparison_hold_the_same_counts() {
    let sealed = dated();
    let csv = sealed.run(["compare", "rimesse", "--by", "year", "--format", "csv"]).code_is(0).stdout;
    assert_eq!(
        csv,
        "id,label,matches,passages,per_thousand\n2015,2015,0,1,0\n2018,2018,2,3,666.667\n,undated,1,1,1000\n"
    );
    let text = sealed.run(["compare", "rimesse", "--by", "year", "--limit", "2"]).code_is(0);
    // The sparkline has all years, and blanks for 2016 and 2017.
    let text = text.prints(&["666.7", "2015 ▁  █ 2018", "3 of 5 passages", "1 more with a larger --limit"]);
    assert!(!text.stdout.contains('\u{1b}'), "{text}");
    assert!(!text.stdout.contains("undated"), "the last of three rows was not asked for\n{text}");
    // Nothing found: every row is there with its zero, but no line of zeros.
    let nothing = sealed.run(["compare", "zattere", "--by", "year"]).code_is(1);
    let nothing = nothing.prints(&["undated", "0 of 5 passages match"]);
    assert!(!nothing.stdout.contains('▁'), "{nothing}");
    let none = sealed.run(["compare", "rimesse", "--by", "year", "--until", "1900"]).code_is(1);
    none.prints(&["no passage under these filters"]);
}

#[test]
fn what_cannot_be_compared_is_said() {
    let sealed = dated();
    sealed.run(["compare", "rimesse", "--by", "yaer"]).code_is(2).says(&["did you mean \"year\"?"]);
    sealed.run(["compare", "rimesse", "--by", "title"]).code_is(2).says(&["known are document, publisher"]);
    sealed.run(["compare", "rimesse"]).code_is(2).says(&["--by"]);
    sealed.run(["compare", "+rimese", "--by", "year"]).code_is(1).says(&["did you mean \"+rimesse\"?"]);
    sealed.run(["compare", "x", "--by", "year", "--document", "mesee"]).code_is(2).says(&["\"mese\""]);
}

#[test]
fn coverage_counts_what_queries_find_under_a_tag() {
    let sealed = built_in();
    let names = ["oim-italia/stocktaking-puerto-vallarta", "schede/oim"];
    let found = coverage(sealed, &names);
    for (document, name) in found.documents.iter().zip(names) {
        assert_eq!(document.name, name);
        assert_eq!(document.passages, total(sealed, &["", "--document", name]));
        let sizes: Vec<usize> = document.schemes.iter().map(|scheme| scheme.concepts.len()).collect();
        assert_eq!(sizes, [6, 30, 23]);
        for (scheme, id) in [("dimension", "local"), ("actor", "iom"), ("objective", "objective-20")] {
            let tag = format!("{scheme}:{id}");
            let covered = concept(document, scheme, id);
            assert_eq!(covered.passages, total(sealed, &["", "--document", name, "--tag", &tag]), "{tag}");
            let share = covered.passages as f64 / document.passages as f64;
            assert!((covered.share - share).abs() < 1e-4, "{covered:?}");
            assert_eq!(covered.best.is_none(), covered.passages == 0);
        }
    }
    assert!(found.documents[1].documents.len() > 1);
    assert_eq!(found.documents[0].documents, [names[0]]);
}

#[test]
fn the_best_passage_is_the_first_of_the_surest() {
    let sealed = built_in();
    let name = "oim-italia/stocktaking-puerto-vallarta";
    let found = coverage(sealed, &[name, "--scheme", "dimension"]);
    assert_eq!(found.documents[0].schemes.len(), 1);
    let passages = sealed.passages_of(name);
    let mut checked = 0;
    for covered in &found.documents[0].schemes[0].concepts {
        let score = |passage: &serde_json::Value| -> Option<f64> {
            let tags = passage["dimensions"].as_array()?;
            tags.iter().find(|tag| tag["id"] == covered.id.as_str())?["score"].as_f64()
        };
        let most = passages.iter().filter_map(score).fold(0.0, f64::max);
        let first = passages.iter().find(|passage| score(passage).is_some_and(|score| score == most));
        let best = covered.best.as_ref().map(|best| best.passage.as_str());
        assert_eq!(best, first.and_then(|passage| passage["passage"].as_str()), "{covered:?}");
        checked += usize::from(best.is_some());
    }
    assert!(checked > 3, "{checked}");
}

#[test]
fn the_forms_of_a_coverage_say_what_is_missing() {
    let sealed = built_in();
    let name = "oim-italia/stocktaking-puerto-vallarta";
    let found = coverage(sealed, &[name, "--labels", "en"]);
    let csv = sealed.run(["coverage", name, "--labels", "en", "--format", "csv"]).code_is(0).stdout;
    assert_eq!(csv.lines().count(), 1 + 6 + 30 + 23, "{csv}");
    let local = concept(&found.documents[0], "dimension", "local");
    let best = local.best.as_ref().expect("a passage");
    let line = format!(
        "{name},dimension,local,{},{},{},{},",
        local.label, local.passages, local.share, best.passage
    );
    assert!(csv.contains(&line), "{line}\n{csv}");
    let text = sealed.run(["coverage", name, "--labels", "en"]).code_is(0);
    let number = best.passage.rsplit('#').next().expect("a number");
    let text = text.prints(&[&local.label, &format!("#{number}"), "never: "]);
    let missing = found.documents[0].schemes[2].concepts.iter().find(|one| one.passages == 0);
    let missing = missing.expect("an objective that is not mentioned").label.clone();
    let missing = missing.split(' ').nth(1).expect("a word");
    assert!(text.stdout.split("never: ").any(|part| part.contains(missing)), "{missing}\n{text}");
    let quoted = sealed.run(["coverage", name, "--labels", "en", "--passages"]).code_is(0);
    quoted.prints(&[&format!("    {}: Dimensione locale. Le autorità", best.passage)]);
    assert!(best.text.starts_with("Dimensione locale."), "{best:?}");
    // Side by side, one column each, with a list of what none of them has.
    sealed.run(["coverage", name, "schede/oim", "A/RES/73/195"]).code_is(0).prints(&[
        "[1] oim-italia/",
        "[2] schede/oim",
        "[3] A/RES/73/195",
        "[1]           [2]           [3]\n",
    ]);
    sealed.run(["coverage", name, "schede/oim/italia"]).code_is(0).prints(&["in none: "]);
}

#[test]
fn a_document_that_does_not_exist_is_named_and_the_others_are_answered() {
    let sealed = dated();
    let run = sealed.run(["coverage", "mesee", "anno", "--format", "json"]).code_is(2);
    let run = run.says(&["no document in the index is called \"mesee\"", "did you mean \"mese\"?"]);
    let found: Coverage = serde_json::from_str(&run.stdout).expect("a coverage");
    assert_eq!((found.documents.len(), found.documents[0].name.as_str()), (1, "anno"));
    let none = sealed.run(["coverage", "mesee"]).code_is(2);
    assert!(none.stdout.is_empty(), "{none}");
    sealed.run(["coverage", "anno", "--scheme", "topic"]).code_is(2).says(&["it has dimension, actor"]);
}
