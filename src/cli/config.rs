//! `config`: the settings that hold, and where each came from.

use std::io::Write;

use gcm_search::search::FORMAT_VERSION;
use serde::Serialize;

use super::args::{ConfigArgs, Format};
use super::settings::{Global, Looked, Origin};
use super::terminal::Terminal;
use super::{Failure, Outcome};
use crate::output;

#[derive(Debug, Serialize)]
struct Config {
    format_version: u32,
    /// Left out where only files are asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    settings: Vec<Setting>,
    files: Vec<File>,
}

#[derive(Debug, Serialize)]
struct Setting {
    key: String,
    value: Option<String>,
    origin: OriginShown,
}

/// Where a value came from, as JSON says it.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum OriginShown {
    Default,
    File { path: String, line: usize },
    Environment { variable: &'static str },
    Option { option: &'static str },
}

#[derive(Debug, Serialize)]
struct File {
    path: String,
    what: &'static str,
    exists: bool,
}

pub fn run(
    global: &Global,
    args: &ConfigArgs,
    files: &[Looked],
    terminal: &Terminal,
) -> Result<Outcome, Failure> {
    let settings = global
        .entries()
        .into_iter()
        .map(|(key, value, origin)| Setting {
            key,
            value,
            origin: match origin {
                Origin::Default => OriginShown::Default,
                Origin::File(path, line) => OriginShown::File { path: path.display().to_string(), line },
                Origin::Variable(variable) => OriginShown::Environment { variable },
                Origin::Option(option) => OriginShown::Option { option },
            },
        })
        .collect();
    let files = files
        .iter()
        .map(|file| File { path: file.path.display().to_string(), what: file.what, exists: file.exists })
        .collect();
    let mut config = Config { format_version: FORMAT_VERSION, settings, files };
    let mut out = terminal.output(args.format);
    match (args.format, args.files) {
        (Format::Text, true) => list_files(&mut out, &config.files, "")?,
        (Format::Text, false) => {
            list_settings(&mut out, &config.settings)?;
            writeln!(out)?;
            list_files(&mut out, &config.files, "file ")?;
        }
        (_, only_files) => {
            if only_files {
                config.settings.clear();
            }
            output::json::line(&mut out, &config)?;
        }
    }
    out.flush()?;
    Ok(Outcome::Found)
}

fn list_settings(out: &mut dyn Write, settings: &[Setting]) -> Result<(), Failure> {
    let value = |setting: &Setting| output::printable(setting.value.as_deref().unwrap_or("-"));
    let key_width = settings.iter().map(|setting| output::columns(&setting.key)).max().unwrap_or(0);
    let width = settings.iter().map(|setting| output::columns(&value(setting))).max().unwrap_or(0);
    for setting in settings {
        let from = match &setting.origin {
            OriginShown::Default => "default".to_owned(),
            OriginShown::File { path, line } => format!("{path}, line {line}"),
            OriginShown::Environment { variable } => (*variable).to_owned(),
            OriginShown::Option { option } => (*option).to_owned(),
        };
        writeln!(
            out,
            "{}  {}  {}",
            output::padded(&setting.key, key_width),
            output::padded(&value(setting), width),
            output::printable(&from)
        )?;
    }
    Ok(())
}

fn list_files(out: &mut dyn Write, files: &[File], before: &str) -> Result<(), Failure> {
    for file in files {
        let state = if file.exists { "read" } else { "not there" };
        writeln!(out, "{before}{} ({}; {state})", output::printable(&file.path), file.what)?;
    }
    Ok(())
}
