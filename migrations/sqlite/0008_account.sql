-- Sessions say when they began and when they were last seen, so that people can look after their own.
ALTER TABLE session ADD COLUMN began_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;
-- A session lasted 14 days from when it was last written.
UPDATE session SET began_at = expires_at - 1209600000000, seen_at = expires_at - 1209600000000;

-- The secret that a person's app makes codes from, and the step of the last code that was taken: none is taken twice.
CREATE TABLE second_factor (
  person_id  INTEGER PRIMARY KEY REFERENCES person (id),
  secret     TEXT NOT NULL,
  last_step  BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);

-- What opens the door without the app, once each. Only hashes.
CREATE TABLE recovery_code (
  hash      TEXT PRIMARY KEY,
  person_id BIGINT NOT NULL REFERENCES person (id),
  used_at   BIGINT
);
CREATE INDEX recovery_code_person ON recovery_code (person_id);
