//! PDF documents. Proves:
//!
//! - of documents made by TeX, pandoc, LibreOffice and a browser, in one column and in two, with footnotes, running
//!   heads, cut words, lists and tables, nineteen words of twenty are found in the right order, and no running head is;
//! - pages, printed page numbers, headings, list items, table rows, footnotes, title, date, language and symbol are told;
//! - scanned pages are named and, with OCR, read;
//! - hostile files end in an error of their own, and the others are read all the same.

mod common;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use common::{Run, Sealed, bare_command, words};
use gcm_search::document::{Block, BlockKind, Language};
use gcm_search::extract::{self, ExtractError, ExtractLimits, Extracted, Format};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pdf")
}

fn bytes(name: &str) -> Vec<u8> {
    fs::read(folder().join(format!("{name}.pdf"))).expect("a fixture")
}

fn read(bytes: &[u8]) -> Result<Extracted, ExtractError> {
    let mut read = None;
    extract::extract(Format::Pdf, "x.pdf", bytes, &ExtractLimits::default(), &mut |extracted| {
        read = Some(extracted);
    })?;
    read.expect("one document")
}

fn fixture(name: &str) -> Extracted {
    read(&bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn text(blocks: &[Block]) -> String {
    blocks.iter().map(|block| block.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// A text by its letters alone.
fn plain(text: &str) -> String {
    text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The length of the longest common subsequence.
fn common_words(a: &[String], b: &[String]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        for (at, y) in b.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if x == y { diagonal + 1 } else { above.max(row[at]) };
            diagonal = above;
        }
    }
    row[b.len()]
}

#[test]
fn words_are_found_in_their_order() {
    for name in [
        "tex-two-columns",
        "tex-book",
        "pandoc",
        "libreoffice-one-column",
        "libreoffice-two-columns",
        "browser-two-columns",
    ] {
        let only_words =
            |text: &str| words(text).into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>();
        let original = fs::read_to_string(folder().join(format!("{name}.txt"))).expect("the original");
        let (original, found) = (only_words(&original), only_words(&text(&fixture(name).blocks)));
        let f1 = 2.0 * common_words(&original, &found) as f64 / (original.len() + found.len()) as f64;
        assert!(f1 >= 0.99, "{name}: {f1:.4}");
    }
}

#[test]
fn running_heads_page_numbers_and_contents_go() {
    for (name, heads) in [
        ("tex-two-columns", &["A/RES/73/195", "Il Patto globale per la migrazione\n"][..]),
        ("tex-book", &["IL CAMMINO VERSO", "MARRAKECH E", "Indice", ". . ."]),
        ("libreoffice-two-columns", &["Quaderni sulla migrazione", "Pagina 1"]),
        ("libreoffice-one-column", &["Quaderni sulla migrazione", "Pagina 1"]),
        ("browser-two-columns", &["file://", "1/3"]),
    ] {
        let text = text(&fixture(name).blocks);
        for head in heads {
            assert!(!text.contains(head), "{name} still has {head:?}");
        }
    }
}

#[test]
fn the_structure_is_told() {
    let document = fixture("tex-two-columns");
    let of_kind = |kind: fn(&BlockKind) -> bool| {
        document
            .blocks
            .iter()
            .filter(|block| kind(&block.kind))
            .map(|block| block.text.as_str())
            .collect::<Vec<_>>()
    };
    let headings = of_kind(|kind| matches!(kind, BlockKind::Heading(_)));
    assert_eq!(
        headings[..3],
        [
            "I dieci principi guida del Patto globale (paragrafo 15)",
            "Funzione dei principi",
            "Persona, Stati, diritto"
        ]
    );
    assert_eq!(document.blocks[0].kind, BlockKind::Heading(1));
    assert_eq!(document.blocks[1].kind, BlockKind::Heading(2));
    let items = of_kind(|kind| *kind == BlockKind::ListItem);
    assert!(items[0].starts_with("a) Centralità della persona."), "{}", items[0]);
    // An item that goes on in the next column is one.
    assert!(items[3].starts_with("d) Stato di diritto") && items[3].ends_with("abusi."), "{}", items[3]);
    assert_eq!(
        of_kind(|kind| *kind == BlockKind::TableRow)[..2],
        ["Dimensione | Attori principali | Strumenti", "Umana | migranti e famiglie | diritti e servizi"]
    );
}

#[test]
fn footnotes_stand_behind_their_paragraph() {
    for name in ["tex-two-columns", "tex-book", "pandoc", "libreoffice-one-column", "libreoffice-two-columns"]
    {
        let blocks = fixture(name).blocks;
        let notes: Vec<usize> =
            (0..blocks.len()).filter(|&at| blocks[at].kind == BlockKind::Footnote).collect();
        let original = fs::read_to_string(folder().join(format!("{name}.txt"))).expect("the original");
        let paragraphs: Vec<String> = original.split("\n\n").map(plain).collect();
        assert!(notes.len() >= 4, "{name} has notes");
        for (number, &at) in notes.iter().enumerate() {
            assert_eq!(blocks[at].label, Some((number + 1).to_string()), "{name}: {}", blocks[at].text);
            let place = paragraphs.windows(2).any(|pair| {
                pair[1] == plain(&blocks[at].text) && pair[0].ends_with(&plain(&blocks[at - 1].text))
            });
            assert!(place, "{name}: {} behind {}", blocks[at].text, blocks[at - 1].text);
        }
        // The marks are taken out of the text.
        let text = text(&blocks);
        assert!(!text.contains(['\u{E000}', '\u{E001}']), "{name}");
        for word in words(&text) {
            let glued = word.trim_end_matches(|c: char| c.is_ascii_digit());
            assert!(glued == word || glued.chars().count() < 4, "{name}: a mark is glued to {word}");
        }
    }
}

#[test]
fn pages_are_those_of_the_file_and_as_printed() {
    let place = |document: &Extracted, start: &str| {
        let block = document.blocks.iter().find(|block| block.text.starts_with(start)).expect(start);
        (block.page, block.page_label.clone())
    };
    let book = fixture("tex-book");
    assert_eq!(place(&book, "Il mandato e le persone"), (Some(2), Some("1".to_owned())));
    assert_eq!(place(&book, "Marrakech e l’approvazione"), (Some(6), Some("5".to_owned())));
    // Where the printed number is that of the page, there is nothing to say.
    let two = fixture("tex-two-columns");
    assert_eq!(place(&two, "Dimensione locale: città"), (Some(2), None));
    // A paragraph over a page end is one, and stands on the page where it begins.
    let long =
        book.blocks.iter().find(|block| block.text.starts_with("La dimensione globale chiude")).unwrap();
    assert_eq!(long.page, Some(2));
    assert!(long.text.contains("lasciò due documenti di portata globale"), "{}", long.text);
}

#[test]
fn metadata_come_from_the_file() {
    let two = fixture("tex-two-columns").metadata;
    assert_eq!(two.title.as_deref(), Some("I principi e il territorio"));
    assert_eq!(two.date.map(|date| date.to_string()).as_deref(), Some("2018-12-19"));
    assert_eq!(two.language, Some(Language::Italian));
    assert_eq!(two.symbol.as_deref(), Some("A/RES/73/195"));
    // "Microsoft Word - bozza_finale.doc" is no title; the first heading is.
    let office = fixture("libreoffice-two-columns").metadata;
    assert_eq!(office.title.as_deref(), Some("L'OIM in Italia e l'ufficio di Roma"));
}

#[test]
fn an_empty_password_opens_and_another_does_not() {
    let open = fixture("encrypted-empty-password");
    assert_eq!(open.metadata.title.as_deref(), Some("Relazione annuale"));
    assert!(text(&open.blocks).contains("La città offre corsi di lingua."));
    let error = read(&bytes("encrypted-password")).unwrap_err();
    assert!(error.message.contains("password"), "{error}");
}

// ---- scans ----

#[test]
fn scans_are_named_and_are_no_silence() {
    assert_eq!(fixture("scan-within").unread_pages, [2]);
    let sealed = Sealed::new();
    sealed.write("misto.pdf", bytes("scan-within"));
    sealed.run(["index", "misto.pdf"]).code_is(0).says(&["page 2 without text", "index --ocr"]);
    sealed.write("scansione.pdf", bytes("scan"));
    sealed.run(["index", "scansione.pdf"]).code_is(2).says(&["needs OCR"]);
}

#[cfg(unix)]
#[test]
fn with_ocr_scans_are_read_and_missing_programs_are_named() {
    use std::os::unix::fs::PermissionsExt;
    let sealed = Sealed::new();
    sealed.write("misto.pdf", bytes("scan-within"));
    let index = |path: &str| {
        let mut command = bare_command(sealed.path());
        command.env("PATH", path).arg("--index").arg(sealed.index()).args(["index", "misto.pdf", "--ocr"]);
        Run::of(&mut command)
    };
    let nothing = sealed.path().join("niente");
    index(&nothing.display().to_string()).code_is(2).says(&["pdftoppm is not installed", "poppler-utils"]);
    // Programs that write down what they are asked, and answer like the real ones.
    let programs = sealed.path().join("bin");
    for (name, script) in [
        ("pdftoppm", "echo \"pdftoppm $*\" >> calls\n"),
        (
            "tesseract",
            "echo \"tesseract $*\" >> calls\nif [ \"$1\" = --list-langs ]; then echo ita; echo eng; else \
             echo 'Il comune accoglie le fami-'; echo 'glie venute da lontano, offre loro corsi di lingua e uno'; \
             echo 'sportello in ogni quartiere, e chiede alle scuole di fare posto ai figli'; echo 'che arrivano.'; fi\n",
        ),
    ] {
        let path = sealed.write(&format!("bin/{name}"), format!("#!/bin/sh\n{script}"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("permissions");
    }
    sealed.run(["index", "misto.pdf"]).code_is(0);
    // The page that a run without OCR left out is read now, though the file is the same.
    index(&programs.display().to_string()).code_is(0);
    let passages = sealed.passages_of("misto");
    let page = passages.iter().find(|passage| passage["page"] == 2).expect("a passage of the scanned page");
    let text = page["text"].as_str().expect("a text");
    assert!(text.starts_with("Il comune accoglie le famiglie venute da lontano, offre loro corsi"), "{text}");
    let calls = fs::read_to_string(sealed.path().join("calls")).expect("calls");
    assert!(calls.contains("-f 2 -l 2") && calls.contains("-l ita+eng"), "{calls}");
    assert!(!calls.contains("-f 1 "), "only the scan is drawn: {calls}");
}

// ---- hostile files ----

/// A PDF file of these objects, the first of which is the catalog.
fn pdf(objects: &[&[u8]]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        places.push(out.len());
        writeln!(out, "{} 0 obj", at + 1).unwrap();
        out.extend_from_slice(object);
        out.extend_from_slice(b"\nendobj\n");
    }
    let start = out.len();
    writeln!(out, "xref\n0 {}\n0000000000 65535 f ", objects.len() + 1).unwrap();
    for place in places {
        writeln!(out, "{place:010} 00000 n ").unwrap();
    }
    writeln!(out, "trailer\n<</Size {}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF", objects.len() + 1).unwrap();
    out
}

fn stream(dictionary: &str, data: &[u8]) -> Vec<u8> {
    let mut out = format!("<<{dictionary}/Length {}>>\nstream\n", data.len()).into_bytes();
    out.extend_from_slice(data);
    out.extend_from_slice(b"\nendstream");
    out
}

const CATALOG: &[u8] = b"<</Type/Catalog/Pages 2 0 R>>";
const PAGES: &[u8] = b"<</Type/Pages/Count 1/Kids[3 0 R]>>";
const FONT: &[u8] = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>";
const PAGE: &[u8] = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R\
                      /Resources<</Font<</F 5 0 R>>/XObject<</X 6 0 R>>>>>>";

fn packed(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// So many zero bytes, packed.
fn packed_zeros(megabytes: usize) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    let megabyte = vec![0; 1 << 20];
    for _ in 0..megabytes {
        encoder.write_all(&megabyte).unwrap();
    }
    encoder.finish().unwrap()
}

#[track_caller]
fn refused(bytes: &[u8], says: &str) {
    let error = read(bytes).expect_err("a hostile file is refused");
    assert!(error.message.contains(says), "{error}");
}

#[test]
fn what_is_no_pdf_is_refused() {
    refused(b"%PDF-1.7\n", "damaged");
    refused(b"%PDF-1.7\n%%EOF", "damaged");
    let noise: Vec<u8> = (0..50_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    refused(&[b"%PDF-1.7\n", &noise[..]].concat(), "damaged");
    refused(&pdf(&[CATALOG, b"<</Type/Pages/Count 0/Kids[]>>"]), "no pages");
}

#[test]
fn a_truncated_file_gives_what_is_left_or_an_error() {
    let whole = bytes("tex-two-columns");
    for tenths in 1..10 {
        if let Err(error) = read(&whole[..whole.len() * tenths / 10]) {
            assert!(error.message.contains("damaged"), "{error}");
        }
    }
}

#[test]
fn loops_end() {
    // A page tree that contains itself, and a page that is its own parent.
    let tree: &[u8] = b"<</Type/Pages/Count 2/Kids[2 0 R 3 0 R 3 0 R]/Parent 2 0 R>>";
    let content = stream("", b"BT /F 12 Tf 72 700 Td (Una riga di testo.) Tj ET /X Do");
    // A form that draws itself.
    let form =
        stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>", b"/X Do /X Do");
    let document = read(&pdf(&[CATALOG, tree, PAGE, &content, FONT, &form])).unwrap();
    assert_eq!(text(&document.blocks), "Una riga di testo.");
}

#[test]
fn absurd_counts_are_not_believed() {
    let pages = b"<</Type/Pages/Count 2000000000/Kids[3 0 R]>>";
    let content = stream("", b"BT /F 12 Tf 72 700 Td (Una riga di testo.) Tj ET");
    let document = read(&pdf(&[CATALOG, pages, PAGE, &content, FONT, FONT])).unwrap();
    assert_eq!(document.blocks.len(), 1);
}

#[test]
fn bombs_are_refused() {
    let content = |data: &[u8], filter: &str| {
        pdf(&[CATALOG, PAGES, PAGE, &stream(&format!("/Filter {filter}"), data), FONT, FONT])
    };
    let bomb = packed_zeros(400);
    refused(&content(&bomb, "/FlateDecode"), "exhaust");
    refused(&content(&packed(&bomb), "[/FlateDecode/FlateDecode]"), "exhaust");
    // Many streams that are each within the limit.
    let part = stream("/Filter/FlateDecode", &packed_zeros(110));
    let mut objects: Vec<&[u8]> = vec![CATALOG, PAGES, PAGE, &part, FONT];
    objects.extend([&part[..]; 10]);
    refused(&pdf(&objects), "exhaust");
    // Forms that draw forms, ten times each: a thousand million in the end.
    let page = stream("", b"/X Do");
    let fan = |next: usize| {
        let resources =
            format!("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X {next} 0 R>>>>");
        stream(&resources, &b"/X Do ".repeat(10))
    };
    let forms: Vec<Vec<u8>> = (7..16).map(fan).collect();
    let mut objects: Vec<&[u8]> = vec![CATALOG, PAGES, PAGE, &page, FONT];
    objects.extend(forms.iter().map(Vec::as_slice));
    refused(&pdf(&objects), "exhaust");
}

#[test]
fn deep_nesting_overflows_nothing() {
    let deep = [b"[".repeat(200_000), b"]".repeat(200_000)].concat();
    let content = stream(
        "",
        &[&deep[..], b" TJ BT /F 12 Tf 72 700 Td (Testo.) Tj ET ", &b"q ".repeat(100_000)].concat(),
    );
    assert!(read(&pdf(&[CATALOG, PAGES, PAGE, &content, FONT, &deep])).is_ok());
    let dictionaries = [b"<</A ".repeat(100_000), b">>".repeat(100_000)].concat();
    let catalog = [b"<</Type/Catalog/Pages 2 0 R/Names ", &dictionaries[..], b">>"].concat();
    // Read or refused: both are well, as long as the program goes on.
    let _ = read(&pdf(&[&catalog, PAGES, PAGE, &content, FONT, FONT]));
}

#[test]
fn a_hostile_file_costs_itself_only() {
    let sealed = Sealed::new();
    sealed.write("a/buono.pdf", bytes("libreoffice-one-column"));
    sealed.write(
        "a/bomba.pdf",
        pdf(&[CATALOG, PAGES, PAGE, &stream("/Filter/FlateDecode", &packed_zeros(400)), FONT]),
    );
    sealed.write("a/rotto.pdf", "%PDF-1.4 e poi niente");
    sealed.write("a/segreto.pdf", bytes("encrypted-password"));
    let run = sealed.run(["index", "a"]).code_is(2);
    let run =
        run.says(&["bomba.pdf: not read", "rotto.pdf: damaged", "segreto.pdf: encrypted with a password"]);
    assert!(run.stdout.contains("1 documents"), "{run}");
    assert!(!sealed.passages_of("buono").is_empty());
}
