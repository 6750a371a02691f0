-- name: latest_runs
-- The latest of a procedure, whatever became of them: from each status for itself, so that the index gives them.
select run_id, definition_id, status, started_at, ended_at from (
    select picked.* from unnest(%(statuses)s::text[]) as wanted (status)
    cross join lateral (
        select run_id, definition_id, status, started_at, ended_at from flow_run
        where procedure_id = %(procedure_id)s and flow_run.status = wanted.status
            and not exists (select from flow_child where child_id = run_id and is_part)
        order by started_at desc limit %(limit)s
    ) as picked
) as found
order by started_at desc limit %(limit)s;
