-- name: troubled_nodes
-- Open runs that a failure holds up now: a node waits for its next attempt, or for an operator after the last one. From
-- the headers, which name what a run waits for; since when and why, from the journals of these runs only.
with troubled as materialized (
    select run_id, definition_id, procedure_id, wake_at, status,
        regexp_replace(wake_name, '^(timer: attempt \d+ of |operator: incident at )', '') as node,
        wake_name like 'timer:%%' as is_retried
    from flow_run
    where ended_at is null and owner is null and split_part(wake_name, ':', 1) in ('timer', 'operator')
        and (wake_name like 'timer: attempt %%' or wake_name like 'operator: incident at %%')
    limit %(runs_max)s
)
select max(definition_id), procedure_id, troubled.node,
    count(distinct troubled.run_id) as runs,
    count(distinct troubled.run_id) filter (where is_retried) as retried,
    min(wake_at) as next_at,
    min(flow_journal.at) as since,
    max(flow_journal.at) as last_at,
    (array_agg(payload ->> 'code' order by flow_journal.at desc))[1] as code,
    (array_agg(payload ->> 'message' order by flow_journal.at desc))[1] as message
from troubled join flow_journal on flow_journal.run_id = troubled.run_id and flow_journal.node = troubled.node
    and fact in ('attempt_failed', 'node_failed', 'node_blocked')
group by procedure_id, troubled.node
order by runs desc, procedure_id, troubled.node
limit %(limit)s;

-- name: list_workers
select worker_id, name, lease_until, lease_until > clock_timestamp() as alive,
    extract(epoch from lease_until - clock_timestamp())::float8 as left_s,
    (select count(*) from flow_run where owner = worker_id) as runs
from flow_worker order by alive desc, name, worker_id limit %(limit)s;
