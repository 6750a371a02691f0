-- name: raise
-- The facts are those of the last time. Whoever else raises it at this moment waits, and counts on.
insert into review_alert (kind, cause, facts, first_at, last_at)
values (%(kind)s, %(cause)s, %(facts)s, %(now)s, %(now)s)
on conflict (kind, cause) where closed_at is null do update
set facts = excluded.facts, times = review_alert.times + 1, last_at = excluded.last_at;

-- name: open
select alert_id, kind, facts, times, first_at, last_at from review_alert
where closed_at is null order by last_at desc, alert_id desc limit %(rows)s;

-- name: close
update review_alert set closed_at = %(now)s, closed_by = %(closed_by)s
where alert_id = %(alert_id)s and closed_at is null
returning kind;

-- name: count
select kind, count(*) from review_alert where closed_at is null group by kind;

-- name: about
select alert_id, kind, facts, times, first_at, last_at from review_alert
where closed_at is null and (facts ->> 'flow_no' = %(flow_no)s or facts ->> 'ticket_id' = %(ticket_id)s)
order by last_at desc, alert_id desc limit %(rows)s;
