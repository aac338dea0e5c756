//! Sessions: what was put in comes back, an ended one stays ended, and a moving expiry is rarely written.

use domain::permission::Roles;
use domain::person::{Email, PersonKind};
use domain::{PersonId, Time};
use serde_json::json;
use store::people::NewPerson;
use store::sessions::{PERSON, Sessions};
use store::{Error, Store, both, on};
use tower_sessions::SessionStore;
use tower_sessions::cookie::time::OffsetDateTime;
use tower_sessions::session::{Id, Record};

fn at(time: Time) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(time.0) * 1000).expect("a time")
}

async fn person(store: &Store) -> PersonId {
    let new = NewPerson {
        kind: PersonKind::Person,
        name: "Ada".to_owned(),
        email: Email::parse("ada@example.org").ok(),
        password_hash: None,
        admin: Roles::NONE.is_empty(),
        project: None,
    };
    let made = store.write(move |tx| Box::pin(async move { tx.add_person(&new).await })).await;
    made.expect("an answer").expect("a person")
}

async fn session(store: &Store, person: Option<PersonId>) -> Record {
    let mut record = Record {
        id: Id::default(),
        data: Default::default(),
        expiry_date: at(store.now().plus_seconds(3600)),
    };
    record.data.insert("flash".to_owned(), json!("hello"));
    if let Some(person) = person {
        record.data.insert(PERSON.to_owned(), json!(person.0));
    }
    Sessions(store.clone()).create(&mut record).await.expect("a session");
    record
}

async fn expiry(store: &Store) -> i64 {
    let query = "SELECT expires_at FROM session";
    on!(store, |db| sqlx::query_scalar(query).fetch_one(db).await).expect("one session")
}

both! {
    async fn a_session_comes_back_until_it_expires(store: Store) {
        let record = session(&store, None).await;
        let sessions = Sessions(store.clone());
        assert_eq!(sessions.load(&record.id).await.expect("an answer"), Some(record.clone()));
        assert_eq!(sessions.load(&Id::default()).await.expect("an answer"), None);
        store.clock().advance(3600);
        assert_eq!(sessions.load(&record.id).await.expect("an answer"), None);
        assert_eq!(store.delete_expired_sessions().await.expect("swept"), 1);
        assert_eq!(store.delete_expired_sessions().await.expect("swept"), 0);
    }

    async fn the_same_id_is_not_given_twice(store: Store) {
        let first = session(&store, None).await;
        let mut second = first.clone();
        Sessions(store.clone()).create(&mut second).await.expect("a session");
        assert_ne!(first.id, second.id);
    }

    async fn an_expiry_moves_once_a_minute(store: Store) {
        let mut record = session(&store, None).await;
        let (sessions, first) = (Sessions(store.clone()), expiry(&store).await);
        record.expiry_date = at(Time(first).plus_seconds(59));
        sessions.save(&record).await.expect("saved");
        assert_eq!(expiry(&store).await, first);
        record.expiry_date = at(Time(first).plus_seconds(60));
        sessions.save(&record).await.expect("saved");
        assert_eq!(expiry(&store).await, first + 60_000_000);
        record.data.insert("more".to_owned(), json!(1));
        sessions.save(&record).await.expect("saved");
        assert_eq!(sessions.load(&record.id).await.expect("an answer"), Some(record));
    }

    async fn a_session_of_nobody_is_short_and_small(store: Store) {
        let ada = person(&store).await;
        let sessions = Sessions(store.clone());
        let in_days = |days| at(store.now().plus_seconds(days * 86_400));
        let long = Record { id: Id::default(), data: Default::default(), expiry_date: in_days(14) };
        let (mut hers, mut nobodys) = (long.clone(), Record { id: Id::default(), ..long });
        let much = json!("x".repeat(10_000));
        hers.data.insert("flash".to_owned(), much.clone());
        hers.data.insert(PERSON.to_owned(), json!(ada.0));
        nobodys.data.insert("flash".to_owned(), much);
        for record in [&mut hers, &mut nobodys] {
            sessions.create(record).await.expect("a session");
        }
        assert_eq!(sessions.load(&hers.id).await.expect("an answer").as_ref(), Some(&hers));
        let kept = sessions.load(&nobodys.id).await.expect("an answer").expect("a session");
        assert!(kept.data.is_empty(), "{:?}", kept.data);
        store.clock().advance(2 * 3600);
        assert!(sessions.load(&nobodys.id).await.expect("an answer").is_none());
        assert!(sessions.load(&hers.id).await.expect("an answer").is_some());
        // Once somebody has signed in, it is theirs and lasts as long as any.
        let mut visitor = session(&store, None).await;
        visitor.data.insert(PERSON.to_owned(), json!(ada.0));
        visitor.expiry_date = in_days(14);
        sessions.save(&visitor).await.expect("saved");
        assert_eq!(sessions.load(&visitor.id).await.expect("an answer"), Some(visitor));
    }

    async fn an_ended_session_stays_ended(store: Store) {
        let ada = person(&store).await;
        let (here, there) = (session(&store, Some(ada)).await, session(&store, Some(ada)).await);
        let passer_by = session(&store, None).await;
        let keep = here.id.to_string();
        let ended =
            store.write(move |tx| Box::pin(async move { tx.end_sessions(ada, Some(&keep)).await })).await;
        ended.expect("ended");
        let sessions = Sessions(store.clone());
        // A request of the ended session was still under way.
        sessions.save(&there).await.expect("nothing to save");
        assert!(sessions.load(&there.id).await.expect("an answer").is_none());
        for kept in [&here, &passer_by] {
            assert!(sessions.load(&kept.id).await.expect("an answer").is_some());
        }
        sessions.delete(&here.id).await.expect("deleted");
        assert!(sessions.load(&here.id).await.expect("an answer").is_none());
    }

    async fn the_database_does_not_know_the_id(store: Store) {
        let record = session(&store, None).await;
        let query = "SELECT COUNT(*) FROM session WHERE id = $1";
        let id = record.id.to_string();
        let n: i64 = on!(store, |db| sqlx::query_scalar(query).bind(&id).fetch_one(db).await).expect("a count");
        assert_eq!(n, 0);
    }

    async fn the_log_can_not_be_changed(store: Store) {
        let actor = domain::permission::Actor::OPERATOR;
        let written = store
            .write(move |tx| Box::pin(async move { tx.audit(&actor, None, "did", "this", "").await }))
            .await;
        written.expect("an entry");
        let changed: Result<(), Error> = store
            .write(|tx| {
                Box::pin(async move {
                    on!(tx, |db| sqlx::query("UPDATE audit SET act = 'did not'").execute(db).await.map(|_| ()))?;
                    Ok(())
                })
            })
            .await;
        assert!(matches!(changed, Err(Error::Check(_))), "{changed:?}");
    }
}
