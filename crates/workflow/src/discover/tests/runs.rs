//! Runs from their start to their end, whatever comes between.

use super::pile::*;
use crate::discover::{self, RunClustering, vectors};
use crate::jobs::{self, Halt, Job, Stop, begin_to_run, take};
use crate::{Error, Instance};
use domain::ClusteringId;
use domain::discover::RunState;
use domain::job::JobState;
use store::both;
use store::discover::members::MemberRow;

/// Nothing of a run is in the database or in the folder.
async fn leaves_nothing(instance: &Instance, run: ClusteringId) {
    for table in ["cluster_member", "cluster_part", "cluster_lineage", "cluster"] {
        let n =
            count(&instance.store, format!("SELECT COUNT(*) FROM {table} WHERE clustering_id = {run}")).await;
        assert_eq!(n, 0, "{table}");
    }
    assert!(!vectors::path(instance, run).exists(), "the vectors of a run without groups");
}

both! {
    async fn a_pile_becomes_groups(store: Store) {
        let (bed, view) = clustered(store, 50).await;
        assert_eq!((view.row.n_items, view.row.n_joined, view.n_waiting), (300, 0, 0));
        let view = whole(&bed, view.row.id).await;
        let outcome = view.outcome.clone().expect("an outcome");
        let grains = outcome.grains;
        assert!(grains.overview <= grains.themes && grains.themes <= grains.details, "{grains:?}");
        assert!(grains.details <= outcome.n_leaves as i64);
        assert_eq!(view.groups.len(), 2 * outcome.n_leaves - 1);
        // Topics that share no word are told apart, and the group of each is named by its words.
        for (wanted, words) in TOPICS.iter().enumerate().take(NEW) {
            let (group, n_wrong) = group_of(&bed, &view, wanted).await;
            assert_eq!(n_wrong, 0, "topic {wanted}");
            let group = &view.groups.iter().find(|node| node.group.id == group).expect("the group").group;
            let first = group.words.0.keywords.first().expect("a keyword");
            assert!(first.split(' ').any(|word| words.contains(&word)), "{first} of {wanted}");
            assert!(!group.samples.0.typical.is_empty());
        }
        assert_eq!(ills(&bed).await, Vec::<String>::new());
    }

    async fn the_same_seed_gives_the_same_run(store: Store) {
        let bed = bed(store).await;
        bed.import("pile.jsonl", &mixed(0, 20)).await;
        let mut hashes = Vec::new();
        for seed in [7, 7, 8] {
            // A run goes out from the places of the one before: these have none before them.
            store::testing::run(&bed.instance.store, &["UPDATE clustering SET state = 'failed'"]).await;
            hashes.push(cluster(&bed, seed).await.outcome.expect("an outcome").hash);
        }
        assert_eq!(hashes[0], hashes[1]);
        assert_ne!(hashes[0], hashes[2]);
    }

    async fn a_run_that_was_killed_while_it_wrote_is_made_again(store: Store) {
        let bed = bed(store).await;
        bed.import("pile.jsonl", &mixed(0, 20)).await;
        let (run, _) = discover::start(&bed.instance, &bed.owner, bed.project, seeded(7)).await.expect("a start");
        let killed = begin_to_run(&bed.instance, take(&bed.instance).await.expect("a take").expect("the job"));
        // What it had written when it was killed: members and a group.
        let half: Vec<MemberRow> = items(&bed).await.iter().take(50).map(|item| MemberRow {
            item_id: item.id, leaf: 5, x: 1, y: 1, distance: 0.5, joined: false, ground: true,
        }).collect();
        let insert = format!(
            "INSERT INTO cluster (id, clustering_id, origin, from_groups, to_groups, size, tightness, x, y, zoom_from,
               zoom_to, words, samples) VALUES (5, {run}, 'tree', 1, 9, 50, 0, 0, 0, 0, 1, '{{}}', '{{}}')"
        );
        store::testing::run(&bed.instance.store, &[&insert]).await;
        let written = bed.instance.store.write(move |tx| {
            let half = half.clone();
            Box::pin(async move { tx.insert_members(run, &half).await })
        });
        written.await.expect("members");

        bed.advance(61);
        assert_eq!(jobs::run_all(&bed.instance).await.expect("the jobs"), 1);
        let view = whole(&bed, run).await;
        assert_eq!((view.row.state, view.row.n_items), (RunState::Done, 120));
        assert_eq!(view.groups.len(), 2 * view.outcome.as_ref().expect("an outcome").n_leaves - 1);
        // The first one was only slow: it must not write any more.
        let late = RunClustering { run, project: bed.project }.run(&bed.instance, &killed).await;
        assert!(matches!(late, Err(Halt::Stop(Stop::Lost))), "{late:?}");
        whole(&bed, run).await;
    }

    // Between the last transaction of a run and the end of its job lies a moment, too.
    async fn a_run_that_was_killed_when_it_was_done_stays_done(store: Store) {
        let bed = bed(store).await;
        bed.import("pile.jsonl", &mixed(0, 20)).await;
        let (run, job) = discover::start(&bed.instance, &bed.owner, bed.project, seeded(7)).await.expect("a start");
        let killed = begin_to_run(&bed.instance, take(&bed.instance).await.expect("a take").expect("the job"));
        RunClustering { run, project: bed.project }.run(&bed.instance, &killed).await.expect("a run");
        bed.advance(61);
        assert_eq!(jobs::run_all(&bed.instance).await.expect("the jobs"), 1);
        let view = whole(&bed, run).await;
        assert_eq!((view.row.state, view.row.n_items), (RunState::Done, 120));
        assert_eq!(jobs::view(&bed.instance, job).await.expect("the job").state, JobState::Done);
        // So it does when the job is given up.
        let late = RunClustering { run, project: bed.project }.given_up(&bed.instance, "It crashed.").await;
        late.expect("nothing to do");
        assert_eq!(whole(&bed, run).await.row.n_items, 120);
    }

    async fn a_cancelled_run_leaves_nothing_and_says_so(store: Store) {
        let bed = bed(store).await;
        bed.import("pile.jsonl", &mixed(0, 20)).await;
        // Cancelled before it began, and while it works.
        for is_waiting in [true, false] {
            let (run, job) = discover::start(&bed.instance, &bed.owner, bed.project, seeded(7)).await.expect("a start");
            // An earlier attempt may have left vectors.
            derived::vectors::write(&vectors::path(&bed.instance, run), 1, &[0.5]).expect("a file");
            if is_waiting {
                jobs::cancel(&bed.instance, &bed.owner, job).await.expect("to cancel");
                jobs::run_all(&bed.instance).await.expect("the jobs");
            } else {
                let running = begin_to_run(&bed.instance, take(&bed.instance).await.expect("a take").expect("the job"));
                let work = RunClustering { run, project: bed.project };
                let (ended, cancelled) =
                    tokio::join!(work.run(&bed.instance, &running), jobs::cancel(&bed.instance, &bed.owner, job));
                cancelled.expect("to cancel");
                assert!(matches!(ended, Err(Halt::Stop(Stop::Cancelled))), "{ended:?}");
            }
            let view = look(&bed, run).await;
            assert_eq!((view.row.state, view.row.error.as_deref()), (RunState::Cancelled, Some("It was cancelled.")));
            assert!(view.groups.is_empty());
            leaves_nothing(&bed.instance, run).await;
            let refused = discover::points(&bed.instance, &bed.owner, bed.project, run).await;
            assert!(matches!(refused, Err(Error::Conflict(_))));
            bed.advance(61);
            store::testing::run(&bed.instance.store, &["UPDATE job SET state = 'cancelled'"]).await;
        }
    }

    async fn one_run_at_a_time(store: Store) {
        let bed = bed(store).await;
        bed.import("pile.jsonl", &mixed(0, 20)).await;
        let (run, _) = discover::start(&bed.instance, &bed.owner, bed.project, seeded(7)).await.expect("a start");
        let second = discover::start(&bed.instance, &bed.owner, bed.project, seeded(8)).await;
        assert!(matches!(&second, Err(Error::Conflict(why)) if why.contains("wait")), "{second:?}");
        let running = "SELECT COUNT(*) FROM clustering WHERE state = 'running'";
        assert_eq!(count(&bed.instance.store, running.to_owned()).await, 1);
        jobs::run_all(&bed.instance).await.expect("the jobs");
        assert_eq!(look(&bed, run).await.row.state, RunState::Done);
        assert_eq!(count(&bed.instance.store, running.to_owned()).await, 0);
        // When it is over there is room again.
        assert_eq!(cluster(&bed, 8).await.row.parent_id, Some(run.0));
    }

    async fn two_who_start_at_once_get_one_run(store: Store) {
        let bed = bed(store).await;
        bed.import("pile.jsonl", &mixed(0, 5)).await;
        let start = |seed| discover::start(&bed.instance, &bed.owner, bed.project, seeded(seed));
        let (a, b, c) = tokio::join!(start(1), start(2), start(3));
        let ended = [a, b, c];
        assert_eq!(ended.iter().filter(|end| end.is_ok()).count(), 1, "{ended:?}");
        assert!(ended.iter().all(|end| matches!(end, Ok(_) | Err(Error::Conflict(_)))), "{ended:?}");
        assert_eq!(count(&bed.instance.store, "SELECT COUNT(*) FROM clustering".to_owned()).await, 1);
    }
}
