-- Fields are looked for by their value and never by their item: one order of them is enough, and half of what an import
-- writes of them. They follow from the items' revisions.
ALTER TABLE item_field
  DROP CONSTRAINT item_field_pkey,
  DROP CONSTRAINT item_field_item_id_fkey,
  ADD PRIMARY KEY (project_id, name, text, item_id);
DROP INDEX item_field_value;
