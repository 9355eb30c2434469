//! Reading queries, one at a time, from a stream that may never end: plain lines, TSV, CSV with a header, JSON Lines or
//! TREC topics, told apart by the first line.

use std::io::{self, BufRead};

use serde_json::Value;

use crate::analysis::fold::fold;
use crate::filters::is_filter_name;
use crate::suggest::nearest;
use crate::taxonomy::Taxonomy;

/// The longest line, record or topic that is read, in bytes; a longer one is no query but a missing line end.
pub const MAX_LINE: usize = 1 << 20;

/// What parts the values of a filter in one cell.
pub const VALUE_SEPARATOR: char = '|';

/// The form of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputFormat {
    /// A query a line; its id is the number of the line.
    Lines,
    /// An id, a tab and the query; or columns named by a header.
    Tsv,
    /// Columns named by a header, separated by commas or semicolons.
    Csv,
    /// A JSON object a line.
    Jsonl,
    /// Topics as TREC wrote them: `<top>`, `<num>`, `<title>`.
    Trec,
}

/// A query as it was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The line on which it begins, from 1.
    pub number: u64,
    /// Its id; the number of the line where it has none.
    pub id: String,
    /// The query.
    pub query: String,
    /// What it is limited to: names of filters and values.
    pub filters: Vec<(String, String)>,
    /// How many hits, where it says so.
    pub limit: Option<usize>,
    /// How many hits to pass over, where it says so.
    pub offset: Option<usize>,
}

impl Asked {
    /// The same line as one that cannot be answered.
    pub fn bad(self, reason: impl Into<String>) -> BadLine {
        BadLine { number: self.number, id: Some(self.id), query: Some(self.query), reason: reason.into() }
    }
}

/// A line that is no query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// The line, from 1.
    pub number: u64,
    /// The id of the query, where it could be read.
    pub id: Option<String>,
    /// The query, where it could be read.
    pub query: Option<String>,
    /// What is wrong, in words for a person.
    pub reason: String,
}

impl BadLine {
    fn new(number: u64, reason: impl Into<String>) -> BadLine {
        BadLine { number, id: None, query: None, reason: reason.into() }
    }
}

/// A stream of queries.
pub struct Queries<R> {
    lines: Lines<R>,
    form: Form,
}

enum Form {
    Lines,
    Tsv(Option<Vec<Column>>),
    Csv(Box<Csv>),
    Jsonl(Names),
    Trec,
}

struct Csv {
    columns: Vec<Column>,
    reader: csv_core::Reader,
    /// The lines before the one that the reader began with.
    lines_before: u64,
}

/// What a column or a field of an object holds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    Id,
    Query,
    Limit,
    Offset,
    Filter(String),
    Other,
}

/// The names of columns and fields.
#[derive(Clone)]
struct Names {
    filters: Vec<String>,
}

const ID: &[&str] = &["id", "_id", "qid"];
const QUERY: &[&str] = &["query", "text"];

impl Names {
    fn column(&self, name: &str) -> Result<Column, String> {
        let name = name.trim();
        let folded = name.to_lowercase();
        Ok(match folded.as_str() {
            id if ID.contains(&id) => Column::Id,
            query if QUERY.contains(&query) => Column::Query,
            "limit" => Column::Limit,
            "offset" => Column::Offset,
            _ if self.filters.contains(&fold(name)) => Column::Filter(name.to_owned()),
            _ => {
                let known = ID.iter().chain(QUERY).copied().chain(["limit", "offset", "filters"]);
                let known = known.chain(self.filters.iter().map(String::as_str));
                // What is nearly a name of ours is a slip; what is far from all is somebody else's and passed over.
                match nearest(name, known.filter(|known| known.len() > 3)) {
                    Some(near) => return Err(format!("\"{name}\" is unknown; did you mean \"{near}\"?")),
                    None => Column::Other,
                }
            }
        })
    }

    /// What the columns of a header hold; nothing where the cells are no header.
    fn header(&self, cells: &[&str]) -> Option<Result<Vec<Column>, String>> {
        let known = |cell: &&&str| matches!(self.column(cell), Ok(column) if column != Column::Other);
        let has_query = cells.iter().any(|cell| self.column(cell) == Ok(Column::Query));
        if !has_query || cells.iter().filter(known).count() < 2 {
            return None;
        }
        Some(self.columns(cells))
    }

    fn columns(&self, cells: &[&str]) -> Result<Vec<Column>, String> {
        let columns = cells.iter().map(|cell| self.column(cell)).collect::<Result<Vec<_>, _>>()?;
        if !columns.contains(&Column::Query) {
            return Err("no column is called \"query\" or \"text\"".to_owned());
        }
        Ok(columns)
    }
}

impl<R: BufRead> Queries<R> {
    /// Looks at the first line and makes ready to read the queries. The taxonomy tells the names of the filters.
    ///
    /// # Errors
    /// An input that cannot be read, or is not UTF-8 text; a header that a CSV file should have and has not.
    pub fn open(input: R, format: Option<InputFormat>, taxonomy: &Taxonomy) -> io::Result<Queries<R>> {
        let mut lines = Lines { input, pushed_back: None, number: 0 };
        let names = Names { filters: filter_names(taxonomy) };
        let Some(first) = lines.first()? else {
            return Ok(Queries { lines, form: Form::Lines });
        };
        let wrong = |number: u64, reason: String| {
            io::Error::new(io::ErrorKind::InvalidData, format!("line {number}, the header: {reason}"))
        };
        let trimmed = first.text.trim();
        let cells_by = |separator: char| -> Vec<&str> {
            trimmed.split(separator).map(|cell| cell.trim().trim_matches('"')).collect()
        };
        let csv = |separator: u8, columns: Vec<Column>| {
            Form::Csv(Box::new(Csv {
                columns,
                reader: csv_core::ReaderBuilder::new().delimiter(separator).build(),
                lines_before: first.number,
            }))
        };
        let tsv_header = || names.header(&cells_by('\t'));
        let form = match format {
            Some(InputFormat::Lines) => Form::Lines,
            Some(InputFormat::Jsonl) => Form::Jsonl(names),
            Some(InputFormat::Trec) => Form::Trec,
            Some(InputFormat::Tsv) => {
                Form::Tsv(tsv_header().transpose().map_err(|reason| wrong(first.number, reason))?)
            }
            Some(InputFormat::Csv) => {
                let separator = [';', ','].into_iter().max_by_key(|&separator| cells_by(separator).len());
                let separator = separator.unwrap_or(',');
                let columns =
                    names.columns(&cells_by(separator)).map_err(|reason| wrong(first.number, reason))?;
                csv(separator as u8, columns)
            }
            None if trimmed.starts_with('{') => Form::Jsonl(names),
            None if trimmed.to_lowercase().starts_with("<top>") => Form::Trec,
            None if trimmed.contains('\t') => {
                Form::Tsv(tsv_header().transpose().map_err(|reason| wrong(first.number, reason))?)
            }
            None => [',', ';']
                .into_iter()
                .find_map(|separator| Some((separator, names.header(&cells_by(separator))?)))
                .map(|(separator, columns)| {
                    let columns = columns.map_err(|reason| wrong(first.number, reason))?;
                    Ok::<Form, io::Error>(csv(separator as u8, columns))
                })
                .transpose()?
                .unwrap_or(Form::Lines),
        };
        let is_header = matches!(form, Form::Csv(_) | Form::Tsv(Some(_)));
        if !is_header {
            lines.pushed_back = Some(first);
        }
        Ok(Queries { lines, form })
    }
}

impl<R: BufRead> Iterator for Queries<R> {
    type Item = io::Result<Result<Asked, BadLine>>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Form::Csv(csv) = &mut self.form {
            return csv.record(&mut self.lines.input).transpose();
        }
        loop {
            let line = match self.lines.next_line() {
                Ok(Some(Ok(line))) if line.text.trim().is_empty() => continue,
                Ok(Some(Ok(line))) => line,
                Ok(Some(Err(bad))) => return Some(Ok(Err(bad))),
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            };
            let asked = match &self.form {
                Form::Lines => Ok(Asked {
                    number: line.number,
                    id: line.number.to_string(),
                    query: line.text.trim().to_owned(),
                    ..Asked::default()
                }),
                Form::Tsv(columns) => tab_separated(columns.as_deref(), &line),
                Form::Jsonl(names) => object(names, &line),
                Form::Trec => match topic(&mut self.lines, &line) {
                    Ok(topic) => topic,
                    Err(error) => return Some(Err(error)),
                },
                // Read above, record by record.
                Form::Csv(_) => return None,
            };
            return Some(Ok(asked));
        }
    }
}

/// The names of the filters, folded: those of all schemes and the fixed ones, in every language.
fn filter_names(taxonomy: &Taxonomy) -> Vec<String> {
    let fixed = [
        "tag",
        "lang",
        "language",
        "lingua",
        "langue",
        "idioma",
        "document",
        "documento",
        "doc",
        "publisher",
        "editore",
        "since",
        "until",
        "dal",
        "al",
    ];
    let schemes = taxonomy.schemes.iter().flat_map(|scheme| {
        let labels = &scheme.labels;
        [&scheme.id, &labels.it, &labels.en, &labels.fr, &labels.es].map(|name| fold(name))
    });
    let mut names: Vec<String> = fixed.map(str::to_owned).into_iter().chain(schemes).collect();
    names.retain(|name| is_filter_name(taxonomy, name));
    names.sort();
    names.dedup();
    names
}

// ---- lines ----

#[derive(Debug, Clone)]
struct Line {
    number: u64,
    text: String,
}

struct Lines<R> {
    input: R,
    pushed_back: Option<Line>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// The first line that is not blank, without a byte order mark.
    fn first(&mut self) -> io::Result<Option<Line>> {
        loop {
            match self.next_line()? {
                None => return Ok(None),
                Some(Ok(mut line)) => {
                    if line.number == 1
                        && let Some(rest) = line.text.strip_prefix('\u{FEFF}')
                    {
                        line.text = rest.to_owned();
                    }
                    if !line.text.trim().is_empty() {
                        return Ok(Some(line));
                    }
                }
                Some(Err(bad)) => {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        format!("line {}: {}", bad.number, bad.reason),
                    ));
                }
            }
        }
    }

    fn next_line(&mut self) -> io::Result<Option<Result<Line, BadLine>>> {
        if let Some(line) = self.pushed_back.take() {
            return Ok(Some(Ok(line)));
        }
        let mut bytes = Vec::new();
        let mut length = 0usize;
        loop {
            let buffer = match self.input.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if buffer.is_empty() {
                if length == 0 {
                    return Ok(None);
                }
                break;
            }
            let end = buffer.iter().position(|&byte| byte == b'\n');
            let taken = end.map_or(buffer.len(), |at| at + 1);
            if length <= MAX_LINE {
                bytes.extend_from_slice(&buffer[..taken]);
            }
            length = length.saturating_add(taken);
            self.input.consume(taken);
            if end.is_some() {
                break;
            }
        }
        self.number += 1;
        if length > MAX_LINE {
            return Ok(Some(Err(BadLine::new(self.number, TOO_LONG))));
        }
        let text = match String::from_utf8(bytes) {
            Ok(text) => text.trim_end_matches(['\n', '\r']).to_owned(),
            Err(_) => return Ok(Some(Err(BadLine::new(self.number, NOT_UTF8)))),
        };
        Ok(Some(Ok(Line { number: self.number, text })))
    }
}

const TOO_LONG: &str = "longer than a megabyte: is this a file of queries?";
const NOT_UTF8: &str = "not valid UTF-8: save the input as UTF-8";

// ---- tables ----

fn tab_separated(columns: Option<&[Column]>, line: &Line) -> Result<Asked, BadLine> {
    let cells: Vec<&str> = line.text.split('\t').collect();
    match (columns, &cells[..]) {
        (Some(columns), cells) => row(columns, cells, line.number),
        (None, [_, _]) => row(&[Column::Id, Column::Query], &cells, line.number),
        (None, [_]) => Err(BadLine::new(line.number, "no tab: a line is an id, a tab and the query")),
        (None, cells) => Err(BadLine::new(
            line.number,
            format!("{} columns; without a header a line is an id, a tab and the query", cells.len()),
        )),
    }
}

fn row(columns: &[Column], cells: &[&str], number: u64) -> Result<Asked, BadLine> {
    let mut asked = Asked { number, ..Asked::default() };
    let mut reason = None;
    for (column, cell) in columns.iter().zip(cells) {
        let cell = cell.trim();
        match column {
            _ if cell.is_empty() => {}
            Column::Id => asked.id = cell.to_owned(),
            // Where there is both a query and a text, the first counts.
            Column::Query if asked.query.is_empty() => asked.query = cell.to_owned(),
            Column::Limit | Column::Offset => match cell.parse() {
                Ok(count) if *column == Column::Limit => asked.limit = Some(count),
                Ok(count) => asked.offset = Some(count),
                Err(_) => reason = Some(format!("\"{cell}\" is no whole number")),
            },
            Column::Filter(name) => {
                let values = cell.split(VALUE_SEPARATOR).map(str::trim).filter(|value| !value.is_empty());
                asked.filters.extend(values.map(|value| (name.clone(), value.to_owned())));
            }
            Column::Query | Column::Other => {}
        }
    }
    if cells.len() > columns.len() {
        reason = Some(format!(
            "{} columns where the header has {}: does a query hold the separator and lack its quotation marks?",
            cells.len(),
            columns.len()
        ));
    }
    asked.checked(reason)
}

impl Asked {
    /// Gives the number of the line to a query without an id and refuses one without words.
    fn checked(mut self, reason: Option<String>) -> Result<Asked, BadLine> {
        if let Some(reason) = reason {
            return Err(BadLine {
                number: self.number,
                id: Some(self.id).filter(|id| !id.is_empty()),
                query: Some(self.query).filter(|query| !query.is_empty()),
                reason,
            });
        }
        if self.id.is_empty() {
            self.id = self.number.to_string();
        }
        if self.query.trim().is_empty() {
            return Err(BadLine {
                number: self.number,
                id: Some(self.id),
                query: None,
                reason: "no query".to_owned(),
            });
        }
        Ok(self)
    }
}

impl Csv {
    /// The next record, however many lines it has; the line that it begins on is its number.
    fn record(&mut self, input: &mut impl BufRead) -> io::Result<Option<Result<Asked, BadLine>>> {
        let mut out = vec![0u8; 1024];
        let mut ends = vec![0usize; self.columns.len() + 8];
        let (mut length, mut count) = (0, 0);
        let mut too_long = false;
        let mut number = None;
        loop {
            let buffer = match input.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            // A record begins where the first byte stands that is no line end.
            if number.is_none() {
                let blank = buffer.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
                if blank < buffer.len() {
                    let ended = buffer[..blank].iter().filter(|&&byte| byte == b'\n').count() as u64;
                    number = Some(self.lines_before + self.reader.line() + ended);
                }
            }
            let (result, read, written, ended) =
                self.reader.read_record(buffer, &mut out[length..], &mut ends[count..]);
            input.consume(read);
            length += written;
            count += ended;
            match result {
                csv_core::ReadRecordResult::InputEmpty => {}
                csv_core::ReadRecordResult::OutputFull if length < MAX_LINE => out.resize(length * 2, 0),
                csv_core::ReadRecordResult::OutputEndsFull if count < MAX_LINE / 64 => {
                    ends.resize(count * 2, 0);
                }
                csv_core::ReadRecordResult::OutputFull | csv_core::ReadRecordResult::OutputEndsFull => {
                    // The rest is read over, so that what follows can be answered.
                    too_long = true;
                    (length, count) = (0, 0);
                }
                csv_core::ReadRecordResult::Record => break,
                csv_core::ReadRecordResult::End => return Ok(None),
            }
        }
        let number = number.unwrap_or(self.lines_before + self.reader.line());
        if too_long {
            let reason = "the record is longer than a megabyte: is a quotation mark missing?";
            return Ok(Some(Err(BadLine::new(number, reason))));
        }
        let Ok(text) = std::str::from_utf8(&out[..length]) else {
            return Ok(Some(Err(BadLine::new(number, NOT_UTF8))));
        };
        let mut cells = Vec::with_capacity(count);
        let mut start = 0;
        for &end in &ends[..count] {
            // A cell may end within a character only where the whole is no UTF-8, which it is.
            cells.push(text.get(start..end).unwrap_or_default());
            start = end;
        }
        Ok(Some(row(&self.columns, &cells, number)))
    }
}

// ---- JSON Lines ----

fn object(names: &Names, line: &Line) -> Result<Asked, BadLine> {
    let fields: serde_json::Map<String, Value> = serde_json::from_str(&line.text).map_err(|error| {
        let what = if error.is_data() { "not a JSON object" } else { "not JSON" };
        // The place within the line: which line it is stands before.
        let why = error.to_string().replace(" at line 1 column ", " at column ");
        BadLine::new(line.number, format!("{what}: {why}"))
    })?;
    let mut asked = Asked { number: line.number, ..Asked::default() };
    let mut reason = None;
    for (name, value) in &fields {
        if let Err(wrong) = field(names, name, value, &mut asked) {
            reason = Some(wrong);
        }
    }
    asked.checked(reason)
}

fn field(names: &Names, name: &str, value: &Value, asked: &mut Asked) -> Result<(), String> {
    if name == "filters" {
        let Value::Object(filters) = value else {
            return if value.is_null() { Ok(()) } else { Err("\"filters\" is no object".to_owned()) };
        };
        for (name, value) in filters {
            // A name that no filter has is found out where the filters are applied.
            asked.filters.extend(values(name, value)?.into_iter().map(|value| (name.clone(), value)));
        }
        return Ok(());
    }
    match names.column(name).map_err(|reason| format!("the field {reason}"))? {
        _ if value.is_null() => {}
        Column::Id => asked.id = scalar(name, value)?,
        Column::Query => match value {
            // "query" counts before "text".
            Value::String(query) if asked.query.is_empty() || name == "query" => {
                asked.query.clone_from(query)
            }
            Value::String(_) => {}
            _ => return Err(format!("\"{name}\" is no string")),
        },
        Column::Limit | Column::Offset => {
            let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
            let count = count.ok_or_else(|| format!("\"{name}\" is no whole number"))?;
            if name == "limit" { asked.limit = Some(count) } else { asked.offset = Some(count) }
        }
        Column::Filter(_) => {
            asked.filters.extend(values(name, value)?.into_iter().map(|value| (name.to_owned(), value)));
        }
        Column::Other => {}
    }
    Ok(())
}

/// The values of a filter: one, or a list.
fn values(name: &str, value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(values) => values.iter().map(|value| scalar(name, value)).collect(),
        value => Ok(vec![scalar(name, value)?]),
    }
}

fn scalar(name: &str, value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(format!("\"{name}\" is neither text nor number")),
    }
}

// ---- TREC topics ----

/// Reads a topic from its first line on, up to `</top>`.
fn topic<R: BufRead>(lines: &mut Lines<R>, first: &Line) -> io::Result<Result<Asked, BadLine>> {
    let number = first.number;
    if !first.text.trim_start().to_lowercase().starts_with("<top>") {
        return Ok(Err(BadLine::new(number, "no topic: a topic begins with <top>")));
    }
    let mut text = String::new();
    let mut line = Some(first.text.clone());
    loop {
        match line.take() {
            Some(part) => {
                text.push_str(&part);
                text.push('\n');
                if part.to_lowercase().contains("</top>") {
                    break;
                }
            }
            None => {
                return Ok(Err(BadLine::new(number, "the topic that begins here has no </top>")));
            }
        }
        if text.len() > MAX_LINE {
            return Ok(Err(BadLine::new(number, TOO_LONG)));
        }
        line = match lines.next_line()? {
            Some(Ok(next)) => Some(next.text),
            Some(Err(bad)) => return Ok(Err(bad)),
            None => None,
        };
    }
    let part = |tag: &str, label: &str| {
        let words = between(&text, tag)?.split_whitespace().collect::<Vec<_>>().join(" ");
        // "Number: 301", "Topic: …": the classic files name what follows.
        let rest = words.get(..label.len()).filter(|start| start.eq_ignore_ascii_case(label));
        let words = if rest.is_some() { words[label.len()..].trim().to_owned() } else { words };
        Some(words).filter(|words| !words.is_empty())
    };
    let asked = Asked {
        number,
        id: part("<num>", "Number:").unwrap_or_default(),
        query: part("<title>", "Topic:").unwrap_or_default(),
        ..Asked::default()
    };
    let reason = match (asked.id.is_empty(), asked.query.is_empty()) {
        (true, _) => Some("the topic has no <num>".to_owned()),
        (_, true) => Some("the topic has no <title>".to_owned()),
        _ => None,
    };
    Ok(asked.checked(reason))
}

/// What stands between a tag and the next one.
fn between<'t>(text: &'t str, tag: &str) -> Option<&'t str> {
    // Lower case of ASCII letters only: places stay what they are.
    let at = text.to_ascii_lowercase().find(tag)? + tag.len();
    let rest = &text[at..];
    Some(rest.find('<').map_or(rest, |end| &rest[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn taxonomy() -> Taxonomy {
        Taxonomy::built_in_outline().unwrap()
    }

    fn read_as(text: &[u8], format: Option<InputFormat>) -> Vec<Result<Asked, BadLine>> {
        Queries::open(text, format, &taxonomy()).unwrap().map(Result::unwrap).collect()
    }

    fn read(text: &str) -> Vec<Result<Asked, BadLine>> {
        read_as(text.as_bytes(), None)
    }

    fn pairs(text: &str) -> Vec<(String, String)> {
        read(text).into_iter().map(|line| line.unwrap()).map(|asked| (asked.id, asked.query)).collect()
    }

    fn pair(id: &str, query: &str) -> (String, String) {
        (id.to_owned(), query.to_owned())
    }

    #[test]
    fn forms_are_told_apart_by_the_first_line() {
        let one_two = [pair("a", "uno, due"), pair("b", "tre")];
        for text in [
            "a\tuno, due\nb\ttre\n",
            "\u{FEFF}a\tuno, due\r\nb\ttre\r\n",
            "id\tquery\na\tuno, due\nb\ttre",
            "id,query\na,\"uno, due\"\nb,tre\n",
            "\n\nquery;qid\n\"uno, due\";a\ntre;b\n",
            "{\"id\":\"a\",\"query\":\"uno, due\"}\n\n{\"_id\":\"b\",\"text\":\"tre\"}",
            "<top>\n<num> Number: a\n<title> Topic: uno,\ndue\n\n<desc> Description:\nno\n</top>\n\n<TOP><NUM>b</NUM><TITLE>tre</TITLE></TOP>\n",
        ] {
            assert_eq!(pairs(text), one_two, "{text}");
        }
        assert_eq!(pairs("uno, due\n\n  tre \n"), [pair("1", "uno, due"), pair("3", "tre")]);
        assert_eq!(read(""), []);
        assert_eq!(pairs("una ricerca: \"text, query\"\n").len(), 1);
    }

    #[test]
    fn a_form_can_be_told() {
        let lines = |text: &str, format| read_as(text.as_bytes(), Some(format));
        assert_eq!(lines("{\"a\"", InputFormat::Lines)[0].as_ref().unwrap().query, "{\"a\"");
        assert_eq!(lines("query\nuno", InputFormat::Csv)[0].as_ref().unwrap().query, "uno");
        assert!(Queries::open(&b"a,b\n"[..], Some(InputFormat::Csv), &taxonomy()).is_err());
    }

    #[test]
    fn a_line_has_filters_and_limits_of_its_own() {
        let expected = Asked {
            number: 2,
            id: "a".to_owned(),
            query: "uno".to_owned(),
            filters: vec![
                ("dimensione".to_owned(), "locale".to_owned()),
                ("dimensione".to_owned(), "globale".to_owned()),
                ("since".to_owned(), "2018".to_owned()),
            ],
            limit: Some(3),
            offset: Some(1),
        };
        let table = "id,query,dimensione,since,limit,offset,nota\na,uno,locale | globale,2018,3,1,x\n";
        assert_eq!(read(table)[0], Ok(expected.clone()));
        assert_eq!(read(&table.replace(',', "\t"))[0], Ok(expected.clone()));
        let object = "\n{\"id\":\"a\",\"query\":\"uno\",\"limit\":3,\"offset\":1,\"metadata\":{},\
                      \"filters\":{\"dimensione\":[\"locale\",\"globale\"],\"since\":2018,\"actor\":null}}";
        assert_eq!(read(object)[0], Ok(expected));
    }

    #[track_caller]
    fn reason(text: &str) -> String {
        let bad = read(text).into_iter().find_map(Result::err).expect("a bad line");
        format!("{}: {}", bad.number, bad.reason)
    }

    #[test]
    fn bad_lines_say_what_is_wrong_and_where() {
        for (text, said) in [
            ("{\"id\":1,\"query\":\"x\"}\n[1]\n", "2: not a JSON object"),
            ("{\"id\":1,\"query\":\"x\"}\n{\n", "2: not JSON"),
            ("{\"id\":1}", "1: no query"),
            ("{\"id\":1,\"query\":\" \"}", "1: no query"),
            ("{\"id\":1,\"query\":[1]}", "\"query\" is no string"),
            ("{\"id\":[],\"query\":\"x\"}", "\"id\" is neither"),
            ("{\"query\":\"x\",\"limit\":-1}", "\"limit\" is no whole number"),
            ("{\"query\":\"x\",\"filter\":{}}", "did you mean \"filters\"?"),
            ("{\"query\":\"x\",\"filters\":[]}", "\"filters\" is no object"),
            ("a\tx\nb\n", "2: no tab"),
            ("a\tx\ny\tz\n", ""),
            ("a\tx\nb\tx\ty\n", "2: 3 columns"),
            ("id,query\na,x\nb,x,y\n", "3: 3 columns where the header has 2"),
            ("id,query\n\na,\"x\ny\"\nb,\n", "5: no query"),
            ("id,query,limit\na,x,molti\n", "2: \"molti\" is no whole number"),
            ("<top>\n<title>x\n</top>", "1: the topic has no <num>"),
            ("<top>\n<num>1\n</top>", "1: the topic has no <title>"),
            ("<top>\n<num>1", "1: the topic that begins here has no </top>"),
            ("<top><num>1<title>x</top>\nstray\n", "2: no topic"),
        ] {
            if said.is_empty() {
                assert!(read(text).iter().all(Result::is_ok), "{text}");
            } else {
                assert!(reason(text).contains(said), "{text:?}: {}", reason(text));
            }
        }
    }

    #[test]
    fn one_bad_line_stops_no_other() {
        let lines = read_as(b"a\tx\nb\t\xFF\nc\ty\n", None);
        assert_eq!(lines.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
        let mut long = b"uno\n".to_vec();
        long.extend(vec![b'x'; MAX_LINE + 2]);
        long.extend(b"\ndue\n");
        let lines = read_as(&long, None);
        assert_eq!(lines.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
        assert_eq!(lines[2].as_ref().unwrap().number, 3);
        let mut open = b"id,query\na,x\nb,\"".to_vec();
        open.extend(vec![b'y'; MAX_LINE * 3]);
        let lines = read_as(&open, None);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].as_ref().unwrap_err().reason.contains("quotation mark"));
    }

    #[test]
    fn a_header_with_a_slip_is_refused() {
        let error = Queries::open(&b"id,query,dimenson\n"[..], None, &taxonomy()).err().unwrap();
        assert!(error.to_string().contains("did you mean \"dimension\"?"), "{error}");
        // UTF-16, as spreadsheets save "Unicode text".
        assert!(Queries::open(&b"\xFF\xFEi\0d\0"[..], None, &taxonomy()).is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_read_comes_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..300), start in 0usize..5) {
            let starts: [&[u8]; 5] = [b"", b"id,query\n", b"{\"id\":1,\"query\":\"x\"}\n", b"<top>\n", b"a\tb\n"];
            let text = [starts[start], &bytes].concat();
            let taxonomy = taxonomy();
            if let Ok(queries) = Queries::open(&text[..], None, &taxonomy) {
                prop_assert!(queries.take(1000).count() < 1000);
            }
        }
    }
}
