//! Histories written down: the stated exceptions, each as small as it can be, and such as once broke a promise.

use super::checker::check;
use super::exceptions::{broken_take_over, clocks_disagree, stalls};
use super::history::History;
use super::run::run;
use super::scenario::{Before, Client, Clock, SECOND, Scenario};
use super::schedule::Scheduler;
use super::search::describe;
use super::store::Provider;

/// Runs what these clients ask for, `schedule` saying whose turn it is.
fn history(before: Before, clients: Vec<Client>, schedule: &str) -> History {
    let scenario = Scenario {
        before,
        provider: Provider::SQLITE,
        tick: SECOND / 1000,
        clients,
        seed: 0,
    };
    run(&scenario, Scheduler::written(schedule), false)
}

/// Clients whose clocks are exact.
fn exact(requests: &[&str]) -> Vec<Client> {
    requests
        .iter()
        .map(|requests| Client::of(requests))
        .collect()
}

#[track_caller]
fn assert_broken(history: &History) {
    assert!(
        check(history).is_err(),
        "keeps all promises: {}",
        describe(history)
    );
}

#[track_caller]
fn assert_kept(history: &History) {
    if let Err(problem) = check(history) {
        panic!("{problem}: {}", describe(history));
    }
}

/// Exception (a). Both POSTs find no index, so the second does not learn that the first's time is ahead. The third,
/// which comes after both, shares `b` with the first and stays hidden behind it for as long as the clock is ahead.
#[test]
fn clocks_decide_where_posts_of_overlapping_sets_met() {
    let ahead = Client {
        clock: Clock {
            offset: 10 * SECOND as i64,
            ..Clock::EXACT
        },
        ..Client::of("POST ab")
    };
    let met = history(
        Before::Nothing,
        vec![ahead.clone(), Client::of("POST bc, POST bc")],
        "0101 01",
    );
    assert_broken(&met);
    assert!(clocks_disagree(&met));
    // Had they not met, the time in the index would have put them in order.
    let one_by_one = history(
        Before::Nothing,
        vec![ahead, Client::of("POST bc, POST bc")],
        "000",
    );
    assert_kept(&one_by_one);
}

/// Exception (b). The first POST has read and taken its time when two others come and go. What it writes at last
/// replaces the second of them in the slot that they share, so that `b` is what the one before that had pushed.
#[test]
fn an_operation_that_stalls_while_two_others_write_undoes_one() {
    let stalled = history(
        Before::Nothing,
        exact(&["POST ab", "POST bc, POST ab"]),
        "0 11111111 0",
    );
    assert_broken(&stalled);
    assert!(stalls(&stalled));
    let across_one = history(
        Before::Nothing,
        exact(&["POST ab", "POST bc"]),
        "0 11111111 0",
    );
    assert_kept(&across_one);
}

/// Exception (b) once more. A POST that finds a PUT where there was none is about to take back its entry when the
/// group is deleted and another POST writes an entry of the same families. It only harms if it then breaks off.
#[test]
fn a_post_that_stalls_takes_back_what_another_wrote() {
    let clients = ["POST a", "PUT b, DELETE, POST a"];
    let stalled = history(Before::Nothing, exact(&clients), "00 11 0 1111111 111 0 0!");
    assert_broken(&stalled);
    assert!(stalls(&stalled));
    let goes_on = history(Before::Nothing, exact(&clients), "00 11 0 1111111 111 0 00");
    assert_kept(&goes_on);
}

/// Exception (b) with two DELETEs, as the soak test found it. The second removes the mark of the first, which is about to
/// do so itself. A POST finds no group, a PUT replaces that POST's, and then the first DELETE removes the PUT entry: so
/// the POST is back.
#[test]
fn a_delete_that_stalls_brings_back_what_a_put_had_replaced() {
    let clients = ["DELETE", "POST b, POST a, PUT b", "DELETE"];
    let stalled = history(
        Before::Nothing,
        exact(&clients),
        "111 0 222222 0000 2 111 11 0",
    );
    assert_broken(&stalled);
    assert!(stalls(&stalled));
    let in_time = history(
        Before::Nothing,
        exact(&clients),
        "111 0 222222 0000 2 111 0 11",
    );
    assert_kept(&in_time);
}

/// Exception (c). On an eventually consistent store a POST that is shown an old PUT entry is laid on that one and not
/// seen, until the next push of the group.
#[test]
fn a_post_that_is_shown_an_old_put_stays_invisible() {
    let once = history(Before::FullIndexOnPut, exact(&["PUT a, POST d"]), "00 0~0~");
    assert_broken(&once);
    let again = history(
        Before::FullIndexOnPut,
        exact(&["PUT a, POST d, POST d"]),
        "00 0~0~ 0000",
    );
    assert_kept(&again);
}

/// Exception (d). A group of POSTs of more sets than there are slots is deleted while a POST is about to write what it
/// takes over, and that POST breaks off before it can take it back.
#[test]
fn a_post_that_breaks_off_can_bring_back_what_it_took_over() {
    let clients = ["POST d, DELETE", "POST e"];
    let broken_off = history(Before::FullIndex, exact(&clients), "000 11 0000000 1 11!");
    assert_broken(&broken_off);
    assert!(broken_take_over(&broken_off));
    let goes_on = history(Before::FullIndex, exact(&clients), "000 11 0000000 1");
    assert_kept(&goes_on);
}

#[test]
fn a_group_that_is_gone_when_it_is_read_again_is_gone() {
    for turns_of_the_scrape in 1..4 {
        let schedule = format!("{} 1111111", "0".repeat(turns_of_the_scrape));
        assert_kept(&history(
            Before::MarkOverEntries,
            exact(&["scrape", "DELETE"]),
            &schedule,
        ));
        assert_kept(&history(
            Before::SomeRetired,
            exact(&["scrape", "DELETE"]),
            &schedule,
        ));
    }
}

#[test]
fn tidying_up_takes_no_push_with_it() {
    for before in [Before::Mark, Before::MarkOverEntries] {
        for push in ["PUT a", "POST a", "POST c"] {
            for turns_of_the_scrape in 1..8 {
                for turns_of_the_push in 1..3 {
                    let scrape = "0".repeat(turns_of_the_scrape);
                    let schedule = format!("{scrape}{}00000000", "1".repeat(turns_of_the_push));
                    assert_kept(&history(before, exact(&["tidy", push]), &schedule));
                }
            }
        }
    }
}

#[test]
fn tidying_up_that_breaks_off_brings_nothing_back() {
    for turns in 1..9 {
        let schedule = format!("{}!", "0".repeat(turns));
        assert_kept(&history(
            Before::MarkOverEntries,
            exact(&["tidy"]),
            &schedule,
        ));
    }
}

/// A POST writes an index of the deleted generation after the DELETE, which names keys that are live again.
#[test]
fn keys_that_are_live_again_are_not_deleted_as_retired() {
    assert_kept(&history(
        Before::SomeRetired,
        exact(&["POST c", "DELETE, POST b, POST a"]),
        "0 1111111 0",
    ));
}

#[test]
fn what_a_post_takes_over_stays_deleted() {
    for turns_of_the_delete in 1..8 {
        let schedule = format!("000 11 {} 1", "0".repeat(turns_of_the_delete));
        assert_kept(&history(
            Before::FullIndex,
            exact(&["POST d, DELETE", "POST e"]),
            &schedule,
        ));
    }
}
