-- name: declare
insert into flow_trigger (procedure_id, name, kind, state, declared, changed_at, changed_by)
values (%(procedure_id)s, %(name)s, %(kind)s, 'inactive', %(declared)s, %(now)s, %(by)s)
on conflict (procedure_id, name) do nothing;
