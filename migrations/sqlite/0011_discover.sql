-- Discover: encoders, clusterings with their groups, what people did with them, and bulk answers.

-- A model that makes vectors of texts. Its files are blobs, so that they reach every node.
CREATE TABLE encoder (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  kind       TEXT NOT NULL CHECK (kind IN ('sentence', 'static')),
  dims       BIGINT NOT NULL,
  bytes      BIGINT NOT NULL,
  created_by BIGINT REFERENCES person (id),
  created_at BIGINT NOT NULL
);
CREATE TABLE encoder_file (
  encoder_id BIGINT NOT NULL REFERENCES encoder (id),
  path       TEXT NOT NULL,
  hash       TEXT NOT NULL,
  bytes      BIGINT NOT NULL,
  PRIMARY KEY (encoder_id, path)
);

-- Vectors that a user brought: one blob of item ids and rows. They can't be computed again.
CREATE TABLE vector_set (
  id         INTEGER PRIMARY KEY,
  project_id BIGINT NOT NULL REFERENCES project (id),
  name       TEXT NOT NULL,
  dims       BIGINT NOT NULL,
  n_items    BIGINT NOT NULL,
  hash       TEXT NOT NULL,
  bytes      BIGINT NOT NULL,
  created_by BIGINT REFERENCES person (id),
  created_at BIGINT NOT NULL,
  UNIQUE (project_id, name)
);

-- One seeded run over vectors. `spec` says what was asked for: encoder, seed, slice. `edit` grows with every change of
-- its members. `parent_id` is the run from whose positions and names it went out.
CREATE TABLE clustering (
  id          INTEGER PRIMARY KEY,
  project_id  BIGINT NOT NULL REFERENCES project (id),
  number      BIGINT NOT NULL,
  parent_id   BIGINT REFERENCES clustering (id),
  spec        TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'cancelled')),
  error       TEXT,
  outcome     TEXT,
  n_items     BIGINT NOT NULL DEFAULT 0,
  n_groups    BIGINT NOT NULL DEFAULT 0,
  n_joined    BIGINT NOT NULL DEFAULT 0,
  n_ground    BIGINT NOT NULL DEFAULT 0,
  last_item   BIGINT NOT NULL DEFAULT 0,
  edit        BIGINT NOT NULL DEFAULT 0,
  created_by  BIGINT REFERENCES person (id),
  created_at  BIGINT NOT NULL,
  finished_at BIGINT,
  UNIQUE (project_id, number)
);

-- A group: a node of the merge tree, or what a person merged or split. It is shown while the number of groups lies from
-- `from_groups` to `to_groups`, unless the group `into_id` is shown, into which a person merged it.
CREATE TABLE cluster (
  id            INTEGER PRIMARY KEY,
  clustering_id BIGINT NOT NULL REFERENCES clustering (id),
  parent_id     BIGINT REFERENCES cluster (id),
  into_id       BIGINT,
  origin        TEXT NOT NULL CHECK (origin IN ('tree', 'merged', 'split')),
  from_groups   BIGINT NOT NULL,
  to_groups     BIGINT NOT NULL,
  size          BIGINT NOT NULL,
  n_joined      BIGINT NOT NULL DEFAULT 0,
  name          TEXT,
  aside         BOOLEAN NOT NULL DEFAULT FALSE,
  tightness     DOUBLE PRECISION NOT NULL,
  stability     DOUBLE PRECISION,
  honesty       DOUBLE PRECISION,
  x             DOUBLE PRECISION NOT NULL,
  y             DOUBLE PRECISION NOT NULL,
  zoom_from     DOUBLE PRECISION NOT NULL,
  zoom_to       DOUBLE PRECISION NOT NULL,
  words         TEXT NOT NULL,
  samples       TEXT NOT NULL
);
CREATE INDEX cluster_shown ON cluster (clustering_id, from_groups);
CREATE INDEX cluster_parent ON cluster (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX cluster_into ON cluster (into_id) WHERE into_id IS NOT NULL;

-- The leaves of a group as ranges of leaf codes; a node of the tree has one, a merged group one for each of its parts.
CREATE TABLE cluster_part (
  cluster_id    BIGINT NOT NULL REFERENCES cluster (id),
  first_leaf    BIGINT NOT NULL,
  last_leaf     BIGINT NOT NULL,
  clustering_id BIGINT NOT NULL,
  PRIMARY KEY (cluster_id, first_leaf)
);
CREATE INDEX cluster_part_run ON cluster_part (clustering_id);

-- Where an item lies in a run: its leaf, its place on the map (0 to 65,535 in both directions), how far it is from the
-- rest of its leaf. `joined`: it came after the run; `ground`: it is far from all groups. Items are removed here when
-- they are removed; there is no foreign key, since each deletion would search for it.
CREATE TABLE cluster_member (
  clustering_id BIGINT NOT NULL REFERENCES clustering (id),
  item_id       BIGINT NOT NULL,
  leaf          BIGINT NOT NULL,
  x             BIGINT NOT NULL,
  y             BIGINT NOT NULL,
  distance      DOUBLE PRECISION NOT NULL,
  joined        BOOLEAN NOT NULL,
  ground        BOOLEAN NOT NULL,
  PRIMARY KEY (clustering_id, item_id)
) WITHOUT ROWID;
CREATE INDEX cluster_member_leaf ON cluster_member (clustering_id, leaf, item_id);
CREATE INDEX cluster_member_ground ON cluster_member (clustering_id, item_id) WHERE ground;

-- What became of the groups of the run before.
CREATE TABLE cluster_lineage (
  clustering_id BIGINT NOT NULL REFERENCES clustering (id),
  number        BIGINT NOT NULL,
  kind          TEXT NOT NULL,
  from_id       BIGINT REFERENCES cluster (id),
  to_id         BIGINT REFERENCES cluster (id),
  jaccard       DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (clustering_id, number)
);

-- What a person did with a group or a selection. Append-only.
CREATE TABLE discover_act (
  id            INTEGER PRIMARY KEY,
  project_id    BIGINT NOT NULL REFERENCES project (id),
  clustering_id BIGINT REFERENCES clustering (id),
  cluster_id    BIGINT REFERENCES cluster (id),
  selection     TEXT NOT NULL,
  kind          TEXT NOT NULL,
  detail        TEXT NOT NULL,
  label_id      BIGINT,
  n_items       BIGINT NOT NULL,
  person_id     BIGINT REFERENCES person (id),
  at            BIGINT NOT NULL
);
CREATE INDEX discover_act_project ON discover_act (project_id, id);
CREATE INDEX discover_act_label ON discover_act (label_id, id) WHERE label_id IS NOT NULL;
CREATE INDEX discover_act_cluster ON discover_act (cluster_id, id) WHERE cluster_id IS NOT NULL;

-- Items that a person set aside: not offered on Discover, and left out of bulk answers.
CREATE TABLE item_aside (
  project_id BIGINT NOT NULL REFERENCES project (id),
  item_id    BIGINT NOT NULL,
  act_id     BIGINT NOT NULL REFERENCES discover_act (id),
  PRIMARY KEY (project_id, item_id)
) WITHOUT ROWID;

CREATE TABLE saved_slice (
  id         INTEGER PRIMARY KEY,
  project_id BIGINT NOT NULL REFERENCES project (id),
  name       TEXT NOT NULL,
  document   TEXT NOT NULL,
  created_by BIGINT REFERENCES person (id),
  created_at BIGINT NOT NULL,
  UNIQUE (project_id, name)
);

-- One label for many items at once. `drawn` items are judged by a person first: how many of them are right is the
-- precision that stands with the answers.
CREATE TABLE bulk (
  id                  INTEGER PRIMARY KEY,
  project_id          BIGINT NOT NULL REFERENCES project (id),
  clustering_id       BIGINT REFERENCES clustering (id),
  cluster_id          BIGINT REFERENCES cluster (id),
  selection           TEXT NOT NULL,
  label_id            BIGINT NOT NULL,
  taxonomy_version_id BIGINT NOT NULL REFERENCES taxonomy_version (id),
  state               TEXT NOT NULL CHECK (state IN ('judging', 'labeling', 'done', 'given_up')),
  seed                BIGINT NOT NULL,
  n_items             BIGINT NOT NULL,
  n_unticked          BIGINT NOT NULL DEFAULT 0,
  n_drawn             BIGINT NOT NULL DEFAULT 0,
  n_right             BIGINT NOT NULL DEFAULT 0,
  n_labeled           BIGINT NOT NULL DEFAULT 0,
  person_id           BIGINT NOT NULL REFERENCES person (id),
  created_at          BIGINT NOT NULL,
  finished_at         BIGINT
);
CREATE INDEX bulk_project ON bulk (project_id, id);

-- The items of a bulk answer, as they were when it began. `place` is the order in which they are shown; the first ones
-- are drawn at random for judging. `verdict`: right, wrong (unticked), or nothing (not looked at).
CREATE TABLE bulk_item (
  bulk_id     BIGINT NOT NULL REFERENCES bulk (id),
  place       BIGINT NOT NULL,
  item_id     BIGINT NOT NULL,
  revision_id BIGINT NOT NULL,
  drawn       BOOLEAN NOT NULL,
  verdict     TEXT CHECK (verdict IN ('right', 'wrong')),
  labeled     BOOLEAN NOT NULL DEFAULT FALSE,
  PRIMARY KEY (bulk_id, place)
) WITHOUT ROWID;

-- The bulk answer that an answer is part of.
ALTER TABLE answer ADD COLUMN bulk_id BIGINT REFERENCES bulk (id);
CREATE INDEX answer_bulk ON answer (bulk_id) WHERE bulk_id IS NOT NULL;

CREATE TRIGGER discover_act_is_final BEFORE UPDATE ON discover_act BEGIN SELECT RAISE(ABORT, 'append-only: discover_act'); END;

-- A removed blob must be found unneeded quickly.
CREATE INDEX encoder_file_hash ON encoder_file (hash);
CREATE INDEX vector_set_hash ON vector_set (hash);
