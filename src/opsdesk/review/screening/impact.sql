-- name: adapts_of_type
select adapt_id, head.version, document
from screening_adapt as head
join screening_adapt_version using (adapt_id, version)
where head.type_id = %(type_id)s order by adapt_id;

-- name: count_waiting
select count(*) from ticket where type_id = %(type_id)s and status = 'open';
