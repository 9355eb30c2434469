//! Documents as programs write them, from the library and from the real binary. Proves:
//!
//! - the fixtures, made by pandoc and LibreOffice from a known Italian text (`tests/fixtures/make.sh`), give back its words
//!   in order (F1 of 0.98 or more), its headings, lists, tables, notes and metadata;
//! - each format is told by its content whatever its name, also within archives;
//! - numbered paragraphs are part of the address in every format that has them;
//! - what is damaged, hostile or no text costs itself only, with a message of its own.

mod common;

use std::fs;
use std::io::Write as _;
use std::path::Path;

use common::{Sealed, zip};
use gcm_search::document::BlockKind;
use gcm_search::extract::{ExtractLimits, Extracted, Format, extract};

/// The words of the source that must come back, of a hundred.
const MIN_F1: f64 = 0.98;

const FIXTURES: &[&str] = &[
    "pandoc.docx",
    "pandoc.odt",
    "pandoc.epub",
    "pandoc.html",
    "pandoc.rtf",
    "writer.docx",
    "writer.odt",
    "writer.rtf",
    "writer.html",
];

fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).expect("a fixture")
}

/// Reads a file that holds one document.
fn read(name: &str, bytes: &[u8]) -> Result<Extracted, String> {
    let mut all = read_all(name, bytes)?;
    assert_eq!(all.len(), 1, "{name}");
    all.remove(0)
}

fn read_all(name: &str, bytes: &[u8]) -> Result<Vec<Result<Extracted, String>>, String> {
    let mut out = Vec::new();
    let format = Format::detect(name, bytes).map_err(|error| error.to_string())?;
    extract(format, name, bytes, &ExtractLimits::default(), &mut |result| {
        out.push(result.map_err(|error| error.to_string()));
    })
    .map_err(|error| error.to_string())?;
    Ok(out)
}

/// The letter and text of a block, as `diaspore.txt` has them.
fn lines(extracted: &Extracted) -> Vec<String> {
    extracted
        .blocks
        .iter()
        .map(|block| {
            let kind = match block.kind {
                BlockKind::Heading(level) => format!("H{level}"),
                BlockKind::Paragraph => "P".to_owned(),
                BlockKind::ListItem => "L".to_owned(),
                BlockKind::TableRow => "T".to_owned(),
                BlockKind::Footnote => "N".to_owned(),
            };
            format!("{kind} {}", block.text)
        })
        .collect()
}

fn expected() -> Vec<String> {
    String::from_utf8(fixture("diaspore.txt")).expect("UTF-8").lines().map(str::to_owned).collect()
}

fn words(lines: &[String]) -> Vec<String> {
    lines
        .iter()
        .flat_map(|line| common::words(line.split_once(' ').map_or("", |(_, text)| text)))
        .filter(|word| !word.is_empty())
        .collect()
}

/// Precision and recall of words in their order: the longest common subsequence over the lengths.
fn f1(found: &[String], expected: &[String]) -> f64 {
    let mut row = vec![0usize; expected.len() + 1];
    for word in found {
        let mut diagonal = 0;
        for (at, other) in expected.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if word == other { diagonal + 1 } else { above.max(row[at]) };
            diagonal = above;
        }
    }
    2.0 * row[expected.len()] as f64 / (found.len() + expected.len()) as f64
}

#[test]
fn the_words_of_real_documents_come_back_in_order() {
    let expected = words(&expected());
    for name in FIXTURES {
        let extracted = read(name, &fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let found = words(&lines(&extracted));
        let f1 = f1(&found, &expected);
        println!("{name}: F1 {f1:.4} ({} words of {})", found.len(), expected.len());
        assert!(f1 >= MIN_F1, "{name}: F1 {f1:.4}\n{}", lines(&extracted).join("\n"));
    }
}

#[test]
fn the_structure_of_real_documents_comes_back() {
    // An apostrophe that a program set in type is one all the same.
    let straight = |line: &String| line.replace('’', "'");
    let expected = expected();
    for name in FIXTURES {
        let extracted = read(name, &fixture(name)).expect(name);
        let mut found: Vec<String> = lines(&extracted).iter().map(straight).collect();
        // The date under the title, which pandoc writes out, and a title that RTF has no place for.
        found.retain(|line| line != "P 2018-12-19" && line != "P Diaspore e associazioni di migranti");
        if *name == "pandoc.rtf" {
            // It types its numbers, where all others have lists.
            let numbers = ["16. ", "17. ", "18. ", "(a) ", "(b) ", "(c) "];
            for line in &mut found {
                for number in numbers {
                    if let Some(text) = line.strip_prefix("P ").and_then(|text| text.strip_prefix(number)) {
                        *line = format!("L {text}");
                    }
                }
            }
        }
        assert_eq!(found, expected, "{name}");
        if *name != "pandoc.rtf" {
            assert_eq!(
                extracted.metadata.title.as_deref(),
                Some("Diaspore e associazioni di migranti"),
                "{name}"
            );
            assert_eq!(extracted.metadata.date.expect(name).to_string(), "2018-12-19", "{name}");
        }
    }
}

#[test]
fn numbered_paragraphs_are_part_of_the_address_in_every_format() {
    let sealed = Sealed::new();
    for name in FIXTURES {
        sealed.write(&format!("docs/{}", name.replace('.', "-")), fixture(name));
    }
    sealed.write("docs/testo.md", fixture("diaspore.md"));
    sealed.run(["index", "docs"]).code_is(0).prints(&["10 documents"]);
    for name in FIXTURES.iter().map(|name| name.replace('.', "-")).chain(["testo".to_owned()]) {
        let passages = sealed.passages_of(&name);
        let of = |start: &str| {
            let passage = passages
                .iter()
                .find(|passage| passage["text"].as_str().is_some_and(|text| text.contains(start)));
            passage.unwrap_or_else(|| panic!("{name}: {start}"))["paragraph"].clone()
        };
        assert_eq!(of("Gli Stati si impegnano a dialogare"), "16", "{name}");
        assert_eq!(of("elaborare una strategia"), "16 (a)", "{name}");
        assert_eq!(of("rendere più semplici"), "16 (c)", "{name}");
        assert_eq!(of("Gli Stati si impegnano a far sì"), "17", "{name}");
        assert_eq!(of("Per diaspore si intendono"), serde_json::Value::Null, "{name}");
    }
    sealed
        .run(["query", "+elaborare", "--document", "writer-docx"])
        .code_is(0)
        .prints(&["para. 16 (a) · writer-docx#"]);
}

// ---- archives ----

fn tar_gz(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // Set by hand: the library refuses names that lead elsewhere, as hostile archives have them.
        let field = &mut header.as_old_mut().name;
        field[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, *bytes).expect("an entry");
    }
    gzip(&builder.into_inner().expect("a tar archive"))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("a gzip file")
}

fn ids(sealed: &Sealed) -> Vec<String> {
    let status = sealed.status();
    let ids = status["document_ids"].as_array().expect("ids");
    ids.iter().map(|id| id.as_str().expect("an id").to_owned()).collect()
}

#[test]
fn documents_in_archives_are_read_and_have_ids_below_it() {
    let sealed = Sealed::new();
    let docx = fixture("writer.docx");
    let inner = zip(&[("nota.txt", "I questori siedono nel profondo.".as_bytes())]);
    let archive = zip(&[
        ("cartella/nota.txt", "I prefetti accolgono i migranti.".as_bytes()),
        ("cartella/nota.md", "I prefetti accolgono ancora.".as_bytes()),
        ("relazione.docx", &docx),
        ("../../fuori.txt", "I sindaci restano dentro.".as_bytes()),
        ("dentro.zip", &inner),
        ("righe.jsonl", b"{\"_id\":\"r1\",\"text\":\"I notai.\"}\n"),
        ("__MACOSX/._nota.txt", b"\0\0"),
        ("foto.png", b"\x89PNG\r\n\x1a\n"),
    ]);
    sealed.write("docs/raccolta.zip", archive);
    sealed.write(
        "docs/altra.tar.gz",
        tar_gz(&[("a/uno.txt", "I giudici.".as_bytes()), ("/b/due.html", b"<p>Gli avvocati.")]),
    );
    sealed.write("docs/singola.txt.gz", gzip("I vescovi, da soli.".as_bytes()));
    // What was unpacked beside its archive is a document of its own.
    sealed.write("docs/altra/a/uno.txt", "I giudici.");
    // A picture is no failure, nor news where the rest was read.
    let run = sealed.run(["index", "docs"]).code_is(0);
    assert_eq!(run.stderr, "", "{run}");
    sealed.run(["status"]).code_is(0).prints(&["raccolta.zip: foto.png: a PNG picture"]);
    assert_eq!(
        ids(&sealed),
        [
            "altra.tar.gz/a/uno",
            "altra.tar.gz/b/due",
            "altra/a/uno",
            "r1",
            "raccolta.zip/cartella/nota.md",
            "raccolta/cartella/nota",
            "raccolta/dentro/nota",
            "raccolta/fuori",
            "raccolta/relazione",
            "singola"
        ]
    );
    let hit = sealed.ask(["+questori"]).hits.remove(0);
    assert_eq!(hit.document.path, "raccolta.zip/dentro.zip/nota.txt");
    assert!(
        !sealed.path().join("fuori.txt").exists()
            && !sealed.path().parent().expect("above").join("fuori.txt").exists()
    );
    // Nothing is read again while nothing changes, and all of it goes with its file.
    sealed.run(["index"]).code_is(0).prints(&["nothing to do"]);
    fs::remove_file(sealed.path().join("docs/raccolta.zip")).expect("removed");
    sealed.run(["index"]).code_is(0).prints(&["1 removed", "4 documents"]);
}

#[test]
fn formats_are_told_by_content_before_name() {
    for (name, bytes, format) in [
        ("a.zip", fixture("writer.docx"), Format::Docx),
        ("a.docx", fixture("writer.odt"), Format::Odt),
        ("a", fixture("pandoc.epub"), Format::Epub),
        ("a.doc", fixture("writer.rtf"), Format::Rtf),
        ("a.txt", fixture("writer.html"), Format::Html),
        ("a.txt", b"<?xml version=\"1.0\"?>\n<!-- x -->\n<!DOCTYPE html><p>x".to_vec(), Format::Html),
        ("a.docx", zip(&[("a.txt", b"x")]), Format::Zip),
        ("a.bin", tar_gz(&[("a.txt", b"x")]), Format::Gzip),
        ("a.txt", b"id,testo\n1,x\n".to_vec(), Format::Csv),
        (
            "a.txt",
            b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n".to_vec(),
            Format::Mhtml,
        ),
    ] {
        assert_eq!(Format::detect(name, &bytes), Ok(format), "{name}");
    }
    for (bytes, kind) in [
        (zip(&[("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>")]), "Excel"),
        (zip(&[("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")]), "spreadsheet"),
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec(), "old Microsoft Office"),
        (b"7z\xBC\xAF\x27\x1C\x00\x04".to_vec(), "7-Zip"),
    ] {
        let error = Format::detect("a.txt", &bytes).expect_err(kind);
        assert!(error.message.contains(kind), "{error}");
    }
}

// ---- encodings ----

#[test]
fn every_encoding_finds_the_same_words() {
    let text = "La libertà è più di un'opinione: perché no?";
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let sealed = Sealed::new();
    sealed.write("docs/utf8.txt", text);
    sealed.write("docs/bom.txt", [b"\xEF\xBB\xBF", text.as_bytes()].concat());
    sealed.write("docs/latin1.txt", &latin);
    sealed.write("docs/utf16.txt", &utf16);
    sealed.write("docs/utf16bom.txt", [b"\xFF\xFE", &utf16[..]].concat());
    sealed.write("docs/pagina.html", [b"<html><meta charset=iso-8859-1><p>", &latin[..]].concat());
    sealed.write("docs/tabella.csv", [b"id;testo\ntabella;", &latin[..], b"\n"].concat());
    sealed.write("docs/latin.jsonl", [b"{\"_id\":\"righe\",\"text\":\"", &latin[..], b"\"}\n"].concat());
    let record: Vec<u8> = format!("{{\"_id\":\"righe16\",\"text\":\"{text}\"}}\n")
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    sealed.write("docs/righe16.jsonl", [b"\xFE\xFF", &record[..]].concat());
    sealed.run(["index", "docs"]).code_is(0);
    let all = ["bom", "latin1", "pagina", "righe", "righe16", "tabella", "utf16", "utf16bom", "utf8"];
    assert_eq!(ids(&sealed), all);
    for id in all {
        assert_eq!(sealed.passages_of(id)[0]["text"], text, "{id}");
    }
}

// ---- tables of documents ----

#[test]
fn a_table_gives_a_document_a_record_and_names_what_is_wrong() {
    let sealed = Sealed::new();
    sealed.write(
        "docs/note.csv",
        "id;Titolo;Testo;Lingua;Data;Editore\nn1;Il porto;I prefetti accolgono.;it;19 dicembre 2018;OIM\n\
         n1;Doppio;I prefetti bis.;it;;\n;Senza id;I questori scrivono.;it;2018;\nn3;Rotto;;it;ieri;\nn4;Corto\n",
    );
    sealed.write("docs/senza.csv", "nome;cognome\na;b\n");
    sealed.run(["index", "docs"]).code_is(2).says(&[
        "note.csv: the id \"n1\" stands twice",
        "note.csv: line 5: \"ieri\" is no date",
        "note.csv: line 6: the record has 2 cells where the header has 6",
        "senza.csv: no column of the header is called text, testo, texte or texto; its columns are: nome, cognome",
    ]);
    assert_eq!(ids(&sealed), ["n1", "note/3"]);
    let hit = sealed.ask(["+prefetti", "--publisher", "oim", "--since", "2018-12-19"]).hits.remove(0);
    assert_eq!(hit.document.title.as_deref(), Some("Il porto"));
}

// ---- what is damaged or hostile ----

#[test]
fn damaged_files_of_every_format_cost_only_themselves() {
    let sealed = Sealed::new();
    sealed.write("docs/buono.txt", "I sindaci accolgono i migranti.");
    let mut names = Vec::new();
    for name in FIXTURES {
        let whole = fixture(name);
        // Web pages have no end that could be missing.
        if !name.ends_with(".html") {
            for part in [2, 3] {
                let short = format!("tagliato-{part}-{name}");
                sealed.write(&format!("docs/{short}"), &whole[..whole.len() * (part - 1) / part]);
                names.push(short);
            }
        }
        // Noise in the middle may hit anything; it must hit this file only.
        let mut noisy = whole.clone();
        let middle = noisy.len() / 2;
        for (at, byte) in noisy[middle..].iter_mut().take(400).enumerate() {
            *byte = (at as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0];
        }
        sealed.write(&format!("docs/rumore-{name}"), noisy);
    }
    let run = sealed.run(["index", "docs"]).code_is(2);
    for name in names {
        assert!(run.stderr.contains(&name), "{name}\n{run}");
    }
    assert_eq!(common::documents(&sealed.ask(["+sindaci"])), ["buono"]);
}

#[test]
fn bombs_and_endless_nests_are_refused() {
    let zeros = vec![b' '; 40_000_000];
    let bomb = zip(&[("bomba.txt", &zeros)]);
    let mut nested = zip(&[("fondo.txt", b"I questori.")]);
    for _ in 0..5 {
        nested = zip(&[("dentro.zip", &nested)]);
    }
    let many: Vec<(String, &[u8])> = (0..20_001).map(|at| (format!("{at}.txt"), &b""[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let entities = "<!DOCTYPE d [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><d><body><p>&b;</p></body></d>";
    let deep_xml = format!("<d><body>{}x{}</body></d>", "<p>".repeat(300_000), "</p>".repeat(300_000));
    let as_docx = |xml: &str| zip(&[("[Content_Types].xml", b"<x/>"), ("word/document.xml", xml.as_bytes())]);
    for (name, bytes, expected) in [
        ("bomba.zip", bomb.clone(), Some("decompression bomb")),
        ("bomba.txt.gz", gzip(&zeros), Some("decompression bomb")),
        (
            "bomba.docx",
            zip(&[("[Content_Types].xml", b"<x/>"), ("word/document.xml", &zeros)]),
            Some("decompression bomb"),
        ),
        ("matrioska.zip", nested, Some("nested deeper than 3")),
        ("molti.zip", zip(&many), Some("more than 20000 entries")),
        ("entita.docx", as_docx(entities), None),
        ("profondo.docx", as_docx(&deep_xml), None),
        (
            "profondo.html",
            format!("<html>{}x", "<div>".repeat(1_000_000)).into_bytes(),
            Some("nested deeper"),
        ),
        ("profondo.rtf", [br"{\rtf1 ".to_vec(), b"{".repeat(1_000_000)].concat(), Some("nested deeper")),
        ("riga.txt", vec![b'a'; 3_000_000], None),
        ("cifrato.zip", b"PK\x03\x04\x14\x00\x01\x00\x00\x00".to_vec(), Some("damaged ZIP")),
    ] {
        let messages: Vec<String> = match read_all(name, &bytes) {
            Err(error) => vec![error],
            Ok(results) => results.into_iter().filter_map(Result::err).collect(),
        };
        match expected {
            Some(part) => {
                assert!(messages.iter().any(|message| message.contains(part)), "{name}: {messages:?}")
            }
            None => assert!(messages.is_empty(), "{name}: {messages:?}"),
        }
    }
}

#[test]
fn noise_is_refused_as_no_text_and_never_fatal() {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let mut noise = |length: usize| -> Vec<u8> {
        (0..length)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_be_bytes()[0]
            })
            .collect()
    };
    let starts: [&[u8]; 10] = [
        b"",
        b"PK\x03\x04",
        b"\x1F\x8B\x08\x00",
        b"{\\rtf1 ",
        b"<html>",
        b"id,text\n",
        b"{\"_id\":1}\n",
        b"\xFF\xFE",
        b"BZh9",
        b"MIME-Version: 1.0\nContent-Type: multipart/related\n\n",
    ];
    for start in starts {
        for length in [0, 1, 7, 500, 9_000, 70_000] {
            let bytes = [start, &noise(length)].concat();
            let result = read_all("rumore.bin", &bytes);
            if length >= 500 && !start.starts_with(b"{\\rtf") && !start.starts_with(b"MIME") {
                assert!(!matches!(&result, Ok(all) if all.iter().any(Result::is_ok)), "{start:?} {length}");
            }
        }
    }
}
