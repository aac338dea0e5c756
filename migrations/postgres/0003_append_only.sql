-- Answers, published taxonomies, the audit log and splits are never changed, and the database says so itself.
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME; END $$;
CREATE TRIGGER answer_is_final BEFORE UPDATE ON answer FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER taxonomy_version_is_final BEFORE UPDATE ON taxonomy_version FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER audit_is_final BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER split_is_sticky BEFORE UPDATE ON split FOR EACH ROW EXECUTE FUNCTION append_only();
