//! Looking at items: the list with its filters, and one item with its whole history.

use crate::{Error, Instance, Result, Thing, allow};
use derived::search::Direction;
use domain::discover::selection::{Op, Part, Step};
use domain::permission::{Act, Actor};
pub use domain::slice::Slice;
use domain::{ItemId, ProjectId};
pub use store::data::items::{ItemAnswerRow, ItemQueueRow, ItemRow, Order, RevisionRow};

/// Items of a page.
pub const PAGE: usize = 50;
/// Hits of a search that are looked at together when filters may take most of them away.
const HITS: usize = 400;
/// So often at most for one page: after that the page ends where it has come to.
const LOOKS: usize = 25;

/// A page of items. `next` is where the following one begins.
#[derive(Debug, Default)]
pub struct Page {
    pub items: Vec<ItemRow>,
    pub next: Option<ItemId>,
}

/// An item and all that happened to it.
#[derive(Debug)]
pub struct ItemPage {
    pub item: ItemRow,
    /// Newest first; the first is the current one.
    pub revisions: Vec<RevisionRow>,
    /// Newest first.
    pub answers: Vec<ItemAnswerRow>,
    pub queues: Vec<ItemQueueRow>,
}

/// Items that hold all the words (any, where there are none) and belong to a slice: a page from behind `after` on.
pub async fn items(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    words: &str,
    slice: &Slice,
    order: Order,
    after: Option<ItemId>,
) -> Result<Page> {
    allow(actor, Act::SeeOthers)?;
    if !slice.selection.is_empty() {
        return of_selection(instance, project, words, slice, order, after).await;
    }
    if !words.trim().is_empty() {
        return with_words(instance, project, words, slice, order, after).await;
    }
    let mut items = instance.store.items(project, slice, order, after, PAGE as i64 + 1).await?;
    let more = items.len() > PAGE;
    items.truncate(PAGE);
    let next = items.last().filter(|_| more).map(|item| item.id);
    Ok(Page { items, next })
}

/// The selection says which items are meant, the database which of them fit.
async fn of_selection(
    instance: &Instance,
    project: ProjectId,
    words: &str,
    slice: &Slice,
    order: Order,
    after: Option<ItemId>,
) -> Result<Page> {
    let mut selection = slice.selection.clone();
    if !words.trim().is_empty() {
        selection.steps.push(Step { op: Op::And, part: Part::Words(words.to_owned()) });
    }
    let selected = crate::discover::resolve(instance, project, &selection).await?;
    let mut ids = selected.items();
    match order {
        Order::NewestFirst => {
            ids.reverse();
            ids.retain(|id| after.is_none_or(|after| *id < after));
        }
        Order::OldestFirst => ids.retain(|id| after.is_none_or(|after| *id > after)),
    }
    let mut page = Page::default();
    for hits in ids.chunks(HITS).take(LOOKS) {
        for item in
            instance.store.items_by_id(project, hits).await?.into_iter().filter(|i| i.is_in(slice, |_| true))
        {
            if page.items.len() == PAGE {
                page.next = page.items.last().map(|i| i.id);
                return Ok(page);
            }
            page.items.push(item);
        }
    }
    page.next = ids.get(HITS * LOOKS - 1).copied().filter(|_| ids.len() > HITS * LOOKS);
    Ok(page)
}

/// The search index says which items hold the words, the database which of them fit.
async fn with_words(
    instance: &Instance,
    project: ProjectId,
    words: &str,
    slice: &Slice,
    order: Order,
    mut after: Option<ItemId>,
) -> Result<Page> {
    let direction = match order {
        Order::NewestFirst => Direction::NewestFirst,
        Order::OldestFirst => Direction::OldestFirst,
    };
    let wanted = if slice.is_all() { PAGE + 1 } else { HITS };
    let mut page = Page::default();
    for _ in 0..LOOKS {
        let (search, words) = (instance.search().await?.clone(), words.to_owned());
        let find = move || search.find(project, &words, direction, after, wanted);
        let hits =
            tokio::task::spawn_blocking(find).await.map_err(Error::internal)?.map_err(Error::internal)?;
        for item in
            instance.store.items_by_id(project, &hits).await?.into_iter().filter(|i| i.is_in(slice, |_| true))
        {
            if page.items.len() == PAGE {
                page.next = page.items.last().map(|i| i.id);
                return Ok(page);
            }
            page.items.push(item);
        }
        after = hits.last().copied();
        if hits.len() < wanted {
            return Ok(page);
        }
    }
    page.next = after;
    Ok(page)
}

/// One item.
pub async fn item(instance: &Instance, actor: &Actor, project: ProjectId, item: ItemId) -> Result<ItemPage> {
    allow(actor, Act::SeeOthers)?;
    let item = match instance.store.item(project, item).await {
        Err(store::Error::NotFound) => return Err(Error::NotFound(Thing::Item)),
        found => found?,
    };
    let (revisions, answers, queues) = tokio::try_join!(
        instance.store.revisions(item.id),
        instance.store.item_answers(item.id),
        instance.store.item_queues(item.id),
    )?;
    Ok(ItemPage { item, revisions, answers, queues })
}
