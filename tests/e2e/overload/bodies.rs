//! Bodies that come in crumbs, and large ones that never end.

use super::held::Watch;
use super::peer::{End, Peer, put};
use super::{assert_no_failures, options, push, scrape};
use crate::exposition::samples;

/// Large bodies at once: more than an instance takes.
const PUSHERS: usize = 32;

/// Their size, in bytes.
const SIZE: usize = 4 << 20;

#[test]
fn bodies_that_come_byte_by_byte_are_stored_whole() {
    const PUSHERS: usize = 40;
    const BODY: &[u8] = b"# TYPE crumbs gauge\ncrumbs 42\n";
    let gateway = options().start();
    let mut client = gateway.client();
    let mut peers: Vec<_> = (0..PUSHERS)
        .map(|n| {
            let head = format!(
                "PUT /metrics/job/crumbs{n:02} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            );
            Peer::sending(&gateway, head)
        })
        .collect();
    for byte in BODY {
        for peer in &mut peers {
            peer.send([b"1\r\n", [*byte].as_slice(), b"\r\n"].concat());
        }
        let answer = client.put("/metrics/job/ordinary", "ordinary 1\n");
        assert_eq!(answer.expect("an answer").status, 200);
    }
    assert_eq!(
        samples(&mut client),
        ["ordinary{instance=\"\",job=\"ordinary\"} 1"]
    );
    for mut peer in peers {
        peer.send("0\r\n\r\n");
        assert_eq!(peer.answer("PUT").status, 200);
    }
    let crumbs = (0..PUSHERS).map(|n| format!("crumbs{{instance=\"\",job=\"crumbs{n:02}\"}} 42"));
    let ordinary = "ordinary{instance=\"\",job=\"ordinary\"} 1".to_owned();
    let want: Vec<_> = crumbs.chain([ordinary]).collect();
    assert_eq!(samples(&mut client), want);
}

/// A push of [`SIZE`].
fn large() -> String {
    let line = "# A comment, of which nothing is left but the time that it took.\n";
    put("/metrics/job/large", &line.repeat(SIZE / line.len()))
}

#[test]
fn large_bodies_that_never_end_give_their_memory_back() {
    let gateway = options().start();
    let mut client = gateway.client();
    push(&mut client);
    scrape(&mut client);
    let watch = Watch::start(&gateway);
    let request = large();
    let almost = &request[..request.len() - 1];
    let mut peers: Vec<_> = (0..PUSHERS).map(|_| Peer::connect(&gateway)).collect();
    for peer in &mut peers {
        peer.send(almost);
    }
    push(&mut client);
    scrape(&mut client);
    let growth = watch.growth();
    // A buffer that grows by doubling may be twice as large as what is in it, and leave as much behind.
    let most = 4 * (PUSHERS * SIZE) as u64;
    assert!(growth < most, "{growth} bytes, more than {most}");
    for (n, peer) in peers.into_iter().enumerate() {
        peer.vanish(End::ALL[n % 2]);
    }
    watch.wait_until_released();
    push(&mut client);
    assert_no_failures(&gateway);
}

#[test]
fn large_bodies_do_not_fill_an_instance() {
    let gateway = options()
        .argument("--max-instance-memory")
        .argument(&(64 << 20).to_string())
        .start();
    let mut client = gateway.client();
    push(&mut client);
    let request = large();
    let (most, last) = request.split_at(request.len() - 1);
    let mut peers: Vec<_> = (0..PUSHERS).map(|_| Peer::connect(&gateway)).collect();
    // Who is refused may find the connection closed.
    let sent: Vec<_> = peers.iter_mut().map(|peer| peer.try_send(most)).collect();
    push(&mut client);
    scrape(&mut client);
    let mut stored = 0;
    for (mut peer, sent) in peers.into_iter().zip(sent) {
        if let Ok(answer) = sent
            .and_then(|()| peer.try_send(last))
            .and_then(|()| peer.try_answer("PUT"))
        {
            assert!(matches!(answer.status, 200 | 503), "{answer:?}");
            stored += usize::from(answer.status == 200);
        }
    }
    assert!(stored > 0);
    push(&mut client);
    assert_no_failures(&gateway);
}
