-- name: escalate
update ticket set role = %(role)s, priority = %(priority)s, row_version = row_version + 1 where id = %(id)s;

-- name: move_clock
update ticket set due_at = %(due_at)s, stands_since = %(stands_since)s, row_version = row_version + 1 where id = %(id)s;

-- name: escalation_due
-- Whoever decides one of them at this moment has it locked: it is passed over, and needs no escalation afterwards.
select id, escalate_priority, escalate_role from ticket
where status = 'open' and escalate_at <= %(now)s
order by id limit %(rows)s for update skip locked;

-- name: escalated
update ticket set escalate_at = null where id = %(id)s;
