//! Looking at items: the list with its filters, and one item with its whole history.

use crate::{Error, House, Result, allow};
use domain::permission::{Act, Actor};
use domain::{ItemId, ProjectId};
use store::items::{ItemAnswerRow, ItemQueueRow, ItemRow, RevisionRow};

pub use store::items::{ItemFilter as Filter, Order};

/// Items of a page.
pub const PAGE: i64 = 50;

/// A page of items. `next` is where the following one begins.
#[derive(Debug)]
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

/// Items that fit a filter, a page from behind `after` on.
pub async fn items(
    house: &House,
    actor: &Actor,
    project: ProjectId,
    filter: &Filter,
    order: Order,
    after: Option<ItemId>,
) -> Result<Page> {
    allow(actor, Act::SeeOthers)?;
    let mut items = house.store.items(project, filter, order, after, PAGE + 1).await?;
    let more = items.len() as i64 > PAGE;
    items.truncate(PAGE as usize);
    let next = items.last().filter(|_| more).map(|item| item.id);
    Ok(Page { items, next })
}

/// One item.
pub async fn item(house: &House, actor: &Actor, project: ProjectId, item: ItemId) -> Result<ItemPage> {
    allow(actor, Act::SeeOthers)?;
    let item = match house.store.item(project, item).await {
        Err(store::Error::NotFound) => return Err(Error::NotFound("the item")),
        found => found?,
    };
    let (revisions, answers, queues) = tokio::try_join!(
        house.store.revisions(item.id),
        house.store.item_answers(item.id),
        house.store.item_queues(item.id),
    )?;
    Ok(ItemPage { item, revisions, answers, queues })
}
