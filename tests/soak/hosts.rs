//! The hosts on one store: which of them live, and how they are killed.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::plan::{Clocks, LEAP, LIFETIME, Trouble};
use crate::stores::Backing;
use crate::support::gateway::Gateway;
use crate::support::receiver::{Behaviour, Receiver};

/// How long it may take until some host lives.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How many lines of a host's log are told.
const LOG_LINES: usize = 30;

/// How long forwarding a push may take.
pub(crate) const FORWARD_TIMEOUT: Duration = Duration::from_secs(1);

/// A living host, as clients see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) host: usize,
    pub(crate) address: SocketAddr,
    /// How many seconds its clock is ahead.
    pub(crate) clock: i64,
    /// How many hosts have been started before it.
    life: u32,
}

/// The hosts on one store.
#[derive(Debug)]
pub(crate) struct Hosts {
    backing: Backing,
    clocks: Clocks,
    /// Where what is pushed is forwarded to, if it is.
    receiver: Option<Receiver>,
    gateways: Vec<Mutex<Gateway>>,
    living: Mutex<Living>,
    changed: Condvar,
}

#[derive(Debug)]
struct Living {
    targets: Vec<Option<Target>>,
    started: u32,
    /// By how many seconds all clocks have leapt.
    leapt: i64,
    random: fastrand::Rng,
}

impl Hosts {
    /// Starts as many hosts as the store is to have.
    pub(crate) fn start(
        backing: Backing,
        clocks: Clocks,
        forwards: bool,
        random: &mut fastrand::Rng,
    ) -> Self {
        let count = backing.hosts(random);
        let mut hosts = Self {
            backing,
            clocks,
            receiver: forwards.then(|| Receiver::start(Behaviour::Answers(204))),
            gateways: Vec::new(),
            living: Mutex::new(Living {
                targets: vec![None; count],
                started: 0,
                leapt: 0,
                random: random.fork(),
            }),
            changed: Condvar::new(),
        };
        for host in 0..count {
            hosts.disturb(host, "");
            let clock = hosts.next_clock();
            let gateway = hosts.gateway(host, clock);
            hosts.welcome(host, gateway.address(), clock);
            hosts.gateways.push(Mutex::new(gateway));
        }
        hosts
    }

    pub(crate) fn count(&self) -> usize {
        self.gateways.len()
    }

    pub(crate) fn can_restart_store(&self) -> bool {
        self.backing.can_restart()
    }

    /// One of the living hosts; waits until there is one.
    pub(crate) fn any(&self, random: &mut fastrand::Rng) -> Target {
        let is_empty = |living: &mut Living| living.targets.iter().all(Option::is_none);
        let waited = self
            .changed
            .wait_timeout_while(self.living(), TIMEOUT, is_empty)
            .unwrap_or_else(PoisonError::into_inner);
        let targets: Vec<_> = waited.0.targets.iter().flatten().collect();
        **random.choice(&targets).expect("a host lives")
    }

    /// All living hosts.
    pub(crate) fn all(&self) -> Vec<Target> {
        self.living().targets.iter().flatten().copied().collect()
    }

    /// Whether nobody has killed this host.
    pub(crate) fn is_alive(&self, target: Target) -> bool {
        self.living().targets[target.host] == Some(target)
    }

    /// Lets calls of a host's store fail as this file says.
    pub(crate) fn disturb(&self, host: usize, faults: &str) {
        // By another name first: a host must not read half a file.
        let new = self.faults(host).with_extension("new");
        fs::write(&new, faults).expect("a file");
        fs::rename(&new, self.faults(host)).expect("a file");
    }

    /// Where what is pushed is forwarded to, if it is.
    pub(crate) fn receiver(&self) -> Option<&Receiver> {
        self.receiver.as_ref()
    }

    /// Starts all hosts again, with clocks that are ahead by [`LEAP`] of what they were.
    pub(crate) fn leap(&self) {
        self.living().leapt += i64::try_from(LEAP.as_secs()).expect("fits");
        for host in 0..self.count() {
            self.kill(host);
        }
    }

    /// The last lines that each host has logged.
    pub(crate) fn logs(&self) -> impl Iterator<Item = String> {
        self.gateways.iter().enumerate().map(|(host, gateway)| {
            let log = gateway
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .stderr();
            let lines: Vec<_> = log.lines().collect();
            let first = lines.len().saturating_sub(LOG_LINES);
            let last = lines.get(first..).unwrap_or_default();
            format!("the log of host {host}:\n{}", last.join("\n"))
        })
    }

    /// Makes trouble, and is back when all is well again.
    pub(crate) fn make(&self, trouble: Trouble) {
        match trouble {
            Trouble::KillHost(host) => self.kill(host),
            Trouble::KillStore => self.backing.restart(true),
            Trouble::StopStore => self.backing.restart(false),
            Trouble::Receiver(behaviour) => {
                if let Some(receiver) = &self.receiver {
                    receiver.behave(behaviour);
                }
            }
        }
    }

    fn kill(&self, host: usize) {
        let mut gateway = self.gateways[host]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.living().targets[host] = None;
        gateway.kill();
        let clock = self.next_clock();
        *gateway = self.gateway(host, clock);
        self.welcome(host, gateway.address(), clock);
    }

    /// How many calls of the store have failed, seemed to fail, and waited, since this was last asked.
    pub(crate) fn take_faults(&self) -> [usize; 3] {
        let text = fs::read_to_string(self.trace()).unwrap_or_default();
        // Hosts append, so they go on at the beginning.
        fs::write(self.trace(), "").expect("a file");
        ["fails", "is-lost", "waits"].map(|word| text.matches(word).count())
    }

    fn gateway(&self, host: usize, clock: i64) -> Gateway {
        let text = |path: PathBuf| path.to_str().expect("UTF-8").to_owned();
        let mut options = self.backing.options();
        if let Some(receiver) = &self.receiver {
            let receiver = format!("http://{}", receiver.address());
            let url = format!("{receiver}/api/v1/write");
            options = options
                .variable("forward_remote_write_url", &url)
                .variable("forward_host", &receiver)
                .variable(
                    "forward_timeout",
                    &format!("{}ms", FORWARD_TIMEOUT.as_millis()),
                );
        }
        options
            .variable("max_group_ttl", &format!("{}s", LIFETIME.as_secs()))
            .argument(&format!("--clock-offset={clock}"))
            .argument("--fault-file")
            .argument(&text(self.faults(host)))
            .argument("--trace-store")
            .argument(&text(self.trace()))
            .start()
    }

    fn next_clock(&self) -> i64 {
        let mut living = self.living();
        living.leapt + self.clocks.offset(&mut living.random)
    }

    fn welcome(&self, host: usize, address: SocketAddr, clock: i64) {
        let mut living = self.living();
        living.started += 1;
        living.targets[host] = Some(Target {
            host,
            address,
            clock,
            life: living.started,
        });
        drop(living);
        self.changed.notify_all();
    }

    fn faults(&self, host: usize) -> PathBuf {
        self.backing.folder().join(format!("faults-{host}.toml"))
    }

    fn trace(&self) -> PathBuf {
        self.backing.folder().join("calls")
    }

    fn living(&self) -> MutexGuard<'_, Living> {
        self.living.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
