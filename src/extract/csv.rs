//! Tables of documents (CSV, TSV): a header row, one record a document, a column of text.

use ::csv::{ReaderBuilder, StringRecord};

use super::{ExtractError, Extracted, one_line, read_date, record_blocks};
use crate::analysis::fold::fold;
use crate::document::{Language, Metadata};

pub(super) const VERSION: u32 = 1;

const DELIMITERS: &[u8] = b",;\t|";

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Id,
    Title,
    Text,
    Language,
    Date,
    Url,
    Publisher,
    Symbol,
    Licence,
    Primary,
}

/// The names of columns, folded, in Italian, English, French and Spanish.
const NAMES: &[(Column, &[&str])] = &[
    (
        Column::Id,
        &[
            "_id",
            "id",
            "doc_id",
            "docid",
            "identificativo",
            "identificatore",
            "identifier",
            "identifiant",
            "identificador",
        ],
    ),
    (Column::Title, &["title", "titolo", "titre", "titulo"]),
    (
        Column::Text,
        &[
            "text",
            "testo",
            "texte",
            "texto",
            "body",
            "corpo",
            "content",
            "contenuto",
            "contenu",
            "contenido",
            "passage",
            "passaggio",
        ],
    ),
    (Column::Language, &["lang", "language", "lingua", "langue", "idioma", "lengua"]),
    (Column::Date, &["date", "data", "fecha"]),
    (Column::Url, &["url", "uri", "link", "indirizzo", "collegamento", "lien", "enlace"]),
    (
        Column::Publisher,
        &[
            "publisher",
            "editore",
            "editeur",
            "editorial",
            "author",
            "autore",
            "auteur",
            "autor",
            "organizzazione",
            "organization",
        ],
    ),
    (Column::Symbol, &["symbol", "simbolo", "symbole", "cote", "signatura"]),
    (Column::Licence, &["licence", "license", "licenza", "licencia"]),
    (Column::Primary, &["primary", "primaria", "primario", "primaire"]),
];

fn column(name: &str) -> Option<Column> {
    let folded = fold(name.trim());
    NAMES.iter().find(|(_, names)| names.contains(&folded.as_str())).map(|&(column, _)| column)
}

/// The columns of a header row.
struct Header {
    delimiter: u8,
    names: StringRecord,
}

impl Header {
    /// Reads the first record with the delimiter that divides it most; the comma where none does.
    fn read(text: &str) -> Option<Header> {
        let mut best: Option<Header> = None;
        for &delimiter in DELIMITERS {
            let mut reader = ReaderBuilder::new()
                .delimiter(delimiter)
                .has_headers(false)
                .flexible(true)
                .from_reader(text.as_bytes());
            let Some(Ok(names)) = reader.records().next() else {
                continue;
            };
            if best.as_ref().is_none_or(|best| names.len() > best.names.len()) {
                best = Some(Header { delimiter, names });
            }
        }
        best
    }

    fn index(&self, wanted: Column) -> Option<usize> {
        self.names.iter().position(|name| column(name) == Some(wanted))
    }
}

/// Whether a text without a telling name is a table of documents: its first line names a column of ids and one of text,
/// and little else that is unknown.
pub(super) fn is_table(head: &str) -> bool {
    let Some(first) = head.lines().next().filter(|line| line.len() < 1000) else {
        return false;
    };
    let Some(header) = Header::read(first) else {
        return false;
    };
    let known = header.names.iter().filter(|name| column(name).is_some()).count();
    header.index(Column::Id).is_some()
        && header.index(Column::Text).is_some()
        && known * 2 > header.names.len()
}

/// Reads every record, handing over a bad one as an error with its line.
///
/// # Errors
/// A table without a column of text.
pub(super) fn extract(
    text: &str,
    each: &mut dyn FnMut(Result<Extracted, ExtractError>),
) -> Result<(), ExtractError> {
    if text.trim().is_empty() {
        return Ok(());
    }
    let header = Header::read(text).ok_or_else(|| ExtractError::new("the table has no header row"))?;
    let Some(text_column) = header.index(Column::Text) else {
        let names: Vec<String> = header.names.iter().take(12).map(one_line).collect();
        return Err(ExtractError::new(format!(
            "no column of the header is called text, testo, texte or texto; its columns are: {}",
            names.join(", ")
        )));
    };
    let columns = Columns { header: &header, text: text_column };
    let mut reader = ReaderBuilder::new()
        .delimiter(header.delimiter)
        .has_headers(true)
        .flexible(true)
        .from_reader(text.as_bytes());
    for (at, record) in reader.records().enumerate() {
        let result = match record {
            Ok(record) => {
                let line = record.position().map(|position| position.line() as usize);
                columns.document(&record, at + 1).map_err(|error| ExtractError { line, ..error })
            }
            Err(error) => Err(ExtractError::new(format!("not a record: {error}"))),
        };
        each(result);
    }
    Ok(())
}

struct Columns<'h> {
    header: &'h Header,
    text: usize,
}

impl Columns<'_> {
    fn document(&self, record: &StringRecord, number: usize) -> Result<Extracted, ExtractError> {
        if record.len() != self.header.names.len() {
            return Err(ExtractError::new(format!(
                "the record has {} cells where the header has {}; a cell with a delimiter or a line end needs quotation marks",
                record.len(),
                self.header.names.len()
            )));
        }
        let cell = |wanted: Column| -> Option<String> {
            let text = record.get(self.header.index(wanted)?)?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        let id = cell(Column::Id);
        let language = cell(Column::Language)
            .map(|code| code.parse::<Language>().map_err(ExtractError::new))
            .transpose()?;
        let metadata = Metadata {
            title: cell(Column::Title).map(|title| one_line(&title)),
            publisher: cell(Column::Publisher).map(|publisher| one_line(&publisher)),
            date: cell(Column::Date).map(|date| read_date(&date)).transpose()?,
            language,
            url: cell(Column::Url),
            symbol: cell(Column::Symbol),
            licence: cell(Column::Licence),
            primary: cell(Column::Primary).map(|text| {
                matches!(fold(&text).as_str(), "1" | "true" | "yes" | "y" | "si" | "s" | "vero" | "oui" | "x")
            }),
        };
        Ok(Extracted {
            // A record without an id of its own goes by its number, counted from 1 after the header.
            below: id.is_none().then(|| number.to_string()),
            id,
            metadata,
            blocks: record_blocks(record.get(self.text).unwrap_or_default()),
            ..Extracted::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Result<Extracted, ExtractError>> {
        let mut seen = Vec::new();
        extract(text, &mut |result| seen.push(result)).unwrap();
        seen
    }

    #[test]
    fn records_are_documents_whatever_divides_the_cells() {
        for text in [
            "id,titolo,testo,lingua,data,editore\nn1,Il porto,\"Uno, due.\n\nTre.\",it,19 dicembre 2018,OIM\n",
            "id;Titolo;Testo;Lingua;Data;Editore\nn1;Il porto;\"Uno, due.\n\nTre.\";it;19/12/2018;OIM\n",
            "id\ttitle\ttext\tlang\tdate\tpublisher\nn1\tIl porto\t\"Uno, due.\n\nTre.\"\tit\t2018-12-19\tOIM\n",
        ] {
            let seen = read(text);
            let record = seen[0].as_ref().unwrap();
            assert_eq!(record.id.as_deref(), Some("n1"), "{text}");
            assert_eq!(record.metadata.title.as_deref(), Some("Il porto"));
            assert_eq!(record.metadata.date.unwrap().to_string(), "2018-12-19");
            assert_eq!(record.blocks.len(), 2);
            assert_eq!(record.blocks[0].text, "Uno, due.");
            assert!(is_table(text));
        }
    }

    #[test]
    fn bad_records_are_named_by_line_and_the_others_read() {
        let seen = read("testo,data\nuno,\ndue,ieri\ntre\n\"quattro, 4\",2018\n");
        assert_eq!(seen[0].as_ref().unwrap().below.as_deref(), Some("1"));
        assert_eq!(seen[1].as_ref().unwrap_err().line, Some(3));
        assert_eq!(seen[2].as_ref().unwrap_err().line, Some(4));
        assert_eq!(seen[3].as_ref().unwrap().below.as_deref(), Some("4"));
    }

    #[test]
    fn a_table_without_text_says_what_it_has() {
        let error = extract("nome,cognome\na,b\n", &mut |_| {}).unwrap_err();
        assert!(error.message.contains("nome, cognome"), "{error}");
        assert!(!is_table("Il testo, l'id e il resto\n"));
        extract("", &mut |_| {}).unwrap();
    }
}
