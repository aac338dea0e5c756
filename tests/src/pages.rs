//! Every page and list over a pile.

use domain::slice::Slice;
use domain::{ClusterId, ClusteringId, ItemId, LabelId, ProjectId, QueueId, SourceId};
use workflow::Instance;
use workflow::data::browse::Order;

/// What addresses are made of.
pub struct Known {
    slug: &'static str,
    item: ItemId,
    /// Few are older than this one.
    deep: ItemId,
    source: SourceId,
    label: LabelId,
    /// A run of Discover and one of its groups, where there is one.
    run: Option<(ClusteringId, ClusterId)>,
}

impl Known {
    pub async fn of(instance: &Instance, slug: &'static str, project: ProjectId) -> Known {
        let store = &instance.store;
        let items = store.items(project, &Slice::default(), Order::OldestFirst, None, 100).await;
        let items = items.expect("items");
        let sources = store.sources(project, None, 10).await;
        let taxonomy = store.published_taxonomy(project).await;
        let (_, _, taxonomy) = taxonomy.expect("the taxonomy").expect("it is published");
        let run = match store.newest_run(project).await.expect("a read") {
            Some(run) => {
                let groups = store.groups(run.id).await.expect("groups");
                Some((run.id, groups.last().expect("a group").id))
            }
            None => None,
        };
        Known {
            run,
            slug,
            item: items.first().expect("an item").id,
            deep: items.last().expect("an item").id,
            // The newest come first, and the first brought the items.
            source: sources.expect("imports").last().expect("an import").id,
            label: taxonomy.labels.first().expect("a label").id,
        }
    }
}

/// What a page is called, and its address.
pub fn every(known: &Known, queue: QueueId) -> Vec<(&'static str, String)> {
    let Known { slug, item, deep, source, label, run } = known;
    let page = |what, path: String| (what, format!("/p/{slug}{path}"));
    let list = |what, path: String| (what, format!("/api/v1/projects/{slug}{path}"));
    let own = |path: &str| path.to_owned();
    let of_run = run.map(|(run, group)| {
        vec![
            page("Discover", format!("/discover/{run}")),
            page("Discover: the finest level", format!("/discover/{run}?k=10000")),
            page("Discover: one group", format!("/discover/{run}?group={group}")),
            page(
                "Discover: a selection",
                format!("/discover/{run}?sel=or.group.{group}&sel=and.words.coffee"),
            ),
            page("Discover: groups for the map", format!("/discover/{run}/nodes")),
            page("Discover: points", format!("/discover/{run}/points")),
            page("Discover: colours by label", format!("/discover/{run}/colors?by=label")),
            page("Discover: colours by time", format!("/discover/{run}/colors?by=time")),
            page(
                "Discover: members of a selection",
                format!("/discover/{run}/mask?sel=or.area.0,0;65535,0;0,65535"),
            ),
            page("Discover: one point", format!("/discover/{run}/point?i=0")),
            page("Items: a selection", format!("/items?run={run}&sel=or.group.{group}")),
            page("New queue of a selection", format!("/queues/new?run={run}&sel=or.group.{group}")),
        ]
    });
    let mut pages = vec![
        ("Projects", own("/")),
        page("Overview", own("")),
        page("Data", own("/data")),
        page("One import", format!("/data/{source}")),
        page("Items", own("/items")),
        page("Items, oldest first", own("/items?order=oldest")),
        page("Items, the end of the list", format!("/items?after={deep}")),
        page("Items: agreed", own("/items?state=agreed")),
        page("Items: in conflict", own("/items?state=conflict")),
        page("Items: one label", format!("/items?label={label}")),
        page("Items: stuck (none)", own("/items?state=stuck")),
        page("Items: one label, in conflict", format!("/items?label={label}&state=conflict")),
        page("Items: one import", format!("/items?source={source}")),
        page("Items: a field", own("/items?field=channel=chat")),
        page("Items: a field, control items", own("/items?field=channel=chat&control=yes")),
        page("Items: a field, with words", own("/items?q=coffee&field=plan=office")),
        page("Items: words that match most", own("/items?q=the")),
        page("One item", format!("/items/{item}")),
        page("Given vectors", own("/discover/vectors")),
        page("Runs", own("/discover/runs")),
        page("Bulk labels", own("/discover/bulk")),
        page("Taxonomy", own("/taxonomy")),
        page("One label", format!("/taxonomy/labels/{label}")),
        page("Queues", own("/queues")),
        page("New queue", own("/queues/new")),
        page("One queue", format!("/queues/{queue}")),
        page("Label", format!("/queues/{queue}/label")),
        page("Agreement", own("/agreement")),
        page("Agreement of the queue", format!("/agreement?queue={queue}")),
        page("Releases", own("/releases")),
        page("New release", own("/releases/new")),
        page("One release", own("/releases/1")),
        page("Settings", own("/settings")),
        page("People of the project", own("/settings/people")),
        ("People", own("/people")),
        ("Encoders", own("/encoders")),
        ("Audit", own("/audit")),
        list("API: imports", own("/sources")),
        list("API: one import", format!("/sources/{source}")),
        list("API: taxonomy", own("/taxonomy")),
        list("API: agreement", own("/agreement")),
        list("API: releases", own("/releases")),
        list("API: one release", own("/releases/1")),
    ];
    pages.extend(of_run.into_iter().flatten());
    pages
}
