//! Log lines, in the form of the Pushgateway's (`logfmt`), on standard error.

use crate::quote::{quote, shorten};

/// How long the detail of a line may be, in bytes.
const MAX_DETAIL_BYTES: usize = 4096;

/// Something an operator should know.
pub(crate) fn warn(message: &str, detail: &str) {
    // What strangers pushed is quoted, so that a line stays a line.
    let detail = quote(shorten(detail, MAX_DETAIL_BYTES).as_bytes());
    eprintln!("level=warn msg={} detail={detail}", quote(message));
}
