//! What is pushed: groups of ten families and twenty series, as batch jobs have them.

use std::fmt::Write;

/// Families of a group.
pub(crate) const FAMILIES: usize = 10;

/// Series of a family.
const SERIES: usize = 2;

/// Which families groups have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Families {
    /// All groups the same ones.
    Shared,
    /// Each group its own.
    Own,
}

impl Families {
    /// As it stands in a table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Own => "own",
        }
    }
}

/// How a push changes its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Post,
    Put,
    /// One after the other.
    InTurn,
}

impl Method {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Post, Self::Put, Self::InTurn];

    /// As it stands in a table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::InTurn => "in turn",
        }
    }

    /// The method of the request with this number.
    pub(crate) fn of_request(self, number: usize) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::InTurn if number.is_multiple_of(2) => "POST",
            Self::InTurn => "PUT",
        }
    }
}

/// The path of a group.
pub(crate) fn path(group: usize) -> String {
    format!("/metrics/job/bench/instance/host{group:06}.example.com")
}

/// What a group pushes.
pub(crate) fn body(families: Families, group: usize) -> String {
    let mut text = String::with_capacity(2048);
    for family in 0..FAMILIES {
        let name = match families {
            Families::Shared => format!("batch_step{family}_duration_seconds"),
            Families::Own => format!("batch{group}_step{family}_duration_seconds"),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "# HELP {name} How long step {family} of the job took."
        );
        let _ = writeln!(text, "# TYPE {name} gauge");
        for series in 0..SERIES {
            let value = (group * 31 + family * 7 + series) as f64 * 0.37;
            let _ = writeln!(text, "{name}{{shard=\"shard-{series}\"}} {value}");
        }
    }
    text
}

/// A push of this many series in one family.
pub(crate) fn large_body(series: usize) -> String {
    let mut text = String::with_capacity(series * 84);
    text.push_str("# TYPE batch_rows_processed_total counter\n");
    for series in 0..series {
        let _ = writeln!(
            text,
            "batch_rows_processed_total{{table=\"warehouse.table_{:03}\",partition=\"{series:06}\"}} {}",
            series % 100,
            series * 17
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_ten_families_and_twenty_series() {
        for families in [Families::Shared, Families::Own] {
            let body = body(families, 7);
            let series = body.lines().filter(|line| !line.starts_with('#')).count();
            assert_eq!(series, FAMILIES * SERIES);
            assert_eq!(body.matches("# TYPE").count(), FAMILIES);
        }
        let first_line = |families, group| body(families, group).lines().next().map(str::to_owned);
        assert_eq!(
            first_line(Families::Shared, 1),
            first_line(Families::Shared, 2)
        );
        assert_ne!(first_line(Families::Own, 1), first_line(Families::Own, 2));
    }

    #[test]
    fn a_large_push_has_about_eight_megabytes() {
        let body = large_body(100_000);
        assert_eq!(body.lines().count(), 100_001);
        assert!(
            (7_000_000..9_000_000).contains(&body.len()),
            "{}",
            body.len()
        );
    }
}
