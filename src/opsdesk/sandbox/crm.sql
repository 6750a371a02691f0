-- name: assign
INSERT INTO csm_assignment (account_id, csm_number)
SELECT :account_id, count(*) % :csm_count + 1 FROM csm_assignment
WHERE true
ON CONFLICT (account_id) DO NOTHING;

-- name: assigned
SELECT csm_number FROM csm_assignment WHERE account_id = :account_id;
