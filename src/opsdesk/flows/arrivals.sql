-- name: count_retries
select count(*) from flow_journal
where run_id = %(run_id)s and node = %(node)s and iteration = %(iteration)s and fact = 'node_retried';
