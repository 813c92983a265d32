//! What was acknowledged is on disk.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::exposition::{samples, value};
use crate::support::gateway::Gateway;
use crate::support::process::Process;
use crate::support::programs::STRACE;

#[test]
fn every_acknowledged_push_survives_kill_9() {
    const PUSHERS: usize = 4;
    const PUSHES_BEFORE_KILL: usize = 200;
    let mut gateway = Gateway::start();
    let acknowledged: [AtomicUsize; PUSHERS] = Default::default();
    let address = gateway.address();
    thread::scope(|scope| {
        for (pusher, acknowledged) in acknowledged.iter().enumerate() {
            scope.spawn(move || {
                let mut client = crate::support::client::Client::new(address);
                for n in 1_usize.. {
                    let method = if n % 3 == 0 { "POST" } else { "PUT" };
                    let path = format!("/metrics/job/j/pusher/{pusher}");
                    let body = format!("pushed {n}\n");
                    match client.send(method, &path, &[], body.as_str().into()) {
                        Ok(response) if response.status == 200 => {
                            acknowledged.store(n, Ordering::SeqCst);
                        }
                        // The gateway was killed.
                        Ok(_) | Err(_) => return,
                    }
                }
            });
        }
        while acknowledged
            .iter()
            .map(|count| count.load(Ordering::SeqCst))
            .sum::<usize>()
            < PUSHES_BEFORE_KILL
        {
            thread::sleep(Duration::from_millis(5));
        }
        gateway.kill();
    });
    gateway.restart();
    for (pusher, acknowledged) in acknowledged.iter().enumerate() {
        let series = format!("pushed{{instance=\"\",job=\"j\",pusher=\"{pusher}\"}}");
        let stored = value(&mut gateway.client(), &series).unwrap_or_default();
        let acknowledged = acknowledged.load(Ordering::SeqCst);
        // One more may have been stored whose answer the kill took.
        let possible = [acknowledged, acknowledged + 1]
            .map(|n| f64::from(u32::try_from(n).expect("few pushes")));
        assert!(
            possible.contains(&stored),
            "pusher {pusher}: {stored} is stored, {acknowledged} acknowledged"
        );
    }
}

#[test]
fn every_push_is_synced_before_it_is_acknowledged() {
    const PUSHES: usize = 20;
    let Some(strace) = STRACE.find_or_skip() else {
        return;
    };
    let gateway = Gateway::start();
    let mut client = gateway.client();
    client.put("/metrics/job/j", "m 0\n").expect("an answer");

    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = folder.path().join("syncs");
    let mut tracer = Process::start(
        "strace",
        std::process::Command::new(strace)
            .args(["-f", "-e", "trace=fsync,fdatasync", "-o"])
            .arg(&log)
            .args(["-p", &gateway.id().to_string()]),
    );
    tracer.wait_for("that it is attached", |line| {
        line.contains("attached").then_some(())
    });
    let syncs = || std::fs::read_to_string(&log).map_or(0, |log| log.matches("sync(").count());
    let mut before = syncs();
    for n in 1..=PUSHES {
        assert_eq!(
            client
                .put("/metrics/job/j", &format!("m {n}\n"))
                .expect("an answer")
                .status,
            200
        );
        // strace writes its log as the calls happen, each before the answer that waits for it.
        let after = syncs();
        assert!(after > before, "push {n} was acknowledged without a sync");
        before = after;
    }
    tracer.terminate();
    assert_eq!(
        samples(&mut client),
        [format!("m{{instance=\"\",job=\"j\"}} {PUSHES}")]
    );
}
