-- Someone has written these bytes and has not said yet what refers to them: they stay. The row goes in the transaction
-- that writes what refers to them. It names no blob by a foreign key, because it is there before the blob is.
CREATE TABLE blob_pin (
  id         BIGINT PRIMARY KEY,
  key        TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX blob_pin_key ON blob_pin (key);
-- Whether a blob may go is asked by its key.
CREATE INDEX source_upload ON source (upload) WHERE upload IS NOT NULL;
CREATE INDEX release_file_hash ON release_file (hash);
