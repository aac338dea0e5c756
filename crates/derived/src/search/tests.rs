#![allow(clippy::unwrap_used)]

use super::*;

const A: ProjectId = ProjectId(1);
const B: ProjectId = ProjectId(2);

fn filled() -> (Search, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let search = Search::open(folder.path()).unwrap();
    let mut writer = search.writer().unwrap();
    for (project, item, text) in [
        (A, 10, "Where is my refund? It’s been two weeks."),
        (A, 11, "Refunds take too long at the Café."),
        (A, 12, "I want to change my delivery date"),
        (A, 13, "返金はいつですか"),
        (B, 14, "My refund never came"),
    ] {
        writer.add(project, ItemId(item), text).unwrap();
    }
    writer.commit(7).unwrap();
    drop(writer);
    (search, folder)
}

fn found(search: &Search, query: &str) -> Vec<i64> {
    let found = search.find(A, query, Direction::OldestFirst, None, 10).unwrap();
    assert_eq!(found.len(), search.count(A, query).unwrap(), "{query}");
    found.into_iter().map(|item| item.0).collect()
}

#[test]
fn words_phrases_and_what_is_not_there() {
    let (search, _folder) = filled();
    assert_eq!(found(&search, "refund"), [10, 11], "the last word may be unfinished");
    assert_eq!(found(&search, "refund "), [10]);
    assert_eq!(found(&search, "MY re"), [10]);
    assert_eq!(found(&search, "my"), [10, 12]);
    assert_eq!(found(&search, "my -refund"), [12]);
    assert_eq!(found(&search, "\"my refund\""), [10]);
    assert!(found(&search, "\"refund my\"").is_empty());
    assert_eq!(found(&search, "-\"my refund\" my"), [12]);
    assert_eq!(found(&search, "\"change my del"), [12], "quotes that are not closed");
    assert_eq!(found(&search, "cafe"), [11]);
    assert_eq!(found(&search, "it's"), [10]);
    assert_eq!(found(&search, "返金"), [13]);
    assert_eq!(found(&search, "-refund"), [11, 12, 13]);
}

#[test]
fn nothing_typed_is_an_error() {
    let (search, _folder) = filled();
    for garbage in
        ["", " ", "-", "\"", "\"\"", "AND OR NOT", "a:b", "[1 TO", "*", "~^(((", "\\", "--x", "-\"", "\0"]
    {
        let _ = found(&search, garbage);
    }
    assert!(is_blank("\"?!\" -"));
    assert!(!is_blank("a"));
    let _ = found(&search, &"ä\" -".repeat(3_000));
    let _ = found(&search, &"x".repeat(100_000));
}

#[test]
fn pages_follow_each_other_in_both_directions() {
    let (search, _folder) = filled();
    let page = |direction, after: Option<i64>| -> Vec<i64> {
        let found = search.find(A, "-nothing", direction, after.map(ItemId), 2).unwrap();
        found.into_iter().map(|item| item.0).collect()
    };
    assert_eq!(page(Direction::OldestFirst, None), [10, 11]);
    assert_eq!(page(Direction::OldestFirst, Some(11)), [12, 13]);
    assert!(page(Direction::OldestFirst, Some(13)).is_empty());
    assert_eq!(page(Direction::NewestFirst, None), [13, 12]);
    assert_eq!(page(Direction::NewestFirst, Some(12)), [11, 10]);
    assert!(search.find(A, "my", Direction::OldestFirst, None, 0).unwrap().is_empty());
}

#[test]
fn a_range_is_replaced_in_its_own_project() {
    let (search, _folder) = filled();
    let mut writer = search.writer().unwrap();
    assert!(matches!(search.writer(), Err(Error::InUse)));
    writer.forget(A, ItemId(10), ItemId(14)).unwrap();
    writer.add(A, ItemId(10), "new words").unwrap();
    assert_eq!(found(&search, "refund"), [10, 11], "until the commit");
    writer.commit(8).unwrap();
    assert!(found(&search, "refund").is_empty());
    assert_eq!(found(&search, "words"), [10]);
    assert_eq!(search.find(B, "refund", Direction::OldestFirst, None, 9).unwrap(), [ItemId(14)]);
    assert_eq!(search.cursor().unwrap(), Some(8));
    writer.clear().unwrap();
    writer.commit(9).unwrap();
    assert_eq!(search.n_items(), 0);
}

#[test]
fn it_stays_and_what_is_broken_begins_again() {
    let (search, folder) = filled();
    drop(search);
    let search = Search::open(folder.path()).unwrap();
    assert_eq!((search.cursor().unwrap(), search.n_items()), (Some(7), 5));
    let meta = search.folder().join("meta.json");
    drop(search);
    std::fs::write(meta, "broken").unwrap();
    let search = Search::open(folder.path()).unwrap();
    assert_eq!((search.cursor().unwrap(), search.n_items()), (None, 0));
}
