//! The files that pages refer to: a stylesheet, a script and an icon, all part of the component.

/// A file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asset {
    /// Its name in the URL.
    pub(super) name: &'static str,
    /// Its `Content-Type`.
    pub(super) content_type: &'static str,
    /// What is in it.
    pub(super) text: &'static str,
}

/// How pages look.
pub(super) const STYLE: Asset = Asset {
    name: "ui.css",
    content_type: "text/css; charset=utf-8",
    text: include_str!("ui.css"),
};

/// What pages do.
pub(super) const SCRIPT: Asset = Asset {
    name: "ui.js",
    content_type: "text/javascript; charset=utf-8",
    text: include_str!("ui.js"),
};

/// What a browser shows beside the title.
pub(super) const ICON: Asset = Asset {
    name: "icon.svg",
    content_type: "image/svg+xml",
    text: include_str!("icon.svg"),
};

/// The file of this name.
pub(super) fn find(name: &str) -> Option<Asset> {
    [STYLE, SCRIPT, ICON]
        .into_iter()
        .find(|asset| asset.name == name)
}

impl Asset {
    /// Where it is below the prefix. Changes when the file does, so that browsers may keep it for ever.
    pub(super) fn path(self) -> String {
        format!("-/ui/{}?{:016x}", self.name, hash(self.text.as_bytes()))
    }

    /// Whether a URL with this query asks for the file as it is now.
    pub(super) fn is_current(self, query: &str) -> bool {
        self.path()
            .split_once('?')
            .is_some_and(|(_, hash)| hash == query)
    }
}

/// FNV-1a: it only has to tell versions of a file apart.
fn hash(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_what_pages_call_them() {
        for asset in [STYLE, SCRIPT, ICON] {
            let path = asset.path();
            let (name, query) = path.split_once('?').expect("has a version");
            let found = find(name.trim_start_matches("-/ui/")).expect("is there");
            assert_eq!(found.text, asset.text);
            assert!(found.is_current(query) && !found.is_current("") && !found.is_current("x"));
        }
        assert!(find("mod.rs").is_none());
    }
}
