//! Making a failing case small.

use super::delivery::Coding;
use super::request::Request;
use super::scrape::Scrape;

/// Removes as much as possible from the requests while `fails` says that they
/// still fail: whole requests, pieces of bodies, labels of paths, and
/// what is unusual about sending and scraping.
///
/// `fails` is asked at most `attempts` times.
pub(crate) fn shrink(
    requests: Vec<Request>,
    attempts: usize,
    mut fails: impl FnMut(&[Request]) -> bool,
) -> Vec<Request> {
    let mut left = attempts;
    let mut fails = |requests: &[Request]| {
        left = left.saturating_sub(1);
        left > 0 && fails(requests)
    };
    let mut best = requests;
    loop {
        let before = size(&best);
        best = remove(best, |requests| fails(requests));
        for index in 0..best.len() {
            let pieces = remove(best[index].pieces.clone(), |pieces| {
                fails(&with(&best, index, |request| {
                    request.pieces = pieces.to_vec();
                }))
            });
            best[index].pieces = pieces;
            let pairs = remove(best[index].path.pairs.clone(), |pairs| {
                fails(&with(&best, index, |request| {
                    request.path.pairs = pairs.to_vec();
                }))
            });
            best[index].path.pairs = pairs;
            for simplify in SIMPLER {
                let simple = with(&best, index, simplify);
                if simple != best && fails(&simple) {
                    best = simple;
                }
            }
        }
        if size(&best) == before {
            return best;
        }
    }
}

/// Ways to make a request more usual.
const SIMPLER: [fn(&mut Request); 4] = [
    |request| request.scrape = Scrape::default(),
    |request| request.delivery.chunked = false,
    |request| {
        request.delivery.content_encoding = None;
        request.delivery.coding = Coding::Plain;
    },
    |request| request.delivery.content_type = None,
];

fn size(requests: &[Request]) -> usize {
    let parts = |request: &Request| 1 + request.pieces.len() + request.path.pairs.len();
    requests.iter().map(parts).sum()
}

/// The requests with one of them changed.
fn with(requests: &[Request], index: usize, change: impl FnOnce(&mut Request)) -> Vec<Request> {
    let mut changed = requests.to_vec();
    change(&mut changed[index]);
    changed
}

/// Delta debugging: removes runs of items, from long to short, as long as the
/// rest still fails.
fn remove<T: Clone>(mut items: Vec<T>, mut fails: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut run = items.len();
    while run > 0 {
        let mut start = 0;
        while start < items.len() {
            let end = items.len().min(start + run);
            let rest = [&items[..start], &items[end..]].concat();
            if fails(&rest) {
                items = rest;
            } else {
                start = end;
            }
        }
        run /= 2;
    }
    items
}

#[cfg(test)]
mod tests {
    use super::super::request::{Method, Path};
    use super::*;

    #[test]
    fn what_the_failure_needs_is_kept_and_nothing_else() {
        let needs = |items: &[i32]| items.contains(&3) && items.contains(&17);
        assert_eq!(remove((0..40).collect(), needs), [3, 17]);
        assert_eq!(remove((0..40).collect(), |_: &[i32]| false).len(), 40);
        assert!(remove((0..40).collect(), |_: &[i32]| true).is_empty());
    }

    #[test]
    fn requests_lose_lines_and_labels() {
        let request = |body: &str| {
            let path = Path {
                job_name: "job".to_owned(),
                job: "a".to_owned(),
                pairs: vec![("x".to_owned(), "1".to_owned())],
                tail: String::new(),
            };
            let lines = body.split_inclusive('\n');
            let pieces = lines.map(|line| line.as_bytes().to_vec()).collect();
            let mut request = Request::plain(Method::Put, path, pieces);
            request.delivery.chunked = true;
            request
        };
        let requests = vec![request("a\n"), request("b\nc\nd\n"), request("e\n")];
        let fails = |requests: &[Request]| {
            requests
                .iter()
                .any(|request| request.pieces.contains(&b"c\n".to_vec()))
        };
        let small = shrink(requests.clone(), 1000, fails);
        let mut want = request("c\n");
        want.path.pairs.clear();
        want.delivery.chunked = false;
        assert_eq!(small, [want]);
        assert_eq!(
            shrink(requests.clone(), 1, fails),
            requests,
            "no attempts left"
        );
    }
}
