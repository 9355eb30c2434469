//! A plan made ready for an engine: which terms score and how, what a passage has to match, and which words of the index
//! a prefix stands for.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::EngineError;
use super::ranking::{Backend, idf};
use super::request::{Matcher, Request, Scoring, Text};
use crate::query::plan::{Clause, Field, Filters, Leaf, Plan, Translated, WordPlan};
use crate::query::syntax::Occur;

/// How many terms a prefix or a fuzzy word stands for at most.
pub(super) const MAX_EXPANSIONS: usize = 512;
/// How many of them, the most frequent ones, count for the ranking.
const SCORED_EXPANSIONS: usize = 24;
/// How many words a query must have for the stems and families of its words to be left to the second look: then the forms
/// of one are confirmed by those of another.
const WORDS_BY_FORMS: usize = 2;
/// From how many words on the stems are asked for all the same, in place of the forms that have them: a question need not
/// share many forms with its answer.
pub(super) const WORDS_BY_STEMS: usize = 4;

/// A part of a query that adds to a score.
pub(super) struct ScoredLeaf<'p> {
    pub(super) kind: LeafKind<'p>,
    /// The word of the plan that it belongs to; `usize::MAX` for none.
    pub(super) word: usize,
    /// That word as the user typed it.
    pub(super) typed: Text<'p>,
    /// The term that it translates, if it is lent.
    translates: Option<&'p str>,
    pub(super) boost: f32,
    /// Whether its positions tell where the word stands.
    pub(super) has_positions: bool,
    tier: Tier,
}

/// Which tier of its word a leaf is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tier {
    /// The word itself, or the forms of its lexeme.
    Forms,
    Stem,
    Family,
    Head,
    Expansion,
    Concept,
}

pub(super) enum LeafKind<'p> {
    /// Terms of a field that count as one, scored by BM25.
    Terms(Field, Vec<KnownTerm<'p>>),
    /// A tag: the same for every passage that has it.
    Concept(&'p str),
}

/// A term, and how many passages have it.
pub(super) struct KnownTerm<'p> {
    pub(super) text: Text<'p>,
    pub(super) frequency: u64,
}

impl ScoredLeaf<'_> {
    /// Whether the first of its terms, several of a word, is all that another leaf of the word has.
    pub(super) fn begins_with(&self, other: &ScoredLeaf<'_>) -> bool {
        match (&self.kind, &other.kind) {
            (LeafKind::Terms(field, terms), LeafKind::Terms(others_field, others)) => {
                self.word == other.word
                    && field == others_field
                    && others.len() == 1
                    && terms.first().is_some_and(|term| term.text == others[0].text)
            }
            _ => false,
        }
    }

    /// How a passage meets its word by this leaf.
    pub(super) fn by(&self) -> String {
        let LeafKind::Terms(_, terms) = &self.kind else {
            return "the passage is tagged with what the query names".to_owned();
        };
        let first = terms.first().map_or("", |term| &term.text);
        let by = match self.tier {
            Tier::Forms if terms.len() == 1 => "the word itself".to_owned(),
            Tier::Forms => "a form of the word".to_owned(),
            Tier::Stem => format!("the stem \"{first}\""),
            Tier::Family => format!("the family \"{first}\""),
            Tier::Head => format!("the stem \"{first}\" in the title or a heading"),
            Tier::Expansion | Tier::Concept => format!("the word \"{first}\""),
        };
        match self.translates {
            Some(term) => format!("{by}, as in \"{term}\""),
            None => by,
        }
    }
}

/// A plan, lowered.
pub(super) struct Lowered<'p> {
    /// What finds every passage that answers.
    pub(super) all: Request<'p>,
    /// What tells the best passages as long as there are enough of them, if that is less: terms alone, of which an engine
    /// skips most postings, and where there are words enough not all terms of each.
    pub(super) quick: Option<Request<'p>>,
    /// What their exact scores are made of.
    pub(super) leaves: Vec<ScoredLeaf<'p>>,
}

/// Lowers a plan.
pub(super) fn lower<'p, B: Backend>(backend: &B, plan: &'p Plan) -> Result<Lowered<'p>, EngineError> {
    let passages = backend.passages()?;
    Lowering { backend, plan, passages, leaves: Vec::new() }.lower()
}

struct Lowering<'a, 'p, B> {
    backend: &'a B,
    plan: &'p Plan,
    passages: u64,
    leaves: Vec<ScoredLeaf<'p>>,
}

impl<'p, B: Backend> Lowering<'_, 'p, B> {
    fn lower(mut self) -> Result<Lowered<'p>, EngineError> {
        let plan = self.plan;
        let scored_words = scored_words(&plan.clauses);
        let scored = || plan.words.iter().enumerate().filter(|(index, _)| scored_words.contains(index));
        self.backend.look_up(&mut scored().flat_map(|(_, word)| {
            word.leaves.iter().flat_map(|leaf| leaf.terms.iter().map(|term| (leaf.field, term.as_str())))
        }))?;
        for (index, word) in scored() {
            for leaf in &word.leaves {
                self.leaf(index, leaf)?;
            }
        }
        for concept in &plan.concepts {
            self.leaves.push(ScoredLeaf {
                kind: LeafKind::Concept(concept),
                word: usize::MAX,
                typed: Cow::Borrowed(concept),
                translates: None,
                boost: plan.weights.concept,
                has_positions: false,
                tier: Tier::Concept,
            });
        }
        let mut must: Vec<Matcher<'p>> = Vec::new();
        let mut must_not: Vec<Matcher<'p>> = Vec::new();
        let mut parts: Vec<Matcher<'p>> = Vec::new();
        let mut any_should = !plan.concepts.is_empty();
        for (occur, clause) in &plan.clauses {
            match occur {
                Occur::Must => must.push(self.matcher(clause, true)?),
                Occur::MustNot => must_not.push(self.matcher(clause, false)?),
                Occur::Should => {
                    any_should = true;
                    // Words are matched by their leaves; other parts have to be asked for.
                    if !matches!(clause, Clause::Word(_) | Clause::StrictWord(_)) {
                        parts.push(self.matcher(clause, true)?);
                    }
                }
            }
        }
        let must_score = must.is_empty() && any_should;
        must.extend(filters(&plan.filters));
        let is_plain = must.is_empty() && must_not.is_empty();
        let (scoring, quick) = first_pass(&self.leaves, parts, self.passages);
        let quick = quick.filter(|_| is_plain).map(|scoring| Request {
            scoring,
            must_score: true,
            must: Vec::new(),
            must_not: Vec::new(),
        });
        // Where nothing was asked for at all, nothing is found.
        let scoring = if is_plain && !any_should { Vec::new() } else { scoring };
        let all = Request { scoring, must_score: must_score || is_plain, must, must_not };
        Ok(Lowered { all, quick, leaves: self.leaves })
    }

    fn leaf(&mut self, word: usize, leaf: &'p Leaf) -> Result<(), EngineError> {
        let WordPlan { typed, translates, leaves, .. } = &self.plan.words[word];
        // A word of several forms stands where any of them does; one without has its exact leaf for that.
        let has_positions = leaf.field == Field::Exact
            && (leaf.terms.len() > 1
                || !leaves.iter().any(|other| other.field == Field::Exact && other.terms.len() > 1));
        let boost = match translates {
            Some(translated) => leaf.boost * self.share(translated)? as f32,
            None => leaf.boost,
        };
        let known = |text: &'p String| {
            let frequency = self.backend.frequency(leaf.field, text)?;
            Ok(KnownTerm { text: Cow::Borrowed(text.as_str()), frequency })
        };
        let terms = leaf.terms.iter().map(known).collect::<Result<Vec<_>, EngineError>>()?;
        self.leaves.push(ScoredLeaf {
            kind: LeafKind::Terms(leaf.field, terms),
            word,
            typed: Cow::Borrowed(typed),
            translates: translates.as_ref().map(|translated| &*self.plan.translations[translated.term]),
            boost,
            has_positions,
            tier: match leaf.field {
                Field::Exact => Tier::Forms,
                Field::Stem => Tier::Stem,
                Field::Wide => Tier::Family,
                Field::Head => Tier::Head,
            },
        });
        Ok(())
    }

    /// What a word of a translated term is multiplied by, so that the whole term is as rare as the words that it stands
    /// for: words of a language that has few passages are all rare, and would outweigh the query's own.
    fn share(&self, translated: &Translated) -> Result<f64, EngineError> {
        let rarity = |index: usize| {
            let leaves = self.plan.words[index].leaves.iter();
            // The forms of the lexeme, or the word itself where it has no other forms.
            let forms = leaves.filter(|leaf| leaf.field == Field::Exact).max_by_key(|leaf| leaf.terms.len());
            let mut count = 0;
            for term in forms.into_iter().flat_map(|leaf| &leaf.terms) {
                count += self.backend.frequency(Field::Exact, term)?;
            }
            Ok(idf(count.min(self.passages), self.passages))
        };
        let sum =
            |words: &mut dyn Iterator<Item = usize>| words.map(rarity).sum::<Result<f64, EngineError>>();
        let own = sum(&mut translated.of.iter().copied())?;
        let lent = sum(&mut (0..self.plan.words.len()).filter(|&index| {
            let other = self.plan.words[index].translates.as_ref();
            other.is_some_and(|other| other.term == translated.term)
        }))?;
        Ok(if lent > 0.0 { own / lent } else { 0.0 })
    }

    /// What a clause matches.
    fn matcher(&mut self, clause: &'p Clause, scores: bool) -> Result<Matcher<'p>, EngineError> {
        Ok(match clause {
            Clause::Word(index) => self.word_matcher(*index, &[Field::Exact, Field::Stem]),
            // A part of a symbol, 73/195, stands for the whole: A/RES/73/195.
            Clause::StrictWord(index) if self.plan.words[*index].exact.contains('/') => {
                self.word_matcher(*index, &[Field::Exact, Field::Wide])
            }
            Clause::StrictWord(index) => self.word_matcher(*index, &[Field::Exact]),
            Clause::InHead(index) => {
                let stems = self.plan.words[*index].leaves.iter().filter(|leaf| leaf.field == Field::Stem);
                let terms = stems.flat_map(|leaf| &leaf.terms);
                Matcher::Terms(terms.map(|term| (Field::Head, Cow::Borrowed(term.as_str()))).collect())
            }
            Clause::Phrase(forms) => match &forms[..] {
                [one] => Matcher::Terms(vec![(Field::Exact, Cow::Borrowed(one))]),
                forms => Matcher::Phrase(forms),
            },
            Clause::Near(words, distance) => {
                let forms = |index: &usize| {
                    let exact =
                        self.plan.words[*index].leaves.iter().filter(|leaf| leaf.field == Field::Exact);
                    exact.flat_map(|leaf| leaf.terms.iter().map(String::as_str)).collect()
                };
                Matcher::Near(words.iter().map(forms).collect(), *distance)
            }
            Clause::Prefix(prefix) => {
                let terms = self.backend.words_with_prefix(prefix)?;
                self.expansion(&format!("{prefix}*"), terms, scores)
            }
            Clause::Fuzzy(word, distance) => {
                let terms = self.backend.words_near(word, *distance)?;
                self.expansion(&format!("{word}~"), terms, scores)
            }
            Clause::Filter(token) => Matcher::Tokens(vec![Cow::Borrowed(token)]),
            Clause::Bool(parts) => {
                let (mut must, mut should, mut must_not) = (Vec::new(), Vec::new(), Vec::new());
                let any_must = parts.iter().any(|(occur, _)| *occur == Occur::Must);
                for (occur, part) in parts {
                    let part = self.matcher(part, scores && *occur != Occur::MustNot)?;
                    match occur {
                        Occur::Must => must.push(part),
                        Occur::MustNot => must_not.push(part),
                        Occur::Should if any_must => {}
                        Occur::Should => should.push(part),
                    }
                }
                Matcher::Bool(must, should, must_not)
            }
        })
    }

    fn word_matcher(&self, index: usize, fields: &[Field]) -> Matcher<'p> {
        let leaves = &self.plan.words[index].leaves;
        let terms_in = |wanted: &dyn Fn(Field) -> bool| -> Vec<(Field, Text<'p>)> {
            let leaves = leaves.iter().filter(|leaf| wanted(leaf.field));
            let terms = leaves.flat_map(|leaf| leaf.terms.iter().map(|term| (leaf.field, term.as_str())));
            terms.map(|(field, term)| (field, Cow::Borrowed(term))).collect()
        };
        let mut terms = terms_in(&|field| fields.contains(&field));
        if terms.is_empty() {
            // A reference has no exact form of its own.
            terms = terms_in(&|_| true);
        }
        Matcher::Terms(terms)
    }

    /// The terms that a prefix or fuzzy word stands for; the most frequent ones also score.
    fn expansion(&mut self, typed: &str, terms: Vec<(String, u64)>, scores: bool) -> Matcher<'p> {
        let scored = if scores { SCORED_EXPANSIONS } else { 0 };
        for (term, frequency) in terms.iter().take(scored) {
            let term = KnownTerm { text: Cow::Owned(term.clone()), frequency: *frequency };
            self.leaves.push(ScoredLeaf {
                kind: LeafKind::Terms(Field::Exact, vec![term]),
                word: usize::MAX,
                typed: Cow::Owned(typed.to_owned()),
                translates: None,
                boost: self.plan.weights.exact,
                has_positions: false,
                tier: Tier::Expansion,
            });
        }
        Matcher::Terms(terms.into_iter().map(|(term, _)| (Field::Exact, Cow::Owned(term))).collect())
    }
}

/// What filters let pass.
pub(super) fn filters<'p>(filters: &Filters) -> Vec<Matcher<'p>> {
    let tokens = filters.tokens().into_iter();
    tokens
        .map(|tokens| Matcher::Tokens(tokens.into_iter().map(Cow::Owned).collect()))
        .chain(filters.since.map(|since| Matcher::Since(since.first_day())))
        .chain(filters.until.map(|until| Matcher::Until(until.last_day())))
        .collect()
}

/// The words that count for the ranking: all but those that must not occur.
fn scored_words(clauses: &[(Occur, Clause)]) -> BTreeSet<usize> {
    let mut out = BTreeSet::new();
    for (occur, clause) in clauses {
        if *occur == Occur::MustNot {
            continue;
        }
        match clause {
            Clause::Word(index) | Clause::StrictWord(index) | Clause::InHead(index) => {
                out.insert(*index);
            }
            Clause::Near(words, _) => out.extend(words),
            Clause::Bool(parts) => out.extend(scored_words(parts)),
            Clause::Phrase(_) | Clause::Prefix(_) | Clause::Fuzzy(..) | Clause::Filter(_) => {}
        }
    }
    out
}

struct FirstTerm<'l, 'p> {
    field: Field,
    text: &'l Text<'p>,
    boost: f32,
    /// The word of which it says nothing that its other terms do not say too.
    spare_of: Option<usize>,
}

impl<'p> FirstTerm<'_, 'p> {
    fn scoring(&self) -> Scoring<'p> {
        Scoring::Term(self.field, self.text.clone(), self.boost)
    }
}

/// What a passage may match by, and the part of it that finds passages quickly, if that is less.
///
/// There is no term that no passage has, which would only cost time, and one for a term that several leaves have, as a word
/// and the forms of its lexeme share it. Their boosts are added up, so that its postings are read once and the sum stays
/// the same. The forms of a lexeme are weighed alike: each with the rarity of all of them together.
fn first_pass<'p>(
    leaves: &[ScoredLeaf<'p>],
    parts: Vec<Matcher<'p>>,
    passages: u64,
) -> (Vec<Scoring<'p>>, Option<Vec<Scoring<'p>>>) {
    let mut rest: Vec<Scoring<'p>> = Vec::new();
    let mut terms: Vec<FirstTerm<'_, 'p>> = Vec::new();
    let mut places: HashMap<(Field, &str), usize> = HashMap::new();
    let has_stem = |word: usize, form: &str| {
        let stems = leaves.iter().filter(|leaf| leaf.word == word && leaf.tier == Tier::Stem);
        let terms = stems.flat_map(|leaf| match &leaf.kind {
            LeafKind::Terms(_, terms) => &terms[..],
            LeafKind::Concept(_) => &[],
        });
        terms.into_iter().any(|stem| form.starts_with(&*stem.text))
    };
    // What is no word of the query counts as one more.
    let others = (!parts.is_empty()).then_some(usize::MAX);
    let words = leaves.iter().map(|leaf| leaf.word).chain(others).collect::<HashSet<usize>>().len();
    // The words of which enough stands in the index without their spare terms.
    let mut known: HashSet<usize> = HashSet::new();
    for leaf in leaves {
        match &leaf.kind {
            LeafKind::Terms(field, forms) => {
                let together = forms.iter().map(|term| term.frequency).sum::<u64>();
                let together = idf(together.min(passages), passages);
                for (at, term) in forms.iter().enumerate().filter(|(_, term)| term.frequency > 0) {
                    let is_form = leaf.tier == Tier::Forms;
                    if is_form || (leaf.tier == Tier::Stem && words >= WORDS_BY_STEMS) {
                        known.insert(leaf.word);
                    }
                    let is_spare = if words >= WORDS_BY_STEMS {
                        leaf.tier == Tier::Family || (is_form && at > 0 && has_stem(leaf.word, &term.text))
                    } else {
                        !is_form
                    };
                    let place = *places.entry((*field, &*term.text)).or_insert_with(|| {
                        let (field, text) = (*field, &term.text);
                        terms.push(FirstTerm { field, text, boost: 0.0, spare_of: Some(leaf.word) });
                        terms.len() - 1
                    });
                    terms[place].boost += leaf.boost * (together / idf(term.frequency, passages)) as f32;
                    if !is_spare {
                        terms[place].spare_of = None;
                    }
                }
            }
            LeafKind::Concept(token) => rest.push(Scoring::Token(token, leaf.boost)),
        }
    }
    rest.extend(parts.into_iter().map(Scoring::Match));
    let is_long = known.len() >= WORDS_BY_FORMS;
    let is_quick =
        |term: &&FirstTerm<'_, '_>| !is_long || term.spare_of.is_none_or(|word| !known.contains(&word));
    let quick: Vec<Scoring<'p>> = terms.iter().filter(is_quick).map(FirstTerm::scoring).collect();
    let is_less = !quick.is_empty() && (quick.len() < terms.len() || !rest.is_empty());
    let all = terms.iter().map(FirstTerm::scoring).chain(rest).collect();
    (all, is_less.then_some(quick))
}

/// The most frequent of some words with their counts, [`MAX_EXPANSIONS`] of them; of equally frequent ones the first in the
/// order of their bytes.
pub(super) fn most_frequent(mut words: Vec<(String, u64)>) -> Vec<(String, u64)> {
    words.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    words.truncate(MAX_EXPANSIONS);
    words
}
