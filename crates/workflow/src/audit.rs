//! Reading the audit log. Every act writes its own entry, in its own transaction: see `Tx::audit`.

use crate::{House, Result, allow};
use domain::ProjectId;
use domain::permission::{Act, Actor};
use store::audit::AuditEntry;

/// Entries on one page.
pub const A_PAGE: i64 = 100;

/// The log of a project, or of everything, newest first; the next page begins behind the entry `before`.
pub async fn log(
    house: &House,
    actor: &Actor,
    project: Option<ProjectId>,
    before: Option<i64>,
) -> Result<Vec<AuditEntry>> {
    allow(actor, Act::ReadAudit)?;
    Ok(house.store.audit_log(project, before, A_PAGE).await?)
}
