//! The statements of labeling, in the order in which they are written.

/// A statement of a [`WriteBatch`](super::WriteBatch). SQLite runs them in this order. PostgreSQL runs the last one
/// first, so every transaction locks the cursors of people before the rows of counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Statement {
    /// Adds to counts.
    Tally,
    Answer,
    /// The same, where an answer with this id may exist already.
    AnswerOnce,
    /// Changes what the holder of an assignment has.
    Hold,
    DeleteConsensus,
    Consensus,
    DeleteLabel,
    Label,
    ItemState,
    /// Fills one more slot of a member.
    Filled,
    /// Adds to the served and answered counts of a person in a pool of a queue.
    Progress,
    /// Last, because its rows tell which leases were given.
    Lease,
}

impl Statement {
    /// The text for [`crate::sql::row_lists`]. `{columns}` stands for the column names.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Statement::Tally => {
                "INSERT INTO tally ({columns}) SELECT {rows}
                 ON CONFLICT (kind, id, key, shard) DO UPDATE SET n = tally.n + excluded.n"
            }
            Statement::Answer => "INSERT INTO answer ({columns}) SELECT {rows}",
            Statement::AnswerOnce => "INSERT INTO answer ({columns}) SELECT {rows} ON CONFLICT (id) DO NOTHING",
            Statement::Hold => {
                "UPDATE assignment SET state = $2, slot = $3, revision_id = $4, lease_until = $5 FROM {rows}
                 WHERE id = $1"
            }
            Statement::DeleteConsensus => "DELETE FROM consensus USING {rows} WHERE item_id = $1",
            Statement::Consensus => {
                "INSERT INTO consensus ({columns}) SELECT {rows}
                 ON CONFLICT (item_id) DO UPDATE SET revision_id = excluded.revision_id, labels = excluded.labels,
                    method = excluded.method, confidence = excluded.confidence, n_answers = excluded.n_answers,
                    n_skips = excluded.n_skips, taxonomy_version_id = excluded.taxonomy_version_id,
                    updated_at = excluded.updated_at"
            }
            Statement::DeleteLabel => {
                "DELETE FROM consensus_label USING {rows} WHERE project_id = $1 AND label_id = $2 AND item_id = $3"
            }
            Statement::Label => {
                "INSERT INTO consensus_label ({columns}) SELECT {rows} ON CONFLICT DO NOTHING"
            }
            Statement::ItemState => "UPDATE item SET state = $2 FROM {rows} WHERE id = $1",
            Statement::Filled => {
                "UPDATE queue_item SET filled = filled + 1 FROM {rows} WHERE queue_id = $1 AND item_id = $2"
            }
            Statement::Progress => {
                "INSERT INTO queue_cursor ({columns}) SELECT {rows}
                 ON CONFLICT (queue_id, person_id, pool) DO UPDATE SET served = queue_cursor.served + excluded.served,
                    answered = queue_cursor.answered + excluded.answered"
            }
            Statement::Lease => {
                "INSERT INTO assignment ({columns}) SELECT {rows} ON CONFLICT DO NOTHING RETURNING item_id"
            }
        }
    }
}
