-- name: lock_run
-- For update: no worker claims it, and nothing arrives for it, until this commits.
select run_id, definition_id, procedure_id, status, owner is not null from flow_run
where run_id = %(run_id)s for update;

-- name: waiting_runs
-- Open runs of a version, in the order of their ids, in which they are locked one by one.
select run_id from flow_run
where definition_id = %(definition_id)s and ended_at is null and run_id > %(after)s
order by run_id limit %(limit)s;

-- name: count_open_runs
-- Of each version of a procedure that has some.
select definition_id, count(*) from flow_run
where procedure_id = %(procedure_id)s and ended_at is null group by definition_id;

-- name: append_migration
insert into flow_journal (run_id, seq, fact, node, iteration, payload, at)
values (%(run_id)s, %(seq)s, %(fact)s, '', 1, %(payload)s, %(now)s);

-- name: move_run
-- Only one that nobody holds.
update flow_run set
    definition_id = %(definition_id)s, status = %(status)s, wake_at = %(wake_at)s, wake_name = %(wake_name)s
where run_id = %(run_id)s and owner is null and ended_at is null;

-- name: insert_subjects
insert into flow_subject (digest, run_id)
select about.digest, %(run_id)s from unnest(%(subjects)s::bigint[]) as about (digest)
where not exists (select from flow_subject where flow_subject.run_id = %(run_id)s and flow_subject.digest = about.digest);

-- name: notify
select pg_notify('opsdesk_flow', %(run_id)s::text);
