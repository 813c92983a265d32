//! The pages for people: what there is, how old it is, and away with what is not needed.
//!
//! Everything is rendered here, from [`maud`] templates that escape whatever they are given. A link or a form brings
//! every view, so that pages work without scripts; the script fetches the same pages and takes over what changed.
//! It alone deletes, through the same requests as every client.

use http::StatusCode;
use http::header::{HOST, HeaderValue, LOCATION};
use http::request::Parts;
use http::uri::Authority;
use maud::{Markup, html};

use self::overview::Overview;
use self::page::Tab;
use self::view::View;
use crate::api::groups::{Listed, Query};
use crate::config::Config;
use crate::groups::entry::UnixNanos;
use crate::groups::key::GroupId;
use crate::respond::{self, Answer};
use crate::store::records::Shapes;
use crate::store::snapshot::{self, Snapshot};
use crate::store::{Store, StoreError, World};

mod address;
mod assets;
mod chart;
mod family;
mod group;
mod overview;
mod page;
mod status;
mod table;
mod view;
mod words;

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page<'a> {
    /// All groups, as the query wants to see them.
    Groups,
    /// The group with this id.
    Group(&'a str),
    /// How the gateway is set up.
    Status,
}

/// What pages need besides the groups.
#[derive(Debug)]
struct Context<'a> {
    config: &'a Config,
    tab: Tab,
    now: UnixNanos,
    /// The URL that everything is below, with a slash at its end: for commands to copy.
    origin: String,
}

impl<'a> Context<'a> {
    fn new(config: &'a Config, tab: Tab, now: UnixNanos, request: &Parts) -> Self {
        let origin = if config.external_url.is_empty() {
            // The script knows better which scheme it is.
            let host = request
                .headers
                .get(HOST)
                .and_then(|host| host.to_str().ok());
            let host = request.uri.authority().map(Authority::as_str).or(host);
            format!(
                "http://{}{}/",
                host.unwrap_or("localhost:9091"),
                config.paths.prefix()
            )
        } else {
            format!("{}/", config.external_url.trim_end_matches('/'))
        };
        Self {
            config,
            tab,
            now,
            origin,
        }
    }
}

/// The answer to a request for a page.
///
/// # Errors
///
/// The store failed.
pub async fn page<S: Store, W: World>(
    page: Page<'_>,
    store: &S,
    world: &W,
    config: &Config,
    request: &Parts,
) -> Result<Answer, StoreError> {
    let headers = &request.headers;
    let context = |tab| Context::new(config, tab, world.now(), request);
    match page {
        Page::Groups => {
            let snapshot = Snapshot::read(store).await?;
            let view = View::parse(request.uri.query().unwrap_or_default());
            let content = groups(&context(Tab::Groups), &view, &snapshot);
            Ok(page::page(Tab::Groups, "Pushgateway", headers, &content))
        }
        Page::Group(id) => {
            let context = context(Tab::Group);
            let Some(content) = one_group(&context, store, id).await? else {
                let content = html! { h1 { "No such group" } p { "It was deleted, or never pushed. " a href="../" { "All groups" } } };
                let mut answer = page::page(Tab::Group, "No such group", headers, &content);
                *answer.status_mut() = StatusCode::NOT_FOUND;
                return Ok(answer);
            };
            Ok(page::page(
                Tab::Group,
                "Group – Pushgateway",
                headers,
                &content,
            ))
        }
        Page::Status => {
            let shapes = Shapes::read(store).await?;
            let content = status::render(&context(Tab::Status), shapes.since);
            Ok(page::page(
                Tab::Status,
                "Status – Pushgateway",
                headers,
                &content,
            ))
        }
    }
}

/// The file of this name that pages refer to.
#[must_use]
pub fn asset(name: &str, request: &Parts) -> Option<Answer> {
    page::asset(name, request.uri.query().unwrap_or_default())
}

/// The way to the pages from the prefix without a slash at its end, below which relative links would lead elsewhere.
#[must_use]
pub fn redirect(config: &Config) -> Answer {
    let name = config.paths.prefix().rsplit('/').next().unwrap_or_default();
    let mut answer = respond::empty(StatusCode::TEMPORARY_REDIRECT);
    if let Ok(location) = HeaderValue::from_str(&format!("{name}/")) {
        answer.headers_mut().insert(LOCATION, location);
    }
    answer
}

fn groups(context: &Context<'_>, view: &View, snapshot: &Snapshot) -> Markup {
    let listed = &Listed::all(snapshot, context.now);
    let overview = Overview::of(listed, expired(snapshot, context.now), context.now);
    // The view makes valid queries. Should it not, everything is shown.
    let query = Query::parse(&view.api_query()).unwrap_or_default();
    let sorted = query.sorted(listed, context.now);
    html! {
        h1.hidden { "Pushgateway" }
        (overview.render(view, context.now))
        (table::render(context, view, &overview, &sorted))
    }
}

/// How many groups of the store have expired.
fn expired(snapshot: &Snapshot, now: UnixNanos) -> usize {
    let values = snapshot.groups.values();
    values
        .filter(|values| values.group(now).is_none() && values.group(0).is_some())
        .count()
}

/// A group on a page of its own. `None` if there is no such group.
async fn one_group<S: Store>(
    context: &Context<'_>,
    store: &S,
    id: &str,
) -> Result<Option<Markup>, StoreError> {
    let Some(id) = GroupId::parse(id) else {
        return Ok(None);
    };
    let values = snapshot::read_group_in_full(store, &id).await?;
    let Some(listed) = Listed::of(id.as_str(), &values, context.now) else {
        return Ok(None);
    };
    Ok(Some(html! {
        div.title {
            h1 { (group::badges(&listed.group.labels)) }
            (group::delete_button(context, &listed.group))
        }
        (group::detail(context, &listed))
    }))
}
