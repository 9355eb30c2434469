//! Metadata at the head of a text: TOML between `+++` lines or YAML between `---` lines.

use serde::Deserialize;

use super::ExtractError;
use crate::document::{Language, Metadata};

/// The keys that are read; others, which other programs may need, are left alone.
#[derive(Debug, Default, Deserialize)]
pub(super) struct FrontMatter {
    title: Option<String>,
    #[serde(alias = "author", alias = "editore")]
    publisher: Option<String>,
    date: Option<Loose>,
    #[serde(alias = "lang", alias = "lingua")]
    language: Option<String>,
    #[serde(alias = "source")]
    url: Option<String>,
    symbol: Option<String>,
    #[serde(alias = "license", alias = "licenza")]
    licence: Option<String>,
    primary: Option<bool>,
}

/// A value that people write with or without quotation marks.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Loose {
    Toml(toml::value::Datetime),
    Number(i64),
    Text(String),
}

impl FrontMatter {
    /// The metadata, checked.
    ///
    /// # Errors
    /// A date or language that cannot be read, with the word that was.
    pub(super) fn metadata(self) -> Result<Metadata, ExtractError> {
        let date = match self.date {
            None => None,
            Some(loose) => {
                let text = match loose {
                    Loose::Toml(datetime) => datetime.to_string(),
                    Loose::Number(number) => number.to_string(),
                    Loose::Text(text) => text,
                };
                Some(super::read_date(&text)?)
            }
        };
        let language =
            self.language.map(|code| code.parse::<Language>().map_err(ExtractError::new)).transpose()?;
        let kept = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        Ok(Metadata {
            title: kept(self.title),
            publisher: kept(self.publisher),
            date,
            language,
            url: kept(self.url),
            symbol: kept(self.symbol),
            licence: kept(self.licence),
            primary: self.primary,
        })
    }
}

/// Splits a text into its metadata and the rest.
///
/// # Errors
/// Front matter that is opened and cannot be read.
pub(super) fn split(text: &str) -> Result<(Metadata, &str), ExtractError> {
    for fence in ["+++", "---"] {
        let Some(after) = text.strip_prefix(fence) else {
            continue;
        };
        let Some(after) = after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n')) else {
            continue;
        };
        let mut offset = 0;
        for line in after.split_inclusive('\n') {
            if line.trim_end() == fence {
                let head = &after[..offset];
                let rest = &after[offset + line.len()..];
                let parsed: Result<FrontMatter, (usize, String)> = if fence == "+++" {
                    toml::from_str(head).map_err(|error| {
                        let line =
                            error.span().map_or(1, |span| head[..span.start].matches('\n').count() + 1);
                        (line, error.message().to_owned())
                    })
                } else {
                    serde_saphyr::from_str(head).map_err(|error| (1, first_line(&error.to_string())))
                };
                let front_matter = parsed.map_err(|(line, message)| {
                    ExtractError::new(format!("front matter: {message}")).on_line(line + 1)
                })?;
                return Ok((front_matter.metadata()?, rest));
            }
            offset += line.len();
        }
    }
    Ok((Metadata::default(), text))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_and_yaml_say_the_same() {
        let toml = "+++\ntitle = \"Patto\"\ndate = 2018-12-19\nlanguage = \"it\"\n+++\nTesto";
        let yaml = "---\ntitle: Patto\ndate: 2018-12-19\nlanguage: it\ntags: [a, b]\n---\nTesto";
        let (one, rest) = split(toml).unwrap();
        assert_eq!(rest, "Testo");
        assert_eq!(split(yaml).unwrap(), (one.clone(), "Testo"));
        assert_eq!(one.title.as_deref(), Some("Patto"));
        assert_eq!(one.date.unwrap().to_string(), "2018-12-19");
        assert_eq!(one.language, Some(Language::Italian));
    }

    #[test]
    fn what_is_no_front_matter_is_text() {
        for text in ["", "testo", "---", "--- ciao ---", "+++\nmai chiuso", "- - -\n"] {
            assert_eq!(split(text).unwrap(), (Metadata::default(), text));
        }
    }

    #[test]
    fn bad_front_matter_is_refused_with_its_line() {
        assert_eq!(split("+++\ntitle = \"a\"\ndate = ieri\n+++\n").unwrap_err().line, Some(3));
        assert!(split("+++\ndate = \"ieri\"\n+++\n").unwrap_err().message.contains("ieri"));
    }
}
