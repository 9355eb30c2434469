//! An index on the nodes, beside the local one.

use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::common::{Run, Sealed, built_in, records_in_italian};
use crate::nodes::{self, Nodes};

/// The queries of every kind of the grammar.
const QUERIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/parity-queries.tsv");

/// The index of this name on all nodes.
fn engine(nodes: &Nodes, name: &str) -> String {
    format!("{}/{name}", nodes.urls().join(","))
}

fn run(sealed: &Sealed, engine: &str, args: &[&str]) -> Run {
    sealed.run([&["--engine", engine][..], args].concat())
}

fn delete(nodes: &Nodes, name: &str) {
    let (_, indices) = nodes.ask(0, "GET", &format!("/_cat/indices/{name}-*?format=json&h=index"), "");
    for index in indices.as_array().into_iter().flatten() {
        let index = index["index"].as_str().expect("a name");
        assert_eq!(nodes.ask(0, "DELETE", &format!("/{index}"), "").0, 200);
    }
}

/// Asks both engines the same and compares what they print.
fn same(local: &Sealed, engine: &str, args: &[&str]) {
    let one = local.run(args);
    let other = run(local, engine, args);
    assert_eq!(one.code, other.code, "{one}\n{other}");
    if one.stdout != other.stdout {
        let differs = one.stdout.lines().zip(other.stdout.lines()).find(|(one, other)| one != other);
        panic!("{args:?} differs on {engine}: {differs:?}");
    }
}

#[test]
fn answers_are_those_of_the_local_index() {
    let Some(nodes) = nodes::shared() else { return };
    let local = built_in();
    let options: [&[&str]; 7] = [
        &["--explain"],
        &["--unit", "document", "--all"],
        &["--limit", "40", "--offset", "5", "--duplicates"],
        &["--lang", "en", "--no-concepts"],
        &["--since", "2018", "--until", "2019"],
        &["--actor", "states", "--document", "schede"],
        &["--limit", "100000"],
    ];
    for shards in ["1", "3"] {
        let name = format!("parity-{shards}");
        let engine = engine(&nodes, &name);
        run(local, &engine, &["index", "--shards", shards]).code_is(0);
        for options in options {
            same(local, &engine, &[&["batch", QUERIES, "--format", "jsonl"][..], options].concat());
        }
        let others: [&[&str]; 14] = [
            &["matrix"],
            &["matrix", "migranti -stati", "--format", "csv"],
            &["compare", "migranti", "--by", "document"],
            &["compare", "diritti", "--by", "year"],
            &["compare", "diritti", "--by", "publisher"],
            &["compare", "integrazione", "--by", "actor"],
            &["coverage", "schede/attori/autorita-locali"],
            &["concordance", "migr*", "--limit", "50"],
            &["show", "oim-italia/stocktaking-puerto-vallarta", "--format", "jsonl"],
            &["cite", "oim-italia/stocktaking-puerto-vallarta"],
            &["export"],
            &["query", "--like", "oim-italia/stocktaking-puerto-vallarta#4", "--format", "json"],
            &["query", "migranti", "--document", "nonesuch"],
            &["query", "autorita lcali", "--stats", "local", "--limit", "0"],
        ];
        for args in others {
            same(local, &engine, args);
        }
        run(local, &engine, &["status", "--verify"]).code_is(0).prints(&["passages", &engine]);
        run(local, &engine, &["index"]).code_is(0).prints(&["nothing to do"]);
        delete(&nodes, &name);
    }
}

/// The documents that `query` finds in all.
fn total(sealed: &Sealed, engine: &str, query: &str) -> usize {
    let run = run(sealed, engine, &["query", query, "--format", "json", "--limit", "1000", "--duplicates"]);
    assert!(run.code < 2, "{run}");
    let answer: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let total = answer["total"].as_u64().expect("a number");
    assert_eq!(answer["hits"].as_array().expect("hits").len() as u64, total.min(1000), "{query}");
    usize::try_from(total).expect("a size")
}

#[test]
fn updates_change_what_changed_from_whatever_machine() {
    let Some(nodes) = nodes::shared() else { return };
    let engine = engine(&nodes, "updates");
    let sealed = Sealed::new();
    for (name, text) in [("a", "il mare calmo"), ("b", "il mare mosso"), ("c", "la montagna alta")] {
        sealed.write(&format!("docs/{name}.txt"), text);
    }
    run(&sealed, &engine, &["index", "docs"]).code_is(0).prints(&["3 documents, 3 passages (3 added)"]);
    assert_eq!(total(&sealed, &engine, "mare"), 2);
    sealed.write("docs/b.txt", "la pianura larga");
    sealed.write("docs/d.txt", "il mare profondo");
    std::fs::remove_file(sealed.path().join("docs/c.txt")).expect("removed");
    // Another machine is another folder: what there is, is known to the cluster.
    let other = Sealed::new();
    run(&other, &engine, &["index"]).code_is(0).prints(&["1 added", "1 changed", "1 removed"]);
    assert_eq!((total(&other, &engine, "mare"), total(&other, &engine, "montagna")), (2, 0));
    run(&sealed, &engine, &["index"]).code_is(0).prints(&["nothing to do"]);
    // The same as an index made anew, statistics included.
    sealed.run(["index", "docs"]).code_is(0);
    for query in ["mare", "pianura OR mare", "largo profondo"] {
        same(&sealed, &engine, &["query", query, "--explain", "--format", "json"]);
    }
    // A second one who writes is turned away with who holds the lock.
    let lock = json!({"generation": "", "kind": "lock", "part": "", "key": "",
        "entry": {"id": "x", "host": "altrove", "pid": 7, "beat": u32::MAX}});
    let (code, _) = nodes.ask(0, "PUT", "/updates-manifest/_create/lock", &lock.to_string());
    assert_eq!(code, 201);
    run(&sealed, &engine, &["index"]).code_is(2).says(&["process 7 on altrove", "--wait"]);
    assert_eq!(nodes.ask(0, "DELETE", "/updates-manifest/_doc/lock", "").0, 200);
    delete(&nodes, "updates");
}

#[test]
fn parts_are_written_side_by_side_and_answer_together() {
    let Some(nodes) = nodes::shared() else { return };
    let local = built_in();
    let engine = engine(&nodes, "parts");
    let start = |part: &str| {
        let mut command = local.command(["--engine", &engine, "index", "--part", part]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started")
    };
    let running: Vec<_> = ["1/3", "2/3"].into_iter().map(start).collect();
    for child in running {
        let run = Run::from_output("index --part".to_owned(), child.wait_with_output().expect("an end"));
        run.code_is(0);
    }
    run(local, &engine, &["query", "pace"]).code_is(2).says(&["there is no index"]);
    for part in ["2/3", "3/3", "1/3"] {
        run(local, &engine, &["index", "--part", part]).code_is(0);
    }
    same(local, &engine, &["batch", QUERIES, "--format", "jsonl", "--limit", "20"]);
    run(local, &engine, &["index", "--part", "1/2"]).code_is(2).says(&["in parts such as"]);
    delete(&nodes, "parts");
}

/// A file of many records, each of which has the word "brano".
fn many_records(sealed: &Sealed, name: &str, count: usize, word: &str) {
    let texts: Vec<(String, String)> = (0..count)
        .map(|at| (format!("r{at}"), format!("{word} numero {at} del brano sulle migrazioni e sui comuni")))
        .collect();
    let records: Vec<(&str, &str)> = texts.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    sealed.write(name, records_in_italian(&records));
}

/// Whether the first generation is there, with its copies, and passages are on their way into it.
fn is_loading(nodes: &Nodes, name: &str) -> bool {
    let (code, found) = nodes.ask(0, "GET", &format!("/{name}-g000001/_stats/indexing"), "");
    let (_, health) = nodes.ask(0, "GET", &format!("/_cluster/health/{name}-g*"), "");
    code == 200
        && health["status"] == "green"
        && found["_all"]["primaries"]["indexing"]["index_total"].as_u64() > Some(0)
}

#[test]
fn a_node_that_goes_away_takes_nothing_along() {
    const COUNT: usize = 20_000;
    let Some(nodes) = nodes::alone() else { return };
    nodes.wait_for(0, nodes::NODES, "green");
    let engine = engine(&nodes, "faults");
    let sealed = Sealed::new();
    many_records(&sealed, "records.jsonl", COUNT, "testo");
    let mut command = sealed.command(["--engine", &engine, "index", "--shards", "3", "records.jsonl"]);
    let load = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    while !is_loading(&nodes, "faults") {
        thread::sleep(Duration::from_millis(20));
    }
    nodes.stop(1);
    let run_ended = Run::from_output("index".to_owned(), load.wait_with_output().expect("an end"));
    run_ended.code_is(0).prints(&[&format!("{COUNT} documents, {COUNT} passages")]);
    assert_eq!(total(&sealed, &engine, "brano"), COUNT, "none is lost, none is there twice");
    nodes.start(1);
    nodes.wait_for(0, nodes::NODES, "green");

    // While queries are asked, another node goes away, the one that leads the cluster.
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut asked = 0;
            while !ended.load(Ordering::Relaxed) {
                assert_eq!(total(&sealed, &engine, "\"numero 77\""), 1);
                asked += 1;
            }
            asked
        });
        thread::sleep(Duration::from_millis(500));
        nodes.stop(0);
        thread::sleep(Duration::from_secs(3));
        ended.store(true, Ordering::Relaxed);
        assert!(asking.join().expect("every query is answered") > 2);
    });
    nodes.start(0);
    nodes.wait_for(0, nodes::NODES, "green");
    delete(&nodes, "faults");
}

#[test]
fn queries_see_one_generation_or_the_next() {
    let Some(nodes) = nodes::shared() else { return };
    let engine = engine(&nodes, "swap");
    let sealed = Sealed::new();
    many_records(&sealed, "a.jsonl", 10, "prima");
    many_records(&sealed, "b.jsonl", 20, "seconda");
    let rebuild = |file: &str| {
        run(&sealed, &engine, &["index", "--rebuild", file]).code_is(0);
    };
    rebuild("a.jsonl");
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let asking: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen = Vec::new();
                    while !ended.load(Ordering::Relaxed) {
                        seen.push(total(&sealed, &engine, "brano"));
                    }
                    seen
                })
            })
            .collect();
        for file in ["b.jsonl", "a.jsonl", "b.jsonl"] {
            rebuild(file);
        }
        ended.store(true, Ordering::Relaxed);
        for thread in asking {
            let seen = thread.join().expect("every query is answered");
            assert!(seen.iter().all(|total| [10, 20].contains(total)), "{seen:?}");
        }
    });
    assert_eq!(total(&sealed, &engine, "brano"), 20);
    let (_, kept) = nodes.ask(0, "GET", "/_cat/indices/swap-g*?format=json&h=index&s=index", "");
    assert_eq!(kept, json!([{"index": "swap-g000003"}, {"index": "swap-g000004"}]), "the former is kept");
    // What cannot be read leaves the index as it was.
    assert!(!Path::new("nonesuch").exists());
    run(&sealed, &engine, &["index", "--rebuild", "nonesuch"]).code_is(2);
    assert_eq!(total(&sealed, &engine, "brano"), 20);
    delete(&nodes, "swap");
}
