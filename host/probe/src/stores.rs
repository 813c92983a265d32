//! The routes that show the key-value stores: `/kv/...` by Spin's interface, `/wasi/...` by
//! `wasi:keyvalue`. The store is always `default`.

use spin_sdk::key_value::Store;

use crate::answer::Answer;
use crate::bindings::wasi::keyvalue::batch;
use crate::bindings::wasi::keyvalue::store;

/// `/kv/OPERATION/KEY`.
pub(crate) async fn spin(operation: &str, key: &str, value: Vec<u8>) -> Option<Answer> {
    if operation == "open" {
        return Some(Answer::of(Store::open(key).await, |_| b"opened".to_vec()));
    }
    let store = match Store::open_default().await {
        Ok(store) => store,
        Err(error) => return Some(Answer::failed(error)),
    };
    Some(match operation {
        "get" => Answer::of(store.get(key).await, found),
        "set" => Answer::of(store.set(key, value).await, nothing),
        "delete" => Answer::of(store.delete(key).await, nothing),
        "exists" => Answer::of(store.exists(key).await, |there| {
            there.to_string().into_bytes()
        }),
        "keys" => Answer::of(store.get_keys().await.collect().await, lines),
        _ => return None,
    })
}

/// `/wasi/OPERATION/KEY`, `/wasi/get-many/KEY,KEY`, `/wasi/set-many/KEY=VALUE,KEY=VALUE`.
pub(crate) fn wasi(operation: &str, keys: &str, value: Vec<u8>) -> Option<Answer> {
    if operation == "open" {
        return Some(Answer::of(store::open(keys), |_| b"opened".to_vec()));
    }
    let bucket = match store::open("default") {
        Ok(bucket) => bucket,
        Err(error) => return Some(Answer::failed(error)),
    };
    let list = || keys.split(',').filter(|key| !key.is_empty());
    Some(match operation {
        "get" => Answer::of(bucket.get(keys), found),
        "set" => Answer::of(bucket.set(keys, &value), nothing),
        "delete" => Answer::of(bucket.delete(keys), nothing),
        "exists" => Answer::of(bucket.exists(keys), |there| there.to_string().into_bytes()),
        "list-keys" => {
            let cursor = (!keys.is_empty()).then_some(keys);
            Answer::of(bucket.list_keys(cursor), |page| lines(page.keys))
        }
        "get-many" => {
            let keys: Vec<String> = list().map(str::to_owned).collect();
            Answer::of(batch::get_many(&bucket, &keys), |pairs| {
                lines(pairs.into_iter().map(|(key, value)| {
                    let value = value.map(|value| String::from_utf8_lossy(&value).into_owned());
                    format!("{key}={}", value.as_deref().unwrap_or("(none)"))
                }))
            })
        }
        "set-many" => {
            let pairs: Vec<(String, Vec<u8>)> = list()
                .filter_map(|pair| pair.split_once('='))
                .map(|(key, value)| (key.to_owned(), value.as_bytes().to_vec()))
                .collect();
            Answer::of(batch::set_many(&bucket, &pairs), nothing)
        }
        "delete-many" => {
            let keys: Vec<String> = list().map(str::to_owned).collect();
            Answer::of(batch::delete_many(&bucket, &keys), nothing)
        }
        _ => return None,
    })
}

fn found(value: Option<Vec<u8>>) -> Vec<u8> {
    value.unwrap_or_else(|| b"(none)".to_vec())
}

fn nothing((): ()) -> Vec<u8> {
    Vec::new()
}

/// One key a line, in the store's order.
fn lines(lines: impl IntoIterator<Item = String>) -> Vec<u8> {
    let lines: Vec<String> = lines.into_iter().collect();
    lines.join("\n").into_bytes()
}
