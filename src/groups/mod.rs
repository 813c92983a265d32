//! Groups: what one grouping key has pushed, and the rules that hold between groups.
//!
//! Pure: nothing here knows of Spin, HTTP or the store's keys.

pub mod automatic;
pub mod check;
pub mod entry;
pub mod fold;
pub mod key;
pub mod matchers;
pub mod merge;
pub mod names;
pub mod own;
pub mod path;
pub mod runs;
pub mod series;
