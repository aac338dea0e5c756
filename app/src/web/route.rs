//! One address with what it needs. All routes are made of these, so that the test that walks them with every role
//! reads what the guard reads.

use crate::web::app::App;
use axum::handler::Handler;
use axum::routing::{MethodRouter, get, post};
use domain::permission::Act;
use http::Method;

/// What a route needs of a visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing: sign in, health, the files of the page.
    Anyone,
    /// To be signed in, and to be allowed this outside of any project.
    Site(Act),
    /// To be allowed this in the project that the address names as `{slug}`.
    Project(Act),
}

pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub need: Need,
    pub(super) handler: MethodRouter<App>,
    /// Its body is a stream of rows, however long, of which each is looked at by itself.
    pub(super) takes_rows: bool,
}

impl Route {
    pub fn get<H: Handler<T, App>, T: 'static>(path: &'static str, need: Need, handler: H) -> Route {
        Route { method: Method::GET, path, need, handler: get(handler), takes_rows: false }
    }

    pub fn post<H: Handler<T, App>, T: 'static>(path: &'static str, need: Need, handler: H) -> Route {
        Route { method: Method::POST, path, need, handler: post(handler), takes_rows: false }
    }

    /// Its body is a stream of rows.
    pub fn takes_rows(self) -> Route {
        Route { takes_rows: true, ..self }
    }
}
