//! Names that columns have in the files that programs write.

pub const TEXT: &[&str] = &[
    "text",
    "message",
    "body",
    "content",
    "utterance",
    "sentence",
    "comment",
    "review",
    "query",
    "question",
    "description",
    "document",
    "tweet",
    "transcript",
];
pub const ID: &[&str] = &[
    "id",
    "external_id",
    "item_id",
    "uuid",
    "guid",
    "key",
    "message_id",
    "msg_id",
    "ticket_id",
    "doc_id",
    "row_id",
    "_id",
];
pub const EVENT_TIME: &[&str] = &[
    "event_at",
    "event_time",
    "created_at",
    "created",
    "timestamp",
    "datetime",
    "sent_at",
    "received_at",
    "time",
    "date",
    "ts",
];
pub const GROUP: &[&str] = &[
    "group",
    "group_id",
    "customer",
    "customer_id",
    "user",
    "user_id",
    "author",
    "author_id",
    "account",
    "account_id",
    "conversation",
    "conversation_id",
    "thread",
    "thread_id",
    "session",
    "session_id",
];
pub const LABEL: &[&str] = &[
    "label",
    "labels",
    "intent",
    "category",
    "class",
    "topic",
    "gold",
    "gold_label",
    "target",
    "annotation",
    "sentiment",
];
/// Who gave a label: one row for each answer.
pub const ANNOTATOR: &[&str] = &[
    "annotator",
    "annotator_id",
    "rater",
    "rater_id",
    "worker",
    "worker_id",
    "labeler",
    "coder",
    "annotated_by",
];
/// Whose column it is, where it says nothing of the item itself.
const OF_SOMEONE: &[&str] = &["user", "author", "customer", "account", "profile", "channel"];

/// A column's name as the lists above write it.
pub fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut was_lower = false;
    for c in name.trim().chars() {
        if c.is_uppercase() && was_lower {
            plain.push('_');
        }
        was_lower = c.is_lowercase();
        if c == ' ' || c == '-' || c == '.' { plain.push('_') } else { plain.extend(c.to_lowercase()) }
    }
    plain
}

/// The last word of a name that is one of these.
pub fn ending<'n>(name: &str, names: &[&'n str]) -> Option<&'n str> {
    let plain = plain(name);
    let last = plain.rsplit('_').next().unwrap_or_default();
    names.iter().find(|n| **n == last).copied()
}

/// Does a column speak of a person, and not of the text?
pub fn is_of_someone(name: &str) -> bool {
    let plain = plain(name);
    plain.split_once('_').is_some_and(|(first, _)| OF_SOMEONE.contains(&first))
}
