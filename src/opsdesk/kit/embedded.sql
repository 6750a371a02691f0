-- name: database_exists
SELECT 1 FROM pg_database WHERE datname = %(name)s

-- The name is the constant DATABASE of the module: an identifier cannot be a parameter.
-- name: create_database
CREATE DATABASE opsdesk
