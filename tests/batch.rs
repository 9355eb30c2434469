//! Many queries in one go. Proves:
//!
//! - every form of input gives the same answers, which are those of `query`;
//! - results stand in the order of the input and are the same bytes for any number of jobs, in every format;
//! - a line is answered as it arrives, while the input stays open; a reader that goes away ends the program;
//! - a bad line is reported in its place and on standard error, the others are answered; the exit codes;
//! - filters, limit and offset of a line come before those of all;
//! - a TREC run gives an evaluation tool our order, and by hand the measures of `eval`;
//! - a manifest tells the same run from another, and what changed.

mod common;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use common::{Run, Sealed, built_in};
use gcm_search::search::Answer;
use serde_json::{Value, json};

const QUERIES: [(&str, &str); 4] = [
    ("q1", "autorità locali"),
    ("q2", "diaspore, comunità"),
    ("q3", "+xyzxyz"),
    ("q4", "l'integrazione \"coesione sociale\""),
];

fn tsv() -> String {
    QUERIES.iter().map(|(id, query)| format!("{id}\t{query}\n")).collect()
}

fn batch(input: &str, args: &[&str]) -> Run {
    let sealed = Sealed::new();
    let path = sealed.write("input", input);
    Run::of(
        common::bare_command(sealed.path())
            .arg("--index")
            .arg(built_in().index())
            .args(["batch", "-"])
            .args(args)
            .stdin(std::fs::File::open(path).expect("the input")),
    )
}

#[test]
fn every_form_of_input_gives_the_answers_of_query() {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let csv: String =
        QUERIES.iter().map(|(id, query)| format!("{},{id}\n", quoted(query))).collect::<Vec<_>>().concat();
    let jsonl: String =
        QUERIES.iter().map(|(id, query)| format!("{}\n", json!({"_id": id, "text": query}))).collect();
    let topics: String = QUERIES
        .iter()
        .map(|(id, query)| format!("<top>\n<num> Number: {id}\n<title> {query}\n</top>\n\n"))
        .collect();
    let forms = [tsv(), format!("query,id\n{csv}"), jsonl, topics];
    let runs: Vec<Run> = forms.iter().map(|form| batch(form, &["--limit", "3"]).code_is(0)).collect();
    for run in &runs {
        assert_eq!(run.stdout, runs[0].stdout, "{run}");
        assert_eq!(run.stderr, "", "{run}");
    }
    let answers: Vec<Answer> =
        runs[0].stdout.lines().map(|line| serde_json::from_str(line).expect("an answer")).collect();
    assert_eq!(answers.len(), QUERIES.len());
    for (answer, (id, query)) in answers.iter().zip(QUERIES) {
        let alone = built_in().ask(["--limit", "3", "--", query]);
        assert_eq!(*answer, Answer { id: Some(id.to_owned()), ..alone });
    }
    // Plain lines have their numbers for ids.
    let lines = batch("\nautorità locali\n\nrimesse", &["--limit", "1"]).code_is(0).json_lines();
    assert_eq!([&lines[0]["id"], &lines[1]["id"]], ["2", "4"]);
    assert_eq!(lines.len(), 2);
}

#[test]
fn the_bytes_are_the_same_for_any_number_of_jobs() {
    let mut input: String = (0..60).map(|n| format!("n{n}\tparola{n} autorità migranti {n}\n")).collect();
    input.push_str("una riga sbagliata\n");
    input.push_str(&tsv());
    for format in ["jsonl", "json", "csv", "tsv", "trec", "markdown", "text"] {
        let run = |jobs: &str| batch(&input, &["--format", format, "--jobs", jobs]).code_is(2);
        let one = run("1");
        for jobs in ["2", "7"] {
            let other = run(jobs);
            assert!(one.stdout == other.stdout && one.stderr == other.stderr, "{format}, {jobs} jobs");
        }
    }
}

#[test]
fn a_line_is_answered_while_the_input_stays_open() {
    for (format, first_line) in [("jsonl", "{"), ("csv", "id,"), ("trec", "1 Q0")] {
        let mut child = built_in()
            .command(["batch", "-", "--format", format, "--limit", "1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut input = child.stdin.take().expect("its input");
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let mut line = String::new();
        for round in 0..3 {
            writeln!(input, "autorità locali").expect("it reads");
            input.flush().expect("it reads");
            line.clear();
            output.read_line(&mut line).expect("it answers");
            if round == 0 {
                assert!(line.starts_with(first_line), "{line}");
                if format == "csv" {
                    line.clear();
                    output.read_line(&mut line).expect("it answers");
                }
            }
            assert!(line.contains("oim-italia/stocktaking-puerto-vallarta#4"), "{line}");
        }
        drop(input);
        let mut rest = String::new();
        output.read_to_string(&mut rest).expect("it ends");
        assert_eq!(rest, "");
        assert_eq!(child.wait().expect("it ends").code(), Some(0));
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_program_though_the_input_stays_open() {
    let mut child = built_in()
        .command(["batch", "-", "--limit", "1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut input = child.stdin.take().expect("its input");
    drop(child.stdout.take());
    writeln!(input, "autorità locali").expect("it reads");
    input.flush().expect("it reads");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_bad_line_is_reported_in_its_place_and_the_others_are_answered() {
    let input = "{\"id\":\"a\",\"query\":\"rimesse\"}\n{\"id\":\"b\"}\nnon è JSON\n\
                 {\"id\":\"d\",\"query\":\"rimesse\",\"filters\":{\"dimension\":\"locle\"}}\n\
                 {\"id\":\"e\",\"query\":\"rimesse\",\"filters\":{\"colore\":\"blu\"}}\n\
                 {\"id\":\"f\",\"query\":\"diaspore\"}\n";
    let run = batch(input, &["--limit", "1"]).code_is(2).says(&[
        "standard input, line 2: no query",
        "standard input, line 3: not JSON",
        "standard input, line 4: no dimension is called \"locle\"; did you mean \"locale\"?",
        "standard input, line 5: no filter is called \"colore\"",
    ]);
    let lines = run.json_lines();
    assert_eq!(lines.len(), 6, "{run}");
    for (at, (id, line)) in [("b", 2), ("3", 3), ("d", 4), ("e", 5)].into_iter().enumerate() {
        assert_eq!((&lines[at + 1]["id"], &lines[at + 1]["line"]), (&json!(id), &json!(line)), "{run}");
        assert!(lines[at + 1]["error"].is_string() && lines[at + 1]["hits"].is_null());
    }
    assert_eq!((&lines[0]["hits"][0]["rank"], &lines[5]["hits"][0]["rank"]), (&json!(1), &json!(1)));
    // In a table it has a row with an error, in an array an object; a TREC run has no room for it.
    let table = table(&batch(input, &["--limit", "1", "--format", "csv"]).code_is(2).stdout, b',');
    assert_eq!(
        table.iter().map(|row| row["id"].as_str()).collect::<Vec<_>>(),
        ["a", "b", "3", "d", "e", "f"]
    );
    assert_eq!(table.iter().filter(|row| row["error"].is_empty()).count(), 2);
    assert!(table[2]["error"].starts_with("line 3: not JSON"), "{table:?}");
    let array: Vec<Value> =
        serde_json::from_str(&batch(input, &["--format", "json"]).code_is(2).stdout).expect("an array");
    assert_eq!(array.len(), 6);
    assert_eq!(batch(input, &["--limit", "1", "--format", "trec"]).code_is(2).stdout.lines().count(), 2);
    let markdown = batch(input, &["--limit", "1", "--format", "markdown"]).code_is(2);
    markdown.prints(&["## a: rimesse", "## 3\n\nNot answered: line 3: not JSON", "## f: diaspore"]);
}

#[test]
fn exit_codes_are_those_of_grep() {
    batch("+xyzxyz\n+qwqwqw\n", &[]).code_is(1);
    batch("+xyzxyz\nrimesse\n", &[]).code_is(0);
    assert_eq!(batch("", &[]).code_is(1).stdout, "");
    assert_eq!(batch("", &["--format", "json"]).code_is(1).stdout, "[]\n");
    batch("a\tb\nc", &[]).code_is(2);
    batch("id,query,dimenson\n", &[]).code_is(2).says(&["did you mean \"dimension\"?", "hint:"]);
    built_in().run(["batch", "/non/esiste"]).code_is(2).says(&["/non/esiste"]);
    batch("rimesse", &["--dimension", "locle"]).code_is(2).says(&["locle", "did you mean \"locale\"?"]);
}

#[test]
fn what_a_line_says_comes_before_the_options() {
    let input = "id,query,dimension,lang,limit,offset\n\
                 plain,migranti,,,,\n\
                 own,migranti,regionale|global,en,2,\n\
                 next,migranti,,,1,1\n";
    let run = batch(input, &["--dimension", "locale", "--lang", "it", "--limit", "3"]).code_is(0);
    let lines = run.json_lines();
    assert_eq!(lines[0]["filters"], json!({"tags": ["dimension:local"], "lang": ["it"]}));
    assert_eq!(
        lines[1]["filters"],
        json!({"tags": ["dimension:regional", "dimension:global"], "lang": ["en"]})
    );
    let count = |at: usize| lines[at]["hits"].as_array().map(Vec::len);
    assert_eq!((count(0), count(1), count(2)), (Some(3), Some(2), Some(1)));
    assert_eq!(lines[2]["hits"][0], lines[0]["hits"][1]);
    for hit in lines[1]["hits"].as_array().expect("hits") {
        assert_eq!(hit["language"], "en");
    }
}

#[test]
fn the_options_of_query_hold_for_batch() {
    for options in [
        &["--all"][..],
        &["--no-concepts"],
        &["--explain", "--labels", "en"],
        &["--duplicates", "--offset", "2"],
        &["--unit", "document"],
        &["--document", "schede", "--since", "2000"],
    ] {
        let run = batch("autorità locali", options).code_is(0);
        let answer: Answer = serde_json::from_str(&run.stdout).expect("an answer");
        let alone = built_in().ask(options.iter().copied().chain(["autorità locali"]));
        assert_eq!(answer, Answer { id: Some("1".to_owned()), ..alone }, "{options:?}");
    }
}

#[test]
fn documents_are_ranked_by_their_best_passage() {
    let passages = built_in().ask(["migranti", "--limit", "100000"]);
    let mut best: Vec<String> = Vec::new();
    for hit in &passages.hits {
        if !best.contains(&hit.document.id) {
            best.push(hit.document.id.clone());
        }
    }
    let documents = built_in().ask(["migranti", "--unit", "document", "--limit", "100000"]);
    assert_eq!(common::documents(&documents), best);
    assert_eq!(documents.hits.last().map(|hit| hit.rank), Some(best.len()));
    assert_eq!(documents.total, passages.total);
    // As many as are asked for, though the first ones have many passages each.
    let few = built_in().ask(["migranti", "--unit", "document", "--limit", "7"]);
    assert_eq!(few.hits.len(), 7);
}

// ---- TREC ----

/// A run as trec_eval sees it: by query, ids ordered by score in single precision, equal ones by id backwards.
fn as_trec_eval_orders(run: &str) -> HashMap<String, Vec<String>> {
    let mut scored: HashMap<String, Vec<(f32, String)>> = HashMap::new();
    for line in run.lines() {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [query, "Q0", id, _, score, "gcm-search"] = columns[..] else { panic!("{line}") };
        let score = score.parse().expect("a number");
        scored.entry(query.to_owned()).or_default().push((score, id.to_owned()));
    }
    scored
        .into_iter()
        .map(|(query, mut list)| {
            list.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| other.1.cmp(&one.1)));
            (query, list.into_iter().map(|(_, id)| id).collect())
        })
        .collect()
}

#[test]
fn a_trec_run_measures_as_eval_does() {
    // By hand: for "rimesse", x, y and z have the same words and the same score, so they stand in the order of their ids;
    // "sindaco" finds only v w, "ponte" nothing that is judged.
    let records = [
        ("x", "rimesse e sviluppo"),
        ("y", "rimesse e lavoro"),
        ("z", "rimesse e famiglia"),
        ("v w", "il sindaco accoglie"),
        ("u", "il ponte crolla"),
    ];
    let sealed = Sealed::with_records(&records);
    sealed.write("queries.tsv", "1\trimesse\n2\tsindaco\n3\tponte\n");
    sealed.write("qrels.tsv", "1\ty\t2\n1\tz\t1\n2\tv w\t1\n2\tu\t1\n3\tx\t1\n");
    let report: Value = serde_json::from_str(
        &sealed
            .run(["eval", "queries.tsv", "qrels.tsv", "--format", "json", "--per-query"])
            .code_is(0)
            .stdout,
    )
    .expect("JSON");
    let log2 = |n: f64| n.log2();
    // Query 1: x, y, z with gains 0, 2, 1; the best would be 2, 1. Query 2: the first of two. Query 3: nothing.
    let first = (2.0 / log2(3.0) + 1.0 / log2(4.0)) / (2.0 + 1.0 / log2(3.0));
    let second = 1.0 / (1.0 + 1.0 / log2(3.0));
    let by_hand = (first + second) / 3.0;
    let measured = report["nDCG@10"].as_f64().expect("a number");
    assert!((measured - by_hand).abs() < 1e-9, "{report}");

    let run = sealed.run(["batch", "queries.tsv", "--format", "trec", "--unit", "document"]).code_is(0);
    let lists = as_trec_eval_orders(&run.stdout);
    assert_eq!(lists["1"], ["x", "y", "z"], "{run}");
    assert_eq!(lists["2"], ["v%20w"], "{run}");
    assert_eq!(lists["3"], ["u"], "{run}");
    let passages = sealed.run(["query", "rimesse", "--format", "trec"]).code_is(0);
    assert_eq!(as_trec_eval_orders(&passages.stdout)["1"], ["x#1", "y#1", "z#1"]);
}

#[test]
fn a_trec_run_keeps_our_order_whoever_sorts_it() {
    let input = "migranti\nautorità locali\nStati e comunità\n";
    let answers = batch(input, &["--limit", "400"]).code_is(0).json_lines();
    let run = batch(input, &["--limit", "400", "--format", "trec"]).code_is(0);
    let lists = as_trec_eval_orders(&run.stdout);
    for answer in answers {
        let ours: Vec<&str> = answer["hits"]
            .as_array()
            .expect("hits")
            .iter()
            .map(|hit| hit["passage"].as_str().expect("an id"))
            .collect();
        assert!(ours.len() > 50);
        assert_eq!(lists[answer["id"].as_str().expect("an id")], ours);
    }
}

// ---- tables and quotations ----

/// A table as a list of rows by column.
fn table(text: &str, separator: u8) -> Vec<HashMap<String, String>> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .quoting(separator == b',')
        .from_reader(text.as_bytes());
    let rows = reader.deserialize().collect::<Result<Vec<_>, _>>();
    rows.unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn a_table_has_a_row_for_each_hit_and_reads_back() {
    let records = [
        ("=1+1", "=SUM(A1) rimesse"),
        ("due", "rimesse \"tra virgolette\", e una virgola"),
        ("tre", "-3 rimesse"),
    ];
    let sealed = Sealed::with_records(&records);
    for (format, separator) in [("csv", b','), ("tsv", b'\t')] {
        let run = |more: &[&str]| {
            let args = ["query", "rimesse", "--format", format].into_iter().chain(more.iter().copied());
            table(&sealed.run(args).code_is(0).stdout, separator)
        };
        let answer = sealed.ask(["rimesse"]);
        for (rows, sign) in [(run(&[]), "'"), (run(&["--no-csv-safe"]), ""), (run(&["--csv-safe=false"]), "")]
        {
            assert_eq!(rows.len(), 3);
            for (row, hit) in rows.iter().zip(&answer.hits) {
                let is_formula = hit.text.starts_with(['=', '-']);
                assert_eq!(row["text"], format!("{}{}", if is_formula { sign } else { "" }, hit.text));
                assert_eq!(row["score"], hit.score.to_string());
                assert_eq!(row["rank"], hit.rank.to_string());
                assert_eq!(row["passage"].trim_start_matches('\''), hit.passage);
                assert_eq!((row["query"].as_str(), row["total"].as_str()), ("rimesse", "3"));
                assert_eq!(row["error"], "");
            }
        }
        // Options that exclude each other are refused.
        sealed.run(["query", "x", "--csv-safe", "--no-csv-safe"]).code_is(2);
    }
    // A query that found nothing has a row of its own.
    let run = sealed.run(["query", "+xyz", "--format", "csv"]).code_is(1);
    let rows = table(&run.stdout, b',');
    assert_eq!(
        (rows[0]["query"].as_str(), rows[0]["total"].as_str(), rows[0]["rank"].as_str()),
        ("'+xyz", "0", "")
    );
}

#[test]
fn a_quotation_has_its_source() {
    let sealed = Sealed::new();
    sealed.write(
        "carta.md",
        "+++\ntitle = \"Carta *delle* rimesse\"\npublisher = \"Comune\"\ndate = \"2020-05\"\nurl = \"https://example.org/carta\"\n+++\n\n\
         Le rimesse arrivano ai [villaggi](x) \\[nota 2\\] e sostengono le famiglie che restano nei luoghi di origine.\n",
    );
    sealed.run(["index", "carta.md"]).code_is(0);
    let run = sealed.run(["query", "rimesse", "--format", "markdown"]).code_is(0);
    assert_eq!(
        run.stdout,
        "> Le rimesse arrivano ai villaggi \\[nota 2\\] e sostengono le famiglie che restano nei luoghi di origine.\n\n\
         — *Carta \\*delle\\* rimesse*, Comune, ¶ 1, 2020-05, <https://example.org/carta> (`carta#1`)\n\n",
        "{run}"
    );
    sealed.run(["query", "+xyz", "--format", "markdown"]).code_is(1).prints(&["No passage found."]);
}

// ---- manifests ----

#[test]
fn a_manifest_tells_whether_a_run_would_be_the_same() {
    let sealed = Sealed::with_records(&[("a", "le rimesse"), ("b", "le diaspore")]);
    sealed.write("queries.tsv", "1\trimesse\n2\n");
    let first = sealed.run(["batch", "queries.tsv", "--manifest", "run.json", "--jobs", "1"]).code_is(2);
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(sealed.path().join("run.json")).expect("a manifest"))
            .expect("JSON");
    assert_eq!(manifest["results"]["blake3"], blake3::hash(first.stdout.as_bytes()).to_hex().as_str());
    assert_eq!(manifest["queries"]["blake3"], blake3::hash(b"1\trimesse\n2\n").to_hex().as_str());
    assert_eq!(
        (
            &manifest["results"]["answered"],
            &manifest["results"]["bad_lines"],
            &manifest["index"]["documents"]
        ),
        (&json!(1), &json!(1), &json!(2))
    );
    // The same again, also from another index of the same documents, and from elsewhere.
    let same = "same: program, index, taxonomy, options, queries and results\n";
    assert_eq!(sealed.run(["batch", "--verify", "run.json", "--jobs", "3"]).code_is(0).stdout, same);
    let other = Sealed::new();
    other.write(
        "unter/records.jsonl",
        std::fs::read(sealed.path().join("records.jsonl")).expect("the records"),
    );
    other.run(["index", "unter"]).code_is(0);
    other.write("q.tsv", "1\trimesse\n2\n");
    let run_json = sealed.path().join("run.json").into_os_string();
    let verify = |args: &[&str]| {
        let args = args.iter().map(|arg| (*arg).into()).chain(["--verify".into(), run_json.clone()]);
        other.run(["batch".into()].into_iter().chain(args).collect::<Vec<std::ffi::OsString>>())
    };
    assert_eq!(verify(&["q.tsv"]).code_is(0).stdout, same);
    // What changed is said, each by its name.
    verify(&["q.tsv", "--limit", "3"])
        .code_is(1)
        .prints(&["changed; the results are the same", "options.limit: 10 -> 3"]);
    other.write("q2.tsv", "1\tdiaspore\n2\n");
    verify(&["q2.tsv"]).code_is(1).prints(&["the results are different", "queries.blake3", "results.blake3"]);
    other.write("unter/altro.txt", "Ancora rimesse.");
    other.run(["index"]).code_is(0);
    verify(&["q.tsv"]).code_is(1).prints(&["index.content", "index.documents: 2 -> 3"]);
    // What is no manifest is refused.
    other.run(["batch", "q.tsv", "--verify", "q.tsv"]).code_is(2).says(&["no manifest of a run", "hint:"]);
    other.run(["batch", "q.tsv", "--manifest", "/non/esiste/run.json"]).code_is(2).says(&["/non/esiste"]);
}

#[test]
fn a_query_has_a_manifest_too() {
    let sealed = Sealed::with_records(&[("a", "le rimesse")]);
    let run = sealed.run(["query", "rimesse", "--manifest", "run.json", "--color", "always"]).code_is(0);
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(sealed.path().join("run.json")).expect("a manifest"))
            .expect("JSON");
    assert_eq!(manifest["queries"]["query"], "rimesse");
    assert_eq!(manifest["options"]["format"], "text");
    // Colours are no part of the results.
    let plain = sealed.run(["query", "rimesse"]).code_is(0).stdout;
    assert_ne!(run.stdout, plain);
    assert_eq!(manifest["results"]["blake3"], blake3::hash(plain.as_bytes()).to_hex().as_str());
}
