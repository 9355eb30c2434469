//! Hostile files, indexed as a user indexes them. Proves:
//!
//! - a file that takes too long, needs too much memory or kills its reader costs itself only, has a message of its own, and
//!   is tried again only where it or the limits change;
//! - files of gigabytes without a line end are refused without being read into memory;
//! - bombs, nests, loops, names that lead elsewhere and files that are no files harm nothing beside them;
//! - a file that changes while it is read is read as it is in the end.

mod common;

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::{Sealed, documents, zip};

/// A PDF file of one page that draws a form that draws a form and so on, as often as its reader allows.
fn endless_pdf() -> Vec<u8> {
    let mut objects: Vec<String> = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>"
            .to_owned(),
        "<</Length 5>>\nstream\n/X Do\nendstream".to_owned(),
    ];
    for next in 6..14 {
        let content = "/X Do ".repeat(10);
        objects.push(format!(
            "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X {next} 0 R>>>>/Length {}>>\nstream\n{content}\nendstream",
            content.len()
        ));
    }
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        places.push(out.len());
        write!(out, "{} 0 obj\n{object}\nendobj\n", at + 1).expect("written");
    }
    let start = out.len();
    write!(out, "xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).expect("written");
    for place in &places {
        writeln!(out, "{place:010} 00000 n ").expect("written");
    }
    let size = places.len() + 1;
    write!(out, "trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n").expect("written");
    out
}

/// A file that begins with a text and goes on with nothing, up to its size.
fn sparse(sealed: &Sealed, name: &str, start: &str, bytes: u64) {
    let path = sealed.write(name, start);
    OpenOptions::new().write(true).open(path).expect("a file").set_len(bytes).expect("a sparse file");
}

#[test]
fn time_is_kept_and_more_of_it_is_another_try() {
    let sealed = Sealed::new();
    // Read first, with time enough: on a busy machine the short one may not suffice for it either.
    sealed.write("docs/buono.txt", "I sindaci accolgono i migranti.\n");
    sealed.run(["index", "docs"]).code_is(0).prints(&["1 documents"]);
    sealed.write("docs/lento.pdf", endless_pdf());
    let short = ["index", "docs", "--max-time", "0.05"];
    let run = sealed.run(short).code_is(2).prints(&["1 documents", "1 not read"]);
    run.says(&["lento.pdf: takes more than 0.05 seconds", "--max-time"]);
    assert_eq!(documents(&sealed.ask(["+sindaci"])), ["buono"]);
    sealed.run(short).code_is(2).prints(&["nothing to do"]).says(&["more than 0.05 seconds"]);
    // With the time that it needs, its own reader refuses it.
    sealed
        .run(["index"])
        .code_is(2)
        .prints(&["1 changed"])
        .says(&["lento.pdf: not read, since it may be made"]);
    sealed.run(["status"]).code_is(0).prints(&["lento.pdf: not read, since"]);
    for wrong in ["0", "-1", "x", "inf"] {
        sealed.run(["index", &format!("--max-time={wrong}")]).code_is(2).says(&["is no time"]);
    }
    for wrong in ["0", "5X", "M", "99999999999G"] {
        sealed.run(["index", "--max-memory", wrong]).code_is(2).says(&["is no size"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn memory_is_kept() {
    let sealed = Sealed::new();
    sealed.write("docs/grande.txt", "parole senza fine ".repeat(8_000_000));
    sealed.write("docs/buono.txt", "I sindaci accolgono i migranti.\n");
    let run = sealed.run(["index", "docs", "--max-memory", "250M"]).code_is(2).prints(&["1 documents"]);
    run.says(&["grande.txt: needs more than 250 MB of memory", "--max-memory"]);
    assert_eq!(documents(&sealed.ask(["+sindaci"])), ["buono"]);
    sealed.run(["index", "--max-file-size", "1M"]).code_is(2).says(&["grande.txt: larger than 1 MB"]);
}

#[test]
fn gigabytes_without_a_line_end_are_not_read_into_memory() {
    let sealed = Sealed::new();
    let records = "{\"_id\":\"a\",\"text\":\"I prefetti.\"}\n{\"_id\":\"b\",\"text\":\"";
    sparse(&sealed, "docs/testo.txt", &"a".repeat(10_000), 2 << 30);
    sparse(&sealed, "docs/righe.jsonl", &format!("{records}{}", "b".repeat(10_000)), 64 << 20);
    let path = sealed.path().join("docs/righe.jsonl");
    let mut file = OpenOptions::new().write(true).open(path).expect("a file");
    file.seek(SeekFrom::End(0)).expect("the end");
    file.write_all(b"\n{\"_id\":\"c\",\"text\":\"I questori.\"}\n").expect("written");
    let run = sealed.run(["index", "docs"]).code_is(2).prints(&["2 documents"]);
    run.says(&["testo.txt: larger than 256 MB", "righe.jsonl: line 2: longer than 16 MB"]);
    assert_eq!(documents(&sealed.ask(["+questori"])), ["c"]);
}

#[test]
fn each_trap_has_its_message_and_harms_nothing_beside_it() {
    let sealed = Sealed::new();
    let mut nested = zip(&[("fondo.txt", b"I questori.")]);
    for _ in 0..5 {
        nested = zip(&[("dentro.zip", &nested)]);
    }
    let spaces = vec![b' '; 40_000_000];
    let entities = "<!DOCTYPE d [<!ENTITY a \"haha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \
                    \"&b;&b;&b;&b;&b;&b;&b;&b;\">]><d><body><p>&c;</p></body></d>";
    let docx = |xml: &[u8]| zip(&[("[Content_Types].xml", b"<x/>"), ("word/document.xml", xml)]);
    for (name, bytes) in [
        ("bomba.zip", zip(&[("bomba.txt", &spaces)])),
        ("bomba.docx", docx(&spaces)),
        ("matrioska.zip", nested),
        (
            "altrove.zip",
            zip(&[("../../../fuori.txt", b"I prefetti."), ("/tmp/fuori2.txt", b"I prefetti di Roma.")]),
        ),
        ("entita.docx", docx(entities.as_bytes())),
        ("profondo.html", format!("<html>{}x", "<div>".repeat(500_000)).into_bytes()),
        ("profondo.rtf", [br"{\rtf1 ".to_vec(), b"{".repeat(500_000)].concat()),
        ("ciclo.pdf", endless_pdf()),
        ("profondo.jsonl", format!("{{\"_id\":\"x\",\"text\":{}", "[".repeat(500_000)).into_bytes()),
        ("buono.txt", b"I sindaci accolgono i migranti.\n".to_vec()),
    ] {
        sealed.write(&format!("docs/{name}"), bytes);
    }
    #[cfg(unix)]
    {
        // Nobody writes to it: who opened it would wait for ever.
        let pipe = sealed.path().join("docs/coda.txt");
        assert!(std::process::Command::new("mkfifo").arg(pipe).status().expect("mkfifo").success());
    }
    let run = sealed.run(["index", "docs"]).code_is(2);
    let run = run.says(&[
        "bomba.zip: bomba.txt: it unpacks to more than 200 times its size",
        "bomba.docx: it unpacks to more than 200 times its size",
        "matrioska.zip: dentro.zip",
        "nested deeper than 3",
        "profondo.html: ",
        "profondo.rtf: ",
        "ciclo.pdf: not read, since it may be made to exhaust the computer",
        "profondo.jsonl: line 1",
    ]);
    assert!(!run.stderr.contains("buono.txt") && !run.stderr.contains("altrove"), "{run}");
    assert_eq!(documents(&sealed.ask(["+sindaci"])), ["buono"]);
    // Where a name leads is only an id.
    assert_eq!(documents(&sealed.ask(["+prefetti"])).len(), 2);
    assert!(!sealed.path().join("fuori.txt").exists() && !sealed.path().join("docs/altrove").exists());
    let ids = sealed.status()["document_ids"].to_string();
    assert!(ids.contains("\"altrove/fuori\"") && ids.contains("\"altrove/tmp/fuori2\""), "{ids}");
    // And it is told again, without being read again.
    sealed.run(["index"]).code_is(2).prints(&["nothing to do"]);
}

#[test]
fn a_file_that_changes_meanwhile_is_right_in_the_end() {
    let sealed = Sealed::new();
    for at in 0..40 {
        sealed.write(&format!("docs/{at}.txt"), format!("I sindaci del comune numero {at}.\n"));
    }
    let path = sealed.write("docs/vivo.txt", "Inizio.\n");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut at = 0;
            while !stop.load(Ordering::Relaxed) {
                at += 1;
                let mut file = File::create(&path).expect("a file");
                for line in 0..at % 500 {
                    writeln!(file, "Riga {line} della versione {at}.").expect("written");
                }
            }
        });
        for _ in 0..5 {
            let run = sealed.run(["index", "docs"]);
            let names_it = run.stderr.contains("vivo.txt: it changed while it was read");
            assert_eq!(run.code, if names_it { 2 } else { 0 }, "{run}");
            assert!(run.stdout.contains("40 documents") || run.stdout.contains("41 documents"), "{run}");
        }
        stop.store(true, Ordering::Relaxed);
    });
    fs::write(&path, "I prefetti scrivono per ultimi.\n").expect("written");
    sealed.run(["index"]).code_is(0).prints(&["41 documents"]);
    assert_eq!(documents(&sealed.ask(["+prefetti"])), ["vivo"]);
}
