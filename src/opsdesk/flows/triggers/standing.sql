-- name: show
select trigger_id, flow_trigger.procedure_id, flow_trigger.name, kind, flow_trigger.state, flow_trigger.definition_id,
    flow_definition.digest,
    flow_definition.version, declared, due_at, changed_at, changed_by,
    (select newest.digest from flow_definition as newest where newest.procedure_id = flow_trigger.procedure_id
        order by newest.definition_id desc limit 1) as newest,
    last.at as last_at, last.state as last_state, last.run_id as last_run_id
from flow_trigger
left join flow_definition using (definition_id)
left join lateral (
    select at, flow_delivery.state, run_id from flow_delivery
    where flow_delivery.trigger_id = flow_trigger.trigger_id order by delivery_id desc limit 1
) as last on true

-- name: by_name
where flow_trigger.procedure_id = %(procedure_id)s and flow_trigger.name = %(name)s

-- name: page
where (flow_trigger.procedure_id, flow_trigger.name) > (%(after)s, %(after_name)s)
    and (%(procedure_id)s::text is null or flow_trigger.procedure_id = %(procedure_id)s)
    and (%(kind)s::text is null or kind = %(kind)s)
    and (%(state)s::text is null or flow_trigger.state = %(state)s)
order by flow_trigger.procedure_id, flow_trigger.name
limit %(limit)s

-- name: lock
-- Against whoever changes or fires it at the same time.
select trigger_id from flow_trigger where procedure_id = %(procedure_id)s and name = %(name)s for update;

-- name: change
update flow_trigger set
    state = %(state)s, definition_id = %(definition_id)s, declared = %(declared)s, path = %(path)s, event = %(event)s,
    due_at = %(due_at)s, changed_at = %(now)s, changed_by = %(by)s, kind = %(kind)s
where trigger_id = %(trigger_id)s;

-- name: lock_path
-- Two that want one path take turns: the second finds what the first has written.
select pg_advisory_xact_lock(hashtextextended('opsdesk webhook path ' || %(path)s, 0));

-- name: holder
select procedure_id, name from flow_trigger where path = %(path)s and trigger_id <> %(trigger_id)s;
