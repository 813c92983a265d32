//! Expositions as the tests look at them.

use crate::support::client::Client;

/// The lines of a scrape, without comments and without the gateway's own metrics.
pub(crate) fn samples(client: &mut Client) -> Vec<String> {
    let response = client.get("/metrics").expect("a scrape");
    assert_eq!(response.status, 200, "{response:?}");
    let own = [
        "#",
        "pushgateway_",
        "push_time_seconds",
        "push_failure_time_seconds",
    ];
    let text = response.text();
    let lines = text
        .lines()
        .filter(|line| !own.iter().any(|prefix| line.starts_with(prefix)));
    lines.map(str::to_owned).collect()
}

/// The value of the series that is written like this in a scrape.
pub(crate) fn value(client: &mut Client, series: &str) -> Option<f64> {
    let text = client.get("/metrics").expect("a scrape").text();
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
    Some(value.parse().expect("a number"))
}
