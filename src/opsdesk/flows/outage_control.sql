-- name: count_waiting
select endpoint, count(distinct run_id), min(since) from flow_parked group by endpoint;

-- name: read_waiting
select run_id, node, procedure_id, since from flow_parked join flow_run using (run_id)
where endpoint = %(endpoint)s order by since, run_id, node limit %(limit)s;

-- name: read_customers
select customers from flow_parked where endpoint = %(endpoint)s order by since, run_id, node limit %(limit)s;
