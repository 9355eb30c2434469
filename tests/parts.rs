//! `index --part`, and analysed passages that are exported and indexed again. Proves:
//!
//! - the parts of a collection have no document in common and together have all of them, whatever files they stand in; a
//!   document stays in its part when others are added;
//! - an index keeps its part, and no run with another one touches it;
//! - an index made of analysed passages gives the same answers, to the byte, as the one that they were exported from; so do the
//!   parts put together, in any number of copies, and so do passages that other versions analysed or tagged;
//! - what is cut off, damaged or unknown is told, and the rest is taken.

mod common;

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use common::{ALL, Sealed, built_in, zip};
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

const PARTS: usize = 4;

/// A folder with documents in every kind of file: alone, as records, in a table, in an archive.
fn collection(sealed: &Sealed) {
    for number in 0..12 {
        sealed.write(&format!("docs/verbali/{number}.txt"), text(number));
    }
    let records = |numbers: std::ops::Range<usize>| -> String {
        numbers
            .map(|number| json!({"_id": format!("r{number}"), "text": text(number)}).to_string() + "\n")
            .collect()
    };
    sealed.write("docs/records.jsonl", records(0..40));
    let mut packed = GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(records(40..60).as_bytes()).expect("packed");
    sealed.write("docs/more.jsonl.gz", packed.finish().expect("packed"));
    let rows: String = (60..80).map(|number| format!("t{number},\"{}\"\n", text(number))).collect();
    sealed.write("docs/table.csv", format!("id,text\n{rows}"));
    let texts: Vec<(String, String)> =
        (80..92).map(|number| (format!("{number}.txt"), text(number))).collect();
    let entries: Vec<(&str, &[u8])> =
        texts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    sealed.write("docs/archive.zip", zip(&entries));
}

fn text(number: usize) -> String {
    format!(
        "Dimensione locale. Il sindaco del comune numero {number} accoglie i migranti e i loro familiari.\n\nLe autorità locali \
         della provincia {} ne discutono con le associazioni di volontariato.",
        number % 7
    )
}

/// The ids of the documents of an index.
fn documents(sealed: &Sealed) -> Vec<String> {
    let status = sealed.status();
    let ids = status["document_ids"].as_array().expect("documents");
    ids.iter().map(|id| id.as_str().expect("an id").to_owned()).collect()
}

fn part(sealed: &Sealed, number: usize, args: &[&str]) -> common::Run {
    let index = format!("part-{number}");
    let mut command = common::bare_command(sealed.path());
    command.args(args).args(["--index", &index]);
    common::Run::of(&mut command)
}

fn part_documents(sealed: &Sealed, number: usize) -> Vec<String> {
    let run = part(sealed, number, &["status", "--documents", "--format", "json"]).code_is(0);
    let status: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(status["part"], format!("{number}/{PARTS}"));
    let ids = status["document_ids"].as_array().expect("documents");
    ids.iter().map(|id| id.as_str().expect("an id").to_owned()).collect()
}

/// Everything that a reader of the index could see.
fn everything(sealed: &Sealed) -> Vec<String> {
    let mut out = vec![sealed.run(["export"]).stdout];
    for query in [
        "comuni accoglienza",
        "\"autorità locali\" +provincia",
        "associazion* -familiari",
        "local authorities",
    ] {
        out.push(sealed.run(["query", "--format", "json", "--explain", "--limit", ALL, query]).stdout);
    }
    out.push(sealed.run(["matrix", "--format", "json"]).stdout);
    out
}

/// Fails where two indexes differ in anything that a reader could see, and shows where.
#[track_caller]
fn same(one: &Sealed, other: &Sealed) {
    for (one, other) in everything(one).iter().zip(everything(other)) {
        let at = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
        let near = |text: &str| text.chars().skip(at.saturating_sub(100)).take(200).collect::<String>();
        assert!(*one == other, "{:?}\n{:?}", near(one), near(&other));
    }
}

#[test]
fn parts_are_disjoint_complete_and_stable() {
    let sealed = Sealed::new();
    collection(&sealed);
    sealed.run(["index", "docs"]).code_is(0);
    let whole = documents(&sealed);
    assert_eq!(whole.len(), 12 + 40 + 20 + 20 + 12);

    let mut before = Vec::new();
    for number in 1..=PARTS {
        let asked = format!("{number}/{PARTS}");
        part(&sealed, number, &["index", "--part", &asked, "docs"]).code_is(0);
        let mine = part_documents(&sealed, number);
        assert!(mine.len() > whole.len() / PARTS / 2, "{mine:?}");
        before.push(mine);
    }
    let mut all: Vec<String> = before.concat();
    all.sort();
    assert_eq!(all, whole);

    // A record, a file and a member of an archive are added, a file and a record go.
    let records = fs::read_to_string(sealed.path().join("docs/records.jsonl")).expect("records");
    let kept: Vec<&str> = records.lines().filter(|line| !line.contains("\"r7\"")).collect();
    sealed.write(
        "docs/records.jsonl",
        kept.join("\n") + "\n{\"_id\":\"nuovo\",\"text\":\"Un testo nuovo.\"}\n",
    );
    sealed.write("docs/verbali/nuovo.txt", text(100));
    fs::remove_file(sealed.path().join("docs/verbali/3.txt")).expect("removed");
    sealed.run(["index"]).code_is(0);
    let mut all = Vec::new();
    for (number, before) in (1..=PARTS).zip(before) {
        // Without being told again, each knows its part.
        part(&sealed, number, &["index"]).code_is(0);
        let now = part_documents(&sealed, number);
        let expected = |id: &&String| !["r7", "verbali/3"].contains(&id.as_str());
        let old: Vec<&String> = now.iter().filter(|id| !id.ends_with("nuovo")).collect();
        assert_eq!(old, before.iter().filter(expected).collect::<Vec<_>>(), "part {number}");
        part(&sealed, number, &["index"]).code_is(0).prints(&["nothing to do"]);
        all.extend(now);
    }
    all.sort();
    assert_eq!(all, documents(&sealed));
}

#[test]
fn an_index_keeps_its_part() {
    let sealed = Sealed::new();
    collection(&sealed);
    sealed.run(["index", "--part", "2/4", "docs"]).code_is(0);
    let second = documents(&sealed);
    for other in ["1/4", "2/3", "1/1"] {
        sealed.run(["index", "--part", other]).code_is(2).says(&[
            "holds part 2/4",
            "nothing was changed",
            "--index DIR",
        ]);
    }
    assert_eq!(documents(&sealed), second);
    for wrong in ["0/4", "5/4", "x", "1/0"] {
        sealed.run(["index", "--part", wrong]).code_is(2).says(&["--part", wrong]);
    }
    sealed.run(["status"]).code_is(0).prints(&["part        2/4 of their documents"]);
    // Also where the index itself can no longer say which part it holds.
    let current = fs::read_to_string(sealed.index().join("CURRENT")).expect("CURRENT");
    let current: Value = serde_json::from_str(&current).expect("JSON");
    let generation = sealed.index().join(current["generation"].as_str().expect("a name"));
    fs::write(generation.join("meta.json"), "{}").expect("written");
    sealed.run(["index", "--rebuild"]).code_is(0);
    assert_eq!(documents(&sealed), second);
    // Asked to make it anew, it may become another part, or the whole.
    sealed.run(["index", "--rebuild", "--part", "1/4"]).code_is(0);
    assert!(documents(&sealed).iter().all(|id| !second.contains(id)));
    sealed.run(["index", "--rebuild", "--part", "1/1"]).code_is(0);
    assert_eq!(documents(&sealed).len(), 104);
    assert!(sealed.status().get("part").is_none());
    // What every part has in front of it and cannot read, each of them tells; what only one has, only that one.
    sealed.run(["index", "--part", "1/4"]).code_is(2).says(&["holds all documents"]);
    // A part without any document is one all the same.
    sealed.write("one/solo.txt", text(1));
    let empty = (1..=4).filter(|number| {
        let index = format!("one-{number}");
        let asked = format!("{number}/4");
        let mut command = common::bare_command(sealed.path());
        command.args(["index", "one", "--part", &asked, "--index", &index]);
        common::Run::of(&mut command).code_is(0).stdout.contains(" 0 documents")
    });
    assert_eq!(empty.count(), 3);
}

#[test]
fn an_index_of_analysed_passages_answers_to_the_byte_as_the_first() {
    let first = built_in();
    let second = Sealed::new();
    let file = second.path().join("all.ndjson.gz");
    let export = |file: &Path| {
        first
            .run(["export".as_ref(), "--analysed".as_ref(), "--output".as_ref(), file.as_os_str()])
            .code_is(0);
        fs::read(file).expect("a file")
    };
    let bytes = export(&file);
    assert_eq!(export(&second.path().join("again.ndjson.gz")), bytes, "the same index, the same bytes");
    fs::remove_file(second.path().join("again.ndjson.gz")).expect("removed");
    second.run(["index", "all.ndjson.gz"]).code_is(0);
    same(&second, first);
    let (one, other) = (first.status(), second.status());
    for count in ["documents", "passages", "languages", "publishers", "document_ids"] {
        assert_eq!(one[count], other[count], "{count}");
    }
    second.run(["index"]).code_is(0).prints(&["nothing to do"]);
    // Packed or not, on standard output or in a file.
    let plain = first.run(["export", "--format", "analysed"]).code_is(0).stdout;
    let mut unpacked = String::new();
    GzDecoder::new(&bytes[..]).read_to_string(&mut unpacked).expect("gzip");
    assert_eq!(plain, unpacked);
    // What is filtered is whole by itself.
    let french = first.run(["export", "--analysed", "--lang", "fr"]).code_is(0).stdout;
    second.write("fr.txt", &french);
    second.run(["index", "--rebuild", "fr.txt"]).code_is(0);
    assert_eq!(second.run(["export"]).stdout, first.run(["export", "--lang", "fr"]).stdout);
}

#[test]
fn parts_that_are_put_together_are_the_whole_however_often_they_come() {
    let sealed = Sealed::new();
    collection(&sealed);
    sealed.run(["index", "docs"]).code_is(0);
    for number in 1..=PARTS {
        let asked = format!("{number}/{PARTS}");
        part(&sealed, number, &["index", "--part", &asked, "docs"]).code_is(0);
        let file = format!("lake/part-{number}.jsonl.gz");
        fs::create_dir_all(sealed.path().join("lake")).expect("a folder");
        part(&sealed, number, &["export", "--analysed", "-o", &file]).code_is(0);
    }
    let read = |name: &str| fs::read(sealed.path().join("lake").join(name)).expect("a file");
    let together = Sealed::new();
    for number in 1..=PARTS {
        let name = format!("part-{number}.jsonl.gz");
        together.write(&format!("lake/{name}"), read(&name));
    }
    let index = |args: &[&str]| together.run([&["index"], args].concat());
    index(&["lake"]).code_is(0);
    same(&together, &sealed);

    // Copies under other names, two parts in one file, and an export of the whole.
    together.write("lake/copy.jsonl.gz", read("part-2.jsonl.gz"));
    together.write("lake/a-pair.gz", [read("part-3.jsonl.gz"), read("part-3.jsonl.gz")].concat());
    together.write("lake/whole", sealed.run(["export", "--analysed"]).stdout);
    index(&[]).code_is(0);
    same(&together, &sealed);
    assert_eq!(together.status()["passages"], sealed.status()["passages"]);
    index(&[]).code_is(0).prints(&["nothing to do"]);
    // What one of them gave another still has.
    for gone in ["copy.jsonl.gz", "a-pair.gz", "part-1.jsonl.gz", "part-2.jsonl.gz", "part-3.jsonl.gz"] {
        fs::remove_file(together.path().join("lake").join(gone)).expect("removed");
        index(&[]).code_is(0);
        assert_eq!(together.status()["documents"], sealed.status()["documents"], "without {gone}");
    }
    same(&together, &sealed);
    // Many processes can share the reading, too.
    index(&["--rebuild", "--part", "2/4"]).code_is(0);
    assert_eq!(documents(&together), part_documents(&sealed, 2));
}

#[test]
fn passages_of_another_version_are_analysed_and_tagged_anew() {
    let sealed = Sealed::new();
    collection(&sealed);
    sealed.run(["index", "docs"]).code_is(0);
    let exported = sealed.run(["export", "--analysed"]).stdout;
    // Another fingerprint, and in all lines something that another version would have made.
    let edited = |fingerprint: (&str, &str), from: &str, to: &str| {
        let (header, rest) = exported.split_once('\n').expect("a header");
        assert!(header.contains(fingerprint.0), "{header}");
        assert!(rest.contains(from), "{rest}");
        format!("{}\n{}", header.replacen(fingerprint.0, fingerprint.1, 1), rest.replace(from, to))
    };
    let unchanged = ("\"analysis\"", "\"analysis\"");
    let other = Sealed::new();
    let rebuilt = |text: String, code: i32| {
        other.write("lake.jsonl", text);
        other.run(["index", "--rebuild", "lake.jsonl"]).code_is(code)
    };
    let terms = ("\"exact\":\"dimensione locale ", "\"exact\":\"dimensione lunare ");
    rebuilt(edited(("\"analysis\":", "\"analysis\":9"), terms.0, terms.1), 0);
    same(&other, &sealed);
    rebuilt(edited(("\"schema\":", "\"schema\":9"), terms.0, terms.1), 0);
    same(&other, &sealed);
    let tags = ("\"dimension:local\"", "\"dimension:global\"");
    rebuilt(edited(("\"tagging\":\"", "\"tagging\":\"9"), tags.0, tags.1), 0);
    same(&other, &sealed);
    // Under this program's own fingerprint what is written counts.
    for changed in [terms, tags] {
        rebuilt(edited(unchanged, changed.0, changed.1), 0);
        assert!(everything(&other) != everything(&sealed), "{changed:?}");
    }
    // Passages that this program would not cut so.
    rebuilt(edited(("\"segmentation\":", "\"segmentation\":9"), "", ""), 2).says(&[
        "line 1",
        "other passages",
        "export them again",
    ]);
    assert_eq!(other.status()["passages"], 0);
}

#[test]
fn corrections_apply_to_analysed_passages() {
    let sealed = Sealed::new();
    collection(&sealed);
    sealed.run(["index", "docs"]).code_is(0);
    sealed.write("lake/all.jsonl", sealed.run(["export", "--analysed"]).stdout);
    sealed.write(
        "lake/overrides.toml",
        "[[override]]\nid = \"r5#1\"\nadd = [\"iom\"]\nremove = [\"local-authorities\"]\n",
    );
    sealed.run(["index", "--rebuild", "lake"]).code_is(0);
    let actors = |id: &str| sealed.run(["show", id, "--format", "json"]).stdout;
    assert!(actors("r5#1").contains("\"iom\"") && !actors("r5#1").contains("\"local-authorities\""));
    assert!(!actors("r6#1").contains("\"iom\""));
    fs::remove_file(sealed.path().join("lake/overrides.toml")).expect("removed");
    sealed.run(["index"]).code_is(0);
    assert!(!actors("r5#1").contains("\"iom\""));
}

#[test]
fn damage_is_told_and_the_rest_is_taken() {
    let sealed = Sealed::new();
    collection(&sealed);
    sealed.run(["index", "docs"]).code_is(0);
    let whole = sealed.run(["export", "--analysed"]).stdout;
    let lines: Vec<&str> = whole.lines().collect();
    let passages = lines.len() - 2;
    let other = Sealed::new();
    let index = |bytes: &[u8]| {
        other.write("lake.jsonl", bytes);
        other.run(["index", "--rebuild", "lake.jsonl"])
    };
    let count = || other.status()["passages"].as_u64().and_then(|count| usize::try_from(count).ok());
    // Cut off behind a line, and within one.
    index(lines[..11].join("\n").as_bytes()).code_is(2).says(&["the end is missing behind 10 passages"]);
    assert_eq!(count(), Some(10));
    index(&whole.as_bytes()[..whole.len() / 2])
        .code_is(2)
        .says(&["no analysed passage", "the end is missing"]);
    // A line lost, a line that is none, a line too many of what ends.
    let mut less = lines.clone();
    less.remove(4);
    index(less.join("\n").as_bytes())
        .code_is(2)
        .says(&[&format!("here {passages} passages should have been, and {} are", passages - 1)]);
    assert_eq!(count(), Some(passages - 1));
    let mut odd = lines.clone();
    odd[5] = "{\"id\":\"non è un brano\"}";
    odd.push(lines[lines.len() - 1]);
    odd.push("\u{0}\u{1}");
    index(odd.join("\n").as_bytes()).code_is(2).says(&[
        "line 6: no analysed passage",
        "no beginning",
        "no line before it says what made",
    ]);
    assert_eq!(count(), Some(passages - 1));
    // A form that is not known yet.
    let newer = whole.replace("\"format_version\":1", "\"format_version\":99");
    index(newer.as_bytes()).code_is(2).says(&["format 99", "reads format 1"]);
    // Packed, and cut off.
    let mut packed = GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(whole.as_bytes()).expect("packed");
    let packed = packed.finish().expect("packed");
    index(&packed[..packed.len() / 2]).code_is(2).says(&["lake.jsonl"]);
    assert!(count().is_some_and(|count| count > 0 && count < passages));
    index(&packed).code_is(0);
    same(&other, &sealed);
    // Nothing is built by the way where there is no index.
    let empty = Sealed::new();
    empty.run(["export", "--analysed", "-o", "x.gz"]).code_is(2).says(&["there is no index", "build it"]);
    assert!(!empty.path().join("x.gz").exists() && !empty.index().exists());
    // Where the file cannot be written, nothing is there.
    sealed
        .run(["export", "--analysed", "-o", "no/such/folder/x.gz"])
        .code_is(2)
        .says(&["no/such/folder/x.gz"]);
}
