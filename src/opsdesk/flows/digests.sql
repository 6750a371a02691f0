-- name: ends_to_record
select run_id from flow_run where ended_at is not null and not end_recorded
order by run_id limit %(limit)s for no key update skip locked;

-- name: digests
-- Made by the database, so that no journal travels: each fact in PostgreSQL's own text of a jsonb array, times in
-- microseconds since 1970 and so in no time zone, one fact a line.
select run_id, count(*)::integer, encode(sha256(string_agg(
    convert_to(
        jsonb_build_array(
            seq, fact, (extract(epoch from at) * 1000000)::bigint, node, iteration, payload
        )::text, 'UTF8'
    ), '\x0a' order by seq
)), 'hex')
from flow_journal where run_id = any(%(run_ids)s) group by run_id;

-- name: note_recorded
update flow_run set end_recorded = true where run_id = any(%(run_ids)s);

-- name: count_recorded
select count(*) from flow_run where end_recorded;
