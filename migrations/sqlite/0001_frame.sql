-- Who is here, what runs, what was done: people, sessions, jobs, audit, and the counters that ids and cursors come from.
-- Ids are made by the program; times are unix microseconds in UTC; documents are JSON in TEXT.

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);
-- 'node': numbers the processes that make ids. 'change': the cursor of the change feed; whoever appends
-- takes the next number while holding this row, so that numbers become visible in order.
INSERT INTO meta (key, value) VALUES ('node', 0), ('change', 0);

CREATE TABLE project (
  id          INTEGER PRIMARY KEY,
  slug        TEXT NOT NULL UNIQUE,
  name        TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  task        TEXT NOT NULL CHECK (task IN ('single', 'multi')),
  settings    TEXT NOT NULL,
  created_at  BIGINT NOT NULL,
  archived_at BIGINT
);
CREATE INDEX project_list ON project (name, id);

-- kind 'person' signs in; 'source' stands for whoever gave imported answers; 'machine' acts by token only.
CREATE TABLE person (
  id            INTEGER PRIMARY KEY,
  email         TEXT UNIQUE,
  name          TEXT NOT NULL,
  kind          TEXT NOT NULL CHECK (kind IN ('person', 'source', 'machine')),
  project_id    BIGINT REFERENCES project (id),
  password_hash TEXT,
  admin         BOOLEAN NOT NULL,
  prefs         TEXT NOT NULL DEFAULT '{}',
  created_at    BIGINT NOT NULL,
  disabled_at   BIGINT,
  CHECK (kind <> 'person' OR email IS NOT NULL)
);
CREATE INDEX person_list ON person (kind, name, id);
CREATE UNIQUE INDEX person_source ON person (project_id, name) WHERE kind = 'source';

CREATE TABLE membership (
  project_id BIGINT NOT NULL REFERENCES project (id),
  person_id  BIGINT NOT NULL REFERENCES person (id),
  roles      TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (project_id, person_id)
);
CREATE INDEX membership_person ON membership (person_id);

CREATE TABLE api_token (
  id           INTEGER PRIMARY KEY,
  person_id    BIGINT NOT NULL REFERENCES person (id),
  project_id   BIGINT NOT NULL REFERENCES project (id),
  name         TEXT NOT NULL,
  hash         TEXT NOT NULL UNIQUE,
  scope        TEXT NOT NULL CHECK (scope IN ('label', 'read', 'write')),
  created_at   BIGINT NOT NULL,
  expires_at   BIGINT,
  last_used_at BIGINT,
  revoked_at   BIGINT
);
CREATE INDEX api_token_person ON api_token (person_id);
CREATE INDEX api_token_project ON api_token (project_id);

CREATE TABLE session (
  id         TEXT PRIMARY KEY,
  person_id  BIGINT REFERENCES person (id),
  data       TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX session_person ON session (person_id);
CREATE INDEX session_expiry ON session (expires_at);

CREATE TABLE reset_link (
  hash       TEXT PRIMARY KEY,
  person_id  BIGINT NOT NULL REFERENCES person (id),
  created_by BIGINT REFERENCES person (id),
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at    BIGINT
);
CREATE INDEX reset_link_person ON reset_link (person_id);

CREATE TABLE job (
  id          INTEGER PRIMARY KEY,
  kind        TEXT NOT NULL,
  project_id  BIGINT REFERENCES project (id),
  payload     TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
  dedupe      TEXT,
  done        BIGINT NOT NULL DEFAULT 0,
  total       BIGINT,
  message     TEXT NOT NULL DEFAULT '',
  checkpoint  TEXT,
  result      TEXT,
  error       TEXT,
  attempts    BIGINT NOT NULL DEFAULT 0,
  fence       BIGINT NOT NULL DEFAULT 0,
  lease_until BIGINT,
  cancel      BOOLEAN NOT NULL DEFAULT FALSE,
  created_by  BIGINT REFERENCES person (id),
  created_at  BIGINT NOT NULL,
  started_at  BIGINT,
  finished_at BIGINT
);
CREATE UNIQUE INDEX job_dedupe ON job (dedupe) WHERE state IN ('waiting', 'running');
CREATE INDEX job_open ON job (state, id) WHERE state IN ('waiting', 'running');
CREATE INDEX job_project ON job (project_id, id);

CREATE TABLE audit (
  id         INTEGER PRIMARY KEY,
  at         BIGINT NOT NULL,
  person_id  BIGINT REFERENCES person (id),
  project_id BIGINT REFERENCES project (id),
  act        TEXT NOT NULL,
  target     TEXT NOT NULL,
  detail     TEXT NOT NULL
);
CREATE INDEX audit_project ON audit (project_id, id);

-- Counts that pages show without counting a million rows: sums over the shards. Derived: `assay doctor`
-- compares them with the rows, `assay rebuild` makes them again.
CREATE TABLE tally (
  kind  TEXT NOT NULL,
  id    BIGINT NOT NULL,
  key   TEXT NOT NULL,
  shard BIGINT NOT NULL,
  n     BIGINT NOT NULL,
  PRIMARY KEY (kind, id, key, shard)
);

-- From this feed each node brings its own search index up to date.
CREATE TABLE change (
  id         BIGINT PRIMARY KEY,
  project_id BIGINT NOT NULL,
  kind       TEXT NOT NULL CHECK (kind IN ('items', 'items_removed')),
  first_item BIGINT NOT NULL,
  last_item  BIGINT NOT NULL,
  at         BIGINT NOT NULL
);

-- Content that cannot be recomputed. The bytes lie in a folder beside SQLite, in blob_part in PostgreSQL.
CREATE TABLE blob (
  key        TEXT PRIMARY KEY,
  bytes      BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE TABLE blob_part (
  key  TEXT NOT NULL REFERENCES blob (key) ON DELETE CASCADE,
  part BIGINT NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (key, part)
);
