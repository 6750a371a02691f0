-- name: put_account
INSERT INTO provider_account (provider, name, bank_url, key_id, services)
VALUES (:provider, :name, :bank_url, :key_id, :services)
ON CONFLICT (provider) DO UPDATE
SET name = excluded.name, bank_url = excluded.bank_url, key_id = excluded.key_id, services = excluded.services

-- name: account
SELECT provider, name, bank_url, key_id, services FROM provider_account WHERE provider = :provider

-- name: all_accounts
SELECT provider, name, bank_url, key_id, services FROM provider_account ORDER BY provider

-- name: forget_accounts
DELETE FROM provider_account
