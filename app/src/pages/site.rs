//! The installation: projects, people, accounts, settings, jobs, encoders, the audit log.

pub mod account;
pub mod audit;
pub mod encoders;
pub mod jobs;
pub mod overview;
pub mod people;
pub mod projects;
pub mod settings;
pub mod sign_in;
