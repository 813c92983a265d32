//! Export and import of whole stores.

use anyhow::{Context, Result};
use spin_pushgateway::store::layout::Key;

use crate::archive::{Reader, Writer};
use crate::spool::{self, Stream};
use crate::store::{Existing, Groups, Load, Pair, Place, Scope, Store};

/// What to export.
#[derive(Debug)]
pub(crate) struct ExportOptions {
    /// From where.
    pub(crate) store: Place,
    /// To where.
    pub(crate) archive: Stream,
    /// Which keys.
    pub(crate) scope: Scope,
}

/// What to import.
#[derive(Debug)]
pub(crate) struct ImportOptions {
    /// From where.
    pub(crate) archive: Stream,
    /// To where.
    pub(crate) store: Place,
    /// Which keys.
    pub(crate) scope: Scope,
    /// What to do with what is there.
    pub(crate) existing: Existing,
}

/// Writes a store to an archive.
pub(crate) fn export(options: &ExportOptions) -> Result<()> {
    let mut store = Store::open(&options.store)?;
    let (count, left_out) = options.archive.write(|out| {
        let mut archive = Writer::new(out, &options.store.name())?;
        let left_out = store
            .walk(options.scope, &mut |key, value| archive.add(key, value))
            .with_context(|| format!("cannot read {}", options.store))?;
        Ok((archive.finish()?, left_out))
    })?;
    eprintln!("exported {count} keys of {}", options.store);
    if left_out > 0 {
        eprintln!("left out {left_out} keys that went meanwhile, or are no text, or hold none");
    }
    Ok(())
}

/// Writes an archive to a store, after reading it once to see that it is whole.
pub(crate) fn import(options: &ImportOptions) -> Result<()> {
    let mut file = options.archive.open()?;
    let mut groups = Groups::new();
    let (mut count, mut left_out) = (0_u64, 0_u64);
    let archive = Reader::new(spool::from_start(&mut file)?)?;
    let source = archive.store().to_owned();
    for pair in archive {
        let (key, _) = pair?;
        if options.scope.has(&key) {
            count += 1;
        } else {
            left_out += 1;
        }
        groups.extend(Key::parse(&key).and_then(|key| key.group().map(str::to_owned)));
    }

    let is_meant = |pair: &Result<Pair>| match pair {
        Ok((key, _)) => options.scope.has(key),
        Err(_) => true,
    };
    Store::create(&options.store)?
        .load(&mut Load {
            scope: options.scope,
            existing: options.existing,
            groups: &groups,
            pairs: &mut Reader::new(spool::from_start(&mut file)?)?.filter(is_meant),
        })
        .with_context(|| format!("cannot import to {}", options.store))?;
    eprintln!(
        "imported {count} keys of {} groups, of store {source:?}, to {}",
        groups.len(),
        options.store
    );
    if left_out > 0 {
        eprintln!("left out {left_out} keys of other programs; --all takes them too");
    }
    Ok(())
}
