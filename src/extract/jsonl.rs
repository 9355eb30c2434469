//! JSON Lines: one record a document, in the form of the BEIR corpora.

use serde::Deserialize;

use super::{ExtractError, Extracted, read_date, record_blocks};
use crate::document::Metadata;

pub(super) const VERSION: u32 = 2;

/// One record. Fields that we don't know are left alone.
#[derive(Debug, Deserialize)]
struct Record {
    #[serde(alias = "_id")]
    id: Option<Id>,
    title: Option<String>,
    text: Option<String>,
    #[serde(alias = "lang")]
    language: Option<String>,
    date: Option<String>,
    publisher: Option<String>,
    url: Option<String>,
    symbol: Option<String>,
    #[serde(alias = "license")]
    licence: Option<String>,
    primary: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Number(i64),
}

/// Reads every record, handing over a bad one as an error with its line.
pub(super) fn extract(text: &str, each: &mut dyn FnMut(Result<Extracted, ExtractError>)) {
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        each(record(line).map_err(|error| error.on_line(at + 1)));
    }
}

fn record(line: &str) -> Result<Extracted, ExtractError> {
    let record: Record = serde_json::from_str(line)
        .map_err(|error| ExtractError::new(format!("not a JSON record: {error}")))?;
    let id = match record.id {
        Some(Id::Text(id)) if !id.trim().is_empty() => id,
        Some(Id::Number(id)) => id.to_string(),
        _ => return Err(ExtractError::new("the record has no \"_id\"")),
    };
    let Some(body) = record.text else {
        return Err(ExtractError::new("the record has no \"text\""));
    };
    let kept = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let metadata = Metadata {
        title: kept(record.title),
        publisher: kept(record.publisher),
        date: kept(record.date).map(|date| read_date(&date)).transpose()?,
        language: kept(record.language).map(|code| code.parse().map_err(ExtractError::new)).transpose()?,
        url: kept(record.url),
        symbol: kept(record.symbol),
        licence: kept(record.licence),
        primary: record.primary,
    };
    Ok(Extracted { id: Some(id), metadata, blocks: record_blocks(&body), ..Extracted::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_records_pass_and_bad_ones_are_named() {
        let mut seen = Vec::new();
        extract(
            "{\"_id\":\"a\",\"text\":\"Uno\\n\\nDue\",\"lang\":\"it\",\"altro\":1}\n\nnon json\n{\"text\":\"x\"}\n{\"_id\":7,\"text\":\"\"}",
            &mut |result| seen.push(result),
        );
        assert_eq!(seen.len(), 4);
        assert_eq!(seen[0].as_ref().unwrap().blocks.len(), 2);
        assert_eq!(seen[1].as_ref().unwrap_err().line, Some(3));
        assert!(seen[2].as_ref().unwrap_err().message.contains("_id"));
        assert_eq!(seen[3].as_ref().unwrap().id.as_deref(), Some("7"));
    }
}
