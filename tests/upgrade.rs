//! Indexes that an earlier version of the program made, or that were made with other settings. Proves:
//!
//! - `tests/fixtures/old-index` (schema 2, made before `meta.json` had a checksum) is opened, or refused with the command
//!   that rebuilds it, never misread;
//! - an index of another schema or analysis is refused with the command that mends it; one of another segmentation,
//!   taxonomy or tagger answers meanwhile, and says so;
//! - `index` then rebuilds it from the sources that it remembers, and it answers as one that was made afresh.
//!
//! The fixture stays as it is when the schema changes: it is there to be old.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Run, Sealed};
use gcm_search::engine::SCHEMA_VERSION;
use serde_json::Value;

/// Where the documents of the fixture were when it was made.
const WHERE_IT_WAS: &str = "/gcm-search-old-index/docs";
/// Its schema.
const OLD_SCHEMA: u32 = 2;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// The old index with its documents in the folder of a test.
fn old_index() -> Sealed {
    let sealed = Sealed::new();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/old-index");
    copy(&fixture.join("index"), &sealed.index());
    copy(&fixture.join("docs"), &sealed.path().join("docs"));
    sealed
}

fn meta_of(sealed: &Sealed) -> PathBuf {
    sealed.index().join("generation-000001/meta.json")
}

fn answer(sealed: &Sealed, query: &str) -> Run {
    sealed.run(["query", "--format", "json", query])
}

/// What a fresh index of the same documents answers.
fn fresh_answer(sealed: &Sealed, query: &str) -> String {
    let mut command = common::bare_command(sealed.path());
    Run::of(command.args(["--index", "fresh", "index", "docs"])).code_is(0);
    let mut command = common::bare_command(sealed.path());
    Run::of(command.args(["--index", "fresh", "query", "--format", "json", query])).code_is(0).stdout
}

/// Lets the old index remember the folder in which its documents now are.
fn mend_sources(sealed: &Sealed) {
    let docs = sealed.path().join("docs").canonicalize().expect("the documents");
    let edit = |path: &Path| {
        let text = fs::read_to_string(path).expect("a file").replace(WHERE_IT_WAS, &docs.to_string_lossy());
        fs::write(path, &text).expect("written");
        text
    };
    edit(&sealed.index().join("SOURCES"));
    let generation = sealed.index().join("generation-000001");
    let manifest = common::manifest_in(&generation);
    let text = edit(&manifest);
    let name = format!("manifest-{}.json", &blake3::hash(text.as_bytes()).to_hex()[..16]);
    let old_name = manifest.file_name().expect("a name").to_string_lossy().into_owned();
    fs::rename(&manifest, generation.join(&name)).expect("renamed");
    let meta = fs::read_to_string(meta_of(sealed)).expect("meta.json");
    fs::write(meta_of(sealed), meta.replace(&old_name, &name)).expect("written");
}

#[test]
fn the_old_index_is_answered_from_or_refused_with_the_way_out() {
    let sealed = old_index();
    let run = answer(&sealed, "autorità locali");
    if SCHEMA_VERSION == OLD_SCHEMA {
        assert_eq!(run.code, 0, "{run}");
        let answer: Value = serde_json::from_str(&run.stdout).expect("an answer");
        let hits = answer["hits"].as_array().expect("hits").iter();
        let found: Vec<&Value> = hits.map(|hit| &hit["document"]["id"]).collect();
        assert_eq!(found, ["r2", "accoglienza"], "{run}");
        sealed.run(["status", "--verify"]).code_is(0);
    } else {
        let run = run.says(&["another schema", "gcm-search index --index"]);
        assert_eq!((run.code, &*run.stdout), (2, ""), "{run}");
    }
    // Its documents are elsewhere now: nothing is removed for that.
    let before = fs::read(sealed.index().join("CURRENT")).expect("CURRENT");
    sealed.run(["index"]).code_is(2).says(&[WHERE_IT_WAS, "no such file or folder"]);
    assert_eq!(fs::read(sealed.index().join("CURRENT")).expect("CURRENT"), before);
}

#[test]
fn the_old_index_is_rebuilt_from_its_sources() {
    let sealed = old_index();
    mend_sources(&sealed);
    sealed.run(["index", "--rebuild"]).code_is(0).prints(&["rebuilt", "4 documents"]);
    sealed.run(["status", "--verify"]).code_is(0);
    for query in ["autorità locali", "A/RES/73/195", "diaspore"] {
        assert_eq!(answer(&sealed, query).stdout, fresh_answer(&sealed, query), "{query}");
    }
    let meta = fs::read_to_string(sealed.index().join("generation-000002/meta.json")).expect("meta.json");
    assert!(meta.contains("\n#blake3 "), "it now has a checksum");
}

/// An index that says it was made otherwise: what is edited, and how.
fn made_otherwise(from: &str, to: &str) -> Sealed {
    let sealed = Sealed::new();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/old-index");
    copy(&fixture.join("docs"), &sealed.path().join("docs"));
    sealed.run(["index", "docs"]).code_is(0);
    common::edit_sealed(&meta_of(&sealed), |meta| meta.replace(from, to));
    sealed
}

#[test]
fn another_schema_or_analysis_is_refused_with_the_command_that_mends_it() {
    for (from, to, said, rebuilt) in [
        ("\\\"schema\\\":", "\\\"schema\\\":9", "another schema", "another version"),
        ("\\\"analysis\\\":", "\\\"analysis\\\":9", "another analysis", "analysis of words has changed"),
        (
            "\\\"stemmer\\\":\\\"",
            "\\\"stemmer\\\":\\\"old-",
            "another analysis",
            "analysis of words has changed",
        ),
    ] {
        let sealed = made_otherwise(from, to);
        let run = answer(&sealed, "autorità locali").code_is(2).says(&[said, "gcm-search index"]);
        assert_eq!(run.stdout, "", "{run}");
        sealed.run(["index"]).code_is(0).prints(&["rebuilt", rebuilt]);
        let run = answer(&sealed, "autorità locali").code_is(0);
        assert_eq!((run.stderr.as_str(), run.stdout), ("", fresh_answer(&sealed, "autorità locali")), "{to}");
    }
}

#[test]
fn another_segmentation_or_taxonomy_answers_meanwhile_and_says_so() {
    for (from, to, said, out_of_date) in [
        (
            "\\\"segmentation\\\":",
            "\\\"segmentation\\\":9",
            "another version divided them",
            "division into passages",
        ),
        (
            "\\\"tagging\\\":\\\"",
            "\\\"tagging\\\":\\\"0",
            "tags of another taxonomy",
            "taxonomy or the tagger",
        ),
    ] {
        let sealed = made_otherwise(from, to);
        answer(&sealed, "autorità locali").code_is(0).says(&[said, "gcm-search index"]);
        sealed.run(["status"]).code_is(0).prints(&["out of date", out_of_date, "gcm-search index"]);
        sealed.run(["index"]).code_is(0).prints(&["rebuilt", out_of_date]);
        let run = answer(&sealed, "autorità locali").code_is(0);
        assert_eq!((run.stderr.as_str(), run.stdout), ("", fresh_answer(&sealed, "autorità locali")), "{to}");
        sealed.run(["status", "--verify"]).code_is(0);
    }
}
