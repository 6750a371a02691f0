-- name: lock_rate
insert into flow_rate (rate_key, slots) values (%(rate_key)s, '{}')
on conflict (rate_key) do update set slots = flow_rate.slots
returning slots;

-- name: write_rate
update flow_rate set slots = %(slots)s where rate_key = %(rate_key)s;
