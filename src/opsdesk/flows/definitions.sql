-- name: insert_definition
-- A conflicting insert waits for the other and then does nothing, so both find the same row.
insert into flow_definition (digest, procedure_id, name, version, source, file_name, created_at, stored_by)
values (
    %(digest)s, %(procedure_id)s, %(name)s, %(version)s, %(source)s, %(file_name)s, %(now)s, %(stored_by)s
)
on conflict (digest) do nothing;

-- name: stored_definition
select definition_id, procedure_id, name, version, digest, file_name, created_at, stored_by
from flow_definition where digest = %(digest)s;

-- name: read_definition
select procedure_id, source, file_name from flow_definition where definition_id = %(definition_id)s;

-- name: latest_definition
select definition_id, source, file_name from flow_definition
where procedure_id = %(procedure_id)s order by definition_id desc limit 1;

-- name: list_definitions
-- The latest version of each procedure.
select distinct on (procedure_id)
    definition_id, procedure_id, name, version, digest, file_name, created_at, stored_by
from flow_definition
where procedure_id > %(after)s
order by procedure_id, /* fixed */ definition_id desc
limit %(limit)s;

-- name: list_versions
select definition_id, procedure_id, name, version, digest, file_name, created_at, stored_by
from flow_definition where procedure_id = %(procedure_id)s
order by definition_id desc limit %(limit)s;

-- name: find_named_version
-- By what the document calls it, else by its digest or the beginning of it; of several with one name the newest.
select definition_id, procedure_id, name, version, digest, file_name, created_at, stored_by
from flow_definition
where procedure_id = %(procedure_id)s and (version = %(named)s or starts_with(digest, %(named)s))
order by version = %(named)s desc, definition_id desc limit 1;

-- name: find_version
-- By its digest, or by the beginning of it.
select definition_id, procedure_id, name, version, digest, file_name, created_at, stored_by
from flow_definition where procedure_id = %(procedure_id)s and starts_with(digest, %(digest)s)
order by definition_id desc limit 1;
