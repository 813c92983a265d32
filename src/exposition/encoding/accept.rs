//! Whether a scrape may be compressed.

/// Whether a response should be compressed with gzip, as the Pushgateway decides by all `Accept-Encoding` headers.
///
/// The encoding of the highest `q` wins, and of equals the uncompressed one. So `gzip` does, but `*` and
/// `identity, gzip` do not. Names count exactly; a header is read up to its first mistake, and a parameter other than
/// `q` is one.
#[must_use]
pub fn accepts_gzip<'a>(headers: impl IntoIterator<Item = &'a [u8]>) -> bool {
    let mut identity = 0.0;
    let mut gzip = 0.0;
    for header in headers {
        let mut cursor = Cursor { rest: header };
        while let Some((name, q)) = cursor.entry() {
            if name == b"*" || name == b"identity" {
                identity = q.max(identity);
            }
            if name == b"*" || name == b"gzip" {
                gzip = q.max(gzip);
            }
            if !cursor.comma() {
                break;
            }
        }
    }
    gzip > identity
}

struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// `entry = token [ws ";" ws "q=" quality]`
    fn entry(&mut self) -> Option<(&'a [u8], f64)> {
        let name = self.take_while(is_token_byte);
        if name.is_empty() {
            return None;
        }
        self.skip_space();
        if !self.skip(b";") {
            return Some((name, 1.0));
        }
        self.skip_space();
        if !self.skip(b"q=") {
            return None;
        }
        Some((name, self.quality()?))
    }

    /// `quality = ("0" / "1") ["." *DIGIT]`. More than 1 is not a mistake.
    fn quality(&mut self) -> Option<f64> {
        let mut quality = match self.take_first()? {
            b'0' => 0.0,
            b'1' => 1.0,
            _ => return None,
        };
        if self.skip(b".") {
            let mut place = 0.1;
            for &digit in self.take_while(|byte| byte.is_ascii_digit()) {
                quality += f64::from(digit - b'0') * place;
                place /= 10.0;
            }
        }
        Some(quality)
    }

    /// Goes over a comma to the next entry.
    fn comma(&mut self) -> bool {
        self.skip_space();
        let found = self.skip(b",");
        self.skip_space();
        found
    }

    fn skip_space(&mut self) {
        self.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    }

    fn skip(&mut self, prefix: &[u8]) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn take_first(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn take_while(&mut self, allows: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|&byte| !allows(byte));
        let (taken, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        taken
    }
}

/// A byte of a token, or the slash that Go's parser of these headers allows in one.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"(),:;<=>?@[]\\{}".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn gzip_is_used_where_it_is_preferred() {
        let cases: &[(&[&str], bool)] = &[
            (&[], false),
            (&[""], false),
            (&["gzip"], true),
            (&["gzip, deflate, br"], true),
            (&["deflate, gzip;q=0.5"], true),
            (&["identity"], false),
            (&["identity, gzip"], false),
            (&["gzip, identity"], false),
            (&["gzip;q=1.0, identity;q=0.9"], true),
            (&["gzip;q=0.8, identity;q=0.9"], false),
            (&["identity;q=0, gzip;q=0.001"], true),
            (&["*"], false),
            (&["*;q=0"], false),
            (&["*;q=0, gzip"], true),
            (&["gzip;q=0"], false),
            (&["GZIP"], false),
            (&["x-gzip"], false),
            (&["gzip;level=1"], false),
            (&["gzip ; q=1"], true),
            (&["gzip; q=1 ,identity;q=0"], true),
            (&["gzip;q=2"], false),
            (&["gzip;q="], false),
            (&["gzip;q"], false),
            (&["br;x=1, gzip"], false),
            (&["br", "gzip"], true),
            (&["gzip", "identity"], false),
            (&["zstd"], false),
            (&[" gzip"], false),
        ];
        for (headers, want) in cases {
            let got = accepts_gzip(headers.iter().map(|header| header.as_bytes()));
            assert_eq!(got, *want, "{headers:?}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_understood_or_not(header: Vec<u8>) {
            let _ = accepts_gzip([header.as_slice()]);
        }
    }
}
