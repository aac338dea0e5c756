//! The installation and who works in it: projects, people, what they did, and who is asking.

pub mod audit;
pub mod encoders;
pub mod people;
pub mod projects;
pub mod who;

use crate::Instance;
use domain::Time;

/// The time on the clock of the installation.
pub fn now(instance: &Instance) -> Time {
    instance.store.now()
}
