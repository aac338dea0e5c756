//! Who may do what, and that no project reaches into another one.

use super::pile::*;
use crate::discover::{self, Begin, ColourBy, LabelBulk, Target};
use crate::testbed::{self, Testbed};
use crate::{Error, Result};
use domain::permission::{Actor, Role};
use domain::project::Task;
use domain::slice::Slice;
use domain::{BulkId, ClusterId, ClusteringId, LabelId};
use std::fmt::Debug;
use store::both;

/// What every function answers, by its name.
async fn answers(
    bed: &Testbed,
    who: &Actor,
    run: ClusteringId,
    group: ClusterId,
    bulk: BulkId,
) -> Vec<(&'static str, Result<()>)> {
    let (on, of) = (&bed.instance, bed.project);
    let target = Target::Group { run, group };
    let selection = target.selection();
    let saved = Slice { selection: selection.clone(), ..Slice::default() };
    let label = LabelId(1);
    fn end<T: Debug>(result: Result<T>) -> Result<()> {
        result.map(|_| ())
    }
    vec![
        // Those that look.
        ("encoders", end(discover::encoders(on, who, of).await)),
        ("runs", end(discover::runs(on, who, of).await)),
        ("saved", end(discover::saved(on, who, of).await)),
        ("bulks", end(discover::bulks(on, who, of).await)),
        ("run", end(discover::run(on, who, of, run).await)),
        ("nodes", end(discover::nodes(on, who, of, run).await)),
        ("compare", end(discover::compare(on, who, of, run).await)),
        ("points", discover::points(on, who, of, run).await.map(|_| ())),
        ("sample_of_map", end(discover::sample_of_map(on, who, of, run).await)),
        ("colours", end(discover::colours(on, who, of, run, &ColourBy::Labeled).await)),
        ("group", end(discover::group(on, who, of, run, group).await)),
        ("field_names", end(discover::field_names(on, who, of, run).await)),
        ("point", end(discover::point(on, who, of, run, 0).await)),
        ("select", discover::select(on, who, of, &selection).await.map(|_| ())),
        ("bulk", end(discover::bulk(on, who, of, bulk, 0).await)),
        // Those that change something.
        ("name", end(discover::name(on, who, of, run, group, "x").await)),
        ("make_label", end(discover::make_label(on, who, of, &target, "x", "").await)),
        ("examples", end(discover::examples(on, who, of, &target, label, false).await)),
        ("aside", end(discover::aside(on, who, of, &target).await)),
        ("back", end(discover::back(on, who, of, &target).await)),
        ("merge", end(discover::merge(on, who, of, run, &[group, ClusterId(1)], 2).await)),
        ("split", end(discover::split(on, who, of, run, group, 2).await)),
        ("save_slice", end(discover::save_slice(on, who, of, "x", saved).await)),
        ("remove_slice", end(discover::remove_slice(on, who, of, 1).await)),
        ("judge", end(discover::judge(on, who, of, bulk, 0, &[]).await)),
        ("label_bulk", end(discover::label_bulk(on, who, of, bulk, true).await)),
        ("give_up_bulk", end(discover::give_up_bulk(on, who, of, bulk).await)),
        ("begin_bulk", end(discover::begin_bulk(on, who, of, &target, label).await)),
        ("start", end(discover::start(on, who, of, Begin::default()).await)),
    ]
}

both! {
    async fn annotators_do_not_see_discover(store: Store) {
        let (bed, view) = clustered(store, 5).await;
        let label = bed.publish(&["refund", "parcel"]).await[0];
        let (group, _) = group_of(&bed, &view, 0).await;
        let target = Target::Group { run: view.row.id, group };
        let bulk = discover::begin_bulk(&bed.instance, &bed.owner, bed.project, &target, label).await.expect("a bulk");
        let ada = bed.person("Ada", Role::Annotator).await;
        let acts = "SELECT (SELECT COUNT(*) FROM discover_act) + (SELECT COUNT(*) FROM clustering)".to_owned();
        for (what, answer) in answers(&bed, &ada, view.row.id, group, bulk).await {
            assert!(matches!(answer, Err(Error::Forbidden(_))), "{what}: {answer:?}");
        }
        assert_eq!(count(&bed.instance.store, acts).await, 1);
        let n_judged = count(&bed.instance.store, "SELECT COUNT(*) FROM bulk_item WHERE verdict IS NOT NULL".to_owned());
        assert_eq!(n_judged.await, 0);
    }

    async fn a_run_of_another_project_is_not_found(store: Store) {
        let (bed, view) = clustered(store, 5).await;
        let label = bed.publish(&["refund", "parcel"]).await[0];
        let (group, _) = group_of(&bed, &view, 0).await;
        let target = Target::Group { run: view.row.id, group };
        let bulk = discover::begin_bulk(&bed.instance, &bed.owner, bed.project, &target, label).await.expect("a bulk");
        let project = testbed::project(&bed.instance, "other", Task::Single, Default::default()).await;
        let owner = testbed::person(&bed.instance, project, "Otto", Role::Owner).await;
        let mut other = bed.clone();
        (other.project, other.owner) = (project, owner);
        other.publish(&["something", "else"]).await;
        let before = kept(&bed).await;
        let answers = answers(&other, &owner, view.row.id, group, bulk).await;
        for (what, answer) in answers {
            match what {
                "encoders" | "runs" | "saved" | "bulks" | "start" => assert!(answer.is_ok(), "{what}: {answer:?}"),
                // A label of another project is none of this one's.
                "begin_bulk" => assert!(answer.is_err()),
                "remove_slice" => assert!(answer.is_err()),
                _ => assert!(matches!(answer, Err(Error::NotFound(_))), "{what}: {answer:?}"),
            }
        }
        assert_eq!(kept(&bed).await, before);
        // Nor does the job of a bulk answer reach it.
        let job = LabelBulk { bulk, project };
        crate::jobs::enqueue(&bed.instance, None, Some(project), &job).await.expect("a job");
        crate::jobs::run_all(&bed.instance).await.expect("the jobs");
        assert_eq!(kept(&bed).await, before);
    }
}

/// All that the first project has of Discover.
async fn kept(bed: &Testbed) -> Vec<i64> {
    let of = bed.project;
    let mut all = Vec::new();
    for query in [
        format!("SELECT COUNT(*) FROM discover_act WHERE project_id = {of}"),
        format!("SELECT COUNT(*) FROM saved_slice WHERE project_id = {of}"),
        format!("SELECT COUNT(*) FROM item_aside WHERE project_id = {of}"),
        format!("SELECT COUNT(*) FROM answer WHERE project_id = {of}"),
        format!("SELECT COUNT(*) FROM bulk WHERE project_id = {of} AND state = 'judging'"),
        "SELECT COUNT(*) FROM bulk_item WHERE verdict IS NOT NULL".to_owned(),
        format!(
            "SELECT COUNT(*) FROM cluster g JOIN clustering c ON c.id = g.clustering_id WHERE c.project_id = {of}"
        ),
        format!(
            "SELECT COUNT(*) FROM cluster g JOIN clustering c ON c.id = g.clustering_id WHERE c.project_id = {of} AND name IS NULL"
        ),
    ] {
        all.push(count(&bed.instance.store, query).await);
    }
    all
}
