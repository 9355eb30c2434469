//! `tag`, `eval`, `status`, and what all commands do with their output. Proves:
//!
//! - `tag` reads JSON Lines, plain text and standard input; a bad line is named and the others are answered;
//! - a taxonomy that is wrong is refused with its line and with what to do;
//! - `eval` measures what a hand computes, and says which queries it left out;
//! - `status` tells what is in the index; `--verify` finds a flipped byte in any of its files;
//! - colours go to terminals or where they are asked for; other people's text cannot drive the terminal; a closed pipe
//!   is no error.

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use common::{Run, Sealed, built_in};
use serde_json::{Value, json};

// ---- tag ----

const LOCAL: &str = "Le autorità locali hanno un ruolo sempre più importante nell'integrazione.";

fn ids(tagged: &Value, kind: &str) -> Vec<String> {
    tagged[kind]
        .as_array()
        .expect("tags")
        .iter()
        .map(|tag| tag["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[track_caller]
fn assert_is_local(tagged: &Value) {
    assert!(ids(tagged, "dimensions").contains(&"local".to_owned()), "{tagged}");
    assert!(ids(tagged, "actors").contains(&"local-authorities".to_owned()), "{tagged}");
}

#[test]
fn json_lines_are_tagged_one_by_one() {
    let sealed = Sealed::new();
    let lines = [
        json!({"id": "a", "text": LOCAL, "lang": "it"}),
        json!({"_id": "b", "text": "Local authorities provide services to migrants.", "language": "en"}),
        json!({"id": 7, "text": LOCAL}),
        json!({"text": LOCAL, "other": true}),
        json!({"id": "nothing", "text": "Domani piove.", "lang": "it"}),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    sealed.write("in.jsonl", format!("\u{FEFF}{text}"));
    let run = sealed.run(["tag", "in.jsonl"]).code_is(0);
    assert_eq!(run.stderr, "", "{run}");
    let out = run.json_lines();
    let names: Vec<&str> = out.iter().map(|tagged| tagged["id"].as_str().expect("an id")).collect();
    // A record without an id has its line's number.
    assert_eq!(names, ["a", "b", "7", "4", "nothing"]);
    for tagged in [&out[0], &out[2], &out[3]] {
        assert_is_local(tagged);
    }
    assert!(ids(&out[1], "actors").contains(&"local-authorities".to_owned()), "{}", out[1]);
    assert_eq!(
        out[4],
        json!({"format_version": 1, "id": "nothing", "dimensions": [], "actors": [], "tags": {}})
    );
    assert!(!sealed.index().exists(), "tag needs no index and makes none");
}

#[test]
fn what_tag_prints_has_its_shape() {
    let sealed = Sealed::new();
    let text = "È così: le autorità locali e i migranti.";
    let run = sealed
        .run_with_input(["tag"], format!("{}\n", json!({"id": "a", "text": text, "lang": "it"})).as_bytes());
    let out = run.code_is(0).json_lines();
    let keys = |value: &Value| -> Vec<String> {
        let mut keys: Vec<String> = value.as_object().expect("an object").keys().cloned().collect();
        keys.sort();
        keys
    };
    assert_eq!(keys(&out[0]), ["actors", "dimensions", "format_version", "id", "tags"]);
    let chars: Vec<char> = text.chars().collect();
    let mut words = Vec::new();
    for kind in ["dimensions", "actors"] {
        let tags = out[0][kind].as_array().expect("tags");
        let scores: Vec<f64> = tags.iter().map(|tag| tag["score"].as_f64().expect("a score")).collect();
        assert!(scores.windows(2).all(|pair| pair[0] >= pair[1]), "the surest first: {scores:?}");
        assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)));
        for tag in tags {
            assert_eq!(keys(tag), ["evidence", "id", "score"]);
            for reason in tag["evidence"].as_array().expect("evidence") {
                let at = |key: &str| reason[key].as_u64().expect("an offset") as usize;
                // Code points: the accents before would shift bytes.
                let slice: String = chars[at("start")..at("end")].iter().collect();
                assert_eq!(reason["text"], slice.as_str());
                words.push(slice);
            }
        }
    }
    assert!(words.contains(&"autorità locali".to_owned()), "{words:?}");
}

#[test]
fn plain_text_is_tagged_by_paragraphs() {
    let text = format!(
        "{LOCAL}\r\n\r\nGli Stati, nella loro sovranità,\r\ngestiscono le frontiere.\n\n\n\nDomani piove.\n"
    );
    let sealed = Sealed::new();
    sealed.write("in.txt", &text);
    for run in [
        sealed.run(["tag", "in.txt"]),
        sealed.run_with_input(["tag"], text.as_bytes()),
        sealed.run_with_input(["tag", "-"], text.as_bytes()),
    ] {
        let out = run.code_is(0).json_lines();
        let names: Vec<&str> = out.iter().map(|tagged| tagged["id"].as_str().expect("an id")).collect();
        assert_eq!(names, ["1", "2", "3"]);
        assert_is_local(&out[0]);
        assert!(ids(&out[1], "actors").contains(&"states".to_owned()), "{}", out[1]);
    }
}

#[test]
fn a_bad_line_is_named_and_the_others_are_answered() {
    let sealed = Sealed::new();
    let good = json!({"id": "a", "text": LOCAL, "lang": "it"});
    let text =
        format!("{good}\nnon json\n{{\"id\":\"b\"}}\n\n{{\"text\":\"x\",\"lang\":\"klingon\"}}\n{good}\n");
    let run = sealed.run_with_input(["tag"], text.as_bytes()).code_is(2);
    assert_eq!(run.json_lines().len(), 2, "{run}");
    let run = run.says(&["line 2", "line 3", "text", "line 5", "klingon"]);
    assert!(!run.stderr.contains("line 1:") && !run.stderr.contains("line 6"), "{run}");
    // The first line too.
    let run = sealed
        .run_with_input(["tag"], format!("{{\"id\":\n{good}\n").as_bytes())
        .code_is(2)
        .says(&["line 1"]);
    assert_eq!(run.json_lines().len(), 1, "{run}");
}

#[test]
fn what_cannot_be_tagged_is_said() {
    let sealed = Sealed::new();
    sealed.run(["tag", "inesistente.txt"]).code_is(2).says(&["inesistente.txt"]);
    assert_eq!(sealed.run_with_input(["tag"], b"").code_is(1).stdout, "");
    sealed.run_with_input(["tag"], b"Domani piove e fa freddo.").code_is(1);
    sealed.run_with_input(["tag"], b"libert\xe0").code_is(2).says(&["UTF-8"]);
}

// ---- taxonomies ----

const GOOD: &str = r#"format = 1

[[scheme]]
id = "dimension"
labels = { it = "Dimensione", en = "Dimension", fr = "Dimension", es = "Dimensión" }

[[concept]]
id = "cibo"
scheme = "dimension"
labels = { it = "Cibo", en = "Food", fr = "Nourriture", es = "Comida" }

[[term]]
concept = "cibo"
lang = "it"
strong = ["pizza", "pane"]
"#;

#[test]
fn a_taxonomy_of_ones_own_is_used() {
    let sealed = Sealed::new();
    sealed.write("mia.toml", GOOD);
    let line = format!(
        "{}\n",
        json!({"id": "a", "text": "Le pizze e il pane delle autorità locali.", "lang": "it"})
    );
    let run = sealed.run_with_input(["--taxonomy", "mia.toml", "tag"], line.as_bytes()).code_is(0);
    assert_eq!(ids(&run.json_lines()[0], "dimensions"), ["cibo"], "{run}");
    assert!(ids(&run.json_lines()[0], "actors").is_empty());
    sealed.write("docs/a.txt", "Le pizze e il pane.");
    sealed.run(["--taxonomy", "mia.toml", "index", "docs"]).code_is(0);
    sealed
        .run(["--taxonomy", "mia.toml", "query", "pane", "--dimension", "food"])
        .code_is(0)
        .prints(&["Cibo"]);
    // With another taxonomy the tags are out of date, and it is said.
    sealed.run(["query", "pane"]).code_is(0).says(&["tags of another taxonomy", "gcm-search index"]);
    sealed.run(["index"]).code_is(0).prints(&["rebuilt", "taxonomy"]);
}

#[test]
fn a_bad_taxonomy_is_refused_with_its_line() {
    let term = |text: &str| {
        format!("{GOOD}\n[[term]]\nconcept = \"cibo\"\nlang = \"en\"\nstrong = [\n  {text}\n]\n")
    };
    let concept = "\n[[concept]]\nid = \"cibo\"\nscheme = \"dimension\"\nlabels = { it = \"a\", en = \"a\", fr = \"a\", es = \"a\" }\n";
    let cases: &[(&str, String, &[&str])] = &[
        ("an unknown key", GOOD.replace("strong", "strnog"), &["line 15", "strnog"]),
        (
            "a duplicate id",
            GOOD.replace("\n[[term]]", &format!("{concept}\n[[term]]")),
            &["line 12", "\"cibo\"", "twice"],
        ),
        ("an empty term", term("\"\","), &["line 21", "empty"]),
        ("a term of marks alone", term("\"pasta =\","), &["line 21", "empty"]),
        ("a term that stands twice", term("\"bread\", \"bread\","), &["line 21", "bread", "twice"]),
        (
            "a mask that masks nothing",
            format!(
                "{GOOD}\n[[mask]]\nlang = \"it\"\ntext = \"pan di zenzero\"\nhides = [\"cibo\"]\nexample = \"Un tavolo.\"\n"
            ),
            &["line 17", "pan di zenzero", "masks nothing"],
        ),
        (
            "a mask without concepts",
            format!(
                "{GOOD}\n[[mask]]\nlang = \"it\"\ntext = \"pan di zenzero\"\nhides = []\nexample = \"Un pan di zenzero.\"\n"
            ),
            &["line 17", "masks nothing"],
        ),
        (
            "an unknown concept",
            GOOD.replace("concept = \"cibo\"", "concept = \"cibi\""),
            &["line 12", "\"cibi\"", "\"cibo\""],
        ),
        (
            "an unknown language",
            GOOD.replace("lang = \"it\"", "lang = \"de\""),
            &["line 12", "\"de\"", "it, en, fr, es"],
        ),
        ("a missing label", GOOD.replace(", es = \"Comida\"", ""), &["line 10", "es"]),
        ("bad TOML", GOOD.replace("[[term]]", "[[term]"), &["line 12"]),
        ("another format", GOOD.replace("format = 1", "format = 2"), &["line 1", "format 2"]),
        ("no scheme", "format = 1\n".to_owned(), &["scheme"]),
        ("an empty file", String::new(), &["format"]),
    ];
    let sealed = Sealed::new();
    for (name, text, parts) in cases {
        sealed.write("mia.toml", text);
        for args in [&["tag", "in.txt"][..], &["index", "docs"][..], &["query", "pane"][..]] {
            let run = sealed.run(["--taxonomy", "mia.toml"].iter().chain(args));
            assert_eq!(run.code, 2, "{name}\n{run}");
            assert_eq!(run.stdout, "", "{name}\n{run}");
            for part in ["mia.toml"].iter().chain(*parts) {
                assert!(run.stderr.contains(part), "{name}: no {part:?}\n{run}");
            }
            assert!(run.stderr.contains("hint:"), "{name}\n{run}");
        }
    }
    assert!(!sealed.index().exists(), "a bad taxonomy makes no index");
    sealed.run(["--taxonomy", "inesistente.toml", "tag"]).code_is(2).says(&["inesistente.toml"]);
}

// ---- eval ----

/// `mela` ranks d1 before d2, which is longer; `pera` finds d3; nothing finds d4.
fn fruit() -> Sealed {
    let sealed = Sealed::with_records(&[
        ("d1", "La mela."),
        ("d2", "Una mela sta in fondo a questa frase, che dice molte altre cose prima di finire."),
        ("d3", "La pera."),
        ("d4", "Una fragola."),
    ]);
    sealed.write("qrels.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t0\nq1\td2\t2\nq1\td4\t1\nq2\td3\t1\n");
    sealed.write("queries.tsv", "q1\tmela\nq2\tpera\nq3\tfragola\n");
    sealed
}

#[test]
fn measures_are_as_a_hand_computes_them() {
    let sealed = fruit();
    assert_eq!(common::documents(&sealed.ask(["mela"])), ["d1", "d2"]);
    assert_eq!(common::documents(&sealed.ask(["pera"])), ["d3"]);
    let run = sealed.run(["eval", "queries.tsv", "qrels.tsv", "--per-query", "--format", "json"]).code_is(0);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let close = |value: &Value, expected: f64| {
        let value = value.as_f64().unwrap_or_else(|| panic!("no number: {report}"));
        assert!((value - expected).abs() < 1e-9, "{value} is not {expected}: {report}");
    };
    // q1: d2 (grade 2) on rank 2 of 2, d4 (grade 1) not found: DCG = 2 / log2(3), ideal = 2 / log2(2) + 1 / log2(3).
    let ndcg = (2.0 / 3f64.log2()) / (2.0 + 1.0 / 3f64.log2());
    assert!((ndcg - 0.479_625).abs() < 1e-6);
    let one = &report["per_query"]["q1"];
    close(&one["nDCG@10"], ndcg);
    close(&one["MRR@10"], 0.5);
    close(&one["R@10"], 0.5);
    close(&one["R@100"], 0.5);
    for measure in ["nDCG@10", "MRR@10", "R@10", "R@100"] {
        close(&report["per_query"]["q2"][measure], 1.0);
    }
    close(&report["nDCG@10"], (ndcg + 1.0) / 2.0);
    close(&report["MRR@10"], 0.75);
    close(&report["R@10"], 0.75);
    close(&report["R@100"], 0.75);
    assert_eq!(report["queries"], 2);
    sealed.run(["eval", "queries.tsv", "qrels.tsv"]).code_is(0).prints(&[
        "queries 2",
        "nDCG@10 0.7398",
        "MRR@10  0.7500",
        "R@10    0.7500",
        "R@100   0.7500",
    ]);
}

#[test]
fn queries_without_a_judgement_are_said() {
    let sealed = fruit();
    let run = sealed.run(["eval", "queries.tsv", "qrels.tsv", "--format", "json"]).code_is(0);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["unjudged"], json!(["q3"]));
    assert_eq!(report["unasked"], json!([]));
    run.says(&["1 queries have no judgement"]);
    sealed.write("una.tsv", "q1\tmela\n");
    let run = sealed.run(["eval", "una.tsv", "qrels.tsv", "--format", "json"]).code_is(0);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!((&report["queries"], &report["unasked"]), (&json!(1), &json!(["q2"])));
    run.says(&["1 judged queries were not asked"]);
    sealed.write("altre.tsv", "x1\tmela\n");
    sealed.run(["eval", "altre.tsv", "qrels.tsv"]).code_is(2).says(&[
        "none of the 1 queries",
        "qrels.tsv",
        "first column",
    ]);
}

#[test]
fn judgements_and_queries_come_in_every_form() {
    let sealed = fruit();
    let expected = sealed.run(["eval", "queries.tsv", "qrels.tsv"]).code_is(0).stdout;
    sealed.write("trec.txt", "q1 0 d1 0\nq1 0 d2 2\nq1 0 d4 1\nq2 0 d3 1\n");
    sealed.write("bare.tsv", "q1\td1\t0\nq1\td2\t2\nq1\td4\t1\nq2\td3\t1\n");
    sealed.write(
        "queries.jsonl",
        "{\"_id\":\"q1\",\"text\":\"mela\"}\n{\"id\":\"q2\",\"query\":\"pera\"}\n\n{\"_id\":\"q3\",\"text\":\"fragola\"}\n",
    );
    for qrels in ["qrels.tsv", "trec.txt", "bare.tsv"] {
        for queries in ["queries.tsv", "queries.jsonl"] {
            assert_eq!(sealed.run(["eval", queries, qrels]).code_is(0).stdout, expected, "{queries} {qrels}");
        }
    }
    // By passage, where passages are judged.
    sealed.write("passages.tsv", "q1\td2#1\t2\nq1\td4#1\t1\nq2\td3#1\t1\n");
    let run = sealed.run(["eval", "queries.tsv", "passages.tsv", "--unit", "passage"]).code_is(0);
    assert_eq!(run.stdout, expected);
}

#[test]
fn bad_judgements_are_refused_with_their_line() {
    let sealed = fruit();
    sealed.write("bad.tsv", "q1\td1\t1\nq1\td2\tmolto\n");
    sealed.run(["eval", "queries.tsv", "bad.tsv"]).code_is(2).says(&["bad.tsv", "line 2", "molto"]);
    sealed.write("two.tsv", "q1\td1\n");
    sealed.run(["eval", "queries.tsv", "two.tsv"]).code_is(2).says(&["two.tsv", "line 1", "three"]);
    sealed.write("solo.tsv", "q1\tmela\nsolo\n");
    sealed.run(["eval", "solo.tsv", "qrels.tsv"]).code_is(2).says(&["solo.tsv", "line 2"]);
    sealed.run(["eval", "inesistente.tsv", "qrels.tsv"]).code_is(2).says(&["inesistente.tsv"]);
    sealed.run(["eval", "queries.tsv"]).code_is(2);
}

#[test]
fn tags_are_measured_against_labels() {
    let sealed = Sealed::new();
    // Right, missed (communities are not there) and wrong at once.
    let lines = [
        json!({"id": "a", "lang": "it", "text": LOCAL, "dimensions": ["local"], "actors": ["local-authorities"]}),
        json!({"id": "b", "lang": "it", "text": "Domani piove.", "dimensions": ["regional"], "actors": []}),
    ];
    sealed.write("gold.jsonl", lines.iter().map(|line| format!("{line}\n")).collect::<String>());
    let run = sealed.run(["eval", "--tags", "gold.jsonl", "--format", "json"]).code_is(0);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let all = &report["groups"]["all"];
    assert_eq!(all["dimension"]["passages"], 2);
    assert_eq!(all["dimension"]["recall"], 0.5, "{run}");
    assert_eq!(all["actor"]["recall"], 1.0, "{run}");
    sealed.write("bad.jsonl", "{\"text\":\"x\",\"actors\":[\"local\"]}\n");
    sealed.run(["eval", "--tags", "bad.jsonl"]).code_is(2).says(&["bad.jsonl", "line 1"]);
}

// ---- status ----

#[test]
fn status_tells_what_is_there() {
    let sealed = Sealed::with_records(&[("a", "I comuni."), ("b", "I sindaci.")]);
    let status = sealed.status();
    assert_eq!(status["documents"], 2);
    assert_eq!(status["passages"], 2);
    assert_eq!(status["languages"], json!({"it": 2}));
    assert_eq!(status["document_ids"], json!(["a", "b"]));
    assert_eq!(status["out_of_date"], Value::Null);
    assert_eq!(status["not_read"], json!([]));
    assert_eq!(status["verified"], Value::Null);
    assert_eq!(status["program"], env!("CARGO_PKG_VERSION"));
    let sources = status["sources"].as_array().expect("sources");
    assert!(
        sources.len() == 1 && sources[0].as_str().is_some_and(|source| source.ends_with("records.jsonl"))
    );
    sealed.run(["status", "--documents"]).code_is(0).prints(&[
        "documents   2",
        "passages    2",
        "languages   it 2",
        "records.jsonl",
        "document    a",
    ]);
    built_in().run(["status"]).code_is(0).prints(&["built-in corpus", "oim italia"]);
    built_in().run(["status", "--verify"]).code_is(0).prints(&["every file agrees with its checksum"]);
}

#[test]
fn verify_finds_a_flipped_byte_in_any_file() {
    let sealed = Sealed::with_records(&[
        ("a", "I comuni curano l'accoglienza dei migranti."),
        ("b", "I sindaci e le autorità locali."),
        ("c", "Gli Stati cooperano."),
    ]);
    let generation = fs::read_dir(sealed.index())
        .expect("the index")
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.is_dir())
        .expect("a generation");
    sealed.run(["status", "--verify"]).code_is(0);
    let mut files: Vec<_> =
        fs::read_dir(&generation).expect("files").flatten().map(|entry| entry.path()).collect();
    files.push(sealed.index().join("CURRENT"));
    files.sort();
    // Only what tantivy lists as belonging to the index: it may leave a file that it needs no more for the next run.
    let meta = fs::read_to_string(generation.join("meta.json")).expect("meta.json").replace('-', "");
    let mut missed = Vec::new();
    let mut flipped = 0;
    for path in files {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let bytes = fs::read(&path).expect("a file");
        let is_segment = name.split('.').next().is_some_and(|stem| stem.len() == 32);
        // Its list of files is tantivy's own means to tidy up, and answers nothing.
        if bytes.is_empty() || name == ".managed.json" || (is_segment && !meta.contains(&name[..32])) {
            continue;
        }
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut other = bytes.clone();
            other[at] ^= 1;
            fs::write(&path, &other).expect("written");
            flipped += 1;
            let output = sealed.command(["status", "--verify"]).output().expect("the binary runs");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            if output.status.code() != Some(2) || !(said.contains("damaged") || said.contains(&name)) {
                let first = said.lines().find(|line| !line.is_empty()).unwrap_or_default();
                missed.push(format!("{name}, byte {at} of {}: {} {first}", bytes.len(), output.status));
            }
        }
        fs::write(&path, &bytes).expect("written");
    }
    assert!(flipped > 20, "{flipped}");
    sealed.run(["status", "--verify"]).code_is(0);
    assert!(missed.is_empty(), "not found:\n{}", missed.join("\n"));
}

#[test]
fn verify_names_the_file_and_the_way_out() {
    let sealed = Sealed::with_records(&[("a", "I comuni curano l'accoglienza dei migranti.")]);
    let generation = fs::read_dir(sealed.index())
        .expect("the index")
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.is_dir())
        .expect("a generation");
    let store = fs::read_dir(generation)
        .expect("files")
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "store"))
        .expect("a store");
    let mut bytes = fs::read(&store).expect("the store");
    bytes[3] ^= 0x10;
    fs::write(&store, bytes).expect("written");
    let name = store.file_name().expect("a name").to_string_lossy().into_owned();
    let run = sealed.run(["status", "--verify"]).code_is(2).says(&["damaged", &name, "--rebuild"]);
    assert_eq!(run.stdout, "", "{run}");
}

// ---- colours, other people's text, closed pipes ----

#[test]
fn colours_are_where_they_are_wanted() {
    for args in [
        &["query", "comuni"][..],
        &["query", "comuni", "--explain"][..],
        &["show", "oim-italia/integrazione#1"][..],
    ] {
        assert!(!built_in().run(args).code_is(0).stdout.contains('\u{1B}'), "{args:?}: none in a pipe");
        let always = built_in().run(["--color", "always"].iter().chain(args)).code_is(0);
        assert!(always.stdout.contains("\u{1B}["), "{args:?}");
        let never = built_in().run(["--color", "never"].iter().chain(args)).code_is(0);
        // Colours change nothing else.
        let mut plain = String::new();
        let mut chars = always.stdout.chars();
        while let Some(c) = chars.next() {
            if c == '\u{1B}' {
                chars.by_ref().find(char::is_ascii_alphabetic);
            } else {
                plain.push(c);
            }
        }
        assert_eq!(plain, never.stdout, "{args:?}");
    }
    for format in ["json", "jsonl"] {
        let run = built_in().run(["--color", "always", "query", "comuni", "--format", format]).code_is(0);
        assert!(!run.stdout.contains('\u{1B}'), "no colours in {format}");
    }
    let error = built_in().run(["--color", "always", "query", "x", "--actor", "zzz"]).code_is(2);
    assert!(error.stderr.contains("\u{1B}["), "{error}");
    let error = built_in().run(["query", "x", "--actor", "zzz"]).code_is(2);
    assert!(!error.stderr.contains('\u{1B}'), "{error}");
    let mut command = built_in().command(["query", "comuni"]);
    let run = Run::of(command.env("NO_COLOR", "1").env("TERM", "xterm"));
    assert!(!run.stdout.contains('\u{1B}'));
}

#[test]
fn lines_keep_to_the_width() {
    for width in [40usize, 60, 100] {
        let mut command = built_in().command(["query", "autorità locali", "--limit", "20"]);
        let run = Run::of(command.env("COLUMNS", width.to_string())).code_is(0);
        let snippets = run
            .stdout
            .lines()
            .filter(|line| line.starts_with("    ") && !line.contains(" · ") && !line.contains(" › "));
        let too_wide: Vec<&str> =
            snippets.filter(|line| line.chars().count() > width && line.trim().contains("  ")).collect();
        assert!(too_wide.is_empty(), "wider than {width}: {too_wide:#?}");
    }
}

/// What may do harm to a terminal: control characters but the end of a line, marks that turn the direction of text.
fn harmful(text: &str) -> Vec<char> {
    let mut found: Vec<char> = text
        .chars()
        .filter(|&c| {
            (c.is_control() && c != '\n')
                || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}')
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[test]
fn other_peoples_text_cannot_drive_the_terminal() {
    const EVIL: &str = "\u{1B}[31m\u{1B}]0;x\u{7}\u{9B}2J\r\u{8}\u{202E}";
    let sealed = Sealed::new();
    let record = json!({
        "_id": format!("id{EVIL}"),
        "text": format!("I sindaci {EVIL} accolgono i migranti."),
        "title": format!("Titolo {EVIL}"),
        "publisher": format!("Editore {EVIL}"),
        "url": format!("http://example.org/{EVIL}"),
        "symbol": format!("A/{EVIL}/1"),
        "licence": format!("CC {EVIL}"),
        "lang": "it",
    });
    sealed.write("docs/a.jsonl", format!("{record}\n{{\"_id\":\"\u{9B}2J\\u001b[31m\"}}\n"));
    sealed.write("docs/b.md", format!("# Capitolo {EVIL}\n\nI prefetti {EVIL} accolgono.\n"));
    // File names too, where the system takes them.
    sealed.write("docs/evil\u{1B}[31m\u{202E}.txt", "Testo\0con NUL");
    sealed.write("docs/good\u{1B}[31m\u{202E}.txt", "I questori accolgono.");
    let index = sealed.run(["index", "docs"]).code_is(2);
    let id = sealed.status()["document_ids"]
        .as_array()
        .expect("ids")
        .iter()
        .filter_map(Value::as_str)
        .find(|id| id.starts_with("id"))
        .expect("the record")
        .to_owned();
    let mut runs = vec![index];
    for args in [
        vec!["query", "accolgono"],
        vec!["query", "accolgono", "--explain"],
        vec!["query", "sindcai"],
        vec!["query", "accolgono", "--publisher", "Editor"],
        vec!["query", "accolgono", "--publisher", "zzzzzz"],
        vec!["query", "accolgono", "--document", "goo"],
        vec!["show", &id],
        vec!["show", "b"],
        vec!["show", "b#1"],
        vec!["show", "goo"],
        vec!["status", "--documents"],
        vec!["index"],
    ] {
        runs.push(sealed.run(args));
    }
    let wrong: Vec<String> = runs
        .iter()
        .flat_map(|run| [("output", run, harmful(&run.stdout)), ("messages", run, harmful(&run.stderr))])
        .filter(|(_, _, found)| !found.is_empty())
        .map(|(which, run, found)| {
            let args = run.command.rsplit("/index\"").next().unwrap_or_default();
            format!("{args}: {found:?} in its {which}")
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(runs[1].stdout.contains("sindaci") && runs[1].stdout.contains("Titolo"), "{}", runs[1]);
}

#[test]
fn json_gives_other_peoples_text_as_it_is() {
    // Escaped as JSON has it, so that a script gets back what the file says.
    for id in ["a\u{1B}[31mb", "a\u{7F}b", "a\u{9B}2Jb", "a\u{7}\u{8}b", "a\u{202E}b", "a\"b\\c"] {
        let sealed = Sealed::with_records(&[(id, "I sindaci.")]);
        assert_eq!(common::documents(&sealed.ask(["sindaci"])), [id]);
        assert_eq!(sealed.status()["document_ids"], json!([id]));
        assert_eq!(sealed.passages_of(id)[0]["document"]["id"], id);
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let big = format!("{}\n", json!({"id": "a", "text": LOCAL, "lang": "it"})).repeat(3_000);
    let sealed = Sealed::new();
    sealed.write("many.jsonl", big);
    for (args, index) in [
        (&["query", "migranti", "--limit", "1000", "--format", "jsonl"][..], built_in()),
        (&["query", "migranti", "--limit", "1000"][..], built_in()),
        (&["status", "--documents"][..], built_in()),
        (&["show", "schede/strumenti/glossario"][..], built_in()),
        (&["tag", "many.jsonl"][..], &sealed),
    ] {
        let mut child = index
            .command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut first = String::new();
        {
            let mut reader = BufReader::with_capacity(16, child.stdout.take().expect("a pipe"));
            reader.read_line(&mut first).expect("a line");
        }
        assert!(!first.is_empty(), "{args:?}");
        let output = child.wait_with_output().expect("it ended");
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
    }
}
