//! A request in the words of the query DSL.

use serde_json::{Value, json};

use crate::engine::request::{Matcher, Request, Scoring, Text};
use crate::query::plan::Field;

/// How many clauses that score a request has at most: clusters refuse more than 1,024.
const MAX_CLAUSES: usize = 900;

/// The fields of terms, in the order in which what is known of each stands: see [`place_of`].
pub(super) const FIELDS: [Field; 4] = [Field::Exact, Field::Stem, Field::Wide, Field::Head];

/// The place of a field among [`FIELDS`].
pub(super) fn place_of(field: Field) -> usize {
    field as usize
}

/// The name of a field.
pub(super) fn name_of(field: Field) -> &'static str {
    match field {
        Field::Exact => "exact",
        Field::Stem => "stem",
        Field::Wide => "wide",
        Field::Head => "head",
    }
}

/// The field that a filter token stands in: tags have one of their own, what is known of documents another.
pub(super) fn token_field(token: &str) -> &'static str {
    match token.split(':').next().unwrap_or_default() {
        "lang" | "document" | "publisher" => "filter",
        _ => "tag",
    }
}

/// A request that scores. A part that scores alike is worth `constant` times as much as it says, since not every version
/// multiplies BM25 by k1 + 1. Of more terms than a cluster takes, those that weigh most score.
pub(super) fn scored(request: &Request<'_>, constant: f64, weight: &dyn Fn(Field, &str) -> f64) -> Value {
    let mut parts: Vec<&Scoring<'_>> = request.scoring.iter().collect();
    if parts.len() > MAX_CLAUSES {
        let weighed = |part: &Scoring<'_>| match part {
            Scoring::Term(field, text, boost) => f64::from(*boost) * weight(*field, text),
            Scoring::Token(..) | Scoring::Match(_) => f64::MAX,
        };
        parts.sort_by(|one, other| weighed(other).total_cmp(&weighed(one)));
        parts.truncate(MAX_CLAUSES);
    }
    let scoring = parts.into_iter().map(|part| match part {
        Scoring::Term(field, text, boost) => {
            json!({"term": {name_of(*field): {"value": text, "boost": boost}}})
        }
        Scoring::Token(token, score) => {
            alike(json!({"term": {token_field(token): token}}), f64::from(*score) * constant)
        }
        Scoring::Match(part) => alike(matcher(part), 0.0),
    });
    whole(request, scoring.collect())
}

/// What a request matches, without scores.
pub(super) fn matching(request: &Request<'_>) -> Value {
    let mut terms: Vec<(Field, Text<'_>)> = Vec::new();
    let mut others: Vec<Value> = Vec::new();
    for part in &request.scoring {
        match part {
            Scoring::Term(field, text, _) => terms.push((*field, text.clone())),
            Scoring::Token(token, _) => others.push(json!({"term": {token_field(token): token}})),
            Scoring::Match(part) => others.push(matcher(part)),
        }
    }
    if !terms.is_empty() {
        others.push(matcher(&Matcher::Terms(terms)));
    }
    json!({"constant_score": {"filter": whole(request, others)}})
}

fn whole(request: &Request<'_>, scoring: Vec<Value>) -> Value {
    let mut filter: Vec<Value> = request.must.iter().map(matcher).collect();
    let must_not: Vec<Value> = request.must_not.iter().map(matcher).collect();
    if request.must_score && scoring.is_empty() {
        return nothing();
    }
    if !request.must_score && filter.is_empty() {
        filter.push(json!({"match_all": {}}));
    }
    json!({"bool": {
        "should": scoring,
        "minimum_should_match": u8::from(request.must_score),
        "filter": filter,
        "must_not": must_not,
    }})
}

fn alike(query: Value, score: f64) -> Value {
    json!({"constant_score": {"filter": query, "boost": score}})
}

fn nothing() -> Value {
    json!({"match_none": {}})
}

fn matcher(part: &Matcher<'_>) -> Value {
    match part {
        Matcher::Terms(terms) => any_of(FIELDS.into_iter().filter_map(|field| {
            let of_field: Vec<&str> =
                terms.iter().filter(|(other, _)| *other == field).map(|(_, text)| &**text).collect();
            (!of_field.is_empty()).then(|| json!({"terms": {name_of(field): of_field}}))
        })),
        Matcher::Tokens(tokens) => any_of(["filter", "tag"].into_iter().filter_map(|field| {
            let of_field: Vec<&str> =
                tokens.iter().map(|token| &**token).filter(|token| token_field(token) == field).collect();
            (!of_field.is_empty()).then(|| json!({"terms": {field: of_field}}))
        })),
        Matcher::Phrase(forms) => json!({"match_phrase": {"exact": forms.join(" ")}}),
        Matcher::Near(words, distance) => near(words, *distance),
        Matcher::Since(day) => json!({"range": {"until": {"gte": day}}}),
        Matcher::Until(day) => json!({"range": {"from": {"lte": day}}}),
        Matcher::Bool(must, should, must_not) => {
            let mut filter: Vec<Value> = must.iter().map(matcher).collect();
            if must.is_empty() && should.is_empty() {
                filter.push(json!({"match_all": {}}));
            }
            json!({"bool": {
                "filter": filter,
                "should": should.iter().map(matcher).collect::<Vec<_>>(),
                "minimum_should_match": u8::from(!should.is_empty()),
                "must_not": must_not.iter().map(matcher).collect::<Vec<_>>(),
            }})
        }
    }
}

fn any_of(parts: impl Iterator<Item = Value>) -> Value {
    let mut parts: Vec<Value> = parts.collect();
    match parts.len() {
        0 => nothing(),
        1 => parts.remove(0),
        _ => json!({"bool": {"should": parts, "minimum_should_match": 1}}),
    }
}

/// Words in a window: as an interval, in which as many words may stand between them as the window has room for.
fn near(words: &[Vec<&str>], distance: u32) -> Value {
    let mut different: Vec<Vec<&str>> = Vec::new();
    for forms in words {
        let mut forms = forms.clone();
        forms.sort_unstable();
        forms.dedup();
        // A word that is asked for twice may be met by one and the same.
        if !different.contains(&forms) {
            different.push(forms);
        }
    }
    if different.iter().any(Vec::is_empty) || different.is_empty() {
        return nothing();
    }
    let gaps = (u64::from(distance) + 1).checked_sub(different.len() as u64);
    let Some(gaps) = gaps else {
        return nothing();
    };
    let mut words: Vec<Value> = different
        .iter()
        .map(|forms| {
            let forms: Vec<Value> = forms.iter().map(|form| json!({"match": {"query": form}})).collect();
            json!({"any_of": {"intervals": forms}})
        })
        .collect();
    let interval = if words.len() == 1 {
        words.remove(0)
    } else {
        json!({"all_of": {
            "ordered": false,
            "max_gaps": gaps.min(i32::MAX as u64),
            "intervals": words,
        }})
    };
    json!({"intervals": {"exact": interval}})
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn fields_stand_in_their_places() {
        assert_eq!(FIELDS.map(place_of), [0, 1, 2, 3]);
    }

    #[test]
    fn windows_become_gaps() {
        let near = |words: &[Vec<&str>], distance| near(words, distance)["intervals"]["exact"].clone();
        let two = near(&[vec!["a", "b"], vec!["c"]], 5);
        assert_eq!(two["all_of"]["max_gaps"], 4);
        assert_eq!(two["all_of"]["intervals"][0]["any_of"]["intervals"][1]["match"]["query"], "b");
        // Three words do not fit in a window of two.
        assert!(near(&[vec!["a"], vec!["b"], vec!["c"]], 1).is_null());
        // The same word twice is one word.
        assert!(near(&[vec!["a"], vec!["a"]], 5)["any_of"].is_object());
        assert!(near(&[vec!["a"], vec![]], 5).is_null());
    }

    #[test]
    fn too_many_terms_score_by_weight() {
        let term = |at: usize| Scoring::Term(Field::Exact, Cow::Owned(format!("t{at}")), 1.0);
        let request = Request {
            scoring: (0..2000).map(term).collect(),
            must_score: true,
            must: Vec::new(),
            must_not: Vec::new(),
        };
        let weight = |_: Field, text: &str| if text == "t1999" { 9.0 } else { 1.0 };
        let query = scored(&request, 1.0, &weight);
        let should = query["bool"]["should"].as_array().unwrap();
        assert_eq!(should.len(), MAX_CLAUSES);
        assert_eq!(should[0]["term"]["exact"]["value"], "t1999");
        // What matches is complete.
        let all = matching(&request);
        assert_eq!(all.to_string().matches("\"t").count(), 2001, "and the word terms");
    }
}
