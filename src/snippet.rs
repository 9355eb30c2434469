//! Which words of a passage answer the query, and the part of it to show. All from the text
//! itself, so that a highlight always slices what the reader sees.

use std::collections::HashSet;

use crate::analysis::{Stemmers, Token, TokenKind, tokenize};
use crate::document::Language;
use crate::query::Plan;
use crate::query::plan::Clause;

/// A part of a passage with the places to mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// The text shown.
    pub text: String,
    /// Where the words found begin and end in it, in Unicode code points, in order and apart.
    pub highlights: Vec<(usize, usize)>,
    /// Whether the passage goes on before it.
    pub cut_before: bool,
    /// Whether the passage goes on after it.
    pub cut_after: bool,
}

/// How many code points of a passage are shown at most, unless the caller asks for more.
pub const DEFAULT_LENGTH: usize = 480;

/// Marks the words of a plan in texts.
pub struct Highlighter<'p> {
    plan: &'p Plan,
    stemmers: &'p mut Stemmers,
    /// Words that stand in phrases only, and are not marked alone.
    in_phrase_only: HashSet<&'p str>,
    /// The words, in all forms of their lexemes.
    forms: HashSet<&'p str>,
    /// Their stems.
    stems: HashSet<(Language, &'p str)>,
    /// Words of which only a part is given, or nearly all.
    open: Vec<OpenWord<'p>>,
}

impl<'p> Highlighter<'p> {
    /// A highlighter for the words and phrases of a plan. The stemmers remember the words that they have seen, so one who
    /// highlights often keeps them.
    pub fn new(plan: &'p Plan, stemmers: &'p mut Stemmers) -> Highlighter<'p> {
        let in_phrase_only = words_of_phrases_only(plan);
        let words = || plan.words.iter().filter(|word| !in_phrase_only.contains(word.exact.as_str()));
        let forms = words().flat_map(|word| std::iter::once(&word.exact).chain(&word.siblings));
        let stems = words().flat_map(|word| &word.stems);
        Highlighter {
            plan,
            stemmers,
            forms: forms.map(String::as_str).collect(),
            stems: stems.map(|(language, stem)| (*language, stem.as_str())).collect(),
            open: prefixes(&plan.clauses),
            in_phrase_only,
        }
    }

    /// The places of a text to mark, in bytes, in order and apart.
    pub fn marks(&mut self, text: &str, language: Language) -> Vec<(usize, usize)> {
        let tokens = tokenize(text);
        let mut marked = vec![false; tokens.len()];
        for (at, token) in tokens.iter().enumerate() {
            marked[at] = self.matches(token, language);
        }
        for phrase in &self.plan.phrases {
            for start in 0..tokens.len() {
                if tokens.len() - start >= phrase.len()
                    && phrase.iter().zip(&tokens[start..]).all(|(form, token)| *form == token.text)
                {
                    marked[start..start + phrase.len()].fill(true);
                }
            }
        }
        let mut out: Vec<(usize, usize)> = Vec::new();
        for (token, _) in tokens.iter().zip(&marked).filter(|&(_, &marked)| marked) {
            out.push((token.start, token.end));
        }
        out
    }

    fn matches(&mut self, token: &Token, language: Language) -> bool {
        let text = token.text.as_str();
        if self.in_phrase_only.contains(text) {
            return false;
        }
        if self.forms.contains(text) || self.open.iter().any(|part| part.matches(text)) {
            return true;
        }
        token.kind == TokenKind::Word && self.stems.contains(&(language, self.stemmers.stem(language, text)))
    }

    /// The part of a text with the most of the query in it, at most `length` code points long.
    pub fn snippet(&mut self, text: &str, language: Language, length: usize) -> Snippet {
        let marks = self.marks(text, language);
        let (start, end) = window(text, &marks, length);
        let shown = &text[start..end];
        let highlights = marks
            .iter()
            .filter(|&&(from, to)| from >= start && to <= end)
            .map(|&(from, to)| (text[start..from].chars().count(), text[start..to].chars().count()))
            .collect();
        Snippet { text: shown.to_owned(), highlights, cut_before: start > 0, cut_after: end < text.len() }
    }
}

/// Words that the query has only within phrases: alone they are no answer, and are not marked.
fn words_of_phrases_only(plan: &Plan) -> HashSet<&str> {
    if plan.phrases.is_empty() {
        return HashSet::new();
    }
    let mut free: Vec<usize> = Vec::new();
    collect_free(&plan.clauses, &mut free);
    plan.phrases
        .iter()
        .flatten()
        .filter(|form| !free.iter().any(|&index| plan.words[index].exact == **form))
        .map(String::as_str)
        .collect()
}

fn collect_free(clauses: &[(crate::query::syntax::Occur, Clause)], out: &mut Vec<usize>) {
    for (occur, clause) in clauses {
        match clause {
            Clause::Word(index) => out.push(*index),
            // Beside a phrase its words stand as strict, optional words; a strict word that must occur is free.
            Clause::StrictWord(index) if *occur == crate::query::syntax::Occur::Must => out.push(*index),
            Clause::Near(words, _) => out.extend(words),
            Clause::Bool(parts) => collect_free(parts, out),
            _ => {}
        }
    }
}

enum OpenWord<'c> {
    Prefix(&'c str),
    Fuzzy(&'c str, u8),
}

impl OpenWord<'_> {
    fn matches(&self, text: &str) -> bool {
        match self {
            OpenWord::Prefix(prefix) => text.starts_with(prefix),
            OpenWord::Fuzzy(word, distance) => {
                text.len().abs_diff(word.len()) <= 8
                    && crate::suggest::distance(word, text) <= usize::from(*distance)
            }
        }
    }
}

fn prefixes(clauses: &[(crate::query::syntax::Occur, Clause)]) -> Vec<OpenWord<'_>> {
    let mut out = Vec::new();
    for (occur, clause) in clauses {
        if *occur == crate::query::syntax::Occur::MustNot {
            continue;
        }
        match clause {
            Clause::Prefix(prefix) => out.push(OpenWord::Prefix(prefix)),
            Clause::Fuzzy(word, distance) => out.push(OpenWord::Fuzzy(word, *distance)),
            Clause::Bool(parts) => out.extend(prefixes(parts)),
            _ => {}
        }
    }
    out
}

/// The byte range of at most `length` code points with the most marks, cut at words, from a sentence's
/// beginning where one is near.
fn window(text: &str, marks: &[(usize, usize)], length: usize) -> (usize, usize) {
    if text.chars().count() <= length {
        return (0, text.len());
    }
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let position = |byte: usize| starts.partition_point(|&start| start < byte);
    let places: Vec<usize> = marks.iter().map(|&(from, _)| position(from)).collect();
    // The window that begins a little before each mark; the first of the fullest ones.
    let lead = length / 6;
    let mut best = (0, 0);
    for &place in &places {
        let from = place.saturating_sub(lead);
        let count = places.iter().filter(|&&other| other >= place && other < from + length).count();
        if count > best.0 {
            best = (count, from);
        }
    }
    let mut from = best.1.min(starts.len().saturating_sub(length));
    // Back to the beginning of the sentence, or of the word, if that is close.
    let back = starts[from.saturating_sub(lead)];
    let sentence = text[back..starts[from]].rfind(['.', '!', '?', ';', '\n']).map(|at| back + at + 1);
    if from > 0 {
        from = match sentence {
            Some(at) => position(at),
            None => {
                let before = &text[..starts[from]];
                before.rfind(char::is_whitespace).map_or(from, position)
            }
        };
    }
    let start_byte = starts[from];
    let start = start_byte + (text[start_byte..].len() - text[start_byte..].trim_start().len());
    let start_char = position(start);
    let end_char = (start_char + length).min(starts.len());
    let mut end = starts.get(end_char).copied().unwrap_or(text.len());
    if end < text.len() {
        end = text[start..end].rfind(char::is_whitespace).map_or(end, |at| start + at);
    }
    (start, end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glossary::Glossary;
    use crate::query::plan::{PlanOptions, Planner};
    use crate::taxonomy::Taxonomy;
    use proptest::prelude::*;

    fn marked(query: &str, text: &str) -> Vec<String> {
        let taxonomy = Taxonomy::built_in_outline().unwrap();
        let glossary = Glossary::default();
        let plan = Planner::new(&taxonomy, &glossary).plan(query, PlanOptions::default());
        let marks = Highlighter::new(&plan, &mut Stemmers::default()).marks(text, Language::Italian);
        marks.iter().map(|&(from, to)| text[from..to].to_owned()).collect()
    }

    #[test]
    fn words_are_marked_in_their_forms() {
        assert_eq!(
            marked("autorita' locali", "L’autorità locale e le Autorità locali decidono."),
            ["autorità", "locale", "Autorità", "locali"]
        );
    }

    #[test]
    fn words_of_a_phrase_are_marked_only_there() {
        assert_eq!(
            marked(
                "\"autorità locali\" OR migranti",
                "Le autorità nazionali, gli enti locali, le autorità locali e i migranti."
            ),
            ["autorità", "locali", "migranti"]
        );
    }

    proptest! {
        #[test]
        fn highlights_slice_the_text(words in prop::collection::vec("(migranti|autorità|😀|l’|E'|\\PC{1,6})", 1..60), length in 5usize..200) {
            let taxonomy = Taxonomy::built_in_outline().unwrap();
            let glossary = Glossary::default();
            let plan = Planner::new(&taxonomy, &glossary).plan("migrante autorita'", PlanOptions::default());
            let text = words.join(" ");
            let snippet = Highlighter::new(&plan, &mut Stemmers::default()).snippet(&text, Language::Italian, length);
            prop_assert!(text.contains(&snippet.text));
            prop_assert!(snippet.text.chars().count() <= length);
            let chars: Vec<char> = snippet.text.chars().collect();
            let mut last = 0;
            for (from, to) in snippet.highlights {
                prop_assert!(from >= last && from < to && to <= chars.len());
                last = to;
            }
        }
    }
}
