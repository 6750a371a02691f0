-- name: children
select child_id as run_id, node, iteration, index, is_part, flow_run.procedure_id, flow_definition.digest, status,
    started_at, ended_at, wake_at, wake_name, owner is not null as owned, outcome_node, outcome_reason
from flow_child
join flow_run on flow_run.run_id = flow_child.child_id
join flow_definition on flow_definition.definition_id = flow_run.definition_id
where parent_id = %(parent_id)s and child_id > %(after)s
order by child_id limit %(limit)s;

-- name: count_children
select node, status, count(*) from flow_child
join flow_run on flow_run.run_id = flow_child.child_id
where parent_id = %(parent_id)s group by node, status order by node, status;

-- name: parent
select parent_id as run_id, flow_run.procedure_id, node, iteration, index, is_part
from flow_child join flow_run on flow_run.run_id = flow_child.parent_id
where child_id = %(run_id)s;
