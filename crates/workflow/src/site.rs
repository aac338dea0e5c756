//! The installation and who works in it: projects, people, what they did, and who is asking.

pub mod audit;
pub mod people;
pub mod projects;
pub mod who;
