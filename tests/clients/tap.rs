//! A relay before the gateway that keeps what clients send.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A relay to one server. It ends with the process of the test.
#[derive(Debug)]
pub(crate) struct Tap {
    address: SocketAddr,
    sent: Arc<Mutex<Vec<u8>>>,
}

impl Tap {
    /// Starts a relay to that server.
    pub(crate) fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("the address of a listener");
        let sent = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&sent);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                // A broken connection is the client's to notice.
                thread::spawn(move || relay(client, server, &kept));
            }
        });
        Self { address, sent }
    }

    /// Where clients connect to.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// All that clients have sent, as it came; what is not UTF-8 shows as replacement characters.
    ///
    /// Complete for every request that has been answered.
    pub(crate) fn sent(&self) -> String {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&sent).into_owned()
    }
}

fn relay(mut client: TcpStream, server: SocketAddr, kept: &Mutex<Vec<u8>>) -> io::Result<()> {
    let mut server = TcpStream::connect(server)?;
    let (mut answers, mut back) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut answers, &mut back);
        let _ = back.shutdown(Shutdown::Write);
    });
    let mut buffer = [0; 8192];
    loop {
        let length = client.read(&mut buffer)?;
        let read = buffer.get(..length).unwrap_or_default();
        if read.is_empty() {
            return server.shutdown(Shutdown::Write);
        }
        // Kept before it is sent on: what is answered has been kept.
        kept.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(read);
        server.write_all(read)?;
    }
}
