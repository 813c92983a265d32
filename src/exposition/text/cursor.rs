//! The tokens of the text format.

use std::borrow::Cow;

use super::error::{ErrorKind, Token};
use crate::exposition::names::{is_label_byte, is_metric_byte};

/// What is left of the input. Each method takes one token from its front.
///
/// No token spans lines, and the input must not end within a line: every method that meets its end fails with
/// [`ErrorKind::UnexpectedEnd`], unless it says otherwise.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self { rest: input }
    }

    /// Whether nothing is left.
    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte, which stays.
    pub(super) fn peek(&self) -> Result<u8, ErrorKind> {
        match self.rest.first() {
            Some(first) => Ok(*first),
            None => Err(ErrorKind::UnexpectedEnd),
        }
    }

    /// The next byte.
    pub(super) fn next(&mut self) -> Result<u8, ErrorKind> {
        let Some((first, rest)) = self.rest.split_first() else {
            return Err(ErrorKind::UnexpectedEnd);
        };
        self.rest = rest;
        Ok(*first)
    }

    /// `blanks = { " " | TAB }`. Never fails.
    pub(super) fn skip_blanks(&mut self) {
        self.take_while(|byte| matches!(byte, b' ' | b'\t'));
    }

    /// `rest = { any byte but LF } LF`, thrown away.
    pub(super) fn skip_line(&mut self) -> Result<(), ErrorKind> {
        self.take_while(|byte| byte != b'\n');
        self.next().map(drop)
    }

    /// `rest = { any byte but LF } LF`, without the LF and without any backslash: upstream takes each for the begin of
    /// an escape sequence and forgets it again.
    pub(super) fn plain_rest(&mut self) -> Result<Cow<'a, [u8]>, ErrorKind> {
        let mut text = Cow::default();
        loop {
            append(
                &mut text,
                self.take_while(|byte| !matches!(byte, b'\n' | b'\\')),
            );
            if self.next()? == b'\n' {
                return Ok(text);
            }
        }
    }

    /// `rest = { escape | any byte but LF and "\" } LF`, unescaped, without the LF.
    pub(super) fn escaped_rest(&mut self) -> Result<Cow<'a, [u8]>, ErrorKind> {
        let mut text = Cow::default();
        loop {
            append(
                &mut text,
                self.take_while(|byte| !matches!(byte, b'\n' | b'\\')),
            );
            match self.next()? {
                b'\n' => return Ok(text),
                _ => text.to_mut().push(self.escape()?),
            }
        }
    }

    /// `word = { any byte but " ", TAB and LF }`. May be empty. Fails if nothing follows.
    pub(super) fn word(&mut self) -> Result<&'a [u8], ErrorKind> {
        let word = self.take_while(|byte| !matches!(byte, b' ' | b'\t' | b'\n'));
        self.peek()?;
        Ok(word)
    }

    /// `metric_name = metric_start { metric_start | digit } [ quoted ] | quoted`,
    /// `metric_start = letter | "_" | ":"`.
    ///
    /// Empty if no name begins here. A name with a quoted tail (`a"b"`) is an oddity of upstream's.
    pub(super) fn metric_name(&mut self) -> Result<Cow<'a, [u8]>, ErrorKind> {
        self.name(Token::MetricName, is_metric_byte)
    }

    /// `label_name`: as [`Self::metric_name`], but without `:` outside of quotes.
    pub(super) fn label_name(&mut self) -> Result<Cow<'a, [u8]>, ErrorKind> {
        self.name(Token::LabelName, is_label_byte)
    }

    /// `label_value = quoted`.
    pub(super) fn label_value(&mut self) -> Result<Cow<'a, [u8]>, ErrorKind> {
        match self.next()? {
            b'"' => self.quoted(&[], Token::LabelValue),
            found => Err(ErrorKind::ExpectedQuote { found }),
        }
    }

    fn name(
        &mut self,
        token: Token,
        allows: impl Fn(u8) -> bool,
    ) -> Result<Cow<'a, [u8]>, ErrorKind> {
        let first = self.peek()?;
        if first != b'"' && (first.is_ascii_digit() || !allows(first)) {
            return Ok(Cow::default());
        }
        let plain = self.take_while(allows);
        if self.peek()? != b'"' {
            return Ok(Cow::Borrowed(plain));
        }
        self.next()?;
        let name = self.quoted(plain, token)?;
        self.peek()?;
        Ok(name)
    }

    /// `quoted = '"' { escape | any byte but '"', "\" and LF } '"'`, after the first quote, with what stands before it.
    fn quoted(&mut self, before: &'a [u8], token: Token) -> Result<Cow<'a, [u8]>, ErrorKind> {
        let mut text = Cow::Borrowed(before);
        loop {
            append(
                &mut text,
                self.take_while(|byte| !matches!(byte, b'"' | b'\\' | b'\n')),
            );
            match self.next()? {
                b'"' => return Ok(text),
                b'\n' => {
                    let text = text.into_owned();
                    return Err(ErrorKind::UnescapedNewline { token, text });
                }
                _ => text.to_mut().push(self.escape()?),
            }
        }
    }

    /// `escape = "\" ( "\" | "n" | '"' )`, after the backslash.
    fn escape(&mut self) -> Result<u8, ErrorKind> {
        match self.next()? {
            b'n' => Ok(b'\n'),
            byte @ (b'\\' | b'"') => Ok(byte),
            found => Err(ErrorKind::InvalidEscape { found }),
        }
    }

    /// The longest run of such bytes, empty if the next is none. Never fails.
    fn take_while(&mut self, allows: impl Fn(u8) -> bool) -> &'a [u8] {
        let len = self.rest.iter().position(|byte| !allows(*byte));
        let (run, rest) = self.rest.split_at(len.unwrap_or(self.rest.len()));
        self.rest = rest;
        run
    }
}

/// Appends a run of the input to a text, without a copy as long as it is the only one.
fn append<'a>(text: &mut Cow<'a, [u8]>, run: &'a [u8]) {
    if text.is_empty() {
        *text = Cow::Borrowed(run);
    } else {
        text.to_mut().extend_from_slice(run);
    }
}
