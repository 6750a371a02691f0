-- Groups go in as one JSON text: making arrays for the database takes the worker six times as long, and the worker is
-- what there is least of.

-- name: append_fact
insert into flow_journal (run_id, seq, iteration, at, fact, node, payload)
values (%(run_id)s, %(seq)s, %(iteration)s, %(at)s, %(fact)s, %(node)s, %(payload)s);

-- name: append_fact_about
with about as (
    insert into flow_subject (digest, run_id) select unnest(%(subjects)b::bigint[]), %(run_id)s
)
insert into flow_journal (run_id, seq, iteration, at, fact, node, payload)
values (%(run_id)s, %(seq)s, %(iteration)s, %(at)s, %(fact)s, %(node)s, %(payload)s);

-- name: append_start
with about as (
    insert into flow_subject (digest, run_id) select unnest(%(subjects)b::bigint[]), %(run_id)s
), started as (
    insert into flow_run (run_id, definition_id, procedure_id, status, actor, started_at, owner)
    values (%(run_id)s, %(definition_id)s, %(procedure_id)s, 'running', %(actor)s, %(started_at)s, %(owner)s)
)
insert into flow_journal (run_id, seq, iteration, at, fact, node, payload)
values (%(run_id)s, %(seq)s, %(iteration)s, %(at)s, %(fact)s, %(node)s, %(payload)s);

-- name: append_run
-- Facts of one run, with its header, where nothing from the inbox is taken. The status as in `append`.
with header as (
    update flow_run set
        status = case when flow_run.owner = %(holder)s then %(status)s::text end,
        owner = %(owner)s, wake_at = %(wake_at)s, wake_name = %(wake_name)s,
        ended_at = %(ended_at)s, outcome_node = %(outcome_node)s, outcome_reason = %(outcome_reason)s
    where run_id = %(run_id)s
)
insert into flow_journal (run_id, seq, iteration, at, fact, node, payload)
select * from jsonb_to_recordset(%(facts)s::jsonb) as fact (
    run_id uuid, seq integer, iteration integer, at timestamptz, fact text, node text, payload jsonb
);

-- name: append_facts
-- The hot path: facts of runs whose headers stay as they are.
insert into flow_journal (run_id, seq, iteration, at, fact, node, payload)
select * from jsonb_to_recordset(%(facts)s::jsonb) as fact (
    run_id uuid, seq integer, iteration integer, at timestamptz, fact text, node text, payload jsonb
);

-- name: append_facts_about
with about as (
    insert into flow_subject (digest, run_id) select * from jsonb_to_recordset(%(subjects)s::jsonb) as subject (digest bigint, run_id uuid)
)
insert into flow_journal (run_id, seq, iteration, at, fact, node, payload)
select * from jsonb_to_recordset(%(facts)s::jsonb) as fact (
    run_id uuid, seq integer, iteration integer, at timestamptz, fact text, node text, payload jsonb
);

-- name: append
-- Everything that one group of appends changes, in one statement and so in one commit.
-- The status of a run that the holder does not hold any more becomes null, which the schema refuses, and with it the
-- whole statement: a worker that was frozen must not let go of a run, or change its wake-up, in another's hands.
with about as (
    insert into flow_subject (digest, run_id) select * from jsonb_to_recordset(%(subjects)s::jsonb) as subject (digest bigint, run_id uuid)
), started as (
    insert into flow_run (
        run_id, definition_id, procedure_id, actor, started_at,
        status, owner, wake_at, wake_name, ended_at, outcome_node, outcome_reason
    )
    select * from jsonb_to_recordset(%(new_runs)s::jsonb) as run (
        run_id uuid, definition_id integer, procedure_id text, actor text, started_at timestamptz,
        status text, owner uuid, wake_at timestamptz, wake_name text, ended_at timestamptz, outcome_node text,
        outcome_reason text
    )
), header as (
    update flow_run set
        status = case when flow_run.owner = change.holder then change.status end,
        owner = change.owner, wake_at = change.wake_at, wake_name = change.wake_name,
        ended_at = change.ended_at, outcome_node = change.outcome_node, outcome_reason = change.outcome_reason
    from jsonb_to_recordset(%(headers)s::jsonb) as change (
        run_id uuid, holder uuid, status text, owner uuid, wake_at timestamptz, wake_name text, ended_at timestamptz,
        outcome_node text, outcome_reason text
    )
    where flow_run.run_id = change.run_id
), taken as (
    update flow_inbox set taken_at = %(now)s where inbox_id = any(%(taken)s::bigint[])
)
insert into flow_journal (run_id, seq, iteration, at, fact, node, payload)
select * from jsonb_to_recordset(%(facts)s::jsonb) as fact (
    run_id uuid, seq integer, iteration integer, at timestamptz, fact text, node text, payload jsonb
);
