-- What an import has to tell the people who brought it: rows whose event time can't be read, and sentences (a JSON list).
ALTER TABLE source ADD COLUMN n_undated BIGINT NOT NULL DEFAULT 0;
ALTER TABLE source ADD COLUMN notes TEXT NOT NULL DEFAULT '[]';
