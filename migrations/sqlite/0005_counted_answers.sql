-- Fewer places to write for each answer: how many answers there are is counted, and no index is kept for it.
DROP INDEX answer_project;
DROP INDEX answer_day;
INSERT INTO tally (kind, id, key, shard, n)
  SELECT 'answers', project_id, 'all', 0, COUNT(*) FROM answer GROUP BY project_id;
INSERT INTO tally (kind, id, key, shard, n)
  SELECT 'answers', project_id, CAST(at / 86400000000 AS TEXT), 0, COUNT(*) FROM answer
  WHERE kind = 'labels' AND origin <> 'imported' GROUP BY project_id, at / 86400000000;

-- And no index beside a table that has no other order.
CREATE TABLE consensus_by_item (
  item_id             INTEGER PRIMARY KEY REFERENCES item (id),
  project_id          BIGINT NOT NULL,
  revision_id         BIGINT NOT NULL,
  labels              TEXT NOT NULL,
  method              TEXT NOT NULL,
  confidence          DOUBLE PRECISION,
  n_answers           BIGINT NOT NULL,
  n_skips             BIGINT NOT NULL,
  taxonomy_version_id BIGINT,
  updated_at          BIGINT NOT NULL
);
INSERT INTO consensus_by_item SELECT item_id, project_id, revision_id, labels, method, confidence, n_answers, n_skips,
  taxonomy_version_id, updated_at FROM consensus ORDER BY item_id;
DROP TABLE consensus;
ALTER TABLE consensus_by_item RENAME TO consensus;

CREATE TABLE consensus_label_in_order (
  project_id BIGINT NOT NULL,
  label_id   BIGINT NOT NULL,
  item_id    BIGINT NOT NULL REFERENCES item (id),
  PRIMARY KEY (project_id, label_id, item_id)
) WITHOUT ROWID;
INSERT INTO consensus_label_in_order SELECT project_id, label_id, item_id FROM consensus_label
  ORDER BY project_id, label_id, item_id;
DROP TABLE consensus_label;
ALTER TABLE consensus_label_in_order RENAME TO consensus_label;
CREATE INDEX consensus_label_item ON consensus_label (item_id);
