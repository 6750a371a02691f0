-- name: make_account_table
CREATE TABLE IF NOT EXISTS account (
    customer_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL UNIQUE,
    api_key TEXT,
    billing_profile_id TEXT,
    tier TEXT NOT NULL,
    defaults_set INTEGER NOT NULL
);

-- name: make_call_table
CREATE TABLE IF NOT EXISTS provisioning_call (
    provisioning_call_id INTEGER PRIMARY KEY,
    customer_id TEXT NOT NULL,
    argv TEXT NOT NULL,
    environment TEXT NOT NULL
);

-- name: add_call
INSERT INTO provisioning_call (customer_id, argv, environment) VALUES (:customer_id, :argv, :environment);

-- name: add_account
INSERT INTO account (customer_id, account_id, api_key, billing_profile_id, tier, defaults_set)
VALUES (:customer_id, :account_id, :api_key, :billing_profile_id, :tier, :defaults_set)
ON CONFLICT (customer_id) DO NOTHING;

-- name: account
SELECT account_id, api_key, billing_profile_id FROM account WHERE customer_id = :customer_id;
