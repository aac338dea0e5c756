-- The line: import, design, label, agree, release.

CREATE TABLE source (
  id                BIGINT PRIMARY KEY,
  project_id        BIGINT NOT NULL REFERENCES project (id),
  name              TEXT COLLATE "C" NOT NULL,
  format            TEXT COLLATE "C" NOT NULL CHECK (format IN ('csv', 'tsv', 'jsonl')),
  mapping           TEXT COLLATE "C" NOT NULL,
  upload            TEXT COLLATE "C",
  job_id            BIGINT,
  state             TEXT COLLATE "C" NOT NULL CHECK (state IN ('preview', 'running', 'done', 'failed', 'cancelled', 'undone')),
  error             TEXT COLLATE "C",
  bytes             BIGINT NOT NULL DEFAULT 0,
  n_read            BIGINT NOT NULL DEFAULT 0,
  n_new             BIGINT NOT NULL DEFAULT 0,
  n_revised         BIGINT NOT NULL DEFAULT 0,
  n_same            BIGINT NOT NULL DEFAULT 0,
  n_rejected        BIGINT NOT NULL DEFAULT 0,
  n_duplicate       BIGINT NOT NULL DEFAULT 0,
  n_duplicate_exact BIGINT NOT NULL DEFAULT 0,
  n_answers         BIGINT NOT NULL DEFAULT 0,
  created_by        BIGINT REFERENCES person (id),
  created_at        BIGINT NOT NULL,
  finished_at       BIGINT,
  undone_at         BIGINT
);
CREATE INDEX source_project ON source (project_id, id);

CREATE TABLE reject (
  source_id BIGINT NOT NULL REFERENCES source (id),
  line      BIGINT NOT NULL,
  reason    TEXT COLLATE "C" NOT NULL,
  raw       TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (source_id, line)
);

-- `state` is the item's consensus state; what it was resolved to stands in consensus. `seen_source` and `seen_line`
-- say which import brought the item last and where it stood there: a second row of one file is told by them.
CREATE TABLE item (
  id           BIGINT PRIMARY KEY,
  project_id   BIGINT NOT NULL REFERENCES project (id),
  source_id    BIGINT NOT NULL REFERENCES source (id),
  external_id  TEXT COLLATE "C" NOT NULL,
  group_key    TEXT COLLATE "C",
  event_at     BIGINT,
  ingested_at  BIGINT NOT NULL,
  control_hash BIGINT NOT NULL,
  control      BOOLEAN NOT NULL,
  revision_id  BIGINT NOT NULL,
  state        TEXT COLLATE "C" NOT NULL,
  seen_source  BIGINT,
  seen_line    BIGINT,
  UNIQUE (project_id, external_id)
);
CREATE INDEX item_project ON item (project_id, id);
CREATE INDEX item_state ON item (project_id, state, id);
CREATE INDEX item_control ON item (project_id, id) WHERE control;
CREATE INDEX item_source ON item (source_id, id);

CREATE TABLE item_revision (
  id              BIGINT PRIMARY KEY,
  item_id         BIGINT NOT NULL REFERENCES item (id),
  project_id      BIGINT NOT NULL,
  source_id       BIGINT NOT NULL,
  number          BIGINT NOT NULL,
  text            TEXT COLLATE "C" NOT NULL,
  fields          TEXT COLLATE "C" NOT NULL,
  group_key       TEXT COLLATE "C",
  event_at        BIGINT,
  content_hash    BIGINT NOT NULL,
  normalized_hash BIGINT NOT NULL,
  created_at      BIGINT NOT NULL,
  UNIQUE (item_id, number)
);
CREATE INDEX item_revision_text ON item_revision (project_id, normalized_hash);
CREATE INDEX item_revision_later ON item_revision (source_id) WHERE number > 1;

-- The fields of an item's current revision, for filters; long values are cut here (item_revision has them whole).
CREATE TABLE item_field (
  item_id    BIGINT NOT NULL REFERENCES item (id),
  name       TEXT COLLATE "C" NOT NULL,
  project_id BIGINT NOT NULL,
  text       TEXT COLLATE "C" NOT NULL,
  number     DOUBLE PRECISION,
  PRIMARY KEY (item_id, name)
);
CREATE INDEX item_field_value ON item_field (project_id, name, text, item_id);

CREATE TABLE taxonomy_version (
  id           BIGINT PRIMARY KEY,
  project_id   BIGINT NOT NULL REFERENCES project (id),
  number       BIGINT NOT NULL,
  parent_id    BIGINT REFERENCES taxonomy_version (id),
  document     TEXT COLLATE "C" NOT NULL,
  operations   TEXT COLLATE "C" NOT NULL,
  label_maps   TEXT COLLATE "C" NOT NULL,
  note         TEXT COLLATE "C" NOT NULL,
  published_by BIGINT REFERENCES person (id),
  published_at BIGINT NOT NULL,
  UNIQUE (project_id, number)
);

CREATE TABLE taxonomy_draft (
  project_id BIGINT PRIMARY KEY REFERENCES project (id),
  base_id    BIGINT REFERENCES taxonomy_version (id),
  document   TEXT COLLATE "C" NOT NULL,
  edit       BIGINT NOT NULL,
  updated_by BIGINT REFERENCES person (id),
  updated_at BIGINT NOT NULL
);

-- Every label that was ever published, under its newest name.
CREATE TABLE label (
  id         BIGINT PRIMARY KEY,
  project_id BIGINT NOT NULL REFERENCES project (id),
  name       TEXT COLLATE "C" NOT NULL,
  hue        BIGINT NOT NULL,
  other      BOOLEAN NOT NULL,
  retired    BOOLEAN NOT NULL
);
CREATE INDEX label_project ON label (project_id);

CREATE TABLE queue (
  id            BIGINT PRIMARY KEY,
  project_id    BIGINT NOT NULL REFERENCES project (id),
  name          TEXT COLLATE "C" NOT NULL,
  state         TEXT COLLATE "C" NOT NULL CHECK (state IN ('filling', 'open', 'closed')),
  strategy      TEXT COLLATE "C" NOT NULL,
  overlap       BIGINT NOT NULL CHECK (overlap >= 1),
  control_share DOUBLE PRECISION NOT NULL CHECK (control_share >= 0 AND control_share <= 1),
  lease_seconds BIGINT NOT NULL CHECK (lease_seconds >= 1),
  seed          BIGINT NOT NULL,
  filter        TEXT COLLATE "C" NOT NULL,
  note          TEXT COLLATE "C" NOT NULL DEFAULT '',
  created_by    BIGINT REFERENCES person (id),
  created_at    BIGINT NOT NULL,
  closed_at     BIGINT,
  -- All its items are in: whoever closes it before and opens it again lets it take in the rest.
  whole         BOOLEAN NOT NULL DEFAULT FALSE,
  UNIQUE (project_id, name)
);

-- `filled` counts the slots that are leased or answered (not those who answer beside them); `rank` is the place in the queue.
CREATE TABLE queue_item (
  queue_id BIGINT NOT NULL REFERENCES queue (id),
  item_id  BIGINT NOT NULL REFERENCES item (id),
  rank     BIGINT NOT NULL,
  control  BOOLEAN NOT NULL,
  target   BIGINT NOT NULL CHECK (target >= 1),
  filled   BIGINT NOT NULL DEFAULT 0 CHECK (filled >= 0 AND filled <= target),
  stuck    BOOLEAN NOT NULL DEFAULT FALSE,
  round    BIGINT NOT NULL DEFAULT 0,
  score    DOUBLE PRECISION,
  PRIMARY KEY (queue_id, item_id)
);
CREATE INDEX queue_item_next ON queue_item (queue_id, control, rank) WHERE filled < target AND NOT stuck;
CREATE INDEX queue_item_item ON queue_item (item_id);

-- How far a person has come in a queue: everything before the cursors is full or barred for them. `answered` counts
-- their assignments in that state.
CREATE TABLE queue_person (
  queue_id       BIGINT NOT NULL REFERENCES queue (id),
  person_id      BIGINT NOT NULL REFERENCES person (id),
  served         BIGINT NOT NULL DEFAULT 0,
  served_control BIGINT NOT NULL DEFAULT 0,
  answered       BIGINT NOT NULL DEFAULT 0,
  cursor_plain   BIGINT NOT NULL DEFAULT 0,
  cursor_control BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (queue_id, person_id)
);

-- The two partial unique indexes and the check ARE the promise that an item never has more holders and counted
-- answers than its target, and nobody two. A skip frees the slot and still bars the person. Who can see more than
-- an annotator, and a machine, answers `beside` the slots: they take none from the people who were asked.
CREATE TABLE assignment (
  id          BIGINT PRIMARY KEY,
  project_id  BIGINT NOT NULL,
  queue_id    BIGINT NOT NULL,
  item_id     BIGINT NOT NULL,
  revision_id BIGINT NOT NULL,
  person_id   BIGINT NOT NULL REFERENCES person (id),
  slot        BIGINT NOT NULL,
  target      BIGINT NOT NULL,
  beside      BOOLEAN NOT NULL,
  state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('leased', 'answered', 'skipped', 'released')),
  lease_until BIGINT NOT NULL,
  created_at  BIGINT NOT NULL,
  CHECK (slot >= 0 AND slot < target),
  FOREIGN KEY (queue_id, item_id) REFERENCES queue_item (queue_id, item_id)
);
CREATE UNIQUE INDEX assignment_slot ON assignment (queue_id, item_id, slot)
  WHERE state IN ('leased', 'answered') AND NOT beside;
CREATE UNIQUE INDEX assignment_person ON assignment (queue_id, item_id, person_id) WHERE state <> 'released';
CREATE INDEX assignment_expiry ON assignment (queue_id, lease_until) WHERE state = 'leased';
CREATE INDEX assignment_holder ON assignment (person_id, queue_id) WHERE state = 'leased';

-- Append-only. `number` counts what one person said of one item in one queue: a correction, an undo is the next.
CREATE TABLE answer (
  id                  TEXT COLLATE "C" PRIMARY KEY,
  project_id          BIGINT NOT NULL REFERENCES project (id),
  queue_id            BIGINT REFERENCES queue (id),
  assignment_id       BIGINT REFERENCES assignment (id),
  source_id           BIGINT REFERENCES source (id),
  person_id           BIGINT NOT NULL REFERENCES person (id),
  item_id             BIGINT NOT NULL REFERENCES item (id),
  revision_id         BIGINT NOT NULL REFERENCES item_revision (id),
  number              BIGINT NOT NULL,
  kind                TEXT COLLATE "C" NOT NULL CHECK (kind IN ('labels', 'skip', 'withdrawn')),
  labels              TEXT COLLATE "C" NOT NULL,
  skip_reason         TEXT COLLATE "C",
  note                TEXT COLLATE "C",
  confidence          DOUBLE PRECISION,
  seconds             DOUBLE PRECISION,
  taxonomy_version_id BIGINT REFERENCES taxonomy_version (id),
  origin              TEXT COLLATE "C" NOT NULL,
  standing            TEXT COLLATE "C" NOT NULL CHECK (standing IN ('counted', 'extra')),
  sighted             BOOLEAN NOT NULL,
  suggestion          TEXT COLLATE "C",
  strategy            TEXT COLLATE "C",
  round               BIGINT,
  score               DOUBLE PRECISION,
  at                  BIGINT NOT NULL
);
CREATE UNIQUE INDEX answer_counted ON answer (queue_id, item_id, person_id, number)
  WHERE queue_id IS NOT NULL AND standing = 'counted';
CREATE INDEX answer_item ON answer (item_id);
CREATE INDEX answer_person ON answer (person_id, project_id, at);
CREATE INDEX answer_project ON answer (project_id, at);
-- What people labeled in a day, however much was imported in it.
CREATE INDEX answer_day ON answer (project_id, at) WHERE kind = 'labels' AND origin <> 'imported';
CREATE INDEX answer_source ON answer (source_id) WHERE source_id IS NOT NULL;

-- What an item is resolved to. Recomputable from its answers; no row means that nobody has answered.
CREATE TABLE consensus (
  item_id             BIGINT PRIMARY KEY REFERENCES item (id),
  project_id          BIGINT NOT NULL,
  revision_id         BIGINT NOT NULL,
  labels              TEXT COLLATE "C" NOT NULL,
  method              TEXT COLLATE "C" NOT NULL,
  confidence          DOUBLE PRECISION,
  n_answers           BIGINT NOT NULL,
  n_skips             BIGINT NOT NULL,
  taxonomy_version_id BIGINT,
  updated_at          BIGINT NOT NULL
);
CREATE TABLE consensus_label (
  project_id BIGINT NOT NULL,
  label_id   BIGINT NOT NULL,
  item_id    BIGINT NOT NULL REFERENCES item (id),
  PRIMARY KEY (project_id, label_id, item_id)
);
CREATE INDEX consensus_label_item ON consensus_label (item_id);

CREATE TABLE release (
  id          BIGINT PRIMARY KEY,
  project_id  BIGINT NOT NULL REFERENCES project (id),
  number      BIGINT NOT NULL,
  name        TEXT COLLATE "C" NOT NULL,
  spec        TEXT COLLATE "C" NOT NULL,
  manifest    TEXT COLLATE "C",
  state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('cutting', 'done', 'failed')),
  error       TEXT COLLATE "C",
  job_id      BIGINT,
  created_by  BIGINT REFERENCES person (id),
  created_at  BIGINT NOT NULL,
  finished_at BIGINT,
  UNIQUE (project_id, number)
);
CREATE TABLE release_file (
  release_id BIGINT NOT NULL REFERENCES release (id),
  path       TEXT COLLATE "C" NOT NULL,
  hash       TEXT COLLATE "C" NOT NULL,
  bytes      BIGINT NOT NULL,
  n_rows     BIGINT,
  PRIMARY KEY (release_id, path)
);
CREATE TABLE release_row (
  release_id  BIGINT NOT NULL REFERENCES release (id),
  item_id     BIGINT NOT NULL REFERENCES item (id),
  revision_id BIGINT NOT NULL,
  split       TEXT COLLATE "C" NOT NULL CHECK (split IN ('train', 'validation', 'test')),
  state       TEXT COLLATE "C" NOT NULL,
  control     BOOLEAN NOT NULL,
  labels      TEXT COLLATE "C" NOT NULL,
  confidence  DOUBLE PRECISION,
  answers     TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (release_id, item_id)
);
CREATE INDEX release_row_item ON release_row (item_id);

-- Sticky: decided once for a key (the group, or else the normalized text) and never changed.
CREATE TABLE split (
  project_id BIGINT NOT NULL REFERENCES project (id),
  scheme     TEXT COLLATE "C" NOT NULL,
  key        BIGINT NOT NULL,
  split      TEXT COLLATE "C" NOT NULL CHECK (split IN ('train', 'validation', 'test')),
  release_id BIGINT NOT NULL REFERENCES release (id),
  PRIMARY KEY (project_id, scheme, key)
);
