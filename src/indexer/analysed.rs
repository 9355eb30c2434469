//! Passages that were analysed before, read back from lines of JSON.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::BufRead;
use std::num::NonZeroUsize;

use super::{BATCHES_AHEAD, FileEntry, Line, Lines, Manifest, Progress, Run, Worker, source_of};
use crate::analysed::{self, End, Header, Mark};
use crate::analysis::tokenize;
use crate::corpus::{FoundFile, Location};
use crate::engine::{EngineError, Fingerprint, IndexedPassage, Writer};
use crate::ordered::{self, Step};
use crate::partition::short_hash;
use crate::tagger::Tag;

/// What begins the name of the extractor of such files.
const NAME: &str = "analysed-";

/// The name under which such files are read.
pub(super) fn extractor_name() -> String {
    format!("{NAME}{}", analysed::VERSION)
}

/// Whether a file holds analysed passages.
pub(super) fn is_analysed(entry: &FileEntry) -> bool {
    entry.extractor.starts_with(NAME)
}

/// What is to be made of the passages of a section.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Treatment {
    /// They cannot be taken.
    refused: bool,
    /// Their terms are made anew.
    terms: bool,
    /// Their tags are made anew.
    tags: bool,
}

impl Treatment {
    /// What differs between what a section was made with and what the index is made with.
    fn of(then: &Fingerprint, now: &Fingerprint) -> Treatment {
        Treatment {
            // What lies within a passage can be made anew, where it begins and ends cannot.
            refused: then.segmentation != now.segmentation,
            terms: (then.schema, then.analysis, &then.stemmer) != (now.schema, now.analysis, &now.stemmer),
            tags: then.tagging != now.tagging,
        }
    }
}

/// The lines of a file, some at a time, each time with the treatment that the lines before ask for.
struct Sections {
    lines: Lines,
    treatment: Treatment,
    now: Fingerprint,
}

impl Iterator for Sections {
    type Item = (Treatment, Vec<Line>);

    fn next(&mut self) -> Option<Self::Item> {
        let lines = self.lines.next()?;
        let before = self.treatment;
        for (_, line) in &lines {
            if let Ok(line) = line
                && let Ok(Some(Mark::Header(header))) = analysed::mark(line)
            {
                self.treatment = Treatment::of(&header.fingerprint, &self.now);
            }
        }
        Some((before, lines))
    }
}

/// What a line turned out to be.
enum Found {
    /// The beginning of a section, and whether its passages are passed over.
    Header(Box<Header>, bool),
    End(End),
    Passage(Box<IndexedPassage>),
    /// A passage that is passed over.
    PassedOver,
    /// A passage that cannot be read, and why.
    Bad(String),
    /// Something else that cannot be read, and why.
    BadLine(String),
}

impl Run<'_> {
    /// Reads files of analysed passages, one after the other: a document that several have is taken from the first.
    pub(super) fn read_analysed(
        &self,
        mut files: Vec<&(&FoundFile, FileEntry)>,
        writer: &mut dyn Writer,
        manifest: &mut Manifest,
    ) -> Result<(), EngineError> {
        files.sort_by(|one, other| one.0.key.cmp(&other.0.key));
        let mut sections = Owners::default();
        for (file, entry) in files {
            (self.progress)(Progress::File(&file.path));
            let entry = self.read_sections(file, entry.clone(), &mut sections, writer)?;
            manifest.files.insert(file.key.clone(), entry);
            (self.progress)(Progress::FileDone);
        }
        Ok(())
    }

    fn read_sections(
        &self,
        file: &FoundFile,
        mut entry: FileEntry,
        owners: &mut Owners,
        writer: &mut dyn Writer,
    ) -> Result<FileEntry, EngineError> {
        let reader: Box<dyn BufRead + Send> = match &file.location {
            Location::BuiltIn(bytes) => analysed::unpacked(*bytes),
            Location::Disk(path) => match File::open(path) {
                Ok(handle) => analysed::unpacked(handle),
                Err(error) => {
                    entry.failures.push(error.to_string());
                    return Ok(entry);
                }
            },
        };
        let now = self.fingerprint.clone();
        let lines = Sections { lines: Lines::of(reader), treatment: Treatment::default(), now };
        let worker = || {
            let mut worker = self.worker();
            move |(treatment, lines)| self.understand(file, treatment, lines, &mut worker)
        };
        let workers = NonZeroUsize::new(rayon::current_num_threads()).unwrap_or(NonZeroUsize::MIN);
        let mut section: Option<Section> = None;
        ordered::map(lines, workers, BATCHES_AHEAD, worker, |step| {
            let Step::Ready(found) = step else {
                return Ok(());
            };
            (self.progress)(Progress::Passages(found.len()));
            for (number, found) in found {
                match (found, &mut section) {
                    (Found::Header(header, refused), open) => {
                        entry.failures.extend(open.take().and_then(|section| section.cut_off()));
                        if refused {
                            entry.failures.push(format!(
                                "line {number}: gcm-search {} divided these documents into other passages than this \
                                 program does; index the documents, or export them again",
                                header.program
                            ));
                        }
                        *open = Some(Section { number: owners.begin(), ..Section::default() });
                    }
                    (Found::End(end), open) => {
                        let problem = match open.take() {
                            Some(section) => section.ended(&end),
                            None => Some("the end of passages that have no beginning".to_owned()),
                        };
                        entry.failures.extend(problem.map(|problem| format!("line {number}: {problem}")));
                    }
                    (Found::BadLine(message), _) => entry.failures.push(format!("line {number}: {message}")),
                    (_, None) => entry
                        .failures
                        .push(format!("line {number}: no line before it says what made these passages")),
                    (Found::PassedOver, Some(section)) => section.lines += 1,
                    (Found::Bad(message), Some(section)) => {
                        section.lines += 1;
                        entry.failures.push(format!("line {number}: {message}"));
                    }
                    (Found::Passage(passage), Some(section)) => {
                        section.lines += 1;
                        let Some(is_first) = owners.take(section, &passage) else { continue };
                        entry.documents += usize::from(is_first);
                        entry.passages += 1;
                        writer.add(&passage)?;
                    }
                }
            }
            Ok::<(), EngineError>(())
        })?;
        entry.failures.extend(section.and_then(|section| section.cut_off()));
        Ok(entry)
    }

    /// What each of some lines is.
    fn understand(
        &self,
        file: &FoundFile,
        mut treatment: Treatment,
        lines: Vec<Line>,
        worker: &mut Worker<'_>,
    ) -> Vec<(usize, Found)> {
        let mut out = Vec::with_capacity(lines.len());
        for (number, line) in lines {
            let found = match line {
                Err(error) => Found::BadLine(error.to_string()),
                Ok(line) if line.trim_ascii().is_empty() => continue,
                Ok(line) => match analysed::mark(&line) {
                    Ok(Some(Mark::Header(header))) => {
                        treatment = Treatment::of(&header.fingerprint, self.fingerprint);
                        Found::Header(Box::new(header), treatment.refused)
                    }
                    Ok(Some(Mark::End(end))) => Found::End(end),
                    Ok(None) if treatment.refused => Found::PassedOver,
                    Ok(None) => worker.passage(file, treatment, &line),
                    Err(message) => Found::BadLine(message),
                },
            };
            out.push((number, found));
        }
        out
    }
}

/// A section that is being read.
#[derive(Default)]
struct Section {
    number: usize,
    /// The passages that it has given.
    given: HashSet<u64>,
    lines: usize,
}

impl Section {
    /// What is wrong with the section, if something is, now that its last line has been read.
    fn ended(self, end: &End) -> Option<String> {
        let Section { lines, .. } = self;
        (lines != end.passages)
            .then(|| format!("here {} passages should have been, and {lines} are", end.passages))
    }

    /// What is wrong with a section without a last line.
    fn cut_off(self) -> Option<String> {
        let Section { lines, .. } = self;
        Some(format!(
            "the end is missing behind {lines} passages: the file was cut off, or not written to its end"
        ))
    }
}

/// From which section each document comes: the first that has some of it gives all of it.
#[derive(Default)]
struct Owners {
    by_document: HashMap<u64, usize>,
    sections: usize,
}

impl Owners {
    fn begin(&mut self) -> usize {
        self.sections += 1;
        self.sections
    }

    /// Whether a passage is to be taken from a section, and then whether it is the first of its document.
    fn take(&mut self, section: &mut Section, passage: &IndexedPassage) -> Option<bool> {
        let before = self.by_document.len();
        let document = short_hash(&passage.stored.document.id);
        let owner = *self.by_document.entry(document).or_insert(section.number);
        let is_wanted = owner == section.number && section.given.insert(short_hash(&passage.stored.id()));
        is_wanted.then_some(self.by_document.len() > before)
    }
}

impl Worker<'_> {
    /// Reads a passage and makes anew what has to be.
    fn passage(&mut self, file: &FoundFile, treatment: Treatment, line: &[u8]) -> Found {
        let line: analysed::Line = match serde_json::from_slice(line) {
            Ok(line) => line,
            Err(error) => return Found::Bad(format!("no analysed passage: {error}")),
        };
        if !self.takes(&line.document.id) {
            return Found::PassedOver;
        }
        let mut indexed = line.into_passage(source_of(self.part, &file.key));
        let stored = &mut indexed.stored;
        let tokens =
            if treatment.terms || treatment.tags { tokenize(&stored.passage.text) } else { Vec::new() };
        if treatment.tags {
            stored.tags = self.tags(&stored.document.id, &stored.passage, &tokens);
        } else if !self.overrides.is_empty() {
            let known = stored.tags.iter().filter_map(|(token, score)| {
                let concept = self.taxonomy.concept_index(token.split_once(':')?.1)?;
                Some(Tag { concept, score: *score, evidence: Vec::new() })
            });
            let mut tags = known.collect();
            self.overrides.apply(self.taxonomy, &stored.document.id, stored.passage.number, &mut tags);
            stored.tags = self.stored_tags(tags);
        }
        if treatment.terms {
            let IndexedPassage { source, is_primary, stored, .. } = indexed;
            indexed = IndexedPassage::new(source, is_primary, stored, &tokens, &mut self.stemmers);
        }
        Found::Passage(Box::new(indexed))
    }
}
