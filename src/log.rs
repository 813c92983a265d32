//! Log lines, in the form of the Pushgateway's (`logfmt`), on standard error.

use crate::quote::quote;

/// Something an operator should know.
pub(crate) fn warn(message: &str, detail: &str) {
    // What strangers pushed is quoted, so that a line stays a line.
    eprintln!("level=warn msg={} detail={}", quote(message), quote(detail));
}
