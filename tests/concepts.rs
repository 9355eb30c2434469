//! What a concept scheme is for, beside tags themselves. Proves:
//!
//! - `matrix` counts passages by two schemes under the filters of `query`, as a table, CSV, JSON and SVG; its cells are
//!   queries;
//! - corrections in `overrides.toml` come and go with the next run, hold through a rebuild, and are told when they are
//!   wrong or concern nothing;
//! - the objectives are tags like any others: filters, fields of a query, matrix;
//! - a query in one language finds passages in the others, below its own.

mod common;

use std::fs;

use common::{Sealed, built_in};
use gcm_search::matrix::Matrix;
use serde_json::Value;

fn matrix(sealed: &Sealed, args: &[&str]) -> Matrix {
    let run = sealed.run(["matrix", "--format", "json"].iter().chain(args)).code_is(0);
    serde_json::from_str(&run.stdout).expect("a matrix")
}

fn cell(matrix: &Matrix, row: &str, column: &str) -> u64 {
    let row = matrix.rows.concepts.iter().position(|concept| concept.id == row).expect("a row");
    let column = matrix.columns.concepts.iter().position(|concept| concept.id == column).expect("a column");
    matrix.cells[row][column]
}

fn total(sealed: &Sealed, args: &[&str]) -> u64 {
    let run = sealed.run(["query", "--format", "json"].iter().chain(args));
    let answer: Value = serde_json::from_str(&run.stdout).expect("JSON");
    answer["total"].as_u64().expect("a total")
}

#[test]
fn a_matrix_counts_what_a_query_finds() {
    let sealed = built_in();
    let all = matrix(sealed, &[]);
    assert_eq!((all.rows.scheme.as_str(), all.columns.scheme.as_str()), ("actor", "dimension"));
    assert_eq!(all.columns.concepts.len(), 6);
    let states = ["", "--actor", "states", "--dimension", "national"];
    assert_eq!(cell(&all, "states", "national"), total(sealed, &states));
    let of_query = matrix(sealed, &["rimesse", "--lang", "it"]);
    assert!(of_query.total < all.total);
    let same = ["rimesse", "--lang", "it", "--actor", "diaspore", "--dimension", "community"];
    assert_eq!(cell(&of_query, "diasporas", "community"), total(sealed, &same));
    assert_eq!(of_query.total, total(sealed, &["rimesse", "--lang", "it"]));
}

#[test]
fn the_forms_of_a_matrix_hold_the_same_counts() {
    let sealed = built_in();
    let counted = matrix(sealed, &["--labels", "en"]);
    let run = sealed.run(["matrix", "--labels", "en", "--format", "csv"]).code_is(0);
    let mut lines = run.stdout.lines();
    let header = lines.next().expect("a header");
    assert!(
        header.starts_with("id,label,human,community,local,national,regional,global,passages"),
        "{header}"
    );
    for (row, cells) in counted.rows.concepts.iter().zip(&counted.cells) {
        let counts: Vec<String> = cells.iter().chain([&row.passages]).map(u64::to_string).collect();
        let line = lines.next().expect("a row");
        assert!(line.starts_with(&format!("{},", row.id)) && line.ends_with(&counts.join(",")), "{line}");
    }
    let svg = sealed.run(["matrix", "--labels", "en", "--format", "svg"]).code_is(0).stdout;
    assert!(svg.starts_with("<svg ") && svg.contains("role=\"img\"") && svg.contains("<title id=\"title\">"));
    let states = counted.rows.concepts.iter().find(|concept| concept.id == "states").expect("states");
    let count = cell(&counted, "states", "national");
    assert!(svg.contains(&format!("{} × National dimension: {count}</title>", states.label)), "{svg}");
    let text = sealed.run(["matrix", "--labels", "en"]).code_is(0).stdout;
    assert!(
        text.lines().any(|line| line.starts_with(&states.label) && line.contains(&count.to_string())),
        "{text}"
    );
}

#[test]
fn a_cell_is_a_query() {
    let sealed = built_in();
    let run = sealed.run(["matrix", "--cell", "Stati,national", "--format", "json"]).code_is(0);
    let answer: Value = serde_json::from_str(&run.stdout).expect("an answer");
    assert_eq!(answer["total"].as_u64(), Some(cell(&matrix(sealed, &[]), "states", "national")));
    assert!(answer["hits"][0]["text"].is_string());
    sealed.run(["matrix", "--cell", "states"]).code_is(2).says(&["no cell"]);
    sealed.run(["matrix", "--rows", "topic"]).code_is(2).says(&["it has dimension, actor, objective"]);
    sealed.run(["matrix", "xyzzyxyzzy", "--all"]).code_is(1);
}

const TEXT: &str = "Il consiglio comunale approva il bilancio e ascolta le famiglie del quartiere.";

fn tags_of(sealed: &Sealed, id: &str) -> Vec<String> {
    let run = sealed.run(["show", id, "--format", "json"]).code_is(0);
    let shown: Value = serde_json::from_str(&run.stdout).expect("a passage");
    ["dimensions", "actors"]
        .iter()
        .flat_map(|kind| shown[kind].as_array().expect("tags").iter())
        .map(|tag| tag["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[test]
fn corrections_come_hold_and_go() {
    let sealed = Sealed::new();
    sealed.write("verbali/a.txt", TEXT);
    sealed.write("verbali/b.txt", "Altro testo, che resta com'è: la biblioteca chiude alle sei.");
    sealed.run(["index", "verbali"]).code_is(0);
    let before = tags_of(&sealed, "a#1");
    assert!(!before.contains(&"iom".to_owned()), "{before:?}");
    let removed = before.first().expect("a tag to remove").clone();
    let text = format!("[[override]]\nid = \"a#1\"\nadd = [\"OIM\"]\nremove = [\"{removed}\"]\n");
    sealed.write("verbali/overrides.toml", &text);
    // Only the document that is corrected is read again.
    sealed.run(["index"]).code_is(0).prints(&["1 changed"]);
    let after = tags_of(&sealed, "a#1");
    assert!(after.contains(&"iom".to_owned()) && !after.contains(&removed), "{after:?}");
    sealed.run(["show", "a#1"]).prints(&["set by hand in overrides.toml"]);
    assert_eq!(sealed.ask(["", "--actor", "iom"]).total, 1);
    sealed.run(["index", "--rebuild"]).code_is(0);
    assert_eq!(tags_of(&sealed, "a#1"), after);
    fs::remove_file(sealed.path().join("verbali/overrides.toml")).expect("to remove it");
    sealed.run(["index"]).code_is(0).prints(&["1 changed"]);
    assert_eq!(tags_of(&sealed, "a#1"), before);
}

#[test]
fn corrections_that_are_wrong_or_idle_are_told() {
    let sealed = Sealed::new();
    sealed.write("verbali/a.txt", TEXT);
    sealed.run(["index", "verbali"]).code_is(0);
    let before = tags_of(&sealed, "a#1");
    sealed.write("verbali/overrides.toml", "[[override]]\nid = \"a#1\"\nadd = [\"sindacoo\"]\n");
    sealed.run(["index"]).code_is(2).says(&["line 1: no concept is called \"sindacoo\""]);
    assert_eq!(tags_of(&sealed, "a#1"), before, "the index is as it was");
    sealed.write("verbali/overrides.toml", "[[override]]\nid = \"a#7\"\nadd = [\"iom\"]\n");
    sealed.run(["index"]).code_is(0).says(&["corrects \"a#7\", which is no passage"]);
}

#[test]
fn objectives_are_tags_like_any_others() {
    let sealed = built_in();
    for args in [["rimesse", "--objective", "20"], ["rimesse", "--tag", "objective:objective-20"]] {
        let answer = sealed.ask(args);
        assert!(answer.total > 0);
        for hit in &answer.hits {
            let objectives = hit.tags.get("objective").expect("objectives");
            assert!(objectives.iter().any(|tag| tag.id == "objective-20"), "{}", hit.passage);
        }
    }
    let by_field = sealed.ask(["obiettivo:20"]);
    assert_eq!(by_field.total, sealed.ask(["", "--objective", "20"]).total);
    let by_matrix = matrix(sealed, &["--rows", "objective", "--columns", "actor"]);
    assert_eq!(by_matrix.rows.concepts.len(), 23);
    sealed.run(["query", "x", "--objective", "24"]).code_is(2).says(&["no objective is called \"24\""]);
    sealed.run(["query", "x", "--tag", "states"]).code_is(2).says(&["write a scheme, a colon and a name"]);
}

#[test]
fn a_query_finds_passages_in_every_language() {
    let sealed = built_in();
    let answer = sealed.ask(["autorità locali", "--limit", "20"]);
    assert_eq!(answer.concepts, ["local-authorities"]);
    assert!(
        answer.translations.iter().any(|term| term.contains("local authorit")),
        "{:?}",
        answer.translations
    );
    let languages: Vec<String> = answer.hits.iter().map(|hit| hit.language.to_string()).collect();
    assert_eq!(languages[..2], ["it", "it"], "its own language comes first");
    for language in ["en", "fr", "es"] {
        assert!(languages.contains(&language.to_owned()), "{language} is not among {languages:?}");
    }
    for (query, language) in [
        ("ricongiungimento familiare", "en"),
        ("family reunification", "it"),
        ("remesas", "it"),
        ("traite des personnes", "it"),
    ] {
        let found = sealed.ask([query, "--lang", language]);
        assert!(found.total > 0, "{query} finds nothing in {language}");
    }
    let alone = sealed.ask(["autorità locali", "--no-concepts", "--limit", "20"]);
    assert!(alone.concepts.is_empty() && alone.translations.is_empty());
}
