//! What the program is built from. Proves, for the platform that the tests run on and without network:
//!
//! - every dependency has a licence that `deny.toml` allows;
//! - all come from the same registry, none from a repository.
//!
//! `cargo deny check` looks at the same rules for every platform; it has to be installed.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// What a command prints.
fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program)
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn packages() -> Vec<Value> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let versions = output("rustc", &["-vV"]);
    let host = versions.lines().find_map(|line| line.strip_prefix("host: ")).expect("a platform");
    let args = ["metadata", "--format-version", "1", "--locked", "--offline", "--all-features"];
    let metadata = output(&cargo, &[&args[..], &["--filter-platform", host]].concat());
    let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
    metadata["packages"].as_array().expect("packages").clone()
}

/// Whether a licence expression (SPDX) is met by allowed licences. AND binds closer than OR.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    // A licence with an exception is one licence.
    let joined = spaced.split_whitespace().collect::<Vec<_>>().join(" ").replace(" WITH ", "+WITH+");
    let tokens: Vec<String> = joined.split(' ').map(|token| token.replace("+WITH+", " WITH ")).collect();
    either(&tokens, &mut 0, allowed)
}

fn either(tokens: &[String], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut met = both(tokens, at, allowed);
    while tokens.get(*at).is_some_and(|token| token == "OR") {
        *at += 1;
        met |= both(tokens, at, allowed);
    }
    met
}

fn both(tokens: &[String], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut met = one(tokens, at, allowed);
    while tokens.get(*at).is_some_and(|token| token == "AND") {
        *at += 1;
        met &= one(tokens, at, allowed);
    }
    met
}

fn one(tokens: &[String], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let token = tokens.get(*at).expect("a licence");
    *at += 1;
    if token != "(" {
        return allowed.contains(token);
    }
    let met = either(tokens, at, allowed);
    assert_eq!(tokens.get(*at).map(String::as_str), Some(")"));
    *at += 1;
    met
}

#[test]
fn every_licence_is_allowed() {
    let rules: toml::Table = include_str!("../deny.toml").parse().expect("deny.toml");
    let allowed = rules["licenses"]["allow"].as_array().expect("licences").iter();
    let allowed: BTreeSet<String> = allowed.map(|name| name.as_str().expect("a name").to_owned()).collect();
    let packages = packages();
    assert!(packages.len() > 100, "{}", packages.len());
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| !package["license"].as_str().is_some_and(|licence| is_allowed(licence, &allowed)))
        .map(|package| format!("{}: {}", package["name"], package["license"]))
        .collect();
    assert_eq!(refused, Vec::<String>::new());
}

#[test]
fn everything_comes_from_one_registry() {
    let packages = packages();
    let sources: BTreeSet<&str> = packages.iter().filter_map(|package| package["source"].as_str()).collect();
    assert_eq!(sources.len(), 1, "{sources:?}");
    assert!(sources.iter().all(|source| source.starts_with("registry+")), "{sources:?}");
    let ours = packages.iter().filter(|package| package["source"].is_null());
    assert_eq!(ours.map(|package| &package["name"]).collect::<Vec<_>>(), ["gcm-search"]);
}

#[test]
fn expressions_are_read() {
    let allowed = BTreeSet::from(["MIT", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned));
    for (expression, is_met) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("MIT OR GPL-3.0", true),
        ("MIT AND GPL-3.0", false),
        ("(MIT OR GPL-3.0) AND Unicode-3.0", true),
        ("GPL-3.0 OR MIT AND Unicode-3.0", true),
        ("Apache-2.0 WITH LLVM-exception OR GPL-3.0", true),
        ("GPL-3.0/MIT", true),
    ] {
        assert_eq!(is_allowed(expression, &allowed), is_met, "{expression}");
    }
}
