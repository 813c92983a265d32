//! What all pages have in common: head, navigation, dialogs and the headers of the answer.

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use maud::{DOCTYPE, Markup, html};

use super::assets::{self, ICON, SCRIPT, STYLE};
use crate::respond::{self, Answer};

/// The cookie that keeps which colours were chosen, so that the first paint has them.
const THEME: &str = "pushgateway_theme";

/// Nothing but what this site serves, nothing inline, in no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What a browser needs to know about every page.
const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    // Not `no-referrer`, with which some browsers hide the origin of a deletion, and it is refused.
    (REFERRER_POLICY, "same-origin"),
    (CACHE_CONTROL, "no-store"),
    (VARY, "Cookie"),
];

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tab {
    /// All groups.
    Groups,
    /// One group, whose page is one level deeper.
    Group,
    /// How the gateway is set up.
    Status,
}

impl Tab {
    /// The way from the page to the prefix: links are relative, so that it does not matter where a proxy puts us.
    pub(super) fn root(self) -> &'static str {
        match self {
            Self::Groups | Self::Status => "./",
            Self::Group => "../",
        }
    }
}

/// The page with this content.
pub(super) fn page(tab: Tab, title: &str, headers: &HeaderMap, content: &Markup) -> Answer {
    let root = tab.root();
    let link = |page: &'static str, name, is_current: bool| {
        html! { a href={(root) (page)} aria-current=[is_current.then_some("page")] { (name) } }
    };
    let document = html! {
        (DOCTYPE)
        html lang="en" data-theme=[theme(headers)] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="icon" href={(root) (ICON.path())};
                link rel="stylesheet" href={(root) (STYLE.path())};
                script type="module" src={(root) (SCRIPT.path())} {}
            }
            body data-root=(root) {
                a.skip href="#main" { "Skip to content" }
                header.bar {
                    a.brand href=(root) { img src={(root) (ICON.path())} alt="" width="24" height="24"; "Pushgateway" }
                    nav aria-label="Pages" {
                        (link("", "Groups", tab == Tab::Groups))
                        (link("status", "Status", tab == Tab::Status))
                    }
                    div.tools {
                        @if tab != Tab::Status {
                            span #updated.quiet {}
                            button #refresh.live type="button" aria-pressed="true" title="Refresh every 15 seconds" { "Auto-refresh" }
                        }
                        button #theme.live type="button" aria-label="Colours" { "◐ Auto" }
                    }
                }
                main #main tabindex="-1" { (content) }
                (dialogs())
                div #notes role="status" aria-live="polite" {}
            }
        }
    };
    let mut answer = respond::body(
        "text/html; charset=utf-8",
        document.into_string().into_bytes(),
    );
    for (name, value) in HEADERS {
        answer
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// The dialogs, which the script opens and fills.
fn dialogs() -> Markup {
    html! {
        dialog #confirm aria-labelledby="confirm-title" {
            form method="dialog" {
                h2 #confirm-title {}
                p #confirm-text {}
                ul #confirm-list.badges {}
                p.error role="alert" {}
                div.actions {
                    button value="" autofocus { "Cancel" }
                    button.danger value="yes" { "Delete" }
                }
            }
        }
        dialog #token aria-labelledby="token-title" {
            form method="dialog" {
                h2 #token-title { "Token needed" }
                p #token-text {}
                label { "Token" input name="token" type="password" autocomplete="off" required; }
                p.quiet { "Kept until this tab is closed." }
                div.actions {
                    button value="" formnovalidate { "Cancel" }
                    button.primary value="yes" { "Go on" }
                }
            }
        }
    }
}

/// Which colours the reader has chosen, if any.
fn theme(headers: &HeaderMap) -> Option<&'static str> {
    let cookies = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut pairs = cookies
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, chosen) = pairs.find(|(name, _)| *name == THEME)?;
    ["light", "dark"].into_iter().find(|theme| *theme == chosen)
}

/// The file of this name; `query` is that of the URL.
pub(super) fn asset(name: &str, query: &str) -> Option<Answer> {
    let asset = assets::find(name)?;
    let mut answer = respond::body(asset.content_type, asset.text.into());
    let keep = if asset.is_current(query) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    for (name, value) in [(CACHE_CONTROL, keep), (X_CONTENT_TYPE_OPTIONS, "nosniff")] {
        answer
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_colours_that_there_are_can_be_chosen() {
        let cases = [
            ("pushgateway_theme=dark", Some("dark")),
            ("a=b; pushgateway_theme=light;c", Some("light")),
            ("pushgateway_theme=\"><i>", None),
            ("theme=dark", None),
            ("", None),
        ];
        for (cookie, want) in cases {
            let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_static(cookie))]);
            assert_eq!(theme(&headers), want, "{cookie}");
        }
    }

    #[test]
    fn pages_allow_nothing_inline() {
        let answer = page(Tab::Group, "<t>", &HeaderMap::new(), &html! {});
        let text = String::from_utf8_lossy(answer.body());
        assert!(text.contains("<title>&lt;t&gt;</title>") && text.contains("\"../-/ui/ui.css?"));
        for inline in [" style=", " onclick=", "<style", "<script>"] {
            assert!(!text.contains(inline), "{inline}");
        }
        assert!(!POLICY.contains("unsafe"));
    }
}
