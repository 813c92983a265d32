//! The token that a request presents.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::secret::Secret;

/// Clients pad or do not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The token in `Authorization`: that of `Bearer <token>` (RFC 6750), or the password of `Basic`, whose user name does
/// not matter (RFC 7617).
///
/// `None` where there is no such header or one of another form, and also where there are several: what stands before
/// the gateway may have looked at another one of them.
pub(super) fn token(headers: &HeaderMap) -> Option<Secret> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let value = value.as_bytes().trim_ascii();
    let end = value.iter().position(|&byte| byte == b' ')?;
    let (scheme, credentials) = value.split_at_checked(end)?;
    let credentials = credentials.trim_ascii();
    if scheme.eq_ignore_ascii_case(b"Bearer") {
        Some(Secret::of(credentials))
    } else if scheme.eq_ignore_ascii_case(b"Basic") {
        let pair = BASE64.decode(credentials).ok()?;
        // The user name has no colon, the password may.
        let colon = pair.iter().position(|&byte| byte == b':')?;
        Some(Secret::of(pair.get(colon + 1..)?))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value).expect("a header value");
            headers.append(AUTHORIZATION, value);
        }
        headers
    }

    #[test]
    fn tokens_are_found_in_every_form_that_clients_send() {
        let cases: [(&str, &str); 13] = [
            ("Bearer abc", "abc"),
            ("bearer abc", "abc"),
            ("BEARER abc", "abc"),
            ("Bearer   abc  ", "abc"),
            ("Bearer a-._~+/==", "a-._~+/=="),
            // user:abc
            ("Basic dXNlcjphYmM=", "abc"),
            ("basic dXNlcjphYmM=", "abc"),
            ("Basic dXNlcjphYmM", "abc"),
            // :abc
            ("Basic OmFiYw==", "abc"),
            ("Basic OmFiYw=", "abc"),
            ("Basic OmFiYw", "abc"),
            // u:a:b
            ("Basic dTphOmI=", "a:b"),
            // u:é
            ("Basic dTrDqQ==", "é"),
        ];
        for (value, want) in cases {
            assert_eq!(
                token(&headers(&[value.as_bytes()])),
                Some(Secret::of(want.as_bytes())),
                "{value}"
            );
        }
    }

    #[test]
    fn anything_else_is_no_token() {
        let cases: [&[&[u8]]; 16] = [
            &[],
            &[b""],
            &[b"abc"],
            &[b"Bearer"],
            &[b"Bearer "],
            &[b"Bearerabc"],
            &[b"Bearer\tabc"],
            &[b"Basic"],
            &[b"Basic dXNlcg=="],     // user
            &[b"Basic dXNlcjphYmM!"], // no base64
            &[b"Basic user:abc"],
            &[b"Basic dXNl cjphYmM="],
            &[b"Digest username=\"abc\""],
            &[b"B\xe9arer abc"],
            &[b"Bearer abc", b"Bearer abc"],
            &[b"Bearer abc", b"Basic dXNlcjphYmM="],
        ];
        for values in cases {
            assert_eq!(token(&headers(values)), None, "{values:?}");
        }
    }

    #[test]
    fn what_is_no_token_of_ours_is_another_token() {
        let long = [b"Bearer ".as_slice(), &[b'a'; 100_000]].concat();
        let cases: [&[u8]; 5] = [
            b"Bearer abc, Bearer abc",
            b"Bearer abc abc",
            b"Bearer ab\xe9c",
            b"Basic dXNlcjo=", // user:
            &long,
        ];
        for value in cases {
            let token = token(&headers(&[value]));
            assert!(
                token.is_some_and(|token| token != Secret::of(b"abc")),
                "{value:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn the_password_is_the_token_whatever_the_user(user in "[^:]{0,9}", password in ".{0,20}") {
            let pair = base64::prelude::BASE64_STANDARD.encode(format!("{user}:{password}"));
            let value = format!("Basic {pair}");
            prop_assert_eq!(
                token(&headers(&[value.as_bytes()])),
                Some(Secret::of(password.as_bytes()))
            );
        }

        #[test]
        fn no_header_is_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for scheme in ["", "Bearer ", "Basic "] {
                if let Ok(value) = HeaderValue::from_bytes(&[scheme.as_bytes(), &bytes].concat()) {
                    let mut headers = HeaderMap::new();
                    headers.append(AUTHORIZATION, value);
                    prop_assert_ne!(token(&headers), Some(Secret::of(b"a token of 32 bytes that nobody ")));
                }
            }
        }
    }
}
