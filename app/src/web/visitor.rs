//! Who is asking.

use crate::web::flash::Flash;
use domain::permission::{Act, Actor, may};
use workflow::site::projects::Project;
use workflow::site::who::Who;
use workflow::{Error, Thing};

/// Who is asking, as the guard found out. Handlers of pages see it through [`crate::web::page`].
#[derive(Debug, Clone)]
pub struct Visitor {
    pub who: Option<Who>,
    /// What the page before had to say.
    pub flash: Flash,
}

impl Visitor {
    /// Someone who is signed in. Routes that need nothing must not ask for it.
    pub fn who(&self) -> Result<&Who, Error> {
        self.who.as_ref().ok_or(Error::NotFound(Thing::Session))
    }

    pub fn actor(&self) -> Result<&Actor, Error> {
        Ok(&self.who()?.actor)
    }

    /// The project that the address names.
    pub fn project(&self) -> Result<&Project, Error> {
        self.who()?.presence.project.as_ref().ok_or(Error::NotFound(Thing::Project))
    }

    pub fn may(&self, act: Act) -> bool {
        self.who.as_ref().is_some_and(|who| may(&who.actor, act))
    }
}
