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

    async fn ids_of_the_store_grow(store: Store) {
        let (a, b): (i64, i64) = (store.next_id(), store.next_id());
        assert!(a < b);
    }
}
