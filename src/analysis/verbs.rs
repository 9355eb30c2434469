//! Italian verbs whose stem changes: *nasce, nacque, nato*; *scrive, scrisse, scritto*.
//!
//! A question asks *chi scrisse*, a passage says *è stato scritto da*: no stemmer and no family of first letters brings
//! these together. The table holds the principal parts that rules cannot know; the rest of the forms follows from
//! them.

/// Whether the participle is used as a noun or adjective of its own: then it is found by the verb and does not ask for it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Participle {
    /// It is a form of the verb like any other.
    Verb,
    /// It mostly means something else: *corso*, *posto*, *messa*.
    Noun,
}

use Participle::{Noun, Verb};

/// Infinitive, third person singular of the *passato remoto*, participle; folded, sorted by infinitive.
///
/// Verbs of which a form is a function word (*essere, avere, fare, venire*) are left out.
const VERBS: &[(&str, &str, &str, Participle)] = &[
    ("accendere", "accese", "acceso", Verb),
    ("accludere", "accluse", "accluso", Verb),
    ("accogliere", "accolse", "accolto", Verb),
    ("accorgere", "accorse", "accorto", Verb),
    ("affiggere", "affisse", "affisso", Verb),
    ("affliggere", "afflisse", "afflitto", Verb),
    ("aggiungere", "aggiunse", "aggiunto", Verb),
    ("ammettere", "ammise", "ammesso", Verb),
    ("appartenere", "appartenne", "appartenuto", Verb),
    ("appendere", "appese", "appeso", Verb),
    ("apprendere", "apprese", "appreso", Verb),
    ("aprire", "apri", "aperto", Verb),
    ("assistere", "assistette", "assistito", Verb),
    ("assolvere", "assolse", "assolto", Verb),
    ("assumere", "assunse", "assunto", Verb),
    ("attendere", "attese", "atteso", Noun),
    ("attingere", "attinse", "attinto", Verb),
    ("attrarre", "attrasse", "attratto", Verb),
    ("cadere", "cadde", "caduto", Verb),
    ("chiedere", "chiese", "chiesto", Verb),
    ("chiudere", "chiuse", "chiuso", Verb),
    ("cogliere", "colse", "colto", Noun),
    ("coinvolgere", "coinvolse", "coinvolto", Verb),
    ("commettere", "commise", "commesso", Noun),
    ("commuovere", "commosse", "commosso", Verb),
    ("comparire", "comparve", "comparso", Verb),
    ("comporre", "compose", "composto", Noun),
    ("comprendere", "comprese", "compreso", Verb),
    ("concedere", "concesse", "concesso", Verb),
    ("concludere", "concluse", "concluso", Verb),
    ("condividere", "condivise", "condiviso", Verb),
    ("condurre", "condusse", "condotto", Noun),
    ("confondere", "confuse", "confuso", Verb),
    ("conoscere", "conobbe", "conosciuto", Verb),
    ("contraddire", "contraddisse", "contraddetto", Verb),
    ("convincere", "convinse", "convinto", Verb),
    ("coprire", "copri", "coperto", Verb),
    ("correggere", "corresse", "corretto", Verb),
    ("correre", "corse", "corso", Noun),
    ("costringere", "costrinse", "costretto", Verb),
    ("crescere", "crebbe", "cresciuto", Verb),
    ("cuocere", "cosse", "cotto", Verb),
    ("decidere", "decise", "deciso", Verb),
    ("deludere", "deluse", "deluso", Verb),
    ("descrivere", "descrisse", "descritto", Verb),
    ("difendere", "difese", "difeso", Verb),
    ("diffondere", "diffuse", "diffuso", Verb),
    ("dipendere", "dipese", "dipeso", Verb),
    ("dipingere", "dipinse", "dipinto", Verb),
    ("dirigere", "diresse", "diretto", Noun),
    ("discutere", "discusse", "discusso", Verb),
    ("disporre", "dispose", "disposto", Verb),
    ("dissolvere", "dissolse", "dissolto", Verb),
    ("distinguere", "distinse", "distinto", Verb),
    ("distruggere", "distrusse", "distrutto", Verb),
    ("dividere", "divise", "diviso", Verb),
    ("eleggere", "elesse", "eletto", Verb),
    ("emergere", "emerse", "emerso", Verb),
    ("emettere", "emise", "emesso", Verb),
    ("erigere", "eresse", "eretto", Verb),
    ("escludere", "escluse", "escluso", Verb),
    ("esplodere", "esplose", "esploso", Verb),
    ("esporre", "espose", "esposto", Noun),
    ("esprimere", "espresse", "espresso", Noun),
    ("estendere", "estese", "esteso", Verb),
    ("estrarre", "estrasse", "estratto", Noun),
    ("evadere", "evase", "evaso", Verb),
    ("evolvere", "evolse", "evoluto", Verb),
    ("fingere", "finse", "finto", Noun),
    ("fondere", "fuse", "fuso", Noun),
    ("giungere", "giunse", "giunto", Noun),
    ("illudere", "illuse", "illuso", Verb),
    ("immergere", "immerse", "immerso", Verb),
    ("imporre", "impose", "imposto", Verb),
    ("imprimere", "impresse", "impresso", Verb),
    ("includere", "incluse", "incluso", Verb),
    ("incidere", "incise", "inciso", Noun),
    ("indurre", "indusse", "indotto", Noun),
    ("infliggere", "inflisse", "inflitto", Verb),
    ("infrangere", "infranse", "infranto", Verb),
    ("insorgere", "insorse", "insorto", Verb),
    ("intendere", "intese", "inteso", Verb),
    ("introdurre", "introdusse", "introdotto", Verb),
    ("invadere", "invase", "invaso", Verb),
    ("iscrivere", "iscrisse", "iscritto", Verb),
    ("leggere", "lesse", "letto", Noun),
    ("mantenere", "mantenne", "mantenuto", Verb),
    ("mettere", "mise", "messo", Noun),
    ("mordere", "morse", "morso", Noun),
    ("morire", "mori", "morto", Verb),
    ("muovere", "mosse", "mosso", Verb),
    ("nascere", "nacque", "nato", Verb),
    ("nascondere", "nascose", "nascosto", Verb),
    ("occorrere", "occorse", "occorso", Verb),
    ("offendere", "offese", "offeso", Verb),
    ("offrire", "offri", "offerto", Verb),
    ("opporre", "oppose", "opposto", Noun),
    ("opprimere", "oppresse", "oppresso", Verb),
    ("ottenere", "ottenne", "ottenuto", Verb),
    ("percorrere", "percorse", "percorso", Noun),
    ("perdere", "perse", "perso", Verb),
    ("permettere", "permise", "permesso", Noun),
    ("persuadere", "persuase", "persuaso", Verb),
    ("piangere", "pianse", "pianto", Noun),
    ("porre", "pose", "posto", Noun),
    ("porgere", "porse", "porto", Noun),
    ("possedere", "possedette", "posseduto", Verb),
    ("prendere", "prese", "preso", Verb),
    ("prescrivere", "prescrisse", "prescritto", Verb),
    ("presumere", "presunse", "presunto", Noun),
    ("pretendere", "pretese", "preteso", Verb),
    ("prevedere", "previde", "previsto", Verb),
    ("produrre", "produsse", "prodotto", Noun),
    ("promettere", "promise", "promesso", Noun),
    ("promuovere", "promosse", "promosso", Verb),
    ("proporre", "propose", "proposto", Verb),
    ("proteggere", "protesse", "protetto", Verb),
    ("provvedere", "provvide", "provvisto", Verb),
    ("pungere", "punse", "punto", Noun),
    ("radere", "rase", "raso", Noun),
    ("raccogliere", "raccolse", "raccolto", Noun),
    ("raggiungere", "raggiunse", "raggiunto", Verb),
    ("redigere", "redasse", "redatto", Verb),
    ("reggere", "resse", "retto", Noun),
    ("rendere", "rese", "reso", Verb),
    ("reprimere", "represse", "represso", Verb),
    ("resistere", "resistette", "resistito", Verb),
    ("respingere", "respinse", "respinto", Verb),
    ("richiedere", "richiese", "richiesto", Verb),
    ("ridere", "rise", "riso", Noun),
    ("ridurre", "ridusse", "ridotto", Verb),
    ("riflettere", "riflesse", "riflesso", Noun),
    ("rimanere", "rimase", "rimasto", Verb),
    ("rimuovere", "rimosse", "rimosso", Verb),
    ("rinascere", "rinacque", "rinato", Verb),
    ("risiedere", "risiedette", "risieduto", Verb),
    ("risolvere", "risolse", "risolto", Verb),
    ("rispondere", "rispose", "risposto", Verb),
    ("ritenere", "ritenne", "ritenuto", Verb),
    ("riunire", "riuni", "riunito", Verb),
    ("rivolgere", "rivolse", "rivolto", Verb),
    ("rompere", "ruppe", "rotto", Verb),
    ("scegliere", "scelse", "scelto", Verb),
    ("scendere", "scese", "sceso", Verb),
    ("scommettere", "scommise", "scommesso", Verb),
    ("scomparire", "scomparve", "scomparso", Verb),
    ("sconfiggere", "sconfisse", "sconfitto", Verb),
    ("scoprire", "scopri", "scoperto", Verb),
    ("scorgere", "scorse", "scorto", Verb),
    ("scrivere", "scrisse", "scritto", Verb),
    ("scuotere", "scosse", "scosso", Verb),
    ("smettere", "smise", "smesso", Verb),
    ("soccorrere", "soccorse", "soccorso", Noun),
    ("sopprimere", "soppresse", "soppresso", Verb),
    ("sorgere", "sorse", "sorto", Verb),
    ("sorprendere", "sorprese", "sorpreso", Verb),
    ("sospendere", "sospese", "sospeso", Verb),
    ("sostenere", "sostenne", "sostenuto", Verb),
    ("sottomettere", "sottomise", "sottomesso", Verb),
    ("sottrarre", "sottrasse", "sottratto", Verb),
    ("spargere", "sparse", "sparso", Verb),
    ("spegnere", "spense", "spento", Verb),
    ("spendere", "spese", "speso", Verb),
    ("spingere", "spinse", "spinto", Verb),
    ("stringere", "strinse", "stretto", Noun),
    ("succedere", "successe", "successo", Noun),
    ("suddividere", "suddivise", "suddiviso", Verb),
    ("supporre", "suppose", "supposto", Verb),
    ("svolgere", "svolse", "svolto", Verb),
    ("tacere", "tacque", "taciuto", Verb),
    ("tendere", "tese", "teso", Noun),
    ("tenere", "tenne", "tenuto", Verb),
    ("tingere", "tinse", "tinto", Noun),
    ("togliere", "tolse", "tolto", Verb),
    ("tradurre", "tradusse", "tradotto", Verb),
    ("trarre", "trasse", "tratto", Noun),
    ("trascorrere", "trascorse", "trascorso", Verb),
    ("trasmettere", "trasmise", "trasmesso", Verb),
    ("uccidere", "uccise", "ucciso", Verb),
    ("unire", "uni", "unito", Noun),
    ("vedere", "vide", "visto", Noun),
    ("vincere", "vinse", "vinto", Verb),
    ("vivere", "visse", "vissuto", Verb),
    ("volgere", "volse", "volto", Noun),
];

/// The other forms of the verb that a folded word is a form of; none where it is a form of no verb of the table.
pub(super) fn kin(folded: &str) -> Vec<String> {
    for &(infinitive, remote, participle, kind) in VERBS {
        // Cheap to rule out: but for two verbs, every form begins as one of the parts does.
        let begins = [infinitive, remote, participle].iter().any(|part| part.get(..2) == folded.get(..2));
        let changes = match infinitive {
            "morire" => folded.starts_with("muo"),
            "tenere" => folded.starts_with("tie"),
            _ => false,
        };
        if !begins && !changes {
            continue;
        }
        let finite = finite_forms(infinitive, remote);
        let participles = participles(participle);
        let asks = finite.iter().any(|form| form == folded)
            || (kind == Verb && participles.iter().any(|form| form == folded));
        if asks {
            return finite.into_iter().chain(participles).filter(|form| form != folded).collect();
        }
    }
    Vec::new()
}

/// The infinitive, and of present, imperfect and *passato remoto* the third persons.
fn finite_forms(infinitive: &str, remote: &str) -> Vec<String> {
    let mut forms = vec![infinitive.to_owned(), remote.to_owned()];
    forms.push(match remote.strip_suffix('e') {
        Some(root) => format!("{root}ero"),
        None => format!("{remote}rono"),
    });
    let present = match infinitive {
        "morire" => ("muor", "muoiono"),
        "unire" | "riunire" => ("unisc", "uniscono"),
        "comparire" => ("compar", "compaiono"),
        "scomparire" => ("scompar", "scompaiono"),
        "rimanere" => ("riman", "rimangono"),
        "spegnere" => ("spegn", "spengono"),
        _ => ("", ""),
    };
    if !present.1.is_empty() {
        forms.extend([format!("{}e", present.0), present.1.to_owned()]);
    } else if let Some(root) = infinitive.strip_suffix("gliere") {
        forms.extend([format!("{root}glie"), format!("{root}lgono")]);
    } else if let Some(root) = infinitive.strip_suffix("durre") {
        forms.extend(["duce", "ducono", "duceva", "ducevano"].map(|ending| format!("{root}{ending}")));
    } else if let Some(root) = infinitive.strip_suffix("porre") {
        forms.extend(["pone", "pongono", "poneva", "ponevano"].map(|ending| format!("{root}{ending}")));
    } else if let Some(root) = infinitive.strip_suffix("trarre") {
        forms.extend(["trae", "traggono", "traeva", "traevano"].map(|ending| format!("{root}{ending}")));
    } else if let Some(root) = infinitive.strip_suffix("tenere") {
        forms.extend(["tiene", "tengono", "teneva", "tenevano"].map(|ending| format!("{root}{ending}")));
    } else if let Some(root) = infinitive.strip_suffix("ere").or_else(|| infinitive.strip_suffix("ire")) {
        forms.extend(["e", "ono"].map(|ending| format!("{root}{ending}")));
    }
    if let Some(root) = infinitive.strip_suffix("re").filter(|root| root.ends_with(['e', 'i'])) {
        forms.extend(["va", "vano"].map(|ending| format!("{root}{ending}")));
    }
    forms
}

fn participles(participle: &str) -> Vec<String> {
    let root = &participle[..participle.len() - 1];
    ["o", "a", "i", "e"].map(|ending| format!("{root}{ending}")).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_meet_through_their_parts() {
        for (asked, found) in [
            ("scrisse", "scritto"),
            ("scritta", "scrisse"),
            ("nacque", "nato"),
            ("nato", "nacquero"),
            ("vinto", "vinse"),
            ("muore", "mori"),
            ("produce", "produsse"),
            ("scelsero", "scegliere"),
            ("propone", "proposto"),
            ("ottennero", "ottiene"),
        ] {
            assert!(kin(asked).iter().any(|form| form == found), "{asked}: {:?}", kin(asked));
        }
    }

    #[test]
    fn nouns_ask_for_no_verb() {
        for word in ["corso", "posto", "messa", "porto", "punto", "letto", "permesso", "comune", "patto", ""]
        {
            assert_eq!(kin(word), Vec::<String>::new(), "{word}");
        }
        assert!(kin("permise").contains(&"permesso".to_owned()));
    }

    #[test]
    fn the_table_is_folded() {
        for (infinitive, remote, participle, _) in VERBS {
            for part in [infinitive, remote, participle] {
                assert!(part.bytes().all(|b| b.is_ascii_lowercase()), "{part}");
            }
            assert!(infinitive.ends_with("re") && participle.ends_with('o'), "{infinitive} {participle}");
        }
    }
}
