//! The plan of a query: analysed terms, filters and boosts, in words that every engine understands.
//!
//! All that depends on language is decided here; an engine only lowers the plan to its own queries.

use serde::{Deserialize, Serialize};

use super::syntax::{Node, Occur, Query, parse};
use crate::analysis::fold::fold;
use crate::analysis::{
    Case, Stemmers, Token, TokenKind, family, is_interrogative, is_question_word, is_stop_word, references,
    siblings, symbol_tails, tokenize, verb_forms,
};
use crate::document::{Date, Language};
use crate::glossary::{Glossary, Translation};
use crate::taxonomy::Taxonomy;

/// A field of the index that terms are looked up in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// Exact forms, with positions.
    Exact,
    /// Stems of the words that are no function words.
    Stem,
    /// Families, parts of symbols, legal references.
    Wide,
    /// Stems of the title and the headings alone.
    Head,
}

/// How much each tier of a word weighs. Chosen by measurement: see `benches/README.md`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Weights {
    /// The exact form.
    pub exact: f32,
    /// Any form of the lexeme, the exact one too.
    pub lexeme: f32,
    /// The stem.
    pub stem: f32,
    /// The family, and parts of symbols.
    pub family: f32,
    /// A legal reference written as a whole (art. 14).
    pub reference: f32,
    /// What a capital letter in the midst of a query multiplies a word by.
    pub capital: f32,
    /// What a number is multiplied by.
    pub number: f32,
    /// Two words of the query within [`Weights::near_distance`] words of each other.
    pub near: f32,
    /// How many words apart that is.
    pub near_distance: u32,
    /// Two words of the query within [`Weights::far_distance`] words of each other.
    pub far: f32,
    /// How many words apart that is.
    pub far_distance: u32,
    /// Runs of four letters that a passage shares with the words of the query, counted in the best passages only.
    pub letters: f32,
    /// From how many words of the query on letters are compared: one or two words are met by themselves or not.
    pub letters_words: u32,
    /// What a passage is lent of the mean score of the best passages of other documents under the same title.
    pub company: f32,
    /// A passage tagged with a concept that the query names.
    pub concept: f32,
    /// What a term in another language counts, of what the words that it translates do.
    pub translation: f32,
    /// What the score of a passage of a primary source is multiplied by.
    pub primary: f32,
    /// How soon further occurrences of a word count less: k1 of BM25.
    pub k1: f32,
    /// How much long passages are held back: b of BM25.
    pub b: f32,
    /// The power that a word's rarity is raised to.
    pub rarity: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Weights {
            exact: 0.4,
            lexeme: 0.2,
            stem: 0.8,
            family: 0.6,
            reference: 2.0,
            capital: 1.4,
            number: 1.4,
            near: 0.3,
            near_distance: 4,
            far: 0.15,
            far_distance: 12,
            letters: 0.3,
            letters_words: 3,
            company: 0.3,
            concept: 1.0,
            translation: 0.5,
            primary: 1.4,
            k1: 0.8,
            b: 0.75,
            rarity: 1.0,
        }
    }
}

/// Terms of the index that count as one, with their boost.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    /// Where they are looked up.
    pub field: Field,
    /// The terms: one, or the forms of one lexeme. Their frequencies are added up before they are scored, so
    /// that a rare form counts no more than a common one.
    pub terms: Vec<String>,
    /// What their BM25 score is multiplied by.
    pub boost: f32,
}

/// A word of the query with everything it may be matched by.
#[derive(Debug, Clone, PartialEq)]
pub struct WordPlan {
    /// As it was typed.
    pub typed: String,
    /// Its exact form.
    pub exact: String,
    /// The other forms of its lexeme, in all languages.
    pub siblings: Vec<String>,
    /// Its stems, by language.
    pub stems: Vec<(Language, String)>,
    /// Its terms in all tiers.
    pub leaves: Vec<Leaf>,
    /// What it translates, if it is lent by the glossary and not a word of the query itself.
    pub translates: Option<Translated>,
}

/// What a word that the glossary lends stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translated {
    /// The term that it is a word of, as an index into [`Plan::translations`].
    pub term: usize,
    /// The words of the query that the term translates, as indices into [`Plan::words`].
    pub of: Vec<usize>,
}

/// What passages are asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Clause {
    /// Any tier of a word, by its index in [`Plan::words`].
    Word(usize),
    /// A word in one of the forms of its lexeme; scored in all tiers.
    StrictWord(usize),
    /// These exact forms one after the other.
    Phrase(Vec<String>),
    /// These words, in any form of their lexemes and any order, within so many words.
    Near(Vec<usize>, u32),
    /// Exact forms that begin so.
    Prefix(String),
    /// Exact forms within so many letters.
    Fuzzy(String, u8),
    /// A filter token, see [`Filters`].
    Filter(String),
    /// A word of the title or headings, by its stems.
    InHead(usize),
    /// Parts together.
    Bool(Vec<(Occur, Clause)>),
}

impl Clause {
    /// A clause that no passage matches.
    fn nothing() -> Clause {
        let everything = Clause::Bool(Vec::new());
        Clause::Bool(vec![(Occur::MustNot, everything)])
    }
}

/// What a search is limited to. Between kinds all must hold, within a kind one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filters {
    /// Tags, by scheme: ids of concepts, each as `scheme:id`.
    pub tags: Vec<String>,
    /// Languages of passages.
    pub languages: Vec<Language>,
    /// Documents: ids, folders, symbols or titles.
    pub documents: Vec<String>,
    /// Publishers.
    pub publishers: Vec<String>,
    /// The first date.
    pub since: Option<Date>,
    /// The last date.
    pub until: Option<Date>,
}

impl Filters {
    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        *self == Filters::default()
    }

    /// The filter tokens: one inner list for each kind, one of which must be on a passage.
    pub fn tokens(&self) -> Vec<Vec<String>> {
        let mut kinds: Vec<Vec<String>> = Vec::new();
        let mut schemes: Vec<&str> = Vec::new();
        for tag in &self.tags {
            let scheme = tag.split(':').next().unwrap_or_default();
            if !schemes.contains(&scheme) {
                schemes.push(scheme);
            }
        }
        for scheme in schemes {
            kinds.push(
                self.tags.iter().filter(|tag| tag.split(':').next() == Some(scheme)).cloned().collect(),
            );
        }
        let mut kind = |tokens: Vec<String>| {
            if !tokens.is_empty() {
                kinds.push(tokens);
            }
        };
        kind(self.languages.iter().map(|&language| language_token(language)).collect());
        kind(self.documents.iter().map(|name| document_token(name)).collect());
        kind(self.publishers.iter().map(|name| publisher_token(name)).collect());
        kinds
    }
}

/// The filter token of a language.
pub fn language_token(language: Language) -> String {
    format!("lang:{language}")
}

/// The filter token of a name of a document: its id, a folder above it, its symbol or its title.
pub fn document_token(name: &str) -> String {
    format!("document:{}", fold(name.trim().trim_end_matches('/')))
}

/// The filter token of a publisher.
pub fn publisher_token(name: &str) -> String {
    format!("publisher:{}", fold(name.trim()))
}

/// A query made ready for an engine.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// What is asked for; an empty list asks for everything.
    pub clauses: Vec<(Occur, Clause)>,
    /// The words, in the order of the query.
    pub words: Vec<WordPlan>,
    /// Phrases to be marked as a whole: runs of exact forms.
    pub phrases: Vec<Vec<String>>,
    /// What it is limited to.
    pub filters: Filters,
    /// Concepts that the query names: a scheme's id and a concept's, as `scheme:id`.
    pub concepts: Vec<String>,
    /// What terms of the query are called in other languages; their words are among [`Plan::words`].
    pub translations: Vec<String>,
    /// The weights that its leaves were made with.
    pub weights: Weights,
    /// Remarks for the user.
    pub notes: Vec<String>,
}

impl Plan {
    /// Asks for every passage under the filters.
    pub fn everything(filters: Filters) -> Plan {
        Plan::matching(vec![(Occur::Must, Clause::Bool(Vec::new()))], filters)
    }

    /// A plan that only says which passages match, without words to rank them by.
    pub fn matching(clauses: Vec<(Occur, Clause)>, filters: Filters) -> Plan {
        Plan {
            clauses,
            words: Vec::new(),
            phrases: Vec::new(),
            filters,
            concepts: Vec::new(),
            translations: Vec::new(),
            weights: Weights::default(),
            notes: Vec::new(),
        }
    }
}

/// How a plan is made.
#[derive(Debug, Clone, Default)]
pub struct PlanOptions {
    /// Every word must occur.
    pub all: bool,
    /// What is limited.
    pub filters: Filters,
    /// The weights of the tiers.
    pub weights: Weights,
    /// Whether a concept that the query names also finds the passages tagged with it.
    pub concepts: bool,
}

/// The most words of a query that are looked up; more are no question but a text.
const MAX_WORDS: usize = 128;
/// The most words, function words among them, that are looked at: in one run of characters, and for concepts.
const MAX_TOKENS: usize = 1_000;
/// The most words with `*` or `~` that are looked up: each stands for many.
const MAX_EXPANDED: usize = 16;
/// The most phrases and fields that are looked up.
const MAX_PARTS: usize = 64;
/// The longest word whose neighbours are looked for, in characters: what is needed for it grows with its length.
const MAX_FUZZY_CHARS: usize = 64;
/// A beginning of fewer characters stands for more words than are looked for.
const TELLING_PREFIX_CHARS: usize = 3;

/// Makes plans; holds the stemmers.
pub struct Planner<'a> {
    taxonomy: &'a Taxonomy,
    glossary: &'a Glossary,
    stemmers: Stemmers,
}

/// What a name before a colon in a query, or a name of a filter, stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldName {
    /// A scheme of the taxonomy, by its index.
    Scheme(usize),
    /// The language of a passage.
    Language,
    /// The title and the headings.
    Title,
    /// A document.
    Document,
    /// A publisher.
    Publisher,
}

impl<'a> Planner<'a> {
    /// A planner that knows the taxonomy's schemes as fields and the glossary's terms.
    pub fn new(taxonomy: &'a Taxonomy, glossary: &'a Glossary) -> Planner<'a> {
        Planner { taxonomy, glossary, stemmers: Stemmers::default() }
    }

    /// Reads and plans a query.
    pub fn plan(&mut self, text: &str, options: PlanOptions) -> Plan {
        let taxonomy = self.taxonomy;
        let query = parse(text, &|name| field_name(taxonomy, name).is_some());
        self.plan_query(&query, options)
    }

    fn plan_query(&mut self, query: &Query, options: PlanOptions) -> Plan {
        let told_language = language_of(&query.clauses);
        let mut draft = Draft {
            language: told_language.unwrap_or(Language::Italian),
            told_language,
            options: &options,
            words: Vec::new(),
            phrases: Vec::new(),
            notes: query.notes.clone(),
            too_long: false,
            expanded: 0,
            parts: 0,
            first_word: true,
            keep_all_words: false,
            is_shouted: is_shouted(&query.clauses),
            is_question: is_question(&query.clauses, told_language.unwrap_or(Language::Italian)),
        };
        let mut clauses = self.clauses(&query.clauses, &mut draft);
        if clauses.is_empty() && has_words(&query.clauses) {
            // Nothing but function words: then they are what is asked for.
            draft.keep_all_words = true;
            draft.first_word = true;
            (draft.expanded, draft.parts) = (0, 0);
            draft.words.clear();
            draft.notes.push("only function words: searched as they are".to_owned());
            clauses = self.clauses(&query.clauses, &mut draft);
        }
        if draft.too_long {
            draft.notes.push(format!("the query is long: only its first {MAX_WORDS} words are looked up"));
        }
        if draft.expanded > MAX_EXPANDED {
            let note = format!("only the first {MAX_EXPANDED} words with * or ~ are looked up");
            draft.notes.push(note);
        }
        if draft.parts > MAX_PARTS {
            draft.notes.push(format!("only the first {MAX_PARTS} phrases and fields are looked up"));
        }
        if options.all {
            for (occur, _) in &mut clauses {
                if *occur == Occur::Should {
                    *occur = Occur::Must;
                }
            }
        }
        for reference in written_references(&query.clauses) {
            let index = draft.words.len();
            draft.words.push(WordPlan::of_reference(reference, &options.weights));
            clauses.push((Occur::Should, Clause::Word(index)));
        }
        if let [word] = &mut draft.words[..] {
            word.stands_alone();
        }
        // A query left empty asks for all that the filters let pass; one that cannot be looked up (title:di) does not.
        if clauses.is_empty() && (!query.clauses.is_empty() || options.filters.is_empty()) {
            draft.notes.push("there is no word in the query to look for".to_owned());
            clauses.push((Occur::Must, Clause::nothing()));
        }
        let (mut words, phrases, notes) = (draft.words, draft.phrases, draft.notes);
        let mut concepts = Vec::new();
        let mut translations = Vec::new();
        if options.concepts {
            let asked = plain_tokens(&query.clauses);
            concepts = self.concepts(&asked);
            translations = self.translations(&asked, &options.weights, &mut words, &mut clauses);
        }
        Plan {
            clauses,
            words,
            phrases,
            filters: options.filters,
            concepts,
            translations,
            weights: options.weights,
            notes,
        }
    }

    /// The concepts that the words asked for name, as filter tokens.
    fn concepts(&self, asked: &[Token]) -> Vec<String> {
        let named = self.taxonomy.named_in(asked).into_iter();
        named.map(|index| concept_token(self.taxonomy, index)).collect()
    }

    /// Adds the words of the terms that say in other languages what the query says, and returns these terms.
    fn translations(
        &self,
        asked: &[Token],
        weights: &Weights,
        words: &mut Vec<WordPlan>,
        clauses: &mut Vec<(Occur, Clause)>,
    ) -> Vec<String> {
        let mut terms = Vec::new();
        for Translation { language, term, source, of: (from, to) } in self.glossary.translations(asked) {
            let of: Vec<usize> = asked[from..to]
                .iter()
                .filter_map(|token| words.iter().position(|word| word.exact == token.text))
                .collect();
            let content: Vec<Token> =
                tokenize(&term).into_iter().filter(|token| !is_stop_word(language, &token.text)).collect();
            let all = content.len();
            // What the query has already, in whatever form, is not asked for twice. The term as the glossary writes it has
            // to agree, so that an accent left out makes no difference.
            let mut asked_for: Vec<String> = Vec::new();
            for token in tokenize(&source) {
                for own in Language::ANALYSED {
                    asked_for.extend(siblings(own, &token.text, token.accented));
                }
                asked_for.push(token.text.into_string());
            }
            let is_asked = |form: &str| {
                let is_form = |other: &String| other == form;
                let stands = |word: &WordPlan| is_form(&word.exact) || word.siblings.iter().any(is_form);
                words.iter().any(stands) && asked_for.iter().any(is_form)
            };
            let lent: Vec<Token> = content.into_iter().filter(|token| !is_asked(&token.text)).collect();
            if of.is_empty() || lent.is_empty() || words.len() + lent.len() > MAX_WORDS {
                continue;
            }
            // Of a term of which the query has a part, the rest counts for its part.
            let share = weights.translation * lent.len() as f32 / all as f32;
            for token in lent {
                let translates = Translated { term: terms.len(), of: of.clone() };
                clauses.push((Occur::Should, Clause::Word(words.len())));
                words.push(lent_word(&token, language, weights, share, translates));
            }
            terms.push(term);
        }
        terms
    }

    fn clauses(&mut self, nodes: &[(Occur, Node)], draft: &mut Draft<'_>) -> Vec<(Occur, Clause)> {
        let mut out = Vec::new();
        for (occur, node) in nodes {
            self.node(*occur, node, draft, &mut out);
        }
        out
    }

    fn node(&mut self, occur: Occur, node: &Node, draft: &mut Draft<'_>, out: &mut Vec<(Occur, Clause)>) {
        let strict = occur != Occur::Should || draft.options.all;
        match node {
            Node::Word(text) => {
                let mut tokens = tokenize(text);
                if tokens.len() > MAX_TOKENS {
                    draft.too_long = true;
                    tokens.truncate(MAX_TOKENS);
                }
                let alone = tokens.len() == 1;
                let start = out.len();
                for token in &tokens {
                    // A function word is asked for only where it was asked for by itself.
                    let dropped = draft.drops(token) && !(alone && occur != Occur::Should);
                    if !dropped && let Some(index) = self.word(token, draft) {
                        out.push((occur, word_clause(index, strict)));
                    }
                    draft.first_word = false;
                }
                if occur == Occur::MustNot && out.len() > start + 1 {
                    // -A/B excludes where all of it stands, not any part.
                    let parts = out.drain(start..).map(|(_, clause)| (Occur::Must, clause)).collect();
                    out.push((Occur::MustNot, Clause::Bool(parts)));
                }
            }
            Node::Prefix(stem) => {
                if draft.may_expand() {
                    if stem.chars().count() < TELLING_PREFIX_CHARS {
                        draft.note(format!(
                            "{stem}* is short: only the most frequent words that begin so count"
                        ));
                    }
                    out.push((occur, Clause::Prefix(fold(stem))));
                }
            }
            Node::Fuzzy(word, distance) => {
                if word.chars().count() > MAX_FUZZY_CHARS {
                    draft.note("a ~ after a very long word was left out".to_owned());
                    self.node(occur, &Node::Word(word.clone()), draft, out);
                } else if draft.may_expand() {
                    out.push((occur, Clause::Fuzzy(fold(word), *distance)));
                }
            }
            Node::Phrase(text, slop) => self.phrase(occur, text, *slop, draft, out),
            Node::Field(name, value) => self.field(occur, name, value, draft, out),
            Node::Group(nodes) => {
                let inner = self.clauses(nodes, draft);
                if !inner.is_empty() {
                    out.push((occur, Clause::Bool(inner)));
                }
            }
        }
    }

    fn phrase(
        &mut self,
        occur: Occur,
        text: &str,
        slop: Option<u32>,
        draft: &mut Draft<'_>,
        out: &mut Vec<(Occur, Clause)>,
    ) {
        let mut tokens = tokenize(text);
        if tokens.is_empty() || !draft.may_add_part() {
            return;
        }
        if tokens.len() > MAX_WORDS {
            draft.too_long = true;
            tokens.truncate(MAX_WORDS);
        }
        let clause = match slop {
            None if tokens.len() == 1 => match self.word(&tokens[0], draft) {
                Some(index) => Clause::Phrase(vec![draft.words[index].exact.clone()]),
                None => return,
            },
            None => {
                let forms: Vec<String> = tokens.iter().map(|token| token.text.to_string()).collect();
                draft.phrases.push(forms.clone());
                Clause::Phrase(forms)
            }
            Some(distance) => {
                let mut indices = Vec::new();
                for token in &tokens {
                    if !is_stop_word(draft.language, &token.text) {
                        indices.extend(self.word(token, draft));
                    }
                }
                if indices.is_empty() {
                    return;
                }
                Clause::Near(indices, distance)
            }
        };
        // Where it stands decides whether a passage matches; its words decide how well.
        if occur != Occur::MustNot && slop.is_none() {
            for token in &tokens {
                if !is_stop_word(draft.language, &token.text)
                    && let Some(index) = self.word(token, draft)
                {
                    out.push((Occur::Should, Clause::StrictWord(index)));
                }
            }
        }
        out.push((occur, clause));
    }

    fn field(
        &mut self,
        occur: Occur,
        name: &str,
        value: &str,
        draft: &mut Draft<'_>,
        out: &mut Vec<(Occur, Clause)>,
    ) {
        if !draft.may_add_part() {
            return;
        }
        let token = match field_name(self.taxonomy, name) {
            Some(FieldName::Scheme(scheme)) => match tag_token(self.taxonomy, scheme, value) {
                Ok(token) => token,
                Err(message) => {
                    draft.notes.push(format!("{message}; searched as words"));
                    self.node(Occur::Should, &Node::Word(value.to_owned()), draft, out);
                    return;
                }
            },
            Some(FieldName::Language) => match value.parse::<Language>() {
                Ok(language) => language_token(language),
                Err(message) => {
                    draft.notes.push(format!("{message}; searched as words"));
                    self.node(Occur::Should, &Node::Word(value.to_owned()), draft, out);
                    return;
                }
            },
            Some(FieldName::Document) => document_token(value),
            Some(FieldName::Publisher) => publisher_token(value),
            Some(FieldName::Title) => {
                let mut parts = Vec::new();
                for token in tokenize(value) {
                    if !is_stop_word(draft.language, &token.text)
                        && let Some(index) = self.word(&token, draft)
                    {
                        parts.push((Occur::Must, Clause::InHead(index)));
                    }
                }
                if !parts.is_empty() {
                    out.push((occur, Clause::Bool(parts)));
                }
                return;
            }
            None => return,
        };
        out.push((occur, Clause::Filter(token)));
    }

    /// Adds a word to the plan and returns its index, or nothing where there are too many.
    fn word(&mut self, token: &Token, draft: &mut Draft<'_>) -> Option<usize> {
        if let Some(index) = draft.words.iter().position(|word| word.exact == token.text) {
            return Some(index);
        }
        if draft.words.len() >= MAX_WORDS {
            draft.too_long = true;
            return None;
        }
        let weights = &draft.options.weights;
        let mut importance = 1.0;
        if token.kind == TokenKind::Number {
            importance *= weights.number;
        } else if !draft.first_word
            && !draft.is_shouted
            && matches!(token.case, Case::Capital | Case::Upper | Case::Mixed)
        {
            importance *= weights.capital;
        }
        let plain = token.kind == TokenKind::Word;
        let mut forms: Vec<String> = Vec::new();
        let mut stems: Vec<(Language, String)> = Vec::new();
        if plain {
            for language in Language::ANALYSED {
                for form in siblings(language, &token.text, token.accented) {
                    if !forms.contains(&form) {
                        forms.push(form);
                    }
                }
                if draft.asks_in(language) {
                    stems.push((language, self.stemmers.stem(language, &token.text).to_owned()));
                    for form in verb_forms(language, &token.text) {
                        stems.push((language, self.stemmers.stem(language, &form).to_owned()));
                        if !forms.contains(&form) {
                            forms.push(form);
                        }
                    }
                }
            }
        } else {
            stems.push((Language::Other, token.text.to_string()));
        }
        let exact = token.text.to_string();
        let mut leaves =
            vec![Leaf { field: Field::Exact, terms: vec![exact.clone()], boost: weights.exact * importance }];
        if plain {
            let terms = std::iter::once(exact).chain(forms.iter().cloned()).collect();
            leaves.push(Leaf { field: Field::Exact, terms, boost: weights.lexeme * importance });
        }
        let mut distinct: Vec<&str> = Vec::new();
        for (_, stem) in &stems {
            if !distinct.contains(&stem.as_str()) {
                distinct.push(stem);
            }
        }
        if !distinct.is_empty() {
            let terms: Vec<String> = distinct.into_iter().map(str::to_owned).collect();
            leaves.push(Leaf { field: Field::Stem, terms, boost: weights.stem * importance });
        }
        let wide: Vec<String> = match token.kind {
            TokenKind::Word => vec![family(&token.text).to_owned()],
            TokenKind::Symbol => std::iter::once(token.text.to_string())
                .chain(symbol_tails(&token.text).map(str::to_owned))
                .collect(),
            TokenKind::Number | TokenKind::Ideograph => Vec::new(),
        };
        leaves.extend(wide.into_iter().map(|term| Leaf {
            field: Field::Wide,
            terms: vec![term],
            boost: weights.family * importance,
        }));
        draft.words.push(WordPlan {
            typed: token.text.to_string(),
            exact: token.text.to_string(),
            siblings: forms,
            stems,
            leaves,
            translates: None,
        });
        Some(draft.words.len() - 1)
    }
}

/// What the stem and the family of a word that is the whole query are multiplied by.
const ALONE: f32 = 0.1;

impl WordPlan {
    /// Nothing but this word tells what is meant: then every passage with the word in one of its forms comes
    /// before those that only have its stem, such as *comunità* for *comuni*, however often they have it.
    fn stands_alone(&mut self) {
        for leaf in &mut self.leaves {
            match leaf.field {
                Field::Exact => leaf.boost = 1.0,
                Field::Stem | Field::Wide | Field::Head => leaf.boost *= ALONE,
            }
        }
    }

    /// A legal reference as a whole: one term of its own beside those of its words.
    fn of_reference(key: String, weights: &Weights) -> WordPlan {
        WordPlan {
            typed: key.replace(':', " "),
            exact: key.clone(),
            siblings: Vec::new(),
            stems: Vec::new(),
            leaves: vec![Leaf { field: Field::Wide, terms: vec![key], boost: weights.reference }],
            translates: None,
        }
    }
}

/// A word of a term that the glossary lends: only the forms of its own language.
fn lent_word(
    token: &Token,
    language: Language,
    weights: &Weights,
    share: f32,
    translates: Translated,
) -> WordPlan {
    let forms = siblings(language, &token.text, token.accented);
    let terms = std::iter::once(token.text.to_string()).chain(forms.iter().cloned()).collect();
    // All that the tiers of a word add up to, on its forms alone: stems of kindred languages are too much alike.
    let boost = (weights.exact + weights.lexeme + weights.stem + weights.family) * share;
    WordPlan {
        typed: token.text.to_string(),
        exact: token.text.to_string(),
        siblings: forms,
        stems: Vec::new(),
        leaves: vec![Leaf { field: Field::Exact, terms, boost }],
        translates: Some(translates),
    }
}

/// The words that a query asks for plainly: in no phrase, with no sign.
fn plain_tokens(nodes: &[(Occur, Node)]) -> Vec<Token> {
    let words: Vec<&str> = nodes
        .iter()
        .filter_map(|(occur, node)| match (occur, node) {
            (Occur::Should, Node::Word(text)) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let mut tokens = tokenize(&words.join(" "));
    tokens.truncate(MAX_TOKENS);
    tokens
}

/// The legal references that the plain words of a query spell out.
fn written_references(nodes: &[(Occur, Node)]) -> Vec<String> {
    let words: Vec<&str> = nodes
        .iter()
        .filter_map(|(occur, node)| match (occur, node) {
            (Occur::MustNot, _) => None,
            (_, Node::Word(text)) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    references(&tokenize(&words.join(" "))).into_iter().map(|reference| reference.key).collect()
}

fn word_clause(index: usize, strict: bool) -> Clause {
    if strict { Clause::StrictWord(index) } else { Clause::Word(index) }
}

struct Draft<'o> {
    /// The language that its small words are taken for.
    language: Language,
    /// The same, where small words were there to tell.
    told_language: Option<Language>,
    options: &'o PlanOptions,
    words: Vec<WordPlan>,
    phrases: Vec<Vec<String>>,
    notes: Vec<String>,
    too_long: bool,
    /// How many words with `*` or `~` there are.
    expanded: usize,
    /// How many phrases and fields.
    parts: usize,
    first_word: bool,
    keep_all_words: bool,
    /// Whether it is typed in capitals throughout, so that they tell nothing.
    is_shouted: bool,
    /// Whether it is put as a question, so that words such as *tipo* and *nome* only point at what is asked for.
    is_question: bool,
}

impl Draft<'_> {
    /// Whether a word of the query may be a word of `language`: of any, unless its small words tell.
    fn asks_in(&self, language: Language) -> bool {
        self.told_language.is_none_or(|told| told == language)
    }

    /// Counts a word that stands for many; says whether it is still looked up.
    fn may_expand(&mut self) -> bool {
        self.expanded += 1;
        self.expanded <= MAX_EXPANDED
    }

    /// Counts a phrase or a field; says whether it is still looked up.
    fn may_add_part(&mut self) -> bool {
        self.parts += 1;
        self.parts <= MAX_PARTS
    }

    fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Whether a word says nothing of what is looked for.
    fn drops(&self, token: &Token) -> bool {
        !self.keep_all_words
            && token.kind == TokenKind::Word
            // The article "un" and the acronym "UN" are told apart by their capitals.
            && !(token.case == Case::Upper && token.text.len() > 1 && !self.is_shouted)
            && (is_stop_word(self.language, &token.text)
                || (self.is_question && is_question_word(self.language, &token.text)))
    }
}

fn has_words(nodes: &[(Occur, Node)]) -> bool {
    nodes.iter().any(|(_, node)| match node {
        Node::Word(text) => !tokenize(text).is_empty(),
        Node::Group(nodes) => has_words(nodes),
        _ => false,
    })
}

/// Every word of a query, folded.
fn words_of(nodes: &[(Occur, Node)]) -> Vec<String> {
    let mut out = Vec::new();
    for (_, node) in nodes {
        match node {
            Node::Word(text) | Node::Phrase(text, _) => {
                out.extend(tokenize(text).into_iter().map(|token| token.text.into_string()));
            }
            Node::Group(nodes) => out.extend(words_of(nodes)),
            _ => {}
        }
    }
    out
}

/// Whether every word of a query, of two or more, is in capitals.
fn is_shouted(nodes: &[(Occur, Node)]) -> bool {
    let mut words = 0;
    let shouts = nodes.iter().all(|(_, node)| match node {
        Node::Word(text) => tokenize(text).iter().all(|token| {
            words += usize::from(token.kind == TokenKind::Word);
            token.kind != TokenKind::Word || token.case == Case::Upper || token.text.len() == 1
        }),
        _ => true,
    });
    shouts && words > 1
}

/// Whether a query asks a question: an interrogative stands in it, or a question mark.
fn is_question(nodes: &[(Occur, Node)], language: Language) -> bool {
    let asks = |text: &str| {
        text.ends_with('?') || tokenize(text).iter().any(|token| is_interrogative(language, &token.text))
    };
    nodes.iter().any(|(_, node)| matches!(node, Node::Word(text) if asks(text)))
}

/// The language that a query's small words speak for, if there are any.
fn language_of(nodes: &[(Occur, Node)]) -> Option<Language> {
    let words = words_of(nodes);
    let mut best = (0, None);
    for language in Language::ANALYSED {
        let count = words
            .iter()
            .filter(|word| is_stop_word(language, word) || is_question_word(language, word))
            .count();
        if count > best.0 {
            best = (count, Some(language));
        }
    }
    best.1
}

/// The field of this name, in any of the languages, however typed.
pub fn field_name(taxonomy: &Taxonomy, name: &str) -> Option<FieldName> {
    let name = fold(name);
    Some(match name.as_str() {
        "lang" | "language" | "lingua" | "langue" | "idioma" => FieldName::Language,
        "title" | "titolo" | "titre" | "titulo" => FieldName::Title,
        "document" | "documento" | "doc" => FieldName::Document,
        "publisher" | "editore" => FieldName::Publisher,
        _ => FieldName::Scheme(taxonomy.scheme_by_name(&name)?),
    })
}

/// The filter token of a concept: `actor:states`.
pub fn concept_token(taxonomy: &Taxonomy, concept: usize) -> String {
    let entry = &taxonomy.concepts[concept];
    format!("{}:{}", taxonomy.schemes[entry.scheme].id, entry.id)
}

/// The filter token of a concept named by its id or a label.
///
/// # Errors
/// A name that no concept has, with the nearest one that does exist.
pub fn tag_token(taxonomy: &Taxonomy, scheme: usize, name: &str) -> Result<String, String> {
    let scheme_id = &taxonomy.schemes[scheme].id;
    match taxonomy.by_name(scheme, name) {
        Some(concept) => Ok(concept_token(taxonomy, concept)),
        None => {
            let names = taxonomy.names_of(scheme);
            let hint = match crate::suggest::nearest(name, names.iter().copied()) {
                Some(near) => format!("; did you mean \"{near}\"?"),
                None => {
                    let ids: Vec<&str> =
                        taxonomy.concepts_of(scheme).map(|(_, concept)| concept.id.as_str()).collect();
                    format!("; known are {}", ids.join(", "))
                }
            };
            Err(format!("no {scheme_id} is called \"{name}\"{hint}"))
        }
    }
}
