//! `index`, run as a user runs it. Proves:
//!
//! - a second run has nothing to do; an added, a changed, a removed and a renamed file each count as such and show;
//! - an index that was brought up to date step by step answers byte for byte as one that was made afresh;
//! - an index folder that is missing, empty, damaged or somebody else's, and a file that cannot be read, each get a
//!   message of their own and exit code 2, while everything else is indexed;
//! - a report and the status say what became of each file; what holds no text is passed over and is no failure;
//! - documents in languages that have no analysis are found by their exact words, and the status says so;
//! - a source that vanished is an error that removes nothing.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use common::{ALL, Run, Sealed, documents};
use serde_json::Value;

const QUERIES: &[&str] =
    &["integrazione", "autorità locali", "+migranti -rifugiati", "A/RES/73/195", "dimensione:locale"];

/// What the index answers to all queries, byte for byte.
fn answers(sealed: &Sealed, index: &Path) -> Vec<String> {
    QUERIES
        .iter()
        .map(|query| {
            let mut command = common::bare_command(sealed.path());
            command.arg("--index").arg(index);
            command.args(["query", "--format", "json", "--explain", "--limit", ALL, "--", query]);
            let run = Run::of(&mut command);
            assert!(run.code < 2 && !run.stderr.contains("building"), "{run}");
            run.stdout
        })
        .collect()
}

/// What a fresh index of the same folder answers.
fn fresh_answers(sealed: &Sealed, source: &str) -> Vec<String> {
    let index = tempfile::TempDir::new().expect("a temporary folder");
    let mut command = common::bare_command(sealed.path());
    command.arg("--index").arg(index.path()).args(["index", source]);
    Run::of(&mut command);
    answers(sealed, index.path())
}

#[track_caller]
fn assert_same_answers(one: &[String], other: &[String]) {
    for ((query, one), other) in QUERIES.iter().zip(one).zip(other) {
        let at = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
        let from_there = |text: &str| {
            String::from_utf8_lossy(&text.as_bytes()[at.saturating_sub(200)..])
                .chars()
                .take(600)
                .collect::<String>()
        };
        assert!(
            one == other,
            "{query}: the answers part at byte {at}\n{}\n{}",
            from_there(one),
            from_there(other)
        );
    }
}

fn small_corpus() -> Sealed {
    let sealed = Sealed::new();
    sealed.write("docs/comuni.txt", "I comuni curano l'accoglienza e l'integrazione dei migranti.\n");
    sealed.write("docs/autorita.md", "# Autorità locali\n\nLe autorità locali decidono dei servizi.\n");
    sealed.write("docs/sotto/rifugiati.txt", "I rifugiati e i migranti chiedono asilo.\n");
    sealed.write(
        "docs/lista.jsonl",
        common::records_in_italian(&[
            ("r1", "La risoluzione A/RES/73/195 adotta il Patto."),
            ("r2", "Integrare i migranti nelle comunità."),
        ]),
    );
    sealed.run(["index", "docs"]).code_is(0).prints(&["4 added", "5 documents"]);
    sealed
}

fn found(sealed: &Sealed, query: &str) -> BTreeSet<String> {
    documents(&sealed.ask([query, "--limit", ALL])).into_iter().collect()
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

/// Every file under a folder with its bytes, but for locks.
fn snapshot(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            out.extend(snapshot(&path));
        } else if path.extension().is_none_or(|extension| extension != "lock") && !path.ends_with(".lock") {
            out.push((path.clone(), fs::read(&path).expect("a file")));
        }
    }
    out.sort();
    out
}

// ---- step by step ----

#[test]
fn a_second_run_has_nothing_to_do() {
    let sealed = small_corpus();
    let before = snapshot(&sealed.index());
    for args in [&["index"][..], &["index", "docs"][..]] {
        let run = sealed.run(args).code_is(0).prints(&["nothing to do", "5 documents"]);
        assert_eq!(run.stderr, "", "{run}");
    }
    assert!(before == snapshot(&sealed.index()), "a run with nothing to do wrote to the index");
    // The same bytes with another time are no change.
    let same = fs::read(sealed.path().join("docs/comuni.txt")).expect("a file");
    sealed.write("docs/comuni.txt", same);
    sealed.run(["index"]).code_is(0).prints(&["nothing to do"]);
}

#[test]
fn every_kind_of_change_counts_and_shows() {
    let sealed = small_corpus();
    let step = |expected: &str| {
        sealed.run(["index"]).code_is(0).prints(&[expected]);
        assert_same_answers(&answers(&sealed, &sealed.index()), &fresh_answers(&sealed, "docs"));
    };
    assert_same_answers(&answers(&sealed, &sealed.index()), &fresh_answers(&sealed, "docs"));

    sealed.write("docs/nuovo.txt", "I sindaci parlano di integrazione.\n");
    step("(1 added)");
    assert_eq!(found(&sealed, "+sindaci"), set(&["nuovo"]));

    sealed.write("docs/nuovo.txt", "I prefetti parlano di integrazione.\n");
    step("(1 changed)");
    assert_eq!(found(&sealed, "+sindaci"), set(&[]));
    assert_eq!(found(&sealed, "+prefetti"), set(&["nuovo"]));

    fs::rename(sealed.path().join("docs/nuovo.txt"), sealed.path().join("docs/altro.txt")).expect("renamed");
    step("(1 renamed)");
    assert_eq!(found(&sealed, "+prefetti"), set(&["altro"]));

    fs::remove_file(sealed.path().join("docs/altro.txt")).expect("removed");
    step("(1 removed)");
    assert_eq!(found(&sealed, "+prefetti"), set(&[]));

    // One record of many.
    sealed.write(
        "docs/lista.jsonl",
        common::records_in_italian(&[("r2", "Integrare i migranti nelle città."), ("r3", "Un terzo testo.")]),
    );
    step("(1 changed)");
    assert_eq!(
        sealed.status()["document_ids"],
        serde_json::json!(["autorita", "comuni", "r2", "r3", "sotto/rifugiati"])
    );

    // What is said of a document is part of it.
    sealed.write(
        "docs/documents.toml",
        "[[document]]\npath = \"comuni.txt\"\ntitle = \"Sui comuni\"\npublisher = \"ANCI\"\ndate = 2020\n",
    );
    let run = sealed.run(["index"]);
    if run.code == 2 {
        // A date without quotation marks is a number to TOML.
        sealed.write(
            "docs/documents.toml",
            "[[document]]\npath = \"comuni.txt\"\ntitle = \"Sui comuni\"\npublisher = \"ANCI\"\ndate = \"2020\"\n",
        );
        step("(1 changed)");
    }
    assert_eq!(found(&sealed, "titolo:comuni"), set(&["comuni"]));
    let answer = sealed.ask(["migranti", "--publisher", "anci"]);
    assert_eq!(documents(&answer), ["comuni"]);

    // All at once.
    sealed.write("docs/uno.txt", "Un testo sui migranti.\n");
    sealed.write("docs/autorita.md", "# Autorità\n\nLe autorità locali accolgono i migranti.\n");
    fs::remove_file(sealed.path().join("docs/documents.toml")).expect("removed");
    fs::remove_file(sealed.path().join("docs/sotto/rifugiati.txt")).expect("removed");
    step("(1 added, 2 changed, 1 removed)");
    sealed.run(["status", "--verify"]).code_is(0);
}

#[test]
fn sources_add_up_and_are_remembered() {
    let sealed = small_corpus();
    sealed.write("altri/sindaci.txt", "I sindaci dei comuni.\n");
    sealed.run(["index", "altri"]).code_is(0).prints(&["(1 added)", "6 documents"]);
    sealed.run(["index"]).code_is(0).prints(&["nothing to do", "6 documents"]);
    assert!(found(&sealed, "+comuni").is_superset(&set(&["comuni", "sindaci"])));
    // With --rebuild and paths, these and no others.
    sealed.run(["index", "--rebuild", "altri"]).code_is(0).prints(&["1 documents"]);
    assert_eq!(found(&sealed, "+comuni"), set(&["sindaci"]));
    sealed.run(["index", "--rebuild"]).code_is(0).prints(&["rebuilt", "1 documents"]);
}

#[test]
fn a_rebuild_answers_as_before() {
    let sealed = small_corpus();
    let before = answers(&sealed, &sealed.index());
    sealed.run(["index", "--rebuild"]).code_is(0).prints(&["rebuilt", "5 documents"]);
    assert_same_answers(&before, &answers(&sealed, &sealed.index()));
    let generations = fs::read_dir(sealed.index())
        .expect("the index")
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("generation-"))
        .count();
    assert_eq!(generations, 1, "the old generation is removed");
}

#[test]
fn two_fresh_indexes_of_the_same_documents_answer_alike() {
    // Hundreds of passages are equally good: what comes first must not hang on which thread was faster.
    let sealed = Sealed::new();
    sealed.write("docs/a.jsonl", common::alike_records("a", "sindaci", 1_200));
    sealed.run(["index", "docs"]).code_is(0);
    for _ in 0..2 {
        assert_same_answers(&answers(&sealed, &sealed.index()), &fresh_answers(&sealed, "docs"));
    }
    let ranks = documents(&sealed.ask(["+sindaci", "--limit", "5"]));
    assert_eq!(ranks, ["a-0", "a-1", "a-10", "a-100", "a-1000"], "ties are ordered by document");
}

// ---- folders that are no index ----

#[test]
fn a_missing_or_empty_folder_is_filled_by_a_query() {
    for empty in [false, true] {
        let sealed = Sealed::new();
        sealed.write("corpus/a.txt", "Le autorità locali.\n");
        if empty {
            fs::create_dir(sealed.index()).expect("a folder");
            // As a repository keeps an empty folder.
            sealed.write("index/.gitkeep", "");
        }
        sealed.run(["status"]).code_is(2).says(&["no index", "gcm-search index"]);
        let run = sealed
            .run(["--corpus", "corpus", "query", "autorità"])
            .code_is(0)
            .says(&["building it", "1 documents"]);
        assert!(!run.stdout.contains("building"), "{run}");
        sealed.run(["query", "autorità"]).code_is(0);
        assert_eq!(sealed.run(["query", "autorità"]).stderr, "");
    }
}

#[test]
fn somebody_elses_folder_is_left_alone() {
    for args in [
        &["query", "migranti"][..],
        &["index", "docs"][..],
        &["index", "--rebuild", "docs"][..],
        &["status"][..],
    ] {
        let sealed = Sealed::new();
        sealed.write("docs/a.txt", "I migranti.\n");
        sealed.write("index/appunti.txt", "non toccare");
        sealed.run(args).code_is(2).says(&["no index of gcm-search", "appunti.txt", "--index DIR"]);
        let left: Vec<String> = fs::read_dir(sealed.index())
            .expect("the folder")
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        assert_eq!(left, ["appunti.txt"]);
    }
    // A file where a folder should be.
    let sealed = Sealed::new();
    sealed.write("docs/a.txt", "I migranti.\n");
    sealed.write("index", "un file");
    sealed.run(["index", "docs"]).code_is(2).says(&["is a file"]);
    assert_eq!(fs::read_to_string(sealed.index()).expect("the file"), "un file");
}

fn generation(sealed: &Sealed) -> PathBuf {
    fs::read_dir(sealed.index())
        .expect("the index")
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.is_dir())
        .expect("a generation")
}

/// A way to damage an index, with its name.
type Damage = (&'static str, fn(&Sealed));

fn damages() -> Vec<Damage> {
    vec![
        ("an empty CURRENT", |sealed| fs::write(sealed.index().join("CURRENT"), "").expect("written")),
        ("a cut CURRENT", |sealed| {
            let path = sealed.index().join("CURRENT");
            let text = fs::read(&path).expect("CURRENT");
            fs::write(&path, &text[..text.len() / 2]).expect("written");
        }),
        ("a CURRENT that points outside", |sealed| {
            fs::write(sealed.index().join("CURRENT"), "{\"format\":1,\"generation\":\"../docs\"}")
                .expect("written");
        }),
        ("a corrupt meta.json", |sealed| {
            fs::write(generation(sealed).join("meta.json"), "{\"segments\": [").expect("written");
        }),
        ("a missing meta.json", |sealed| {
            fs::remove_file(generation(sealed).join("meta.json")).expect("removed");
        }),
        ("no generation", |sealed| fs::remove_dir_all(generation(sealed)).expect("removed")),
        ("no segments", |sealed| {
            for entry in fs::read_dir(generation(sealed)).expect("the generation").flatten() {
                if entry.path().extension().is_some_and(|extension| extension != "json") {
                    fs::remove_file(entry.path()).expect("removed");
                }
            }
        }),
    ]
}

#[test]
fn a_damaged_index_is_refused_with_the_way_out() {
    for (name, damage) in damages() {
        let sealed = small_corpus();
        damage(&sealed);
        for args in [&["query", "migranti"][..], &["status"][..], &["show", "comuni"][..], &["index"][..]] {
            let run = sealed.run(args);
            assert_eq!(run.code, 2, "{name}\n{run}");
            assert!(run.stderr.contains("damaged") && run.stderr.contains("--rebuild"), "{name}\n{run}");
            assert_eq!(run.stdout, "", "{name}\n{run}");
        }
        sealed.run(["index", "--rebuild", "docs"]).code_is(0).prints(&["5 documents"]);
        assert_same_answers(&answers(&sealed, &sealed.index()), &fresh_answers(&sealed, "docs"));
    }
}

#[test]
fn the_advice_for_a_damaged_index_never_swaps_its_documents() {
    // The message says: build it again from its sources. So it is built from these, or they are asked for.
    for (name, damage) in damages() {
        let sealed = small_corpus();
        damage(&sealed);
        let run = sealed.run(["index", "--rebuild"]);
        if run.code == 2 {
            continue;
        }
        let ids = sealed.status()["document_ids"].clone();
        assert_eq!(
            ids,
            serde_json::json!(["autorita", "comuni", "r1", "r2", "sotto/rifugiati"]),
            "{name}: the index now holds other documents than its sources'\n{run}"
        );
    }
}

#[test]
fn a_damaged_manifest_makes_all_be_read_again() {
    let sealed = small_corpus();
    let before = answers(&sealed, &sealed.index());
    for entry in fs::read_dir(generation(&sealed)).expect("the generation").flatten() {
        if entry.file_name().to_string_lossy().starts_with("manifest-") {
            fs::write(entry.path(), "{").expect("written");
        }
    }
    let run = sealed.run(["index", "docs"]).code_is(0).prints(&["rebuilt", "manifest"]);
    assert!(run.stdout.contains("5 documents"), "{run}");
    assert_same_answers(&before, &answers(&sealed, &sealed.index()));
}

#[test]
fn an_index_of_another_schema_is_refused_with_the_command_that_rebuilds_it() {
    let sealed = small_corpus();
    let path = generation(&sealed).join("meta.json");
    common::edit_sealed(&path, |meta| meta.replace("\\\"schema\\\":", "\\\"schema\\\":9"));
    sealed.run(["query", "migranti"]).code_is(2).says(&["schema", "gcm-search index --index"]);
    sealed.run(["index", "docs"]).code_is(0).prints(&["rebuilt", "5 documents"]);
    sealed.run(["query", "migranti"]).code_is(0);
}

// ---- files that cannot be read ----

#[test]
fn each_unreadable_file_is_named_with_its_reason() {
    let sealed = small_corpus();
    let bad: &[(&str, &[u8], &[&str])] = &[
        ("docs/rumore.bin", b"\x7fELF\x02\x01\x01\xff\xfe\x80\x81\x90\xa0", &["rumore.bin"]),
        ("docs/nul.txt", b"testo\0con NUL", &["nul.txt", "NUL"]),
        ("docs/testa.md", b"---\ntitle: [aperta\n---\nTesto.\n", &["testa.md", "front matter"]),
        ("docs/toml.md", b"+++\ntitle = \"a\"\ndate = ieri\n+++\nTesto.\n", &["toml.md", "line 3", "front matter"]),
        ("docs/data.md", b"---\ndate: ieri\n---\nTesto.\n", &["data.md", "ieri", "YYYY"]),
        ("docs/finto.txt", b"%PDF-1.4\n%\xe2\xe3", &["finto.txt", "PDF"]),
        ("docs/archivio.zip", b"PK\x03\x04rest", &["archivio.zip", "ZIP"]),
        (
            "docs/righe.jsonl",
            b"{\"_id\":\"b1\",\"text\":\"I prefetti.\"}\n{\"_id\": \n{\"text\":\"senza id\"}\n{\"_id\":\"b4\"}\n{\"_id\":\"b5\",\"text\":\"I questori.\"}\n",
            &["righe.jsonl: line 2", "righe.jsonl: line 3", "righe.jsonl: line 4", "_id", "\"text\""],
        ),
    ];
    for (name, bytes, _) in bad {
        sealed.write(name, bytes);
    }
    sealed.write("docs/buono.txt", "I sindaci accolgono i migranti.\n");
    sealed.write("docs/vuoto.txt", "");
    let run = sealed.run(["index"]).code_is(2);
    for (_, _, parts) in bad {
        for part in *parts {
            assert!(run.stderr.contains(part), "no {part:?}\n{run}");
        }
    }
    assert!(!run.stderr.contains("buono.txt") && !run.stderr.contains("vuoto.txt"), "{run}");
    assert!(run.stdout.contains("not read"), "{run}");
    // The rest is there, the good lines of a bad file too.
    assert_eq!(found(&sealed, "+sindaci"), set(&["buono"]));
    assert_eq!(found(&sealed, "+prefetti"), set(&["b1"]));
    assert_eq!(found(&sealed, "+questori"), set(&["b5"]));
    assert!(found(&sealed, "migranti").is_superset(&set(&["buono", "comuni"])));
    // It is said again as long as it is so, and status says it too.
    let again = sealed.run(["index"]).code_is(2).prints(&["nothing to do", "not read"]);
    for (name, _, _) in bad {
        let name = name.trim_start_matches("docs/");
        assert!(again.stderr.contains(name), "no {name}\n{again}");
    }
    sealed.run(["status"]).code_is(0).prints(&["nul.txt", "righe.jsonl"]);
    // A file that gets well is read.
    sealed.write("docs/nul.txt", "Testo sui questori.\n");
    sealed.run(["index"]).code_is(2).prints(&["1 changed"]);
    assert_eq!(found(&sealed, "+questori"), set(&["b5", "nul"]));
}

/// The report of a run as a map from the file's path in its source to its line.
fn report(sealed: &Sealed, args: &[&str], code: i32) -> BTreeMap<String, Value> {
    let path = sealed.path().join("report.jsonl");
    let option = ["--report", path.to_str().expect("a path")];
    sealed.run(["index"].iter().chain(args).chain(&option)).code_is(code);
    let text = fs::read_to_string(path).expect("a report");
    text.lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).expect("JSON");
            let file =
                line["file"].as_str().expect("a file").rsplit(':').next().unwrap_or_default().to_owned();
            (file, line)
        })
        .collect()
}

#[test]
fn a_report_says_what_became_of_each_file() {
    let sealed = Sealed::new();
    sealed.write("docs/buono.txt", "I sindaci accolgono i migranti.\n");
    sealed.write("docs/foto.png", b"\x89PNG\r\n\x1a\n");
    sealed.write("docs/stile.css", "body { color: black }\n");
    sealed.write("docs/carattere.woff2", b"wOF2\0\x01\0\0");
    sealed.write("docs/rotto.pdf", "%PDF-1.7");
    sealed.write("docs/parte.jsonl", "{\"_id\":\"b1\",\"text\":\"I prefetti.\"}\n{\"_id\": \n");
    let outcomes = |lines: &BTreeMap<String, Value>| -> Vec<String> {
        lines
            .iter()
            .map(|(file, line)| format!("{file} {}", line["outcome"].as_str().expect("a text")))
            .collect()
    };
    let first = report(&sealed, &["docs"], 2);
    assert_eq!(
        outcomes(&first),
        [
            "buono.txt read",
            "carattere.woff2 skipped",
            "foto.png skipped",
            "parte.jsonl partly",
            "rotto.pdf failed",
            "stile.css skipped"
        ]
    );
    assert_eq!(first["buono.txt"]["documents"], 1);
    assert!(first["buono.txt"]["extractor"].as_str().is_some_and(|name| name.starts_with("text-")));
    assert!(first["foto.png"]["skipped"][0].as_str().is_some_and(|why| why.contains("PNG")));
    assert!(first["parte.jsonl"]["failures"][0].as_str().is_some_and(|why| why.starts_with("line 2")));
    assert!(first["rotto.pdf"]["extractor"].as_str().is_some_and(|name| name.starts_with("pdf-")));
    // Told again as long as it is so, also by status.
    let second = report(&sealed, &[], 2);
    assert_eq!(
        outcomes(&second),
        [
            "buono.txt unchanged",
            "carattere.woff2 skipped",
            "foto.png skipped",
            "parte.jsonl partly",
            "rotto.pdf failed",
            "stile.css skipped"
        ]
    );
    sealed.run(["index"]).code_is(2).says(&["failed", "rotto.pdf: damaged", "partly", "skipped"]);
    sealed.run(["status"]).code_is(0).prints(&["not read", "rotto.pdf: damaged", "skipped     ", "foto.png"]);
    // What is only passed over is no failure.
    fs::remove_file(sealed.path().join("docs/rotto.pdf")).expect("removed");
    fs::remove_file(sealed.path().join("docs/parte.jsonl")).expect("removed");
    let third = report(&sealed, &[], 0);
    assert_eq!(
        outcomes(&third),
        [
            "buono.txt unchanged",
            "carattere.woff2 skipped",
            "foto.png skipped",
            "parte.jsonl removed",
            "rotto.pdf removed",
            "stile.css skipped"
        ]
    );
    sealed.run(["index", "--quiet"]).code_is(0).prints(&["3 skipped"]);
    sealed
        .run(["index", "--report", "no/such/folder/report.jsonl"])
        .code_is(2)
        .says(&["cannot write the report"]);
}

#[test]
fn other_languages_are_found_by_their_exact_words() {
    let sealed = Sealed::new();
    let documents = [
        (
            "de",
            "Die Gemeinden und die Städte unterstützen die Integration der Migranten in ihrem Gebiet.",
            "+gemeinden",
        ),
        (
            "pt",
            "As autoridades locais não são apenas prestadoras de serviços às comunidades migrantes.",
            "+autoridades",
        ),
        (
            "ru",
            "Местные органы власти оказывают услуги мигрантам независимо от их правового статуса.",
            "+мигрантам",
        ),
        (
            "ar",
            "تقدم السلطات المحلية الخدمات إلى المهاجرين بغض النظر عن وضعهم القانوني في البلد.",
            "+المهاجرين",
        ),
        ("zh", "地方当局向移民提供服务，不论其法律地位如何，并促进社会融合与包容。", "\"移民\""),
    ];
    for (name, text, _) in documents {
        sealed.write(&format!("docs/{name}.txt"), text);
    }
    sealed.run(["index", "docs"]).code_is(0);
    assert_eq!(sealed.status()["languages"], serde_json::json!({"und": 5}));
    sealed.run(["status"]).code_is(0).prints(&["und: other languages, searched by exact words only"]);
    for (name, _, query) in documents {
        assert_eq!(found(&sealed, query), set(&[name]), "{query}");
        assert_eq!(sealed.ask([query]).hits[0].language.code(), "und");
    }
}

#[cfg(unix)]
#[test]
fn what_cannot_be_reached_is_named_until_it_can_be() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    let sealed = Sealed::new();
    sealed.write("docs/buono.txt", "I sindaci accolgono i migranti.\n");
    symlink("..", sealed.path().join("docs/su")).expect("a link");
    symlink("nulla", sealed.path().join("docs/vuoto")).expect("a link");
    let odd = std::ffi::OsStr::from_bytes(b"caff\xe8.txt");
    fs::write(sealed.path().join("docs").join(odd), "Le prefetture.").expect("a file");
    let shut = sealed.path().join("docs/chiuso");
    fs::create_dir(&shut).expect("a folder");
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o000)).expect("a mode");
    // Whoever may read everything has no such folder.
    let is_shut = fs::read_dir(&shut).is_err();
    let run = sealed.run(["index", "docs"]).code_is(2).prints(&["1 documents"]);
    let run =
        run.says(&["su: a link to a folder above it", "vuoto: a link that leads nowhere", "not valid UTF-8"]);
    assert_eq!(run.stderr.contains("chiuso: no permission"), is_shut, "{run}");
    assert_eq!(found(&sealed, "+sindaci"), set(&["buono"]));
    sealed
        .run(["status"])
        .code_is(0)
        .prints(&["vuoto: a link that leads nowhere", "su: a link to a folder above"]);
    sealed.run(["index"]).code_is(2).says(&["leads nowhere"]).prints(&["nothing to do"]);
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o755)).expect("a mode");
    fs::remove_file(sealed.path().join("docs/vuoto")).expect("removed");
    fs::remove_file(sealed.path().join("docs").join(odd)).expect("removed");
    sealed.run(["index"]).code_is(0);
    assert_eq!(sealed.status()["not_read"], serde_json::json!([]));
}

#[test]
fn an_index_among_its_documents_is_none_of_them() {
    let sealed = Sealed::new();
    sealed.write("buono.txt", "I sindaci accolgono i migranti.\n");
    sealed.run(["index", "."]).code_is(0).prints(&["1 documents"]);
    sealed.run(["index"]).code_is(0).prints(&["nothing to do: 1 documents"]);
}

#[test]
fn an_id_that_stands_twice_is_said() {
    let sealed = Sealed::new();
    sealed.write(
        "a.jsonl",
        common::records_in_italian(&[("x", "I comuni."), ("x", "I sindaci."), ("y", "I prefetti.")]),
    );
    sealed.run(["index", "a.jsonl"]).code_is(2).says(&["\"x\"", "twice"]);
    assert_eq!(sealed.status()["document_ids"], serde_json::json!(["x", "y"]));
    let passages: Vec<String> = sealed
        .passages_of("x")
        .iter()
        .map(|passage| passage["text"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(passages, ["I comuni."]);
}

#[test]
fn a_bad_description_of_a_folder_is_refused_with_its_line() {
    let sealed = small_corpus();
    let before = answers(&sealed, &sealed.index());
    sealed.write("docs/documents.toml", "[[document]]\npath = \"comuni.txt\"\ntitel = \"x\"\n");
    sealed.run(["index"]).code_is(2).says(&["documents.toml", "line 3", "titel"]);
    assert_same_answers(&before, &answers(&sealed, &sealed.index()));
}

// ---- sources that vanish ----

#[test]
fn a_source_that_vanished_removes_nothing() {
    let sealed = small_corpus();
    let before = answers(&sealed, &sealed.index());
    fs::rename(sealed.path().join("docs"), sealed.path().join("via")).expect("renamed");
    sealed.run(["index"]).code_is(2).says(&["docs", "no such file or folder", "nothing was removed"]);
    assert_same_answers(&before, &answers(&sealed, &sealed.index()));
    sealed.run(["index", "--rebuild"]).code_is(2).says(&["docs", "no such file or folder"]);
    assert_same_answers(&before, &answers(&sealed, &sealed.index()));
    // The way out that the message names.
    sealed.run(["index", "--rebuild", "via"]).code_is(0).prints(&["5 documents"]);
    sealed.run(["index", "inesistente"]).code_is(2).says(&["inesistente"]);
    sealed.run(["index"]).code_is(0).prints(&["nothing to do"]);
}

#[test]
fn a_first_run_on_nothing_leaves_no_index() {
    let sealed = Sealed::new();
    sealed.run(["index", "inesistente"]).code_is(2).says(&["inesistente", "no such file or folder"]);
    sealed.run(["status"]).code_is(2).says(&["no index"]);
}

#[test]
fn documents_are_told_apart_whatever_names_they_share() {
    let ids = ["Atti", "atti", "atti/uno", "atti/due"];
    let records: Vec<(&str, &str)> = ids.iter().map(|&id| (id, "I comuni accolgono i migranti.")).collect();
    let sealed = Sealed::with_records(&records);
    for id in ids {
        let passages = sealed.passages_of(id);
        let found: Vec<&Value> = passages.iter().map(|passage| &passage["document"]["id"]).collect();
        assert_eq!(found, [id]);
    }
    assert_eq!(sealed.status()["document_ids"], serde_json::json!(["Atti", "atti", "atti/due", "atti/uno"]));
    // Of what is removed nothing stays.
    sealed.write("records.jsonl", common::records_in_italian(&records[1..]));
    sealed.run(["index"]).code_is(0);
    assert_eq!(sealed.status()["document_ids"], serde_json::json!(["atti", "atti/due", "atti/uno"]));
}
