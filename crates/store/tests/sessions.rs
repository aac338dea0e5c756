//! Sessions: what was put in comes back, an ended one stays ended, and a moving expiry is rarely written.

use domain::permission::Roles;
use domain::person::{Email, PersonKind};
use domain::{PersonId, Time};
use serde_json::json;
use store::site::people::NewPerson;
use store::site::sessions::{HALFWAY, PERSON, Sessions};
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
        let in_days = |days: i64| at(store.now().plus_seconds(days * 86_400));
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

    async fn a_session_ends_when_nobody_uses_it_and_at_last_in_any_case(store: Store) {
        let day = 24 * 60 * 60;
        let ada = person(&store).await;
        let long = async |person: Option<PersonId>| {
            let data = person.map(|person| (PERSON.to_owned(), json!(person.0))).into_iter().collect();
            let expiry_date = at(store.now().plus_seconds(3650 * day));
            let mut record = Record { id: Id::default(), data, expiry_date };
            Sessions(store.clone()).create(&mut record).await.expect("a session");
            record.id
        };
        let (used, left) = (long(Some(ada)).await, long(Some(ada)).await);
        let sessions = Sessions(store.clone());
        let is_there = async |id: &Id| sessions.load(id).await.expect("an answer").is_some();
        for _ in 0..2 {
            store.clock().advance(13 * day);
            assert!(is_there(&used).await);
        }
        assert!(!is_there(&left).await, "nobody came for 26 days");
        let signed = store.sessions_of(ada).await.expect("the list");
        assert_eq!(signed.len(), 1);
        assert_eq!((signed[0].seen_at, signed[0].began_at), (store.now(), Time(store.now().0 - 26 * day * 1_000_000)));
        // What is written into it does not lengthen it either.
        let mut record = sessions.load(&used).await.expect("an answer").expect("the session");
        record.data.insert("more".to_owned(), json!(1));
        record.expiry_date = at(store.now().plus_seconds(3650 * day));
        sessions.save(&record).await.expect("saved");
        store.clock().advance(4 * day - 1);
        assert!(is_there(&used).await);
        store.clock().advance(1);
        assert!(!is_there(&used).await, "thirty days are the end");
    }

    async fn ones_own_sessions_are_ended_one_by_one(store: Store) {
        let ada = person(&store).await;
        let (here, there) = (session(&store, Some(ada)).await, session(&store, Some(ada)).await);
        session(&store, None).await;
        let keys = store.sessions_of(ada).await.expect("the list").into_iter().map(|s| s.key);
        let keys: std::collections::BTreeSet<_> = keys.collect();
        assert_eq!(keys, [&here, &there].map(|s| store::site::sessions::key(&s.id.to_string())).into());
        let end = async |person: PersonId, of: &Record| {
            let key = store::site::sessions::key(&of.id.to_string());
            let ended = store.write(move |tx| {
                Box::pin(async move { tx.end_session(person, &key).await })
            });
            ended.await.expect("an answer")
        };
        assert!(!end(PersonId(ada.0 + 1), &there).await, "nobody ends what is not theirs");
        assert!(end(ada, &there).await && !end(ada, &there).await);
        let left = store.sessions_of(ada).await.expect("the list");
        assert_eq!(left.len(), 1);
    }

    async fn who_is_halfway_in_is_not_signed_in(store: Store) {
        let ada = person(&store).await;
        let mut record = Record {
            id: Id::default(),
            data: [(HALFWAY.to_owned(), json!(ada.0))].into(),
            expiry_date: at(store.now().plus_seconds(3600)),
        };
        let sessions = Sessions(store.clone());
        sessions.create(&mut record).await.expect("a session");
        assert!(store.sessions_of(ada).await.expect("the list").is_empty());
        store.write(move |tx| Box::pin(async move { tx.end_sessions(ada, None).await })).await.expect("ended");
        assert!(sessions.load(&record.id).await.expect("an answer").is_none(), "a new password ends it");
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
