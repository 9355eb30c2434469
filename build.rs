//! Builds the corpus into the program: a table of every file under `corpus/`, and the taxonomy and the glossary, read and
//! checked, as tables that the program has only to copy.
//!
//! The modules that reading them takes are those of the library, which this file compiles for itself.

#![allow(dead_code, reason = "the library uses the rest of these modules")]
#![allow(unused_imports, reason = "the library uses the rest of these modules")]

#[path = "src/analysis/mod.rs"]
mod analysis;
#[path = "src/document.rs"]
mod document;
#[path = "src/glossary.rs"]
mod glossary;
#[path = "src/suggest.rs"]
mod suggest;
#[path = "src/tables.rs"]
mod tables;
#[path = "src/taxonomy/mod.rs"]
mod taxonomy;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("corpus");
    println!("cargo::rerun-if-changed=corpus");
    let mut files = Vec::new();
    collect(&root, &root, &mut files)?;
    files.sort();
    let mut code = String::from(
        "/// Every file of the corpus built into the program: its path and its bytes.\n\
         static BUILT_IN_CORPUS: &[(&str, &[u8])] = &[\n",
    );
    for (relative, full) in &files {
        println!("cargo::rerun-if-changed={}", full.display());
        writeln!(code, "    ({relative:?}, include_bytes!({:?})),", full.display().to_string())
            .map_err(io::Error::other)?;
    }
    code.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("built_in_corpus.rs"), code)?;

    let text = fs::read_to_string(root.join("taxonomy.toml"))?;
    let taxonomy = taxonomy::Taxonomy::parse(&text)
        .map_err(|error| io::Error::other(format!("corpus/taxonomy.toml, {error}")))?;
    fs::write(out.join("taxonomy.outline"), taxonomy.outline())?;
    fs::write(out.join("taxonomy.tables"), taxonomy.filling())?;
    let text = fs::read_to_string(root.join("glossary.toml"))?;
    let glossary = glossary::Glossary::parse(&text)
        .map_err(|error| io::Error::other(format!("corpus/glossary.toml: {error}")))?;
    fs::write(out.join("glossary.tables"), glossary.tables())
}

/// Files that are no part of the corpus proper: downloads, and data that has its own `include_str!`.
const LEFT_OUT: &[&str] = &["downloads", "taxonomy.toml", "tagger.json", "word-vectors.txt"];

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let relative = path.strip_prefix(root).unwrap_or(&path);
        let name = relative.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        if LEFT_OUT.contains(&name.as_str()) || name.split('/').any(|part| part.starts_with('.')) {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, files)?;
        } else {
            files.push((name, path));
        }
    }
    Ok(())
}
