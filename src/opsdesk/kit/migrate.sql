-- name: create_table
CREATE TABLE IF NOT EXISTS schema_migration (
    version integer PRIMARY KEY,
    name text NOT NULL,
    digest text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)

-- name: table_exists
SELECT to_regclass('schema_migration') IS NOT NULL

-- name: applied
SELECT version, name, digest FROM schema_migration ORDER BY version

-- name: record
INSERT INTO schema_migration (version, name, digest) VALUES (%(version)s, %(name)s, %(digest)s)

-- The lock belongs to the session, because it has to outlast the transaction of each migration.
-- name: take_turn
SELECT pg_advisory_lock(%(key)s)

-- name: limit_session_wait
SELECT set_config('lock_timeout', %(timeout)s, false)

-- name: limit_transaction_wait
SELECT set_config('lock_timeout', %(timeout)s, true)
