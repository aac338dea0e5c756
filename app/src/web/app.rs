//! What every handler works with.

use crate::web::rate_limit::RateLimit;
use std::sync::Arc;
use workflow::Instance;

/// Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub instance: Instance,
    /// Sign-ins that failed lately.
    pub rate_limit: Arc<RateLimit>,
}

impl App {
    pub fn new(instance: Instance) -> App {
        App { instance, rate_limit: Arc::default() }
    }
}
