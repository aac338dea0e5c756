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
  SELECT queue_id, person_id, 'plain', cursor_plain, served - served_control,
    (SELECT COUNT(*) FROM assignment a JOIN queue_item qi ON qi.queue_id = a.queue_id AND qi.item_id = a.item_id
     WHERE a.queue_id = queue_person.queue_id AND a.person_id = queue_person.person_id AND a.state = 'answered'
       AND qi.pool = 'plain')
  FROM queue_person;
INSERT INTO queue_cursor (queue_id, person_id, pool, cursor, served, answered)
  SELECT queue_id, person_id, 'control', cursor_control, served_control,
    (SELECT COUNT(*) FROM assignment a JOIN queue_item qi ON qi.queue_id = a.queue_id AND qi.item_id = a.item_id
     WHERE a.queue_id = queue_person.queue_id AND a.person_id = queue_person.person_id AND a.state = 'answered'
       AND qi.pool = 'control')
  FROM queue_person;
DROP TABLE queue_person;
