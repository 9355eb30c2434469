//! Reading a file by a program that the user named for its extension: the path goes in, text comes out.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use super::limits::{ExtractLimits, FileLimits};
use super::{ExtractError, Extracted, Format, encoding, finished, html, process, text};

/// The version of how what a command prints is read.
const VERSION: u32 = 1;
/// The word of a command that stands for the path.
const PATH: &str = "{}";

/// The commands that read files, by the extension of these in lower case. None is run that is not named here.
pub type Commands = BTreeMap<String, ExtractCommand>;

/// A command that prints the text of a file: plain text, Markdown or a web page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtractCommand {
    words: Vec<String>,
}

impl ExtractCommand {
    /// A command of these words: the program and its arguments. A word `{}` stands for the path of the file; where none
    /// does, the path is the last argument.
    pub fn new(words: Vec<String>) -> ExtractCommand {
        ExtractCommand { words }
    }

    /// What tells its results from those of another command, as the manifest keeps it.
    pub fn name(&self) -> String {
        let words = self.words.join("\0");
        format!("command-{VERSION}-{}", &blake3::hash(words.as_bytes()).to_hex()[..8])
    }

    /// Reads a file.
    ///
    /// # Errors
    /// A program that cannot be run, fails, takes too long or prints too much, or something that is no text.
    pub fn read(
        &self,
        path: &Path,
        limits: &FileLimits,
        extract_limits: &ExtractLimits,
    ) -> Result<Extracted, ExtractError> {
        // An absolute path cannot be taken for an option.
        let path = std::path::absolute(path).map_err(ExtractError::system)?;
        let mut words = self.words.iter().map(OsString::from).collect::<Vec<_>>();
        let mut is_named = false;
        for word in words.iter_mut().skip(1).filter(|word| *word == PATH) {
            *word = path.clone().into_os_string();
            is_named = true;
        }
        if !is_named {
            words.push(path.into_os_string());
        }
        let Some((program, arguments)) = words.split_first() else {
            return Err(ExtractError::new("the command for it is empty"));
        };
        let bytes = process::output(Command::new(program).args(arguments), limits.time, limits.bytes)?;
        let said = program.to_string_lossy();
        let no_text =
            |error: ExtractError| ExtractError::new(format!("{said} printed no text: {}", error.message));
        let extracted = match Format::detect("", &bytes).map_err(no_text)? {
            Format::Html => {
                html::extract(&encoding::decode(&bytes, encoding::declared(&bytes))?, extract_limits)?
            }
            _ => text::extract(&encoding::decode(&bytes, None).map_err(no_text)?)?,
        };
        if extracted.blocks.is_empty() {
            return Err(ExtractError::new(format!("{said} printed no text")));
        }
        Ok(finished(Format::Text, extracted))
    }
}

/// The command for a file, by its name.
pub fn command_for<'c>(commands: &'c Commands, name: &str) -> Option<&'c ExtractCommand> {
    let (_, extension) = name.rsplit_once('.')?;
    commands.get(&extension.to_lowercase())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn read(words: &[&str], path: &Path) -> Result<Vec<String>, String> {
        let command = ExtractCommand::new(words.iter().map(|word| (*word).to_owned()).collect());
        command
            .read(path, &FileLimits::default(), &ExtractLimits::default())
            .map(|extracted| extracted.blocks.into_iter().map(|block| block.text).collect())
            .map_err(|error| error.message)
    }

    #[test]
    fn the_path_goes_in_and_text_comes_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("-n con spazi; $(x).abc");
        std::fs::write(&path, "I sindaci.\n\nI prefetti.\n").unwrap();
        let both = vec!["I sindaci.".to_owned(), "I prefetti.".to_owned()];
        assert_eq!(read(&["cat"], &path), Ok(both.clone()));
        assert_eq!(read(&["sh", "-c", "cat \"$1\"; echo $2", "sh", "{}", ""], &path), Ok(both));
        std::fs::write(&path, "<html><body><nav>Menu</nav><main><p>I questori.</p></main></body></html>")
            .unwrap();
        assert_eq!(read(&["cat"], &path), Ok(vec!["I questori.".to_owned()]));
        std::fs::write(&path, b"\x00\x01\x02").unwrap();
        assert!(read(&["cat"], &path).unwrap_err().starts_with("cat printed no text"));
        assert!(read(&["true"], &path).unwrap_err().contains("printed no text"));
        assert!(read(&["no-such-program"], &path).unwrap_err().contains("cannot run no-such-program"));
    }

    #[test]
    fn another_command_has_another_name() {
        let name =
            |words: &[&str]| ExtractCommand::new(words.iter().map(|w| (*w).to_owned()).collect()).name();
        assert_eq!(name(&["a", "b"]), name(&["a", "b"]));
        assert_ne!(name(&["a", "b"]), name(&["a b"]));
    }
}
