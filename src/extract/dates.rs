//! Dates as files write them: in digits in any order that can be told, and in words in four languages.

use crate::document::Date;

/// The months, folded, in Italian, English, French and Spanish; `|` divides the spellings. Abbreviations of at
/// least three letters are told by their beginning.
const MONTHS: [&str; 12] = [
    "gennaio|january|janvier|enero",
    "febbraio|february|fevrier|febrero",
    "marzo|march|mars",
    "aprile|april|avril|abril",
    "maggio|may|mai|mayo",
    "giugno|june|juin|junio",
    "luglio|july|juillet|julio",
    "agosto|august|aout",
    "settembre|september|septembre|septiembre|setiembre",
    "ottobre|october|octobre|octubre",
    "novembre|november|noviembre",
    "dicembre|december|decembre|diciembre",
];

fn month(word: &str) -> Option<u16> {
    let folded = crate::analysis::fold::fold(word);
    let folded = folded.trim_end_matches('.');
    let position = MONTHS.iter().position(|names| {
        names.split('|').any(|name| {
            name == folded || (folded.len() >= 3 && folded.len() <= 5 && name.starts_with(folded))
        })
    })?;
    u16::try_from(position + 1).ok()
}

fn make(year: u16, month: u16, day: u16) -> Option<Date> {
    let text = match (month, day) {
        (0, _) => format!("{year:04}"),
        (month, 0) => format!("{year:04}-{month:02}"),
        (month, day) => format!("{year:04}-{month:02}-{day:02}"),
    };
    text.parse().ok()
}

/// Reads a date: `2018-12-19T10:00:00Z`, `20181219`, `D:20181219`, `19/12/2018`, `19.12.18` is none, `19 dicembre 2018`,
/// `December 19, 2018`, `1er août 2018`, `dicembre 2018`, `2018`. Where both day and month could be either, the day is
/// first, as in all of Europe.
pub(super) fn parse(text: &str) -> Option<Date> {
    let text = text.trim();
    if let Ok(date) = text.parse::<Date>() {
        return Some(date);
    }
    let mut numbers: Vec<(u16, usize)> = Vec::new();
    let mut named: Option<u16> = None;
    // A time of day after the date is none of our business.
    let pieces = text.split(|c: char| !c.is_alphanumeric()).filter(|piece| !piece.is_empty());
    for piece in pieces {
        let digits = piece.len() - piece.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = piece.split_at(digits);
        if digits == 8 && rest.is_empty() || digits >= 8 && rest.starts_with(['T', 't', 'Z']) {
            return make(number[..4].parse().ok()?, number[4..6].parse().ok()?, number[6..8].parse().ok()?);
        }
        if digits == 14 {
            return make(number[..4].parse().ok()?, number[4..6].parse().ok()?, number[6..8].parse().ok()?);
        }
        if digits > 0 {
            if digits > 4 || numbers.len() >= 3 {
                continue;
            }
            numbers.push((number.parse().ok()?, digits));
        } else {
            // The last counts: in "mar. 19 déc. 2018" the first is a day of the week.
            named = month(piece).or(named);
        }
        if numbers.len() + usize::from(named.is_some()) == 3 {
            break;
        }
    }
    let year_at = numbers.iter().position(|&(_, digits)| digits == 4);
    let year = year_at.map(|at| numbers[at].0);
    let others: Vec<u16> = numbers
        .iter()
        .enumerate()
        .filter(|&(at, _)| Some(at) != year_at)
        .map(|(_, &(number, _))| number)
        .collect();
    match (year, named, &others[..]) {
        (Some(year), Some(month), []) => make(year, month, 0),
        (Some(year), Some(month), [day, ..]) => make(year, month, *day),
        (Some(year), None, []) if text.len() <= 6 => make(year, 0, 0),
        (Some(year), None, [month]) if numbers.len() == 2 => make(year, *month, 0),
        (Some(year), None, [first, second]) if year_at == Some(0) => make(year, *first, *second),
        (Some(year), None, [first, second]) => {
            make(year, *second, *first).or_else(|| make(year, *first, *second))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_spellings_are_one_date() {
        for text in [
            "2018-12-19",
            "2018-12-19T10:11:12+01:00",
            "2018/12/19 08:00",
            "20181219",
            "20181219T101112Z",
            "D:20181219101112+01'00'",
            "19/12/2018",
            "12/19/2018",
            "19.12.2018",
            "19-12-2018",
            "19 dicembre 2018",
            "mercoledì 19 dicembre 2018, ore 10:30",
            "19 dic. 2018",
            "December 19, 2018",
            "Wed, 19 Dec 2018 10:00:00 GMT",
            "19th of December 2018",
            "mar. 19 déc. 2018",
            "19 de diciembre de 2018",
        ] {
            assert_eq!(parse(text).map(|date| date.to_string()).as_deref(), Some("2018-12-19"), "{text}");
        }
    }

    #[test]
    fn what_is_unknown_stays_unknown() {
        for (text, date) in [
            ("dicembre 2018", "2018-12"),
            ("August 2018", "2018-08"),
            ("1er août 2018", "2018-08-01"),
            ("1º luglio 2018", "2018-07-01"),
            ("12/2018", "2018-12"),
            ("2018", "2018"),
            ("3/4/2018", "2018-04-03"),
        ] {
            assert_eq!(parse(text).map(|date| date.to_string()).as_deref(), Some(date), "{text}");
        }
        for text in
            ["", "ieri", "19.12.18", "32/13/2018", "99999999", "giovedì", "versione 2.0 del programma"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
