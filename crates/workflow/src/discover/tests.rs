//! Discover from end to end, on both engines: over a small pile of six topics whose texts nobody could mix up.

mod acts;
mod backup;
mod bulk;
mod bulk_jobs;
mod levels;
mod over_time;
mod people;
mod pile;
mod runs;
mod selection;
mod small;
