-- name: types_without_reason
-- Their newest versions: what a reviewer is offered is always of these.
select type_id, name
from screening_type as head
join screening_type_version as newest using (type_id, version)
where exists (
        select from jsonb_array_elements(newest.document -> 'rejection' -> 'reasons') as reason
        where reason ->> 'code' = any(%(codes)s)
    )
    and not exists (
        select from jsonb_array_elements(newest.document -> 'rejection' -> 'reasons') as reason
        left join reject_code on reject_code.code = reason ->> 'code'
        where reason ->> 'code' is null or (is_active and category = any(%(for_tickets)s))
    )
order by type_id;
