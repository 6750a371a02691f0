-- name: has_accounts
SELECT count(*) AS tables FROM sqlite_master WHERE type = 'table' AND name = 'provisioning_call';

-- name: accounts
SELECT account.customer_id, account_id, billing_profile_id, tier,
       (SELECT count(*) FROM provisioning_call WHERE provisioning_call.customer_id = account.customer_id) AS calls
FROM account
ORDER BY account.rowid;

-- name: calls
SELECT customer_id, argv, environment FROM provisioning_call ORDER BY provisioning_call_id;

-- name: reset
DELETE FROM account;
DELETE FROM provisioning_call;
