//! Parts of a collection that come together in one index on a cluster, and passages exported for `_bulk`.

use std::fs;
use std::thread;

use serde_json::{Value, json};

use crate::common::{ALL, Run, Sealed};
use crate::nodes::{self, Nodes};

const PARTS: usize = 3;

/// Documents alone and in a file that every part has to read.
fn collection(sealed: &Sealed) {
    let text = |number: usize| {
        format!(
            "Il sindaco del comune {number} accoglie i migranti.\n\nLe autorità locali della provincia {}.",
            number % 5
        )
    };
    for number in 0..12 {
        sealed.write(&format!("docs/{number}.txt"), text(number));
    }
    let records: String = (12..60)
        .map(|number| json!({"_id": format!("r{number}"), "text": text(number)}).to_string() + "\n")
        .collect();
    sealed.write("docs/records.jsonl", records);
}

fn engine(nodes: &Nodes, name: &str) -> String {
    format!("{}/{name}", nodes.urls().join(","))
}

fn run(sealed: &Sealed, engine: &str, args: &[&str]) -> Run {
    sealed.run([&["--engine", engine], args].concat())
}

fn index(sealed: &Sealed, engine: &str, part: usize, more: &[&str]) -> Run {
    let part = format!("{part}/{PARTS}");
    run(sealed, engine, &[&["index", "--part", &part], more].concat())
}

/// What a reader sees, wherever the index is.
fn seen(sealed: &Sealed, engine: &str) -> Vec<String> {
    let mut out = vec![run(sealed, engine, &["export"]).stdout];
    for query in ["sindaci accoglienza", "\"autorità locali\" +provincia", "comune -sindaco"] {
        out.push(run(sealed, engine, &["query", "--format", "json", "--limit", ALL, query]).stdout);
    }
    out
}

#[test]
fn parts_make_one_index() {
    let Some(nodes) = nodes::shared() else { return };
    let sealed = Sealed::new();
    collection(&sealed);
    sealed.run(["index", "docs"]).code_is(0);
    let engine = engine(&nodes, "parti");

    // Side by side, one of them twice; no part answers for all before the last is there.
    index(&sealed, &engine, 1, &["docs"]).code_is(0);
    let early = run(&sealed, &engine, &["status"]);
    assert_eq!(early.code, 2, "{early}");
    // Parts of another division have documents in common with these, and keep away.
    run(&sealed, &engine, &["index", "--part", "2/2", "docs"]).code_is(2).says(&[
        "is being made in 3 parts",
        "nothing was changed",
        "-X DELETE",
        "/parti-g000001",
    ]);
    index(&sealed, &engine, 1, &["docs"]).code_is(0);
    thread::scope(|scope| {
        for part in 2..=PARTS {
            let (sealed, engine) = (&sealed, &engine);
            scope.spawn(move || index(sealed, engine, part, &["docs"]).code_is(0));
        }
    });
    assert_eq!(seen(&sealed, &engine), seen(&sealed, "local"));

    // Each part sees to its own changes only.
    let records = fs::read_to_string(sealed.path().join("docs/records.jsonl")).expect("records");
    let kept: Vec<&str> = records.lines().filter(|line| !line.contains("\"r2")).collect();
    sealed.write("docs/records.jsonl", kept.join("\n"));
    fs::remove_file(sealed.path().join("docs/5.txt")).expect("removed");
    sealed.run(["index"]).code_is(0);
    for part in 1..=PARTS {
        index(&sealed, &engine, part, &[]).code_is(0);
    }
    assert_eq!(seen(&sealed, &engine), seen(&sealed, "local"));
    index(&sealed, &engine, 2, &[]).code_is(0).prints(&["nothing to do"]);
    // Another division has to be made as a whole.
    run(&sealed, &engine, &["index", "--part", "1/2", "docs"]).code_is(2).says(&[
        "parts such as",
        "nothing was changed",
        "--rebuild",
    ]);
    assert_eq!(seen(&sealed, &engine), seen(&sealed, "local"));

    // Made anew and gone back from by hand: what was given up stays as it is, and the next one begins anew.
    let rebuild = |part: usize| index(&sealed, &engine, part, &["--rebuild", "docs"]).code_is(0);
    for part in 1..=PARTS {
        rebuild(part);
    }
    let actions = json!({"actions": [
        {"remove": {"index": "parti-g000002", "alias": "parti"}},
        {"add": {"index": "parti-g000001", "alias": "parti"}},
    ]});
    assert_eq!(nodes.ask(0, "POST", "/_aliases", &actions.to_string()).0, 200);
    sealed.write("docs/nuovo.txt", "Il sindaco del comune nuovo accoglie i migranti.");
    let former = seen(&sealed, &engine);
    for part in 1..=PARTS {
        assert_eq!(seen(&sealed, &engine), former);
        rebuild(part);
    }
    sealed.run(["index"]).code_is(0);
    assert_eq!(seen(&sealed, &engine), seen(&sealed, "local"));
    let (_, kept) = nodes.ask(0, "GET", "/_cat/indices/parti-g*?format=json&h=index&s=index", "");
    assert_eq!(kept, json!([{"index": "parti-g000001"}, {"index": "parti-g000003"}]));
}

#[test]
fn parts_of_different_divisions_come_together_through_files() {
    let Some(nodes) = nodes::shared() else { return };
    let sealed = Sealed::new();
    collection(&sealed);
    sealed.run(["index", "docs"]).code_is(0);
    let lake = Sealed::new();
    for part in ["1/2", "2/2", "2/3"] {
        let name = part.replace('/', "-");
        sealed.run(["index", "--part", part, "--index", &name, "docs"]).code_is(0);
        let lines = sealed.run(["export", "--analysed", "--index", &name]).code_is(0).stdout;
        lake.write(&format!("lake/{name}.jsonl"), lines);
    }
    let engine = engine(&nodes, "lago");
    run(&lake, &engine, &["index", "lake"]).code_is(0).prints(&["60 documents, 60 passages"]);
    let answers = |sealed: &Sealed, engine: &str| seen(sealed, engine).split_off(1);
    assert_eq!(answers(&lake, &engine), answers(&sealed, "local"));
    // What two of them hold stays where one of them goes.
    std::fs::remove_file(lake.path().join("lake/2-3.jsonl")).expect("removed");
    run(&lake, &engine, &["index"]).code_is(0);
    assert_eq!(answers(&lake, &engine), answers(&sealed, "local"));
}

#[test]
fn an_export_for_bulk_is_what_would_be_sent() {
    let Some(nodes) = nodes::shared() else { return };
    let sealed = Sealed::new();
    collection(&sealed);
    sealed.run(["index", "docs"]).code_is(0);
    let engine = engine(&nodes, "modello");
    run(&sealed, &engine, &["index", "docs"]).code_is(0);

    let bulk = sealed.run(["export", "--format", "bulk"]).code_is(0).stdout;
    assert_eq!(bulk.lines().count(), 2 * 60);
    // An index with the settings and the mapping of one that gcm-search has made.
    let (_, made) = nodes.ask(0, "GET", "/modello", "");
    let made = made.as_object().and_then(|made| made.values().next()).expect("an index");
    let body = json!({
        "settings": {"analysis": made["settings"]["index"]["analysis"], "number_of_shards": 2},
        "mappings": made["mappings"],
    });
    let (code, answer) = nodes.ask(1, "PUT", "/copia", &body.to_string());
    assert_eq!(code, 200, "{answer}");
    for _ in 0..2 {
        let (code, answer) = nodes.ask(1, "POST", "/copia/_bulk?refresh=true", &bulk);
        assert!(code == 200 && answer["errors"] == false, "{answer}");
    }
    let all = |index: &str| -> Vec<Value> {
        let query =
            json!({"size": 100, "sort": [{"document": "asc"}, {"number": "asc"}], "track_total_hits": true});
        let (code, found) = nodes.ask(2, "POST", &format!("/{index}/_search"), &query.to_string());
        assert_eq!(code, 200, "{found}");
        found["hits"]["hits"].as_array().expect("hits").iter().map(|hit| hit["_source"].clone()).collect()
    };
    assert_eq!(all("copia").len(), 60);
    assert_eq!(all("copia"), all("modello"));
    // Its terms are searched as those that were sent.
    let term = json!({"query": {"match_phrase": {"exact": "autorita locali"}}});
    let total =
        |index: &str| nodes.ask(0, "POST", &format!("/{index}/_count"), &term.to_string()).1["count"].clone();
    assert_eq!(total("copia"), 60);
    assert_eq!(total("modello"), 60);
}
