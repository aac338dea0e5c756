
#[path = "structure/circles.rs"]
mod circles;
#[path = "structure/engines.rs"]
mod engines;
#[path = "structure/migrations.rs"]
mod migrations;
#[path = "structure/sources.rs"]
mod sources;
