//! What an engine is asked, in no engine's own words. [`super::lowering`] makes it of a plan; each engine puts it into
//! its own queries.

use std::borrow::Cow;

use crate::query::plan::Field;

/// A text of the plan, or one that the index was asked for.
pub(super) type Text<'p> = Cow<'p, str>;

/// Which passages match, without scoring them.
#[derive(Debug, Clone)]
pub(super) enum Matcher<'p> {
    /// Those that have one of these terms.
    Terms(Vec<(Field, Text<'p>)>),
    /// Those that have these exact forms one after the other.
    Phrase(&'p [String]),
    /// Those in which every word stands, in one of its exact forms, all of them within a window: the first and the last
    /// at most so many words apart.
    Near(Vec<Vec<&'p str>>, u32),
    /// Those that have one of these filter tokens.
    Tokens(Vec<Text<'p>>),
    /// Those of documents that may be of this day or later.
    Since(u64),
    /// Those of documents that may be of this day or earlier.
    Until(u64),
    /// Those that match every part of the first list, one of the second if there are any, none of the third.
    Bool(Vec<Matcher<'p>>, Vec<Matcher<'p>>, Vec<Matcher<'p>>),
}

/// A part of a request that adds to the score of the passages that match it.
#[derive(Debug, Clone)]
pub(super) enum Scoring<'p> {
    /// BM25 of a term (k1 1.2, b 0.75), multiplied.
    Term(Field, Text<'p>, f32),
    /// The same for every passage with a filter token.
    Token(&'p str, f32),
    /// Nothing, but a passage may match by it.
    Match(Matcher<'p>),
}

/// A request: which passages match, and what their scores are the sum of.
#[derive(Debug, Clone)]
pub(super) struct Request<'p> {
    /// What scores.
    pub(super) scoring: Vec<Scoring<'p>>,
    /// Whether a passage has to match a part that scores.
    pub(super) must_score: bool,
    /// What has to match.
    pub(super) must: Vec<Matcher<'p>>,
    /// What must not.
    pub(super) must_not: Vec<Matcher<'p>>,
}

impl<'p> Request<'p> {
    /// All passages that match these, not scored.
    pub(super) fn matching(must: Vec<Matcher<'p>>) -> Request<'p> {
        Request { scoring: Vec::new(), must_score: false, must, must_not: Vec::new() }
    }

    /// Whether a passage matches by what scores alone.
    pub(super) fn is_plain(&self) -> bool {
        self.must_score && self.must.is_empty() && self.must_not.is_empty()
    }
}
