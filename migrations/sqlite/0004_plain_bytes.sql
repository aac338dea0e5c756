-- In PostgreSQL parts of blobs are no longer packed; here blobs are files.
SELECT 1;
