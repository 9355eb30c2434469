//! The JSON Schemas in `docs/schemas`, written from the types that are printed.
//!
//! `UPDATE_SCHEMAS=1 cargo test --lib json_schema` writes them anew; without it the test compares.

#![cfg(test)]

use std::fs;
use std::path::Path;

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};

use crate::batch::LineError;
use crate::compare::Comparison;
use crate::concordance::{self, Concordance};
use crate::coverage::Coverage;
use crate::document::Date;
use crate::eval::{RankingReport, TagReport};
use crate::indexer::FileReport;
use crate::matrix::Matrix;
use crate::provenance::RunManifest;
use crate::search::{Answer, AnswerHit, PassageShown, TextTagged};
use crate::status::Status;

impl JsonSchema for Date {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Date".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A calendar date of which the day, or the month too, may be unknown.",
            "pattern": "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"
        })
    }
}

/// A line of `batch`: an answer, or an error in its place.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code, reason = "only its schema is wanted")]
enum BatchLine {
    Answer(Box<Answer>),
    Error(LineError),
}

fn schema<T: JsonSchema>() -> Schema {
    let mut settings = SchemaSettings::draft2020_12();
    // What is printed, not what is read: a field with a default is there all the same.
    settings.contract = schemars::generate::Contract::Serialize;
    settings.into_generator().into_root_schema_for::<T>()
}

/// What stands on a line of its own always says its version, which within a larger object it does not.
fn line_schema<T: JsonSchema>() -> Schema {
    let mut schema = schema::<T>();
    if let Some(required) = schema.get_mut("required").and_then(serde_json::Value::as_array_mut) {
        required.push("format_version".into());
    }
    schema
}

#[test]
fn the_schemas_are_those_of_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas");
    let update = std::env::var_os("UPDATE_SCHEMAS").is_some();
    let schemas = [
        ("query", schema::<Answer>()),
        ("hit", line_schema::<AnswerHit>()),
        ("batch-line", schema::<BatchLine>()),
        ("matrix", schema::<Matrix>()),
        ("concordance", schema::<Concordance>()),
        ("concordance-line", line_schema::<concordance::Line>()),
        ("compare", schema::<Comparison>()),
        ("coverage", schema::<Coverage>()),
        ("show", schema::<PassageShown>()),
        ("status", schema::<Status>()),
        ("index-report-line", line_schema::<FileReport>()),
        ("tag", schema::<TextTagged>()),
        ("eval", schema::<RankingReport>()),
        ("eval-tags", schema::<TagReport>()),
        ("run-manifest", schema::<RunManifest>()),
    ];
    for (name, schema) in &schemas {
        let path = folder.join(format!("{name}.json"));
        let text = serde_json::to_string_pretty(schema).unwrap() + "\n";
        if update {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, text).unwrap();
            continue;
        }
        let there = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            there == text,
            "{} is not what the types say; write it anew: UPDATE_SCHEMAS=1 cargo test --lib json_schema",
            path.display()
        );
    }
    let files = fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, schemas.len(), "every file in docs/schemas has a type");
}
