-- name: parent_header
select definition_id, procedure_id from flow_run where run_id = %(run_id)s;

-- name: insert_children
-- Everything that a run begins with, for all of them at once, beside the fact of the parent that speaks of them.
with started as (
    insert into flow_run (run_id, definition_id, procedure_id, status, actor, started_at, wake_at, wake_name)
    select each, %(definition_id)s, %(procedure_id)s, 'running', %(actor)s, %(now)s, %(now)s, 'worker: start'
    from unnest(%(run_ids)b::uuid[]) as each
), told as (
    insert into flow_journal (run_id, seq, iteration, at, fact, node, payload)
    select run_id, 1, 1, %(now)s, 'run_started', '', payload
    from unnest(%(run_ids)b::uuid[], %(payloads)b::jsonb[]) as each (run_id, payload)
), about as (
    insert into flow_subject (digest, run_id)
    select * from unnest(%(subjects)b::bigint[], %(subject_runs)b::uuid[])
), notified as materialized (
    select pg_notify('opsdesk_flow', each::text) from unnest(%(run_ids)b::uuid[]) as each
)
select count(*) from notified;

-- name: insert_links
-- After the runs that they refer to.
insert into flow_child (child_id, parent_id, node, iteration, retries, attempt, index, is_part)
select run_id, %(parent_id)s, %(node)s, %(iteration)s, %(retries)s, %(attempt)s, place - 1, %(is_part)s
from unnest(%(run_ids)b::uuid[]) with ordinality as each (run_id, place);

-- name: insert_end
-- For a parent that is open, and stays so until this commits; the row of one that ends at this moment is waited for.
with parent as materialized (
    select run_id from flow_run where run_id = %(parent_id)s and ended_at is null for share
), kept as (
    insert into flow_inbox (run_id, kind, key, digest, node, iteration, payload, actor, at)
    select run_id, 'child', %(key)s, %(digest)s, %(node)s, %(iteration)s, %(payload)s, %(actor)s, %(now)s from parent
    on conflict (run_id, key) do nothing
    returning run_id
)
select pg_notify('opsdesk_flow', run_id::text) from kept;

-- name: insert_cancellations
-- The children are not locked, because one that ends at this moment waits for the parent.
with kept as (
    insert into flow_inbox (run_id, kind, key, digest, node, iteration, payload, actor, at)
    select each.run_id, 'cancel', %(key)s, each.digest, '', 1, each.payload, %(actor)s, %(now)s
    from unnest(%(run_ids)b::uuid[], %(digests)b::text[], %(payloads)b::jsonb[]) as each (run_id, digest, payload)
    join flow_run on flow_run.run_id = each.run_id and flow_run.ended_at is null
    on conflict (run_id, key) do nothing
    returning run_id
)
select run_id, pg_notify('opsdesk_flow', run_id::text) from kept;
