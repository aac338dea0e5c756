//! Items whose content changed after they were answered: they count as unanswered, and open queues ask again.

use crate::error::Result;
use crate::label::tally::TallyChanges;
use crate::sql::dialect::push_list;
use crate::{Tx, on};
use domain::{ItemId, ProjectId};
use sqlx::QueryBuilder;

impl Tx {
    /// Resolves items again after their current revision changed. Answers stay on the content that they were given on.
    /// Only those on the current content count.
    pub async fn reopen_items(
        &mut self,
        project: ProjectId,
        items: &[ItemId],
        counts: &mut TallyChanges,
    ) -> Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        let answered: Vec<i64> = on!(self, |db| {
            let mut query = QueryBuilder::new("SELECT i.id FROM item i WHERE i.id IN ");
            push_list(&mut query, items.iter().map(|item| item.0));
            query.push(" AND EXISTS (SELECT 1 FROM answer a WHERE a.item_id = i.id) ORDER BY i.id");
            query.build_query_scalar().persistent(false).fetch_all(db).await
        })?;
        for item in answered.into_iter().map(ItemId) {
            self.ask_again(item, counts).await?;
            self.settle_consensus(project, item, counts).await?;
        }
        Ok(())
    }

    /// Deletes the rows of items in one of a few tables.
    pub(super) async fn delete_by_item(&mut self, table: &'static str, items: &[ItemId]) -> Result<()> {
        for items in items.chunks(256) {
            on!(self, |db| {
                let mut query = QueryBuilder::new("DELETE FROM ");
                query.push(table).push(" WHERE item_id IN ");
                push_list(&mut query, items.iter().map(|item| item.0));
                query.build().persistent(items.len() == 256).execute(db).await.map(|_| ())
            })?;
        }
        Ok(())
    }
}
