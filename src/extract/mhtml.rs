//! Saved web pages with all that belongs to them in one file (MHTML, RFC 2557): the page is read, the rest is not.

use mail_parser::{HeaderValue, MessageParser, PartType};

use super::{ExtractError, ExtractLimits, Extracted, html};

pub(super) const VERSION: u32 = 1;

/// The headers that say where a saved page was, as browsers write them.
const LOCATIONS: &[&str] = &["Snapshot-Content-Location", "Content-Location"];

/// Whether a file begins like a saved page: mail headers, a multipart of related parts.
pub(super) fn is_mhtml(head: &str) -> bool {
    let headers: String = head
        .lines()
        .take_while(|line| !line.trim().is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .to_ascii_lowercase();
    let first = headers.split(':').next().unwrap_or_default();
    let begins_like_mail =
        !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
    begins_like_mail && headers.contains("mime-version:") && headers.contains("multipart/related")
}

/// Reads a saved page.
///
/// # Errors
/// A file without a web page in it.
pub(super) fn extract(bytes: &[u8], limits: &ExtractLimits) -> Result<Extracted, ExtractError> {
    let message = MessageParser::default()
        .parse(bytes)
        .ok_or_else(|| ExtractError::new("a damaged MHTML file: it has no headers"))?;
    let page = message.parts.iter().find_map(|part| match &part.body {
        PartType::Html(text) => Some((part, text)),
        _ => None,
    });
    let Some((part, text)) = page else {
        return Err(ExtractError::new("a damaged MHTML file: there is no web page in it"));
    };
    let mut extracted = html::extract(text, limits)?;
    let location = |headers: &[mail_parser::Header<'_>]| {
        LOCATIONS.iter().find_map(|name| {
            let header = headers.iter().find(|header| header.name().eq_ignore_ascii_case(name))?;
            let text = match &header.value {
                HeaderValue::Text(text) => text.trim().to_owned(),
                _ => return None,
            };
            text.starts_with("http").then_some(text)
        })
    };
    if extracted.metadata.url.is_none() {
        let root = message.parts.first().and_then(|root| location(&root.headers));
        extracted.metadata.url = root.or_else(|| location(&part.headers));
    }
    if extracted.metadata.title.is_none() {
        extracted.metadata.title = message.subject().map(super::one_line).filter(|title| !title.is_empty());
    }
    Ok(extracted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "From: <Saved by Blink>\r\nSnapshot-Content-Location: https://example.org/porto\r\n\
        Subject: =?utf-8?Q?La_citt=C3=A0?=\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/related;\r\n\ttype=\"text/html\"; boundary=\"--x--\"\r\n\r\n\r\n\
        ----x--\r\nContent-Type: text/html; charset=windows-1252\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
        <html><body><p>La libert=E0 di movimento =\r\n\u{E8} di tutti.</p></body></html>\r\n\
        ----x--\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n----x----\r\n";

    #[test]
    fn the_page_is_found_and_decoded() {
        let page = PAGE.replace('\u{E8}', "=E8");
        assert!(is_mhtml(&page));
        let extracted = extract(page.as_bytes(), &ExtractLimits::default()).unwrap();
        assert_eq!(extracted.blocks[0].text, "La libertà di movimento è di tutti.");
        assert_eq!(extracted.metadata.url.as_deref(), Some("https://example.org/porto"));
        assert_eq!(extracted.metadata.title.as_deref(), Some("La città"));
    }

    #[test]
    fn without_a_page_it_is_damaged() {
        let cut = &PAGE[..PAGE.find("Content-Type: text/html").unwrap()];
        assert!(
            extract(cut.as_bytes(), &ExtractLimits::default()).unwrap_err().message.contains("no web page")
        );
        assert!(!is_mhtml("Nota: un testo\n\nmime-version: multipart/related"));
    }
}
