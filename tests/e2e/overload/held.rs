//! What the host's process holds of the system.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::gateway::Gateway;

/// How long the host may take to give back what it no longer needs: instances live on for a second.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The memory that a host may keep when everything is over, in bytes: a small part of what these tests make it hold.
const KEPT: u64 = 16 << 20;

/// Memory and descriptors, where the system tells.
#[derive(Debug, Clone, Copy)]
struct Held {
    /// Resident memory, in bytes.
    memory: u64,
    /// Open files and connections.
    descriptors: usize,
}

impl Held {
    fn by(gateway: &Gateway) -> Option<Self> {
        let process = format!("/proc/{}", gateway.id());
        let status = fs::read_to_string(format!("{process}/status")).ok()?;
        let memory = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.strip_suffix("kB"))?;
        Some(Self {
            memory: memory.trim().parse::<u64>().ok()? * 1024,
            descriptors: fs::read_dir(format!("{process}/fd")).ok()?.count(),
        })
    }
}

/// What a host held before it got into trouble.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    gateway: &'a Gateway,
    before: Option<Held>,
}

impl<'a> Watch<'a> {
    /// Remembers what the host holds now. It must have worked before, so that it has all that it needs for that.
    pub(super) fn start(gateway: &'a Gateway) -> Self {
        let before = Held::by(gateway);
        if before.is_none() {
            eprintln!("memory and descriptors are not looked at: this system has no /proc");
        }
        Self { gateway, before }
    }

    /// The memory that has come on top, in bytes; 0 where the system does not tell.
    pub(super) fn growth(&self) -> u64 {
        match (self.before, Held::by(self.gateway)) {
            (Some(before), Some(now)) => now.memory.saturating_sub(before.memory),
            _ => 0,
        }
    }

    /// Waits until the host has given back what came on top: every descriptor, and memory but for [`KEPT`].
    pub(super) fn wait_until_released(&self) {
        let Some(before) = self.before else {
            return;
        };
        let start = Instant::now();
        loop {
            let now = Held::by(self.gateway).expect("the host runs");
            let is_released =
                now.descriptors <= before.descriptors && now.memory <= before.memory + KEPT;
            if is_released {
                return;
            }
            assert!(
                start.elapsed() < TIMEOUT,
                "{before:?} has become {now:?}, for good"
            );
            thread::sleep(Duration::from_millis(50));
        }
    }
}
