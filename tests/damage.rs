//! Damage to the files of an index. Proves, by flipping bytes of every file of a small index:
//!
//! - an ordinary query never panics, and answers as before or says that the index is damaged;
//! - `status --verify` finds what changes an answer, and what it does not find changes none;
//! - an index that is too large to be checked when it is opened never ends the program;
//! - a run does not write into a damaged index, which would give the damage new checksums.
//!
//! `GCM_SEARCH_LONG_TESTS=1` flips ten times as many.

mod common;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Once;

use common::{Random, Sealed, times};
use gcm_search::engine::guard::{Guarded, is_guarded};
use gcm_search::engine::local::LocalEngine;
use gcm_search::engine::{self, Engine, ErrorKind, Place};
use gcm_search::glossary::{BUILT_IN, Glossary};
use gcm_search::indexer::{Manifest, verify};
use gcm_search::search::{Options, Searcher};
use gcm_search::taxonomy::Taxonomy;

/// Queries that between them read every file of an index.
const QUERIES: &[&str] = &[
    "autorità locali",
    "\"autorità locali\"",
    "\"comuni migranti\"~8",
    "+integrazione -prefetti",
    "integr*",
    "prefeti~",
    "actor:states protezione",
    "title:scheda",
    "lang:it numero 17",
    "chi cura l'integrazione dei migranti nei comuni",
];

struct Asker {
    taxonomy: Taxonomy,
    glossary: Glossary,
}

impl Asker {
    fn new() -> Asker {
        Asker {
            taxonomy: Taxonomy::built_in().expect("the built-in taxonomy"),
            glossary: Glossary::parse(BUILT_IN).expect("the built-in glossary"),
        }
    }

    /// What an open index answers, error by error.
    fn answers(&self, engine: &dyn Engine) -> Vec<String> {
        let mut searcher = Searcher::new(engine, &self.taxonomy, &self.glossary);
        let options = Options { explain: true, ..Options::default() };
        let mut out: Vec<String> = QUERIES
            .iter()
            .map(|query| match searcher.answer(query, &options) {
                Ok(answer) => serde_json::to_string(&answer).expect("JSON"),
                Err(error) => format!("error: {error}"),
            })
            .collect();
        out.push(format!("{:?}", engine.document_ids().map_err(|error| error.to_string())));
        out.push(format!("{:?}", engine.filter_values("lang").map_err(|error| error.to_string())));
        out.push(format!("{:?}", engine.info()));
        out.push(format!("{:?}", Manifest::read(engine, None).map_err(|error| error.to_string())));
        out
    }
}

fn corpus() -> Sealed {
    let sealed = Sealed::new();
    for n in 0..12 {
        let text = format!(
            "# Scheda {n}\n\nLe autorità locali e i comuni curano l'integrazione dei migranti numero {n}.\n\n\
             I prefetti e gli Stati cooperano con l'OIM nella protezione dei rifugiati.\n"
        );
        sealed.write(&format!("docs/scheda-{n}.md"), text);
    }
    let records: Vec<(String, String)> = (0..240)
        .map(|n| (format!("r{n}"), format!("L'integrazione dei migranti nel comune numero {} e {n}.", n % 7)))
        .collect();
    let records: Vec<(&str, &str)> = records.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    sealed.write("docs/molti.jsonl", common::records_in_italian(&records));
    sealed.run(["index", "docs"]).code_is(0);
    sealed
}

/// The files of an index that hold anything.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            out.extend(files(&path));
        } else if entry.metadata().expect("its size").len() > 0 {
            out.push(path);
        }
    }
    out.sort();
    out
}

/// As the program does: a panic that becomes an error needs no word.
fn be_quiet_about_guarded_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !is_guarded() {
                report(panic);
            }
        }));
    });
}

/// A panic that is caught by the program's own guard needs no word; any other is a failure.
fn quietly<T>(work: impl FnOnce() -> T) -> std::thread::Result<T> {
    let result = catch_unwind(AssertUnwindSafe(work));
    assert!(!is_guarded(), "a guard did not end");
    result
}

#[test]
fn a_flipped_byte_is_found_or_harmless() {
    let sealed = corpus();
    let index = sealed.index();
    let place = Place::Folder(index.clone());
    let asker = Asker::new();
    let open = || engine::open(&place);
    let right = asker.answers(&*open().expect("an index"));
    assert!(right.iter().all(|answer| !answer.contains("error")), "{right:#?}");
    verify(&place).expect("a whole index");
    let files = files(&index);
    assert!(files.len() >= 11, "{files:?}");
    be_quiet_about_guarded_panics();
    let mut random = Random::new(7);
    let (mut found, mut harmless) = (0, 0);
    let mut wrong = Vec::new();
    for _ in 0..times(600, 20_000) {
        let path = &files[random.below(files.len())];
        let bytes = fs::read(path).expect("a file");
        let at = random.below(bytes.len());
        let flip = if random.below(2) == 0 { 1 << random.below(8) } else { 1 + random.below(255) as u8 };
        let mut damaged = bytes.clone();
        damaged[at] ^= flip;
        fs::write(path, &damaged).expect("written");
        let name = path.strip_prefix(&index).expect("a file of the index").display();
        let mut fail = |what: &str| wrong.push(format!("{name}, byte {at} ^ {flip}: {what}"));
        let is_manifest = path.to_string_lossy().contains("manifest-");
        match quietly(|| verify(&place)) {
            Err(_) => fail("verify panicked"),
            Ok(Err(_)) => found += 1,
            Ok(Ok(())) => {
                harmless += 1;
                if open().map(|engine| asker.answers(&*engine)).ok().as_ref() != Some(&right) {
                    fail("verify found nothing, and answers differ");
                }
            }
        }
        // What an ordinary query sees.
        match quietly(|| open().map(|engine| asker.answers(&*engine))) {
            Err(_) => fail("a query panicked"),
            Ok(Err(error)) => {
                if !matches!(error.kind, ErrorKind::Damaged | ErrorKind::Outdated) {
                    fail(&format!("{:?}: {error}", error.kind));
                }
            }
            // The last answer is what the manifest says, which no query reads.
            Ok(Ok(answers)) => {
                let same = answers[..answers.len() - 1] == right[..right.len() - 1];
                let is_told = answers == right || (is_manifest && answers.concat().contains("damaged"));
                if !same || !is_told {
                    fail("a query answered wrongly");
                }
            }
        }
        fs::write(path, &bytes).expect("written");
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
    assert!(found > harmless * 5, "{found} found, {harmless} harmless");
    assert_eq!(asker.answers(&*open().expect("an index")), right);
}

#[test]
fn what_is_too_large_to_be_checked_never_ends_the_program() {
    let sealed = corpus();
    let index = sealed.index();
    let asker = Asker::new();
    let files = files(&index);
    be_quiet_about_guarded_panics();
    let mut random = Random::new(11);
    let mut wrong = Vec::new();
    for _ in 0..times(600, 15_000) {
        let path = &files[random.below(files.len())];
        let bytes = fs::read(path).expect("a file");
        let at = random.below(bytes.len());
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 + random.below(255) as u8;
        fs::write(path, &damaged).expect("written");
        // As an index of gigabytes is opened: without a look at all of it.
        let open = || LocalEngine::open_checking(&index, 0).map(|engine| Guarded::new(engine, &index));
        if quietly(|| open().map(|engine| asker.answers(&engine))).is_err() {
            wrong.push(format!("{}, byte {at}: {} -> {}", path.display(), bytes[at], damaged[at]));
        }
        fs::write(path, &bytes).expect("written");
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
}

#[test]
fn the_program_says_what_is_damaged_and_what_to_do() {
    let sealed = corpus();
    sealed.write("docs/nuovo.txt", "I sindaci.\n");
    let before = sealed.run(["query", "autorità locali", "--format", "json"]).code_is(0).stdout;
    let mut random = Random::new(3);
    for path in files(&sealed.index()) {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name == "SOURCES" || name == "README.md" {
            continue;
        }
        let bytes = fs::read(&path).expect("a file");
        let mut damaged = bytes.clone();
        // Not the last bytes, which hold versions that may be others.
        damaged[random.below(bytes.len() / 2)] ^= 0x15;
        fs::write(&path, &damaged).expect("written");
        sealed.run(["status", "--verify"]).code_is(2).says(&["damaged", "index --rebuild"]);
        if !name.starts_with("manifest-") {
            sealed.run(["query", "autorità locali"]).code_is(2).says(&["damaged", "index --rebuild"]);
            // Nothing is written into it: merging would give the damage new checksums.
            sealed.run(["index"]).code_is(2).says(&["damaged", "index --rebuild"]);
        }
        assert_eq!(fs::read(&path).expect("a file"), damaged, "{name} was written to");
        fs::write(&path, &bytes).expect("written");
        assert_eq!(sealed.run(["query", "autorità locali", "--format", "json"]).stdout, before, "{name}");
    }
}

#[test]
fn verify_compares_passages_with_the_manifest() {
    let sealed = corpus();
    let index = sealed.index();
    let current = fs::read_to_string(index.join("CURRENT")).expect("CURRENT");
    let generation = current.split('"').find(|part| part.starts_with("generation-")).expect("a generation");
    let generation = index.join(generation);
    let manifest = common::manifest_in(&generation);
    let text = fs::read_to_string(&manifest).expect("the manifest");
    let old_name = manifest.file_name().expect("a name").to_string_lossy().into_owned();
    let edits: [(&str, &str, &str); 2] = [
        ("\"passages\": 240", "\"passages\": 239", "240 passages of"),
        ("scheda-3.md\": {", "scheda-3.txt\": {", "scheda-3"),
    ];
    for (from, to, said) in edits {
        let edited = text.replace(from, to);
        assert_ne!(edited, text, "{from}");
        let name = format!("manifest-{}.json", &blake3::hash(edited.as_bytes()).to_hex()[..16]);
        fs::write(generation.join(&name), &edited).expect("written");
        let meta = fs::read(generation.join("meta.json")).expect("meta.json");
        common::edit_sealed(&generation.join("meta.json"), |meta| meta.replace(&old_name, &name));
        sealed.run(["status", "--verify"]).code_is(2).says(&["damaged", said]);
        fs::write(generation.join("meta.json"), meta).expect("written");
    }
    sealed.run(["status", "--verify"]).code_is(0);
    let sources = fs::read(index.join("SOURCES")).expect("SOURCES");
    fs::write(index.join("SOURCES"), "[null]").expect("written");
    sealed.run(["status", "--verify"]).code_is(2).says(&["SOURCES"]);
    // The next run mends it.
    sealed.run(["index"]).code_is(0);
    assert_eq!(fs::read(index.join("SOURCES")).expect("SOURCES"), sources);
    sealed.run(["status", "--verify"]).code_is(0);
}
