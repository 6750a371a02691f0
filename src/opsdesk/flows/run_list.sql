-- Parts of statements: what is picked from, which of it, and in which order. They are put together by `run_list.py`
-- and not prepared, so that the plan follows the values: an index fits each of the conditions.

-- name: pick
-- From each status for itself, so that the index gives them in order and only a page of each is read.
select run_id, procedure_id, flow_definition.digest, status, actor, started_at, ended_at, wake_at, wake_name,
    owner is not null as owned, outcome_node, outcome_reason, flow_run.definition_id,
    (select parent_id from flow_child where child_id = flow_run.run_id) as parent_id
from (
    select picked.run_id as picked_id from unnest(%(statuses)s::text[]) as wanted (status)
    cross join lateral (
        select run_id, started_at from flow_run where flow_run.status = wanted.status

-- name: pick_by_wake
-- From all statuses at once: the index has them in order.
select run_id, procedure_id, flow_definition.digest, status, actor, started_at, ended_at, wake_at, wake_name,
    owner is not null as owned, outcome_node, outcome_reason, flow_run.definition_id,
    (select parent_id from flow_child where child_id = flow_run.run_id) as parent_id
from (
    select run_id as picked_id from flow_run where status = any(%(statuses)s::text[])

-- name: count
select wanted.status, counted.runs from unnest(%(statuses)s::text[]) as wanted (status)
cross join lateral (
    select count(*) as runs from (
        select from flow_run where flow_run.status = wanted.status

-- name: started
and started_at >= %(started_from)s and started_at < %(started_to)s

-- name: of_procedure
and procedure_id = %(procedure_id)s

-- name: about
and run_id in (select flow_subject.run_id from flow_subject where digest = %(subject)s)

-- name: children_of
and run_id in (select child_id from flow_child where parent_id = %(parent)s)

-- name: whole
and not exists (select from flow_child where child_id = run_id and is_part)

-- name: ended_at_node
and outcome_node = %(outcome_node)s

-- name: with_reason
and strpos(lower(outcome_reason), lower(%(outcome_reason)s)) > 0

-- name: waiting_for
and split_part(wake_name, ':', 1) = %(waiting_for)s and ended_at is null and owner is null

-- name: overdue
and wake_at < %(overdue_before)s and wake_at is not null and owner is null

-- name: newest
        and (started_at, run_id) < (%(after)s, %(after_id)s)
        order by started_at desc, run_id desc limit %(limit)s
    ) as picked
    order by picked.started_at desc, picked.run_id desc limit %(limit)s
) as page join flow_run on run_id = picked_id join flow_definition using (definition_id, procedure_id)
order by started_at desc, run_id desc;

-- name: oldest
        and (started_at, run_id) > (%(after)s, %(after_id)s)
        order by started_at, run_id limit %(limit)s
    ) as picked
    order by picked.started_at, picked.run_id limit %(limit)s
) as page join flow_run on run_id = picked_id join flow_definition using (definition_id, procedure_id)
order by started_at, run_id;

-- name: next_wake
    and wake_at is not null and owner is null and wake_at >= %(after)s
    and (wake_at, run_id) > (%(after)s, %(after_id)s)
    order by wake_at, run_id limit %(limit)s
) as page join flow_run on run_id = picked_id join flow_definition using (definition_id, procedure_id)
order by wake_at, run_id;

-- name: no_further_than
        limit %(limit)s
    ) as found
) as counted where counted.runs > 0;
