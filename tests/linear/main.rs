//! Whatever strangers send, the component's work grows no faster than the input, and its memory stays in bounds.
//!
//! Work is counted, not timed: the local host has Wasmtime count the instructions that an instance runs
//! (`--trace-fuel`), and gives each request an instance of its own. Each input is sent in three sizes, each twice the
//! one before. What the last doubling adds may be little more than twice what the first added: work that is linear adds
//! twice, sorting a little more, and work that is quadratic four times.

#[path = "../support/mod.rs"]
mod support;

mod bombs;
mod contradictions;
mod families;
mod fuel;
mod memory;
mod requests;
mod series;

use fuel::Counter;

/// An input of any size.
struct Case {
    /// What it is.
    name: &'static str,
    /// The smallest size: of how many parts it is made.
    size: usize,
    /// Makes it.
    request: fn(usize) -> Request,
    /// How it is answered.
    status: u16,
}

/// A request.
#[derive(Clone, Debug)]
struct Request {
    method: &'static str,
    target: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Request {
    /// A push of this body.
    fn push(body: impl Into<Vec<u8>>) -> Self {
        Self {
            method: "PUT",
            target: "/metrics/job/stranger".to_owned(),
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// GET of this.
    fn get(target: impl Into<String>) -> Self {
        Self {
            method: "GET",
            target: target.into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    fn with(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((header, value.into()));
        self
    }
}

/// So many parts, one after the other.
fn parts(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect()
}

/// Sends each input in three sizes, and checks the work. Each has a gateway of its own, set up with these variables.
fn check(variables: &[(&str, &str)], cases: &[Case]) {
    let too_much = cases.iter().filter_map(|case| {
        let counter = Counter::start(variables);
        let work = [1, 2, 4].map(|factor| {
            let request = (case.request)(case.size * factor);
            counter.work(case.name, &request, case.status)
        });
        check_work(case.name, work).err()
    });
    let too_much: Vec<_> = too_much.collect();
    assert!(too_much.is_empty(), "{too_much:#?}");
}

/// Checks how the work for three sizes grows, each twice the one before.
fn check_work(name: &str, work: [u64; 3]) -> Result<(), String> {
    let [small, middle, large] = work;
    let (first, second) = (middle.saturating_sub(small), large.saturating_sub(middle));
    println!("{name}: {work:?}, {first} and {second} more");
    // The last part is for work that hardly depends on the size.
    if second > first * 23 / 10 + small / 10 {
        return Err(format!("{name}: {work:?}"));
    }
    Ok(())
}

#[test]
fn the_work_for_series_is_linear() {
    check(&[], &series::CASES);
}

#[test]
fn the_work_for_families_is_linear() {
    check(&[], &families::CASES);
}

#[test]
fn the_work_for_compressed_bodies_is_linear() {
    check(&[], &bombs::CASES);
}

#[test]
fn the_work_for_paths_queries_and_headers_is_linear() {
    let variables = [
        ("push_tokens", "a-token-that-is-never-sent"),
        ("web_enable_openmetrics", "true"),
        ("group_ttl", "1h"),
    ];
    check(&variables, &requests::CASES);
    check(&variables[1..], &requests::OPEN_CASES);
}
