-- Fields are looked for by their value and never by their item: one order of them is enough, and half of what an import
-- writes of them. They follow from the items' revisions.
CREATE TABLE item_field_by_value (
  item_id    BIGINT NOT NULL,
  name       TEXT NOT NULL,
  project_id BIGINT NOT NULL,
  text       TEXT NOT NULL,
  number     DOUBLE PRECISION,
  PRIMARY KEY (project_id, name, text, item_id)
) WITHOUT ROWID;
INSERT INTO item_field_by_value SELECT item_id, name, project_id, text, number FROM item_field
  ORDER BY project_id, name, text, item_id;
DROP TABLE item_field;
ALTER TABLE item_field_by_value RENAME TO item_field;
