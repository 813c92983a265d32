//! Who may do what: tokens, what they are for, and whether a request has one that is good for what it asks.
//!
//! Three variables hold tokens, each protects one right, and one that is empty leaves its right as open as the
//! Pushgateway's: `push_tokens` to change groups (each token for all jobs or for some), `scrape_tokens` to read,
//! `admin_tokens` to do everything. `docs/security.md` has the whole table. Health needs no token.
//!
//! Pure: this module decides from headers and route, before anything else of a request is looked at.

use std::fmt;

use http::HeaderMap;
use subtle::{Choice, ConstantTimeEq};

pub use self::grammar::GrammarError;
use self::grammar::Jobs;
use self::secret::Secret;
use crate::exposition::names::NameScheme;
use crate::groups::key::JOB;
use crate::groups::path;
use crate::routes::Route;

mod grammar;
mod header;
mod secret;

/// The tokens that are configured, and what each is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    grants: Vec<(Secret, Grant)>,
}

/// What a token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Grant {
    /// To change the groups of these jobs.
    Push(Jobs),
    /// To read.
    Scrape,
    /// To do everything.
    Admin,
}

/// What a request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Right {
    /// To change a group of this job. `None`: the path names no group, which any push token may be told.
    Change(Option<String>),
    /// To read what was pushed, or how the gateway is configured.
    Read,
    /// To change what belongs to everybody.
    Administer,
}

/// Why a request is refused. Says no more than that: neither which tokens there are, nor what others may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It has no token that is known.
    Unknown(Challenge),
    /// Its token is known, and not for this.
    NotAllowed,
}

/// How a request that is refused is asked for a token (the `WWW-Authenticate` header).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// For pages: a browser asks its user.
    Basic,
    /// For everything else: no browser opens a dialog.
    Bearer,
}

impl Challenge {
    /// The value of `WWW-Authenticate`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Basic => r#"Basic realm="pushgateway", charset="UTF-8""#,
            Self::Bearer => r#"Bearer realm="pushgateway""#,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown(_) => {
                "a valid token is needed, as \"Authorization: Bearer <token>\" or as the password of basic authentication"
            }
            Self::NotAllowed => "the token does not allow this",
        })
    }
}

impl std::error::Error for Refusal {}

impl Tokens {
    /// The tokens in the variables of these names: `push_tokens`, `scrape_tokens` and `admin_tokens`.
    ///
    /// # Errors
    ///
    /// The variable that is malformed, and how.
    pub fn read(value: impl Fn(&str) -> String) -> Result<Self, (&'static str, GrammarError)> {
        let push = grammar::bound_tokens(&value("push_tokens"))
            .map_err(|error| ("push_tokens", error))?
            .into_iter()
            .map(|(secret, jobs)| (secret, Grant::Push(jobs)));
        let plain = |variable, grant: Grant| {
            let secrets = grammar::tokens(&value(variable)).map_err(|error| (variable, error))?;
            Ok(secrets
                .into_iter()
                .map(move |secret| (secret, grant.clone())))
        };
        let scrape = plain("scrape_tokens", Grant::Scrape)?;
        let admin = plain("admin_tokens", Grant::Admin)?;
        Ok(Self {
            grants: push.chain(scrape).chain(admin).collect(),
        })
    }

    /// Whether the variable of this name holds tokens.
    #[must_use]
    pub fn has(&self, variable: &str) -> bool {
        self.grants.iter().any(|(_, grant)| match grant {
            Grant::Push(_) => variable == "push_tokens",
            Grant::Scrape => variable == "scrape_tokens",
            Grant::Admin => variable == "admin_tokens",
        })
    }

    /// Whether what only an administrator may do is offered at all: to those with an admin token. Where there are no
    /// tokens whatsoever it is `switch` that decides, as in the Pushgateway; where there are others the switch alone
    /// would let everybody delete what only some may push.
    #[must_use]
    pub fn offer_administration(&self, switch: bool) -> bool {
        self.protect(&Right::Administer) || (switch && self.grants.is_empty())
    }

    /// Whether a request on this route, with these headers, may go on.
    ///
    /// `names` is the rule that the path of a group is read by: a token that is bound to jobs is good for the job that
    /// the group will have, not for what the path looks like.
    ///
    /// # Errors
    ///
    /// What the route asks for is protected, and the headers have no token that is good for it.
    pub fn check(
        &self,
        route: &Route<'_>,
        names: NameScheme,
        headers: &HeaderMap,
    ) -> Result<(), Refusal> {
        if self.grants.is_empty() {
            return Ok(());
        }
        match Right::needed(route, names) {
            Some(right) if self.protect(&right) => {
                let challenge = match route {
                    Route::Ui(_) => Challenge::Basic,
                    _ => Challenge::Bearer,
                };
                self.demand(&right, headers, challenge)
            }
            _ => Ok(()),
        }
    }

    /// Whether there are tokens for this right: without any it is open to all.
    fn protect(&self, right: &Right) -> bool {
        self.grants.iter().any(|(_, grant)| match (grant, right) {
            (Grant::Push(_), Right::Change(_))
            | (Grant::Scrape, Right::Read)
            | (Grant::Admin, Right::Administer) => true,
            (Grant::Push(_) | Grant::Scrape | Grant::Admin, _) => false,
        })
    }

    /// Compares with every token, whether or not one was found already, so that the time tells nothing.
    fn demand(
        &self,
        right: &Right,
        headers: &HeaderMap,
        challenge: Challenge,
    ) -> Result<(), Refusal> {
        let unknown = Refusal::Unknown(challenge);
        let presented = header::token(headers).ok_or(unknown)?;
        let mut is_known = Choice::from(0);
        let mut is_allowed = Choice::from(0);
        for (secret, grant) in &self.grants {
            let is_this = secret.ct_eq(&presented);
            is_known |= is_this;
            is_allowed |= is_this & Choice::from(u8::from(grant.allows(right)));
        }
        match (bool::from(is_allowed), bool::from(is_known)) {
            (true, _) => Ok(()),
            (false, true) => Err(Refusal::NotAllowed),
            (false, false) => Err(unknown),
        }
    }
}

impl Grant {
    fn allows(&self, right: &Right) -> bool {
        match (self, right) {
            (Self::Admin, _) | (Self::Scrape, Right::Read) => true,
            (Self::Push(jobs), Right::Change(job)) => {
                job.as_ref().is_none_or(|job| jobs.contains(job))
            }
            (Self::Push(_) | Self::Scrape, _) => false,
        }
    }
}

impl Right {
    /// What this route needs. `None`: nothing, since it neither changes nor tells anything.
    fn needed(route: &Route<'_>, names: NameScheme) -> Option<Self> {
        match route {
            Route::Group { job, segments, .. } => {
                let key = path::parse(*job, segments, names).ok();
                let job = key.as_ref().and_then(|key| key.get(JOB));
                Some(Self::Change(job.map(str::to_owned)))
            }
            Route::Scrape
            | Route::ApiStatus
            | Route::ApiMetrics
            | Route::ListGroups
            | Route::Ui(_) => Some(Self::Read),
            Route::DeleteGroups | Route::Wipe => Some(Self::Administer),
            Route::Healthy
            | Route::Ready
            | Route::Quit
            | Route::ApiOptions(_)
            | Route::UiAsset(_)
            | Route::UiRedirect
            | Route::Options(_)
            | Route::MethodNotAllowed(_)
            | Route::NotFound => None,
        }
    }
}

#[cfg(test)]
mod tests;
