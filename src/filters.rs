//! What a search is to be limited to, as users name it: checked against the taxonomy and the index, with the nearest
//! name that exists where one does not.

use std::fmt;

use crate::analysis::fold::fold;
use crate::document::{Date, Language};
use crate::engine::{Engine, EngineError};

use crate::query::Filters;
use crate::query::plan::{FieldName, document_token, field_name, publisher_token, tag_token};
use crate::suggest::nearest;
use crate::taxonomy::Taxonomy;

/// How many values an error lists at most.
const LISTED: usize = 10;

/// Names of languages that are likely to be mistyped.
const LANGUAGE_NAMES: [&str; 8] =
    ["italiano", "italian", "inglese", "english", "francese", "french", "spagnolo", "spanish"];

/// The filters of a search in a user's words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilterNames {
    /// Concepts: the index of a scheme, and an id or label.
    pub concepts: Vec<(usize, String)>,
    /// Languages, by code or name.
    pub languages: Vec<String>,
    /// Documents: ids, folders, symbols or titles.
    pub documents: Vec<String>,
    /// Publishers.
    pub publishers: Vec<String>,
    /// The first date.
    pub since: Option<Date>,
    /// The last date.
    pub until: Option<Date>,
}

/// Why filters cannot be applied.
#[derive(Debug)]
pub enum FilterError {
    /// A name that stands for nothing.
    Name {
        /// What is wrong, in words for a person.
        message: String,
        /// What to write instead.
        hint: Option<String>,
    },
    /// The index could not be read.
    Engine(EngineError),
}

impl FilterError {
    fn name(message: impl Into<String>) -> FilterError {
        FilterError::Name { message: message.into(), hint: None }
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FilterError::Name { message, hint: Some(hint) } => write!(f, "{message}; {hint}"),
            FilterError::Name { message, hint: None } => f.write_str(message),
            FilterError::Engine(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FilterError {}

impl From<EngineError> for FilterError {
    fn from(error: EngineError) -> Self {
        FilterError::Engine(error)
    }
}

/// A kind of filter.
enum Kind {
    Field(FieldName),
    /// A scheme, a colon and a concept.
    Tag,
    Since,
    Until,
}

fn kind(taxonomy: &Taxonomy, name: &str) -> Option<Kind> {
    match fold(name.trim()).as_str() {
        "since" | "dal" => Some(Kind::Since),
        "until" | "al" => Some(Kind::Until),
        "tag" => Some(Kind::Tag),
        _ => match field_name(taxonomy, name.trim()) {
            // A word of the title is something to search for, not to limit by.
            None | Some(FieldName::Title) => None,
            Some(field) => Some(Kind::Field(field)),
        },
    }
}

/// Whether a filter goes by this name, such as `dimension`, `attore` or `since`.
pub fn is_filter_name(taxonomy: &Taxonomy, name: &str) -> bool {
    kind(taxonomy, name).is_some()
}

impl FilterNames {
    /// Adds a value to the filter of this name.
    ///
    /// # Errors
    /// A name that no filter has, or a date that is none.
    pub fn add(&mut self, taxonomy: &Taxonomy, name: &str, value: &str) -> Result<(), FilterError> {
        let date = || value.parse::<Date>().map_err(FilterError::name);
        match kind(taxonomy, name) {
            Some(Kind::Since) => self.since = Some(date()?),
            Some(Kind::Until) => self.until = Some(date()?),
            Some(Kind::Tag) => {
                let scheme = value.split_once(':').and_then(|(scheme, concept)| {
                    Some((taxonomy.scheme_by_name(scheme.trim())?, concept.trim()))
                });
                let Some((scheme, concept)) = scheme else {
                    let known: Vec<&str> = taxonomy.schemes.iter().map(|scheme| scheme.id.as_str()).collect();
                    return Err(FilterError::Name {
                        message: format!("\"{value}\" is no tag: it has no scheme of the taxonomy"),
                        hint: Some(format!(
                            "write a scheme, a colon and a name, as in actor:states; schemes are {}",
                            known.join(", ")
                        )),
                    });
                };
                self.concepts.push((scheme, concept.to_owned()));
            }
            Some(Kind::Field(FieldName::Scheme(scheme))) => self.concepts.push((scheme, value.to_owned())),
            Some(Kind::Field(FieldName::Language)) => self.languages.push(value.to_owned()),
            Some(Kind::Field(FieldName::Document)) => self.documents.push(value.to_owned()),
            Some(Kind::Field(FieldName::Publisher)) => self.publishers.push(value.to_owned()),
            Some(Kind::Field(FieldName::Title)) | None => {
                let schemes = taxonomy.schemes.iter().map(|scheme| scheme.id.as_str());
                let known: Vec<&str> =
                    schemes.chain(["tag", "lang", "document", "publisher", "since", "until"]).collect();
                return Err(FilterError::Name {
                    message: format!("no filter is called \"{}\"", name.trim()),
                    hint: Some(match nearest(name, known.iter().copied()) {
                        Some(near) => format!("did you mean \"{near}\"?"),
                        None => format!("known are {}", known.join(", ")),
                    }),
                });
            }
        }
        Ok(())
    }

    /// Looks every name up.
    ///
    /// # Errors
    /// The first name that stands for nothing, or an index that cannot be read.
    pub fn resolve(&self, taxonomy: &Taxonomy, engine: &dyn Engine) -> Result<Filters, FilterError> {
        let mut filters = Filters { since: self.since, until: self.until, ..Filters::default() };
        for (scheme, name) in &self.concepts {
            filters.tags.push(tag_token(taxonomy, *scheme, name).map_err(FilterError::name)?);
        }
        for code in &self.languages {
            let language = code.parse::<Language>().map_err(|message| FilterError::Name {
                message,
                hint: nearest(code, LANGUAGE_NAMES).map(|near| format!("did you mean \"{near}\"?")),
            })?;
            filters.languages.push(language);
        }
        for name in &self.documents {
            check(engine, "document", name, &document_token(name))?;
            filters.documents.push(name.clone());
        }
        for name in &self.publishers {
            check(engine, "publisher", name, &publisher_token(name))?;
            filters.publishers.push(name.clone());
        }
        Ok(filters)
    }
}

/// The filters of one line of a batch over those that hold for all lines: a kind that the line limits is its own.
pub fn over(line: Filters, all: &Filters) -> Filters {
    let scheme = |tag: &str| tag.split(':').next().unwrap_or_default().to_owned();
    let mut tags = line.tags;
    let own: Vec<String> = tags.iter().map(|tag| scheme(tag)).collect();
    tags.extend(all.tags.iter().filter(|tag| !own.contains(&scheme(tag))).cloned());
    let or = |mine: Vec<String>, theirs: &Vec<String>| if mine.is_empty() { theirs.clone() } else { mine };
    Filters {
        tags,
        languages: if line.languages.is_empty() { all.languages.clone() } else { line.languages },
        documents: or(line.documents, &all.documents),
        publishers: or(line.publishers, &all.publishers),
        since: line.since.or(all.since),
        until: line.until.or(all.until),
    }
}

fn check(engine: &dyn Engine, kind: &str, name: &str, token: &str) -> Result<(), FilterError> {
    if engine.has_filter_token(token)? {
        return Ok(());
    }
    let known = engine.filter_values(kind)?;
    let hint = match nearest(name, known.keys().map(String::as_str)) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None if kind == "publisher" => {
            format!("known are {}", known.keys().take(LISTED).cloned().collect::<Vec<_>>().join(", "))
        }
        None => "gcm-search status --documents lists them".to_owned(),
    };
    Err(FilterError::Name {
        message: format!("no {kind} in the index is called \"{name}\""),
        hint: Some(hint),
    })
}
