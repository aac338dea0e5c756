-- Pools of a queue are a key: a member belongs to one, and a person has a cursor and counts in each. A new pool is a new
-- value, and no new column.

ALTER TABLE queue_item ADD COLUMN pool TEXT COLLATE "C" NOT NULL DEFAULT 'plain';
UPDATE queue_item SET pool = 'control' WHERE control;
DROP INDEX queue_item_next;
ALTER TABLE queue_item DROP COLUMN control;
CREATE INDEX queue_item_next ON queue_item (queue_id, pool, rank) WHERE filled < target AND NOT stuck;

-- How far a person has come in a pool of a queue: everything before the cursor is full or barred for them. `answered`
-- counts their assignments in that state.
CREATE TABLE queue_cursor (
  queue_id  BIGINT NOT NULL REFERENCES queue (id),
  person_id BIGINT NOT NULL REFERENCES person (id),
  pool      TEXT COLLATE "C" NOT NULL,
  cursor    BIGINT NOT NULL DEFAULT 0,
  served    BIGINT NOT NULL DEFAULT 0,
  answered  BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (queue_id, person_id, pool)
);
INSERT INTO queue_cursor (queue_id, person_id, pool, cursor, served, answered)
  SELECT p.queue_id, p.person_id, 'control', p.cursor_control, p.served_control, COALESCE(a.n, 0)
  FROM queue_person p LEFT JOIN (
    SELECT a.queue_id, a.person_id, COUNT(*) AS n
    FROM queue_item qi JOIN assignment a ON a.queue_id = qi.queue_id AND a.item_id = qi.item_id
    WHERE qi.pool = 'control' AND a.state = 'answered' GROUP BY a.queue_id, a.person_id
  ) a ON a.queue_id = p.queue_id AND a.person_id = p.person_id;
INSERT INTO queue_cursor (queue_id, person_id, pool, cursor, served, answered)
  SELECT p.queue_id, p.person_id, 'plain', p.cursor_plain, p.served - p.served_control, p.answered - c.answered
  FROM queue_person p JOIN queue_cursor c
    ON c.queue_id = p.queue_id AND c.person_id = p.person_id AND c.pool = 'control';
DROP TABLE queue_person;
