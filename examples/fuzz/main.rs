//! Feeds damaged input to the extractors, to segmentation and to what reads the files that people write, and reports what
//! panics, hangs or loses text.
//!
//!     cargo run --example fuzz -- FORMAT SECONDS [SEED]
//!
//! FORMAT is that of an extractor (`pdf`, `docx`, …), `detect` or `segment`; or `query`, `batch`, `taxonomy`, `overrides` or
//! `documents`. The files that it starts from are those of
//! `tests/fixtures`. It needs no special compiler; `fuzz/` holds targets for cargo-fuzz, which finds more. What it finds is
//! written to the folder `target/fuzz`.

mod inputs;

use std::fs;
use std::io::{Cursor, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use gcm_search::document::{Block, BlockKind, Document, Metadata};
use gcm_search::extract::{ExtractLimits, Format, extract};
use gcm_search::segment::segment;

/// A file that takes longer is a finding.
const SLOW: Duration = Duration::from_secs(5);
/// The largest file that is made.
const MAX_BYTES: usize = 1 << 20;

/// Bytes and words that mean something to one format or another.
const WORDS: &[&[u8]] = &[
    b"\0",
    b"\xFF\xFF\xFF\xFF",
    b"\x7F\xFF\xFF\xFF",
    b"-1",
    b"4294967296",
    b"<",
    b">",
    b"</",
    b"<!--",
    b"]]>",
    b"&#0;",
    b"&#xD800;",
    b"\\u-1?",
    b"\\bin999999 ",
    b"{",
    b"}",
    b"\\'",
    b"\\*",
    b"\\trowd",
    b"obj",
    b"endobj",
    b"stream\r\n",
    b"<<",
    b">>",
    b"[",
    b"]",
    b"/Kids",
    b"/Parent",
    b"/Contents",
    b"/FontMatrix",
    b"Tj",
    b"Do",
    b"\"",
    b",",
    b"\n",
    b"\r\n",
    b"---\n",
    b"+++\n",
    b"](",
    b"```",
    b"> ",
    b"    ",
    b"|",
    b"\xE2\x80\xAE",
    b"\xCC\x81",
    b"\xEF\xBB\xBF",
    b"\xFF\xFE",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"=?utf-8?b?",
    b"boundary=",
];

/// A small generator of random numbers (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// Damages a file in a few places.
fn damage(random: &mut Random, file: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = file.to_vec();
    for _ in 0..=random.below(8) {
        if bytes.is_empty() {
            bytes.push(random.next() as u8);
        }
        let at = random.below(bytes.len());
        let end = (at + 1 + random.below(64)).min(bytes.len());
        match random.below(8) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.next() as u8,
            2 => drop(bytes.drain(at..end)),
            3 => {
                let part = bytes[at..end].repeat(1 + random.below(64));
                bytes.splice(at..at, part);
            }
            4 => bytes.truncate(at),
            5 => {
                let from = random.below(other.len());
                let to = (from + random.below(512)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            _ => {
                let word = WORDS[random.below(WORDS.len())];
                bytes.splice(at..at, word.iter().copied());
            }
        }
        bytes.truncate(MAX_BYTES);
    }
    bytes
}

/// Damages one part of a ZIP container and packs it again: else nearly all damage would end at the checksums.
fn damage_part(random: &mut Random, file: &[u8], other: &[u8]) -> Option<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).ok()?;
    let chosen = random.below(archive.len());
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).ok()?;
        let name = entry.name().ok()?.into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).ok()?;
        if at == chosen {
            bytes = damage(random, &bytes, other);
        }
        writer.start_file(name, options).ok()?;
        writer.write_all(&bytes).ok()?;
    }
    writer.finish().ok().map(Cursor::into_inner)
}

/// Something that reads bytes, with its name.
type Reader = (&'static str, fn(&[u8]));

/// What is read of what people write, by name.
const WRITTEN: &[Reader] = &[
    ("query", |bytes| inputs::query(&String::from_utf8_lossy(bytes))),
    ("batch", inputs::batch),
    ("taxonomy", |bytes| inputs::taxonomy(&String::from_utf8_lossy(bytes))),
    ("overrides", |bytes| inputs::overrides(&String::from_utf8_lossy(bytes))),
    ("documents", |bytes| inputs::documents(&String::from_utf8_lossy(bytes))),
];

/// What an input did wrong, if anything.
fn try_one(name: &str, format: Option<Format>, bytes: &[u8]) -> Result<(), String> {
    match format {
        Some(format) => {
            let mut all = Vec::new();
            let result =
                extract(format, name, bytes, &ExtractLimits::default(), &mut |document| all.push(document));
            let errors = all.into_iter().filter_map(Result::err).chain(result.err());
            let caught = errors.map(|error| error.message).find(|message| message.contains("cannot bear"));
            caught.map_or(Ok(()), Err)
        }
        None if name == "detect" => {
            let _ = Format::detect("file.bin", bytes);
            Ok(())
        }
        None => match WRITTEN.iter().find(|(written, _)| *written == name) {
            Some((_, read)) => {
                read(bytes);
                Ok(())
            }
            None => whole_passages(&String::from_utf8_lossy(bytes)),
        },
    }
}

/// Segmentation keeps every word, in order.
fn whole_passages(text: &str) -> Result<(), String> {
    let kinds = [BlockKind::Paragraph, BlockKind::ListItem, BlockKind::TableRow, BlockKind::Footnote];
    let blocks =
        text.split("\n\n").enumerate().map(|(at, text)| Block::new(kinds[at % kinds.len()], text.trim()));
    let blocks: Vec<Block> = blocks.filter(|block| !block.text.is_empty()).collect();
    let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let before: String = blocks.iter().map(|block| letters(&block.text)).collect();
    let document =
        Document { id: "d".to_owned(), path: "d".to_owned(), metadata: Metadata::default(), blocks };
    let after: String = segment(&document).iter().map(|passage| letters(&passage.text)).collect();
    if before == after { Ok(()) } else { Err("segmentation lost or moved text".to_owned()) }
}

fn fixtures(folder: &Path, out: &mut Vec<Vec<u8>>, wanted: &dyn Fn(&str, &[u8]) -> bool) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            fixtures(&path, out, wanted);
        } else if let Ok(bytes) = fs::read(&path)
            && bytes.len() <= MAX_BYTES
            && wanted(&path.to_string_lossy(), &bytes)
        {
            out.push(bytes);
        }
    }
}

/// A taxonomy with one of everything.
const SMALL_TAXONOMY: &str = r#"format = 1
[[scheme]]
id = "actor"
labels = { it = "Attore", en = "Actor", fr = "Acteur", es = "Actor" }
[[concept]]
id = "schools"
scheme = "actor"
labels = { it = "Scuole", en = "Schools", fr = "Écoles", es = "Escuelas" }
also = ["istituti scolastici"]
[[term]]
concept = "schools"
lang = "it"
strong = ["scuola|liceo", "^Ministero dell'istruzione", "=preside"]
medium = ["insegnante", "alunn*"]
[[mask]]
lang = "it"
text = "scuola di pensiero"
hides = ["schools"]
example = "È una scuola di pensiero del Novecento."
[[context]]
concept = "schools"
lang = "it"
text = "banco"
near = ["alunn*", "lezione"]
not_near = ["pegni"]
weight = "medium"
example = "L'alunna torna al banco."
counter = "Il banco dei pegni presta agli alunni."
"#;

/// Small files of the formats that no fixture is of.
fn made(name: &str) -> Vec<Vec<u8>> {
    let mhtml = "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/html\r\n\
                 Content-Transfer-Encoding: quoted-printable\r\n\r\n<html><body><p>Le comunit=C3=A0</p></body></html>\r\n--b--\r\n";
    let written = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    match name {
        "query" => written(&[
            "autorità locali",
            "+(\"coesione sociale\"~8 OR integr*) -prefeti~2 lang:it",
            "title:«Patto globale» AND NOT attore:stati (art. 13 A/RES/73/195)",
            "chi cura l'integrazione dei migranti nei comuni?",
        ]),
        "batch" => written(&[
            "autorità locali\nmigranti\n",
            "q1\tautorità locali\nq2\t\"coesione\"\n",
            "id,query,lang\n1,\"a, b\",it\n2,c,en|fr\n",
            "{\"_id\":\"1\",\"query\":\"a\",\"filters\":{\"lang\":[\"it\"]},\"limit\":3}\n{\"id\":2,\"text\":\"b\"}\n",
            "<top>\n<num> Number: 7\n<title> migranti\n<desc> x\n</top>\n",
        ]),
        "taxonomy" => written(&[SMALL_TAXONOMY]),
        "overrides" => written(&[
            "[[override]]\nid = \"a#4\"\nadd = [\"local-authorities\", \"globale\"]\nremove = [\"actor:states\"]\nnote = \"x\"\n",
        ]),
        "documents" => written(&[
            "ignore = [\"b.txt\"]\n[[document]]\npath = \"a.txt\"\ntitle = \"T\"\ndate = \"2018-12\"\nlanguage = \"it\"\nprimary = true\n",
        ]),
        "csv" => {
            vec![b"id,title,text,date\n1,\"Il, porto\",\"I prefetti.\",2018\n2,x,y,2019-01-01\n".to_vec()]
        }
        "jsonl" => {
            vec![b"{\"_id\":\"1\",\"title\":\"t\",\"text\":\"I prefetti.\",\"lang\":\"it\"}\n".to_vec()]
        }
        "mhtml" => vec![mhtml.as_bytes().to_vec()],
        "tar" => {
            let mut head = vec![0; 512];
            head[..5].copy_from_slice(b"a.txt");
            head[100..107].copy_from_slice(b"0000644");
            head[124..135].copy_from_slice(b"00000000013");
            head[257..263].copy_from_slice(b"ustar\0");
            head[148..156].copy_from_slice(b"        ");
            let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
            head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            vec![[head, b"I prefetti.".to_vec(), vec![0; 501 + 1024]].concat()]
        }
        _ => Vec::new(),
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (Some(name), Some(seconds)) = (args.first(), args.get(1).and_then(|seconds| seconds.parse().ok()))
    else {
        eprintln!("usage: fuzz FORMAT SECONDS [SEED]");
        return ExitCode::from(2);
    };
    let format = Format::ALL.into_iter().find(|format| format.name() == name);
    let is_written = WRITTEN.iter().any(|(written, _)| written == name);
    if format.is_none() && !is_written && !["detect", "segment"].contains(&name.as_str()) {
        eprintln!("no format {name}");
        return ExitCode::from(2);
    }
    let wanted = |path: &str, bytes: &[u8]| match format {
        Some(format) => Format::detect(path, bytes) == Ok(format),
        None => name == "detect" || (!is_written && path.ends_with(".txt")),
    };
    let mut files = made(name);
    fixtures(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"), &mut files, &wanted);
    if matches!(format, Some(Format::Zip | Format::Gzip)) {
        // Any container and any stream will do: what is in them is damaged with them.
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        fixtures(&root, &mut files, &|_, bytes| bytes.starts_with(b"PK"));
    }
    if files.is_empty() {
        files.push(b"I prefetti.".to_vec());
    }
    std::panic::set_hook(Box::new(|_| {}));
    let seed = args.get(2).and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ seed);
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut runs, mut found) = (0_u64, 0_u64);
    while Instant::now() < end {
        let (one, other) = (random.below(files.len()), random.below(files.len()));
        let part =
            if random.below(8) > 0 { damage_part(&mut random, &files[one], &files[other]) } else { None };
        let bytes = part.unwrap_or_else(|| damage(&mut random, &files[one], &files[other]));
        let start = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| try_one(name, format, &bytes)));
        let took = start.elapsed();
        runs += 1;
        let wrong = match result {
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                Some(
                    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                        .unwrap_or_default(),
                )
            }
            Ok(Err(wrong)) => Some(wrong),
            Ok(Ok(())) if took > SLOW => Some(format!("took {took:?}")),
            Ok(Ok(())) => None,
        };
        if let Some(wrong) = wrong {
            found += 1;
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/fuzz");
            let file = folder.join(format!("{name}-{seed}-{runs}"));
            if let Err(error) = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, &bytes)) {
                eprintln!("{}: {error}", file.display());
            }
            println!("{}: {wrong}", file.display());
        }
    }
    println!("{name}: {runs} files, {found} findings");
    if found == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
