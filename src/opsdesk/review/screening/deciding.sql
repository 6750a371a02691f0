-- name: share_type
-- An edit of the type waits until this decision is made, and the other way round.
select type_id from screening_type where type_id = %(type_id)s for share;

-- name: insert_decision
insert into screening_decision
    (ticket_id, number, verdict, type_id, rejection_version, reasons, codes, remark)
values
    (%(ticket_id)s, %(number)s, %(verdict)s, %(type_id)s, %(rejection_version)s, %(reasons)s::json, %(codes)s, %(remark)s);

-- name: decisions
select ticket_id, number, verdict, rejection_version, reasons, codes, remark
from screening_decision where ticket_id = %(ticket_id)s order by number;

-- name: draw_key
select key from review_draw_key order by key_id desc limit 1;
