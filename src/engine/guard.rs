//! What a damaged index must not do: end the program.
//!
//! The library that reads an index trusts its bytes: damage that no check has found may make it panic. What panics while it
//! reads is an error here, of the kind [`ErrorKind::Damaged`].

use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use super::{
    Attribute, CommitInfo, CrossCounts, DocumentInfo, Engine, EngineError, ErrorKind, Found, Page,
    StoredPassage,
};
use crate::partition::Part;
use crate::query::plan::{Field, Filters, Plan};

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Whether a panic of this thread would become an error, so that nothing needs to be said of it.
pub fn is_guarded() -> bool {
    DEPTH.get() > 0
}

/// Does what reads the index in a folder.
///
/// # Errors
/// Those of `work`; [`ErrorKind::Damaged`] where it panics.
pub(crate) fn guarded<T>(
    folder: &Path,
    work: impl FnOnce() -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    DEPTH.set(DEPTH.get() + 1);
    let result = catch_unwind(AssertUnwindSafe(work));
    DEPTH.set(DEPTH.get() - 1);
    result.unwrap_or_else(|panic| {
        let message = format!(
            "the index in {} seems damaged: to read it failed ({})",
            folder.display(),
            message_of(&*panic)
        );
        Err(EngineError::new(ErrorKind::Damaged, message))
    })
}

fn message_of(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it gave no reason")
}

/// An engine that answers with an error where it panics.
pub struct Guarded<E> {
    engine: E,
    folder: PathBuf,
}

impl<E: Engine> Guarded<E> {
    /// Guards an engine that reads the index in a folder.
    pub fn new(engine: E, folder: &Path) -> Guarded<E> {
        Guarded { engine, folder: folder.to_path_buf() }
    }

    fn guarded<T>(&self, work: impl FnOnce(&E) -> Result<T, EngineError>) -> Result<T, EngineError> {
        guarded(&self.folder, || work(&self.engine))
    }
}

impl<E: Engine> Engine for Guarded<E> {
    fn info(&self) -> &CommitInfo {
        self.engine.info()
    }

    fn manifest(&self, part: Option<Part>) -> Result<Option<String>, EngineError> {
        self.guarded(|engine| engine.manifest(part))
    }

    fn is_current(&self) -> bool {
        self.engine.is_current()
    }

    fn passages_by_source(&self) -> Result<Option<BTreeMap<String, u64>>, EngineError> {
        self.guarded(E::passages_by_source)
    }

    fn search(&self, plan: &Plan, page: Page) -> Result<Found, EngineError> {
        self.guarded(|engine| engine.search(plan, page))
    }

    fn search_ids(&self, plan: &Plan, page: Page) -> Result<Vec<(String, u64, f64)>, EngineError> {
        self.guarded(|engine| engine.search_ids(plan, page))
    }

    fn cross_counts(
        &self,
        plan: &Plan,
        rows: &[String],
        columns: &[String],
    ) -> Result<CrossCounts, EngineError> {
        self.guarded(|engine| engine.cross_counts(plan, rows, columns))
    }

    fn value_counts(
        &self,
        plan: &Plan,
        attribute: Attribute,
    ) -> Result<BTreeMap<Option<String>, u64>, EngineError> {
        self.guarded(|engine| engine.value_counts(plan, attribute))
    }

    fn each_match(
        &self,
        plan: &Plan,
        each: &mut dyn FnMut(StoredPassage) -> ControlFlow<()>,
    ) -> Result<(), EngineError> {
        self.guarded(|engine| engine.each_match(plan, each))
    }

    fn each_passage(
        &self,
        filters: &Filters,
        each: &mut dyn FnMut(StoredPassage) -> ControlFlow<()>,
    ) -> Result<(), EngineError> {
        self.guarded(|engine| engine.each_passage(filters, each))
    }

    fn document_info(&self, document: &str) -> Result<Option<DocumentInfo>, EngineError> {
        self.guarded(|engine| engine.document_info(document))
    }

    fn is_primary(&self, document: &str) -> Result<bool, EngineError> {
        self.guarded(|engine| engine.is_primary(document))
    }

    fn passages_of(&self, document: &str) -> Result<Vec<StoredPassage>, EngineError> {
        self.guarded(|engine| engine.passages_of(document))
    }

    fn document_ids(&self) -> Result<Vec<String>, EngineError> {
        self.guarded(E::document_ids)
    }

    fn filter_values(&self, kind: &str) -> Result<BTreeMap<String, u64>, EngineError> {
        self.guarded(|engine| engine.filter_values(kind))
    }

    fn has_filter_token(&self, token: &str) -> Result<bool, EngineError> {
        self.guarded(|engine| engine.has_filter_token(token))
    }

    fn frequency(&self, field: Field, term: &str) -> Result<u64, EngineError> {
        self.guarded(|engine| engine.frequency(field, term))
    }

    fn near_words(&self, word: &str, distance: u8) -> Result<Vec<(String, u64)>, EngineError> {
        self.guarded(|engine| engine.near_words(word, distance))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_guarding_ends_with_it() {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let failed = guarded(Path::new("x"), || -> Result<(), EngineError> {
            assert!(is_guarded());
            panic!("index {} out of range", 7)
        });
        std::panic::set_hook(hook);
        let error = failed.expect_err("it panicked");
        assert_eq!(error.kind, ErrorKind::Damaged);
        assert!(error.message.contains("index 7 out of range"), "{}", error.message);
        assert!(!is_guarded());
    }
}
