-- name: set_limits
-- For this transaction only: a pooler between us and the server may hand the session on.
SELECT set_config('statement_timeout', %(timeout_ms)s, true),
       set_config('idle_in_transaction_session_timeout', %(timeout_ms)s, true)
