//! The installation and who works in it: projects, people, sessions, tokens, the audit log, jobs.

pub mod audit;
pub mod jobs;
pub mod overview;
pub mod people;
pub mod projects;
pub mod second_factor;
pub mod sessions;
pub mod tokens;
