//! What a PDF file says of itself: the information dictionary, XMP, the language of the catalog, the symbol at the head
//! of its first page.

use hayro_syntax::Pdf;
use hayro_syntax::metadata::Metadata as Info;
use hayro_syntax::object::{Array, Dict, Name, Object, Stream, String as PdfString};

use super::super::symbols;
use super::furniture::to_roman;
use super::layout::{Word, rows};
use super::strings;
use crate::analysis::fold;
use crate::document::{Block, BlockKind, Date, Language, Metadata};

/// How many rows from the top the symbol of a document stands within.
const SYMBOL_ROWS: usize = 14;
/// The longest label of a page that is taken for one, in characters.
const MAX_LABEL_CHARS: usize = 12;
/// How many ranges of labels are read, and how deep their tree may be.
const MAX_LABEL_RANGES: usize = 10_000;
const MAX_TREE_DEPTH: u32 = 8;
/// The most of an XMP packet that is read, in bytes.
const MAX_XMP_BYTES: usize = 1 << 20;

/// Reads title, date and language; what is missing in the dictionaries is looked for in XMP.
pub(super) fn metadata(pdf: &Pdf) -> Metadata {
    let info: &Info = pdf.metadata();
    let catalog = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id());
    let xmp = catalog
        .as_ref()
        .and_then(|catalog| catalog.get::<Stream<'_>>("Metadata"))
        .and_then(|stream| stream.decoded_data().ok())
        .map(|data| String::from_utf8_lossy(&data[..data.len().min(MAX_XMP_BYTES)]).into_owned())
        .unwrap_or_default();
    let title = info.title.as_deref().map(strings::decode).and_then(|title| good_title(&title));
    let date = info.creation_date.and_then(|date| {
        format!("{:04}-{:02}-{:02}", date.year, date.month.max(1), date.day.max(1)).parse::<Date>().ok()
    });
    let language = catalog
        .as_ref()
        .and_then(|catalog| catalog.get::<PdfString<'_>>("Lang"))
        .map(|language| strings::decode(language.as_bytes()));
    Metadata {
        title: title.or_else(|| xmp_value(&xmp, "dc:title").and_then(|title| good_title(&title))),
        date: date.or_else(|| xmp_value(&xmp, "xmp:CreateDate").and_then(|date| date.parse().ok())),
        language: language
            .or_else(|| xmp_value(&xmp, "dc:language"))
            .and_then(|language| language.parse::<Language>().ok()),
        ..Metadata::default()
    }
}

/// A title, unless it is only what a program writes where nobody gave one.
fn good_title(title: &str) -> Option<String> {
    let title = fold::clean(title).lines().collect::<Vec<_>>().join(" ");
    let mut rest = title.as_str();
    for program in ["Microsoft Word", "Microsoft PowerPoint", "Microsoft Excel", "PowerPoint Presentation"] {
        if let Some(after) = rest.strip_prefix(program) {
            rest = after.trim_start_matches([' ', '-', '–']);
        }
    }
    let lower = rest.to_lowercase();
    const FILES: [&str; 14] = [
        ".doc", ".docx", ".odt", ".pdf", ".rtf", ".tex", ".dvi", ".indd", ".qxd", ".qxp", ".pptx", ".ppt",
        ".pmd", ".wpd",
    ];
    const NOTHING: [&str; 10] = [
        "untitled",
        "untitled document",
        "senza titolo",
        "sans titre",
        "sin titulo",
        "documento",
        "document",
        "slide 1",
        "layout 1",
        "title",
    ];
    let numbered = lower.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end();
    let is_file = FILES.iter().any(|end| lower.ends_with(end)) || rest.contains('\\');
    let is_nothing = NOTHING.contains(&numbered) || NOTHING.contains(&lower.as_str());
    // "N1845199" or "bozza_finale_3" are names of files, too.
    let is_code = !rest.contains(' ') && (rest.contains('_') || rest.contains(|c: char| c.is_ascii_digit()));
    let has_word = rest.chars().filter(|c| c.is_alphabetic()).count() >= 3;
    (!is_file && !is_nothing && !is_code && has_word).then(|| rest.to_owned())
}

/// The text of an XMP property, or of its first alternative.
fn xmp_value(xmp: &str, name: &str) -> Option<String> {
    let start = xmp.find(&format!("<{name}"))?;
    let end = start + xmp[start..].find(&format!("</{name}>"))?;
    let element = &xmp[start..end];
    // What stands between the innermost tags.
    let text = element
        .split('>')
        .filter_map(|part| part.split('<').next())
        .skip(1)
        .map(str::trim)
        .find(|text| !text.is_empty())?;
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&");
    Some(text)
}

/// The labels that the file gives its pages (ISO 32000-2, 12.4.2), if it gives any.
pub(super) fn page_labels(pdf: &Pdf, pages: usize) -> Vec<Option<String>> {
    let mut starts: Vec<(usize, Style)> = Vec::new();
    let catalog = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id());
    if let Some(tree) = catalog.and_then(|catalog| catalog.get::<Dict<'_>>("PageLabels")) {
        read_labels(&tree, 0, &mut starts);
    }
    starts.sort_by_key(|(start, _)| *start);
    (0..pages)
        .map(|page| {
            let (start, style) = starts.iter().rev().find(|(start, _)| *start <= page)?;
            let number = style.first.checked_add(i64::try_from(page - start).ok()?)?;
            let counted = match style.letter.as_deref() {
                Some("D") => number.to_string(),
                Some("r") => to_roman(number),
                Some("R") => to_roman(number).to_uppercase(),
                // Letters are rare, and no number at all is a cover.
                _ => String::new(),
            };
            let label = format!("{}{counted}", style.prefix);
            (!label.trim().is_empty() && label.chars().count() <= MAX_LABEL_CHARS).then_some(label)
        })
        .collect()
}

/// How the pages from one on are counted.
struct Style {
    letter: Option<String>,
    prefix: String,
    first: i64,
}

fn read_labels(node: &Dict<'_>, depth: u32, starts: &mut Vec<(usize, Style)>) {
    if depth > MAX_TREE_DEPTH || starts.len() > MAX_LABEL_RANGES {
        return;
    }
    if let Some(numbers) = node.get::<Array<'_>>("Nums") {
        let mut entries = numbers.iter::<Object<'_>>();
        while let (Some(start), Some(style)) = (entries.next(), entries.next()) {
            let (Some(start), Some(style)) = (start.into_i32(), style.into_dict()) else {
                continue;
            };
            let Ok(start) = usize::try_from(start) else {
                continue;
            };
            let prefix = style.get::<PdfString<'_>>("P").map(|prefix| strings::decode(prefix.as_bytes()));
            starts.push((
                start,
                Style {
                    letter: style.get::<Name<'_>>("S").map(|name| name.as_str().to_owned()),
                    prefix: prefix.map(|prefix| fold::clean(&prefix)).unwrap_or_default(),
                    first: style.get::<i32>("St").map_or(1, i64::from),
                },
            ));
            if starts.len() > MAX_LABEL_RANGES {
                return;
            }
        }
    }
    if let Some(kids) = node.get::<Array<'_>>("Kids") {
        for kid in kids.iter::<Dict<'_>>() {
            read_labels(&kid, depth + 1, starts);
        }
    }
}

/// The official symbol at the head of a first page, such as `A/RES/73/195`, also where it is in a running head.
pub(super) fn symbol(words: &[Word]) -> Option<String> {
    const WIDE_GAP: f32 = 1.5;
    const FEW_WORDS: usize = 5;
    let rows = rows(words.to_vec());
    let parts = rows.iter().take(SYMBOL_ROWS).flat_map(|row| {
        let size = row.size();
        row.words.chunk_by(move |a, b| b.x0 - a.x1 < WIDE_GAP * size)
    });
    // In a longer part it is the symbol of another document.
    let blocks: Vec<Block> = parts
        .filter(|part| part.len() <= FEW_WORDS)
        .map(|part| {
            let texts: Vec<&str> = part.iter().map(|word| word.text.as_str()).collect();
            Block::new(BlockKind::Paragraph, texts.join(" "))
        })
        .collect();
    symbols::of_document(None, &blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn junk_is_no_title() {
        for junk in [
            "",
            "Microsoft Word - bozza_finale.doc",
            "Untitled",
            "Untitled-1",
            "Senza titolo 2",
            "N1845199",
            "C:\\Documenti\\x",
            "PowerPoint Presentation",
            "Documento1",
            "rapporto.indd",
        ] {
            assert_eq!(good_title(junk), None, "{junk}");
        }
        assert_eq!(good_title("Microsoft Word - Il Patto globale"), Some("Il Patto globale".to_owned()));
        assert_eq!(good_title("Glossario 2019"), Some("Glossario 2019".to_owned()));
    }

    #[test]
    fn xmp_is_read() {
        let xmp = "<rdf:Description><dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">Uno &amp; due</rdf:li></rdf:Alt>\
                   </dc:title><xmp:CreateDate>2018-12-19T10:00:00Z</xmp:CreateDate></rdf:Description>";
        assert_eq!(xmp_value(xmp, "dc:title").as_deref(), Some("Uno & due"));
        assert_eq!(xmp_value(xmp, "xmp:CreateDate").as_deref(), Some("2018-12-19T10:00:00Z"));
        assert_eq!(xmp_value(xmp, "dc:language"), None);
    }
}
