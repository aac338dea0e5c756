-- Answers, published taxonomies, the audit log and splits are never changed, and the database says so itself.
CREATE TRIGGER answer_is_final BEFORE UPDATE ON answer BEGIN SELECT RAISE(ABORT, 'append-only: answer'); END;
CREATE TRIGGER taxonomy_version_is_final BEFORE UPDATE ON taxonomy_version BEGIN SELECT RAISE(ABORT, 'append-only: taxonomy_version'); END;
CREATE TRIGGER audit_is_final BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'append-only: audit'); END;
CREATE TRIGGER split_is_sticky BEFORE UPDATE ON split BEGIN SELECT RAISE(ABORT, 'append-only: split'); END;
