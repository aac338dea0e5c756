//! The shape of the repository: which file uses which, what its documents name.

#[path = "structure/circles.rs"]
mod circles;
#[path = "structure/documents.rs"]
mod documents;
#[path = "structure/engines.rs"]
mod engines;
#[path = "structure/migrations.rs"]
mod migrations;
#[path = "structure/sources.rs"]
mod sources;
