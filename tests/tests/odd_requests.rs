//! Every address, asked by everybody, with input that no page of ours sends: whatever it is, the answer is not that
//! something broke here.

use axum::body::Body;
use domain::permission::{Role, Scope};
use http::{HeaderValue, Method, Request, header};
use std::collections::BTreeSet;
use store::both;
use tests::forms::forms;
use tests::pages::{Known, every};
use tests::{As, TestApp, asked, scene};

const FORM: &str = "application/x-www-form-urlencoded";

/// What stands in an address or in a field, percent-encoded.
fn odd_values() -> Vec<String> {
    let mut odd: Vec<String> = [
        "",
        "%20",
        "-1",
        "0",
        "9223372036854775807",
        "99999999999999999999",
        "1e999",
        "NaN",
        "x",
        "a%2Fb",
        "..%2F..",
        "%00",
        "%01",
        "%7F",
        "%FF",
        "%C3%28",
        "%E2%80%AE",
        "%F0%9F%92%A5",
        "%3Cb%3E",
        "%27%22",
        "yes",
        "%C2%A0",
    ]
    .map(str::to_owned)
    .into();
    odd.push("%F0%9F%92%A5".repeat(1000));
    odd
}

const QUERY: [&str; 18] = [
    "before", "after", "q", "state", "label", "source", "field", "control", "order", "queue", "next", "last",
    "archived", "lost", "page", "text", "label_as", "by",
];

/// The scene, with something behind each part of an address.
struct Walk {
    app: TestApp,
    known: Vec<(&'static str, String)>,
    askers: Vec<As>,
    /// Names of all fields that our pages have.
    fields: BTreeSet<String>,
}

async fn walk(store: store::Store, folder: &std::path::Path) -> Walk {
    let app = TestApp::new(store, folder);
    let scene = scene::prepare(&app.instance, 2, 30, 1).await;
    let project = app.instance.store.project_by_slug(scene::SLUG).await.expect("an answer").expect("it").id;
    let somebody = app.person("bo@assay.test", false, Some((project, &[Role::Annotator]))).await;
    let all = [Role::Owner, Role::Engineer, Role::Annotator];
    let ada = app.person("ada@assay.test", true, Some((project, &all))).await;
    let writer = scene::person(&app.instance, project, "writer", Role::Owner, Scope::Write).await;
    let askers = vec![As::Nobody, app.session(somebody).await, app.session(ada).await, As::Token(writer)];
    let pages = every(&Known::of(&app.instance, scene::SLUG, project).await, scene.queue);
    let part = |from: &str| {
        let path = pages.iter().map(|(_, path)| path).find(|path| path.contains(from)).expect("a page");
        path.split(from).nth(1).expect("what follows").split(['/', '?']).next().expect("an id").to_owned()
    };
    let known = vec![
        ("{slug}", scene::SLUG.to_owned()),
        ("{queue}", scene.queue.to_string()),
        ("{item}", part("/items/")),
        ("{source}", part("/data/")),
        ("{label}", part("/labels/")),
        ("{person}", somebody.to_string()),
        ("{*function}", "label/turn".to_owned()),
    ];
    let mut fields = BTreeSet::new();
    for (_, path) in &pages {
        let page = app.get(&askers[2], path).await.text();
        fields.extend(forms(&page).into_iter().flat_map(|form| form.fields).map(|field| field.name));
    }
    fields.extend((0..6).map(|i| format!("role-{i}")));
    Walk { app, known, askers, fields }
}

impl Walk {
    /// The address with what is there in its parts, and with an odd value in each of them in turn.
    fn addresses(&self, path: &str) -> Vec<String> {
        let parts: Vec<&str> = path.split('/').collect();
        let known = |part: &&str| {
            let known = self.known.iter().find(|(name, _)| name == part).map(|(_, value)| value.as_str());
            if part.starts_with('{') { known.unwrap_or("1").to_owned() } else { (*part).to_owned() }
        };
        let sound: Vec<String> = parts.iter().map(known).collect();
        let mut all = vec![sound.join("/")];
        for (i, part) in parts.iter().enumerate().filter(|(_, part)| part.starts_with('{')) {
            let values = odd_values().into_iter().filter(|value| !value.is_empty() || *part == "{slug}");
            all.extend(values.map(|value| {
                let mut odd = sound.clone();
                odd[i] = value;
                odd.join("/")
            }));
        }
        all
    }

    fn bodies(&self) -> Vec<(&'static str, Vec<u8>)> {
        let form = |value: &str| {
            self.fields
                .iter()
                .map(|name| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join("&")
                .into_bytes()
        };
        let mut bodies: Vec<(&str, Vec<u8>)> =
            odd_values().iter().filter(|value| value.len() < 100).map(|value| (FORM, form(value))).collect();
        let part = "--e\r\nContent-Disposition: form-data; name=\"file\"; filename=";
        bodies.extend([
            (FORM, b"&&&=&==&%&%4&\xff\xfe".to_vec()),
            (FORM, b"a=&".repeat(10_000)),
            (FORM, vec![b'x'; 3 << 20]),
            ("text/plain", b"name=a".to_vec()),
            ("application/json", b"{".to_vec()),
            ("application/json", b"null".to_vec()),
            ("application/json", b"[[1, {}], null, \"\\ud800\"]".to_vec()),
            ("application/json", b"{\"n\": -1, \"answers\": {}}".to_vec()),
            (
                "application/json",
                b"{\"n\": 99999999999999999999, \"answers\": [null, {\"id\": \"x\"}]}".to_vec(),
            ),
            ("application/json", b"[".repeat(100_000)),
            (
                "application/json",
                b"{\"slug\": \"load\", \"queue\": -1, \"sent\": [], \"n\": 0, \"person\": null}".to_vec(),
            ),
            ("application/x-ndjson", b"{\"text\": \"a\", \"text\": 1}\nnull\n\xff\n".to_vec()),
            ("multipart/form-data", b"--e\r\n".to_vec()),
            ("multipart/form-data; boundary=e", b"--e\r\n\r\n".to_vec()),
            ("multipart/form-data; boundary=e", format!("{part}\"a.csv\"\r\n\r\n\u{1}").into_bytes()),
            (
                "multipart/form-data; boundary=e",
                format!("{part}\"\u{1}\n\"\r\n\r\na,b\r\n--e--").into_bytes(),
            ),
            ("multipart/form-data; boundary=e", format!("{part}\"{}\"", "a".repeat(100_000)).into_bytes()),
        ]);
        bodies
    }

    async fn ask(&self, what: &str, request: Request<Body>, broke: &mut Vec<String>) {
        let said = format!("{} {}", request.method(), request.uri());
        let reply = self.app.send(request).await;
        if reply.status.is_server_error() {
            let said: String = said.chars().take(200).collect();
            let text: String = reply.text().chars().take(2000).collect();
            broke.push(format!("{said} with {what:.100}: {} {text}", reply.status));
        }
    }
}

both! {
    async fn an_odd_address_breaks_nothing(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let walk = walk(store, folder.path()).await;
        let mut broke = Vec::new();
        for route in ::server::routes::table() {
            for address in walk.addresses(route.path) {
                for from in &walk.askers {
                    // A person who may do something still may.
                    if route.method == Method::GET || !matches!(from, As::Session(_)) {
                        let request = asked(route.method.clone(), &address, from).body(Body::empty()).expect("a request");
                        walk.ask("", request, &mut broke).await;
                    }
                }
            }
        }
        assert!(broke.is_empty(), "{}: {broke:#?}", broke.len());
    }

    async fn an_odd_query_breaks_nothing(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let walk = walk(store, folder.path()).await;
        let mut broke = Vec::new();
        for route in ::server::routes::table().into_iter().filter(|route| route.method == Method::GET) {
            let address = walk.addresses(route.path).swap_remove(0);
            for value in ["", "-1", "9223372036854775807", "99999999999999999999", "x", "%00", "%01", "%FF", "%F0%9F%92%A5"] {
                // One at a time: a page that refuses the first does not come to the others.
                for name in QUERY {
                    let query = format!("{address}?{name}={value}");
                    let request = asked(Method::GET, &query, &walk.askers[2]).body(Body::empty()).expect("a request");
                    walk.ask("", request, &mut broke).await;
                }
                let all = QUERY.map(|name| format!("{name}={value}")).join("&");
                let request = asked(Method::GET, &format!("{address}?{all}"), &As::Nobody).body(Body::empty());
                walk.ask("", request.expect("a request"), &mut broke).await;
            }
        }
        assert!(broke.is_empty(), "{}: {broke:#?}", broke.len());
    }

    async fn an_odd_body_breaks_nothing(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let walk = walk(store, folder.path()).await;
        let mut broke = Vec::new();
        for route in ::server::routes::table().into_iter().filter(|route| route.method == Method::POST) {
            // Addresses that end what the others need are not asked by people who may end it.
            let ends = ["/sign-out", "/access", "/admin", "/archive"].iter().any(|end| route.path.ends_with(end));
            let address = walk.addresses(route.path).swap_remove(0);
            for (kind, body) in walk.bodies() {
                for from in walk.askers.iter().filter(|from| !ends || !matches!(from, As::Session(_))) {
                    let request = asked(Method::POST, &address, from).header(header::CONTENT_TYPE, kind);
                    let what = format!("{kind} {}", String::from_utf8_lossy(&body));
                    walk.ask(&what, request.body(Body::from(body.clone())).expect("a request"), &mut broke).await;
                }
            }
        }
        assert!(broke.is_empty(), "{}: {broke:#?}", broke.len());
    }

    async fn an_odd_header_breaks_nothing(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let walk = walk(store, folder.path()).await;
        let odd = |bytes: &[u8]| HeaderValue::from_bytes(bytes).expect("a header");
        let headers = [
            (header::AUTHORIZATION, odd(b"Bearer \xff")),
            (header::AUTHORIZATION, odd(b"Basic x")),
            (header::COOKIE, odd(b"assay=%%%; assay=\xff")),
            (header::COOKIE, odd(b"assay=AAAAAAAAAAAAAAAAAAAAAA")),
            (header::CONTENT_TYPE, odd(b"\xff")),
            (header::CONTENT_LENGTH, odd(b"-1")),
            (header::ACCEPT, odd(b"\xff;q=x")),
            (header::ACCEPT_ENCODING, odd(b"\xff, br;q=x")),
            (header::REFERER, odd(b"http://assay.test/\xff")),
            (header::REFERER, odd(b"http://assay.test//b")),
            (header::ORIGIN, odd(b"http://assay.test\xff")),
            (header::HOST, odd(b"\xff")),
            (header::IF_NONE_MATCH, odd(b"\xff")),
            (header::RANGE, odd(b"bytes=9-1")),
        ];
        let mut broke = Vec::new();
        for route in ::server::routes::table().into_iter().filter(|route| !route.path.ends_with("/sign-out")) {
            let address = walk.addresses(route.path).swap_remove(0);
            for (name, value) in &headers {
                for from in [&walk.askers[0], &walk.askers[2]] {
                    let mut request = asked(route.method.clone(), &address, from).body(Body::from("x=1")).expect("a request");
                    request.headers_mut().insert(name, value.clone());
                    walk.ask(&format!("{name}: {value:?}"), request, &mut broke).await;
                }
            }
        }
        assert!(broke.is_empty(), "{}: {broke:#?}", broke.len());
    }
}
