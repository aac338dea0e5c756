//! The writer task: what is confirmed is there, what fails leaves nothing, and both engines behave the same.

use sqlx::query_scalar;
use store::{Constraint, Error, Store, both, on};

async fn add(store: &Store, key: &'static str, fail: bool) -> Result<(), Error> {
    store
        .write(move |tx| {
            Box::pin(async move {
                on!(tx, |db| sqlx::query("INSERT INTO meta (key, value) VALUES ($1, 1)")
                    .bind(key)
                    .execute(db)
                    .await
                    .map(|_| ()))?;
                if fail { Err(Error::NotFound) } else { Ok(()) }
            })
        })
        .await
}

async fn count(store: &Store) -> i64 {
    on!(store, |db| query_scalar("SELECT COUNT(*) FROM meta WHERE key LIKE 'k%'").fetch_one(db).await)
        .expect("a count")
}

both! {
    async fn a_failed_request_leaves_nothing_and_hurts_nobody(store: Store) {
        let (a, b, c) = tokio::join!(add(&store, "k1", false), add(&store, "k2", true), add(&store, "k3", false));
        assert!(a.is_ok() && c.is_ok());
        assert!(matches!(b, Err(Error::NotFound)));
        assert_eq!(count(&store).await, 2);
    }

    async fn who_fails_among_many_takes_nobody_along(store: Store) {
        let keys: Vec<&'static str> = (0..60).map(|n| &*format!("k{n}").leak()).collect();
        // In one commit on SQLite, more or less: what was done before a failure is done again, and kept once.
        let all = keys.iter().enumerate().map(|(n, key)| add(&store, key, n % 7 == 3));
        let told = futures::future::join_all(all).await;
        for (n, told) in told.iter().enumerate() {
            assert_eq!(told.is_err(), n % 7 == 3, "{n}");
        }
        assert_eq!(count(&store).await, told.iter().filter(|told| told.is_ok()).count() as i64);
    }

    async fn a_second_key_is_named(store: Store) {
        add(&store, "k1", false).await.expect("the first");
        let second = add(&store, "k1", false).await;
        assert!(matches!(second, Err(Error::Unique(Constraint::Other))), "{second:?}");
        assert_eq!(count(&store).await, 1);
    }

    async fn a_panic_is_an_error(store: Store) {
        if store.is_postgres() {
            return; // A panic there ends the task that asked; there is no common writer that it could take down.
        }
        let outcome: Result<(), Error> = store.write(|_| Box::pin(async { panic!("on purpose") })).await;
        assert!(matches!(outcome, Err(Error::Closed)));
        add(&store, "k1", false).await.expect("the writer lives");
    }

    async fn what_a_full_disk_keeps_out_is_told_and_the_rest_is_kept(store: Store) {
        if store.is_postgres() {
            return; // Transactions of PostgreSQL do not share a commit.
        }
        // From here on the database file may not grow.
        let limit: Result<i64, Error> = store
            .write(|tx| {
                Box::pin(async move {
                    let query = "SELECT page_count FROM pragma_page_count()";
                    let pages: i64 = on!(tx, |db| query_scalar(query).fetch_one(db).await)?;
                    let limit = format!("PRAGMA max_page_count = {pages}");
                    on!(tx, |db| sqlx::raw_sql(sqlx::AssertSqlSafe(limit)).execute(db).await.map(|_| ()))?;
                    Ok(pages)
                })
            })
            .await;
        limit.expect("a limit");
        let too_much = store.write(|tx| {
            Box::pin(async move {
                let query = "INSERT INTO meta (key, value) SELECT 'k' || hex(zeroblob(2000)) || value, 1
                             FROM json_each('[1,2,3,4,5,6,7,8]')";
                on!(tx, |db| sqlx::query(query).execute(db).await.map(|_| ()))?;
                Ok::<_, Error>(())
            })
        });
        let (before, full, after) =
            tokio::join!(add(&store, "k1", false), too_much, add(&store, "k2", false));
        assert!(matches!(full, Err(Error::DiskFull)), "{full:?}");
        // What was told to be saved is there, and nothing else.
        let n_saved = i64::from(before.is_ok()) + i64::from(after.is_ok());
        assert_eq!(count(&store).await, n_saved);
        add(&store, "k3", false).await.expect("what fits is taken again");
        assert_eq!(count(&store).await, n_saved + 1);
    }

    async fn ids_of_the_store_grow(store: Store) {
        let (a, b): (i64, i64) = (store.next_id(), store.next_id());
        assert!(a < b);
    }

    async fn people_who_never_pause_do_not_stop_background_work(store: Store) {
        use std::sync::Arc;
        use std::sync::atomic::{AtomicBool, Ordering};
        let done = Arc::new(AtomicBool::new(false));
        let people = (0..8).map(|_| {
            let (store, done) = (store.clone(), done.clone());
            tokio::spawn(async move {
                for _ in 0..20_000 {
                    if done.load(Ordering::SeqCst) {
                        return true;
                    }
                    let look = store.write(|tx| {
                        Box::pin(async move {
                            let query = "SELECT COUNT(*) FROM meta";
                            let n: i64 = on!(tx, |db| query_scalar(query).fetch_one(db).await)?;
                            Ok::<_, Error>(n)
                        })
                    });
                    look.await.expect("a look");
                }
                false
            })
        });
        let people: Vec<_> = people.collect();
        for _ in 0..5 {
            let piece = store.write_background(|tx| {
                Box::pin(async move {
                    let query = "UPDATE meta SET value = value + 1 WHERE key = 'node'";
                    on!(tx, |db| sqlx::query(query).execute(db).await.map(|_| ()))?;
                    Ok::<_, Error>(())
                })
            });
            piece.await.expect("a piece");
        }
        done.store(true, Ordering::SeqCst);
        for person in people {
            assert!(person.await.expect("a person"), "the pieces came through while people worked");
        }
    }
}
