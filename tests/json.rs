//! The promise of the JSON. Proves: every object that a command prints has a `format_version` and conforms to its schema
//! in `docs/schemas`, with no field that the schema does not name. (That the schemas are those of the types is proved
//! beside them, in `src/json_schema.rs`.)

mod common;

use std::fs;
use std::path::Path;

use common::{Sealed, built_in};
use serde_json::{Map, Value, json};

fn schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas").join(format!("{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("JSON")
}

/// What of a value does not conform to a schema. Knows the keywords that our schemas use and fails at any other.
fn wrong(root: &Value, schema: &Value, value: &Value, path: &str) -> Vec<String> {
    let rules: &Map<String, Value> = match schema {
        Value::Object(rules) => rules,
        Value::Bool(true) => return Vec::new(),
        other => return vec![format!("{path}: nothing may stand here ({other})")],
    };
    let mut out = Vec::new();
    let none = Map::new();
    let properties = rules.get("properties").and_then(Value::as_object).unwrap_or(&none);
    for (rule, wanted) in rules {
        match (rule.as_str(), value) {
            ("$schema" | "title" | "description" | "$defs" | "default" | "format", _) => {}
            ("$ref", _) => {
                let name = wanted.as_str().expect("a path").trim_start_matches('#');
                out.extend(wrong(root, root.pointer(name).expect("a definition"), value, path));
            }
            ("type", _) => {
                let is = |kind: &Value| match kind.as_str() {
                    Some("object") => value.is_object(),
                    Some("array") => value.is_array(),
                    Some("string") => value.is_string(),
                    Some("boolean") => value.is_boolean(),
                    Some("null") => value.is_null(),
                    Some("number") => value.is_number(),
                    Some("integer") => value.is_u64() || value.is_i64(),
                    other => panic!("the type {other:?}"),
                };
                if !wanted.as_array().map_or_else(|| is(wanted), |kinds| kinds.iter().any(is)) {
                    out.push(format!("{path}: {value} is no {wanted}"));
                }
            }
            ("properties", Value::Object(fields)) => {
                for (name, rule) in properties {
                    if let Some(field) = fields.get(name) {
                        out.extend(wrong(root, rule, field, &format!("{path}.{name}")));
                    }
                }
            }
            ("required", Value::Object(fields)) => {
                for name in wanted.as_array().expect("names") {
                    if !fields.contains_key(name.as_str().expect("a name")) {
                        out.push(format!("{path}: {name} is missing"));
                    }
                }
            }
            ("additionalProperties" | "unevaluatedProperties", Value::Object(fields)) => {
                for (name, field) in fields.iter().filter(|(name, _)| !properties.contains_key(*name)) {
                    out.extend(wrong(root, wanted, field, &format!("{path}.{name}")));
                }
            }
            ("items", Value::Array(items)) => {
                let start = rules.get("prefixItems").and_then(Value::as_array).map_or(0, Vec::len);
                for item in items.iter().skip(start) {
                    out.extend(wrong(root, wanted, item, &format!("{path}[]")));
                }
            }
            ("prefixItems", Value::Array(items)) => {
                for (rule, item) in wanted.as_array().expect("schemas").iter().zip(items) {
                    out.extend(wrong(root, rule, item, &format!("{path}[]")));
                }
            }
            ("minItems", Value::Array(items)) if (items.len() as u64) < wanted.as_u64().expect("a count") => {
                out.push(format!("{path}: too few"));
            }
            ("maxItems", Value::Array(items)) if (items.len() as u64) > wanted.as_u64().expect("a count") => {
                out.push(format!("{path}: too many"));
            }
            ("minimum", Value::Number(_)) if value.as_f64() < wanted.as_f64() => {
                out.push(format!("{path}: {value} is less than {wanted}"));
            }
            ("maximum", Value::Number(_)) if value.as_f64() > wanted.as_f64() => {
                out.push(format!("{path}: {value} is more than {wanted}"));
            }
            ("enum", _) if !wanted.as_array().expect("values").contains(value) => {
                out.push(format!("{path}: {value} is none of {wanted}"));
            }
            ("const", _) if wanted != value => out.push(format!("{path}: {value} is not {wanted}")),
            ("anyOf" | "oneOf", _) => {
                let ways: Vec<Vec<String>> = wanted
                    .as_array()
                    .expect("schemas")
                    .iter()
                    .map(|rule| wrong(root, rule, value, path))
                    .collect();
                if !ways.iter().any(Vec::is_empty) {
                    out.extend(ways.concat());
                }
            }
            // Only dates have one.
            ("pattern", Value::String(text)) if text.parse::<gcm_search::document::Date>().is_err() => {
                out.push(format!("{path}: {text} is no date"));
            }
            (
                "properties"
                | "required"
                | "additionalProperties"
                | "unevaluatedProperties"
                | "items"
                | "prefixItems"
                | "minItems"
                | "maxItems"
                | "minimum"
                | "maximum"
                | "enum"
                | "const"
                | "pattern",
                _,
            ) => {}
            (other, _) => panic!("this test does not know the keyword {other}"),
        }
    }
    out
}

#[track_caller]
fn conforms(name: &str, value: &Value) {
    let schema = schema(name);
    let wrong = wrong(&schema, &schema, value, name);
    assert!(wrong.is_empty(), "{}\n{value}", wrong.join("\n"));
    assert_eq!(value["format_version"], 1, "{value}");
    // A field more is refused.
    let mut more = value.clone();
    more["unknown_field"] = json!(true);
    assert!(!self::wrong(&schema, &schema, &more, name).is_empty(), "{name} takes unknown fields");
    // A field less too.
    let mut less = value.clone();
    less.as_object_mut().expect("an object").remove("format_version");
    assert!(!self::wrong(&schema, &schema, &less, name).is_empty(), "{name} lacks a field and conforms");
}

#[test]
fn every_output_conforms_to_its_schema() {
    let index = built_in();
    let lines_of = |sealed: &Sealed, args: &[&str]| sealed.run(args.iter().copied()).json_lines();
    let lines = |args: &[&str]| lines_of(index, args);
    for args in [
        &["query", "autorità locali", "--format", "json"][..],
        &["query", "autorita locali dimensione:locale", "--format", "json", "--explain", "--lang", "it"],
        &["query", "autorta locli", "--format", "json", "--since", "2017", "--until", "2020-01"],
        &["query", "+xyz", "--format", "json", "--document", "schede", "--publisher", "OIM Italia"],
        &["query", "--like", "oim-italia/integrazione#6", "--format", "json"],
    ] {
        let answers = lines(args);
        assert_eq!(answers.len(), 1);
        conforms("query", &answers[0]);
    }
    for hit in lines(&["query", "migranti", "--format", "jsonl", "--explain"]) {
        conforms("hit", &hit);
    }
    conforms("matrix", &lines(&["matrix", "--format", "json", "--lang", "it", "rimesse"])[0]);
    conforms("concordance", &lines(&["concordance", "rimesse", "--format", "json", "--limit", "5"])[0]);
    for line in lines(&["concordance", "rimesse", "--format", "jsonl", "--limit", "5"]) {
        conforms("concordance-line", &line);
    }
    for passage in lines(&["export", "--document", "oim-italia"]) {
        conforms("show", &passage);
    }
    assert_eq!(lines(&["config", "--format", "json"])[0]["format_version"], 1);
    conforms(
        "compare",
        &lines(&["compare", "--format", "json", "--by", "year", "rimesse", "--lang", "it"])[0],
    );
    conforms("coverage", &lines(&["coverage", "--format", "json", "oim-italia", "schede/oim"])[0]);
    for passage in lines(&["show", "oim-italia/stocktaking-puerto-vallarta", "--format", "jsonl"]) {
        conforms("show", &passage);
    }
    conforms("status", &lines(&["status", "--format", "json"])[0]);
    conforms("status", &lines(&["status", "--format", "json", "--documents", "--verify"])[0]);

    let sealed = Sealed::with_records(&[("a", "le rimesse")]);
    let input = b"{\"id\":\"q\",\"query\":\"rimesse\"}\nnon JSON\n{\"id\":\"x\"}\n";
    for line in sealed.run_with_input(["batch", "--manifest", "run.json", "--lang", "it"], input).json_lines()
    {
        conforms("batch-line", &line);
    }
    let manifest = fs::read(sealed.path().join("run.json")).expect("a manifest");
    sealed.write("docs/foto.png", b"\x89PNG\r\n");
    sealed.write("docs/rotto.pdf", b"%PDF-1.7");
    sealed.run(["index", "docs", "--report", "report.jsonl"]).code_is(2);
    let report = fs::read_to_string(sealed.path().join("report.jsonl")).expect("a report");
    assert_eq!(report.lines().count(), 3);
    for line in report.lines() {
        conforms("index-report-line", &serde_json::from_str(line).expect("JSON"));
    }
    conforms("status", &lines_of(&sealed, &["status", "--format", "json"])[0]);
    conforms("run-manifest", &serde_json::from_slice(&manifest).expect("JSON"));
    for line in sealed.run_with_input(["tag"], "Le diaspore e i sindaci.".as_bytes()).json_lines() {
        conforms("tag", &line);
    }
    sealed.write("queries.tsv", "1\trimesse\n2\tsindaci\n");
    sealed.write("qrels.tsv", "1\ta\t1\n");
    let eval = ["eval", "queries.tsv", "qrels.tsv", "--format", "json"];
    conforms("eval", &sealed.run(eval).json_lines()[0]);
    conforms("eval", &sealed.run(eval.into_iter().chain(["--per-query"])).json_lines()[0]);
    sealed.write(
        "gold.jsonl",
        "{\"id\":\"1\",\"text\":\"Le diaspore.\",\"dimensions\":[\"community\"],\"actors\":[]}\n",
    );
    conforms("eval-tags", &sealed.run(["eval", "--tags", "gold.jsonl", "--format", "json"]).json_lines()[0]);
}

#[test]
fn the_promise_names_every_field_of_a_hit() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md");
    let text = fs::read_to_string(path).expect("docs/json.md");
    for (name, definition) in
        [("query", ""), ("hit", ""), ("query", "/$defs/TagShown"), ("hit", "/$defs/DocumentInfo")]
    {
        let schema = schema(name);
        let fields = schema.pointer(&format!("{definition}/properties")).and_then(Value::as_object);
        for field in fields.expect("fields").keys() {
            assert!(text.contains(&format!("`{field}`")), "docs/json.md does not name `{field}`");
        }
    }
}
