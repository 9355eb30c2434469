//! `export`. Proves: every passage that the filters let pass is written once, in the order of documents and passages, with the
//! fields of `show`; a table can be opened in a spreadsheet without running anything, whichever command writes it.

mod common;

use common::Sealed;
use serde_json::json;

#[test]
fn export_writes_every_passage_in_order_under_the_filters() {
    let sealed = Sealed::new();
    sealed.write("docs/b.docx", include_bytes!("fixtures/writer.docx"));
    sealed.write("docs/a.txt", "=1+1 è la formula che i sindaci non vogliono.\n\n-Il secondo paragrafo, con le \"virgolette\", è qui.");
    sealed.write(
        "docs/c.txt",
        "Local authorities are a crucial part of the governance of migration in every country.",
    );
    sealed.run(["index", "docs"]).code_is(0);
    let lines = sealed.run(["export"]).code_is(0).json_lines();
    let ids: Vec<&str> = lines.iter().map(|line| line["passage"].as_str().expect("an id")).collect();
    assert_eq!(ids[0], "a#1");
    assert_eq!(*ids.last().expect("passages"), "c#1");
    let of_b: Vec<&&str> = ids.iter().filter(|id| id.starts_with("b#")).collect();
    let in_order: Vec<String> = (1..=of_b.len()).map(|number| format!("b#{number}")).collect();
    assert_eq!(of_b.iter().map(|id| **id).collect::<Vec<_>>(), in_order);
    // Every field is that of show.
    let shown = sealed.passages_of("c").remove(0);
    let exported = lines.last().expect("passages");
    for field in ["document", "headings", "page", "paragraph", "language", "text"] {
        assert_eq!(exported[field], shown[field], "{field}");
    }
    assert!(lines.iter().any(
        |line| line["paragraph"] == "16 (a)" && line["headings"][1] == "Che cosa chiede e offre il Patto"
    ));
    let english = sealed.run(["export", "--lang", "en"]).code_is(0).json_lines();
    assert_eq!(english.len(), 1);
    sealed.run(["export", "--document", "niente"]).code_is(2).says(&["niente"]);
    sealed.run(["export", "--lang", "fr"]).code_is(1);

    let table = sealed.run(["export", "--format", "csv"]).code_is(0);
    let mut reader = csv::Reader::from_reader(table.stdout.as_bytes());
    let column = reader.headers().expect("a header").iter().position(|name| name == "text").expect("a text");
    let rows: Vec<csv::StringRecord> = reader.records().map(|record| record.expect("a record")).collect();
    assert_eq!(rows.len(), lines.len());
    assert!(rows[0][column].starts_with("'=1+1"), "{:?}", rows[0]);
    for (row, line) in rows.iter().zip(&lines).skip(1) {
        assert_eq!(
            row[column].trim_start_matches('\''),
            line["text"].as_str().expect("a text").trim_start_matches('\'')
        );
    }
    let raw = sealed.run(["export", "--format", "csv", "--csv-safe=false"]).code_is(0);
    assert!(raw.stdout.contains(",\"=1+1 è"), "{raw}");
}

#[test]
fn no_table_of_any_command_runs_in_a_spreadsheet() {
    let sealed = Sealed::new();
    let records = [
        json!({"_id": "=cmd|'x'!A0", "title": "+SUM(A1)", "publisher": "@editore", "symbol": "-1+1", "lang": "it",
            "url": "=HYPERLINK(\"x\")", "date": "2020", "text": "-Le rimesse \"tra virgolette\", e\nun a capo."}),
        json!({"_id": "b", "title": "\tTab", "publisher": "  =spazi", "lang": "it",
            "text": "=1+1 rimesse dei migranti e delle autorità locali."}),
    ];
    sealed.write("records.jsonl", records.map(|record| record.to_string()).join("\n"));
    sealed.write("queries.txt", "=rimesse\n+rimesse\n@rimesse\n-x rimesse\n\"\n");
    sealed.run(["index", "records.jsonl"]).code_is(0);
    let begins =
        |cell: &str| cell.trim_start().starts_with(['=', '+', '-', '@']) || cell.starts_with(['\t', '\r']);
    for args in [
        &["query", "rimesse"][..],
        &["query", "rimesse", "--format=tsv"],
        &["batch", "queries.txt"],
        &["batch", "queries.txt", "--format=tsv"],
        &["export"],
        &["concordance", "rimesse"],
        &["matrix"],
        &["compare", "rimesse", "--by", "document"],
        &["compare", "rimesse", "--by", "publisher"],
        &["coverage", "b", "=cmd|'x'!A0"],
    ] {
        let tsv = args.contains(&"--format=tsv");
        let format: &[&str] = if tsv { &[] } else { &["--format", "csv"] };
        let read = |more: &[&str]| -> Vec<csv::StringRecord> {
            let run = sealed.run(args.iter().chain(format).chain(more));
            let mut reader = csv::ReaderBuilder::new();
            // Rows of different lengths are an error.
            reader.delimiter(if tsv { b'\t' } else { b',' }).quoting(!tsv);
            reader.from_reader(run.stdout.as_bytes()).records().map(|row| row.expect("a row")).collect()
        };
        let (safe, raw) = (read(&[]), read(&["--no-csv-safe"]));
        assert!(!safe.is_empty(), "{args:?}");
        for cell in safe.iter().flatten() {
            assert!(!begins(cell) || cell.parse::<f64>().is_ok(), "{args:?}: {cell:?}");
        }
        assert_eq!(safe.len(), raw.len());
        for (safe, raw) in safe.iter().flatten().zip(raw.iter().flatten()) {
            // Nothing else is changed.
            assert!(
                safe == raw || (!begins(safe) && safe.strip_prefix('\'') == Some(raw)),
                "{args:?}: {safe:?}"
            );
            assert!(safe != raw || !begins(raw) || raw.parse::<f64>().is_ok(), "{args:?}: {raw:?}");
        }
        let is_matrix = args[0] == "matrix";
        assert!(is_matrix || raw.iter().flatten().any(begins), "{args:?} has nothing to be afraid of");
    }
}
