-- name: next_due
-- The one that waits longest, unless another worker has it or it failed just now.
select procedure_id, name from flow_trigger
where due_at <= %(now)s and due_at is not null and trigger_id <> all(%(but)s)
order by due_at, trigger_id limit 1 for update skip locked;

-- name: due_next_at
update flow_trigger set due_at = %(due_at)s where trigger_id = %(trigger_id)s;

-- name: overdue
select procedure_id, name, due_at from flow_trigger where due_at < %(before)s order by due_at limit %(limit)s;
