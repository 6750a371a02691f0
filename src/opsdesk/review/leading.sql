-- name: lock_tickets
-- All at once, before the transaction locks anything else, and in the order of ids: two who lead at the same moment wait
-- in a line and never in a circle. Whoever claims or decides locks one ticket only.
select id from ticket where id = any(%(ids)s) order by id for update;
