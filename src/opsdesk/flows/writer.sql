-- Arrays go in binary (`b`): dumping them as text takes three to twenty times as long.

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
-- Facts of one run, with its header. The status as in `append`.
with header as (
    update flow_run set
        status = case when flow_run.owner = %(holder)s then %(status)s::text end,
        owner = %(owner)s, wake_at = %(wake_at)s, wake_name = %(wake_name)s,
        ended_at = %(ended_at)s, outcome_node = %(outcome_node)s, outcome_reason = %(outcome_reason)s
    where run_id = %(run_id)s
), taken as (
    update flow_inbox set taken_at = %(now)s where inbox_id = any(%(taken)s::bigint[])
)
insert into flow_journal (run_id, seq, iteration, at, fact, node, payload)
select * from unnest(
    %(run_ids)b::uuid[], %(seqs)b::integer[], %(iterations)b::integer[], %(ats)b::timestamptz[],
    %(facts)b::text[], %(nodes)b::text[], %(payloads)b::jsonb[]
);

-- name: append_facts
-- The hot path: facts of runs whose headers stay as they are.
insert into flow_journal (run_id, seq, iteration, at, fact, node, payload)
select * from unnest(
    %(run_ids)b::uuid[], %(seqs)b::integer[], %(iterations)b::integer[], %(ats)b::timestamptz[],
    %(facts)b::text[], %(nodes)b::text[], %(payloads)b::jsonb[]
);

-- name: append_facts_about
with about as (
    insert into flow_subject (digest, run_id) select * from unnest(%(subjects)b::bigint[], %(subject_runs)b::uuid[])
)
insert into flow_journal (run_id, seq, iteration, at, fact, node, payload)
select * from unnest(
    %(run_ids)b::uuid[], %(seqs)b::integer[], %(iterations)b::integer[], %(ats)b::timestamptz[],
    %(facts)b::text[], %(nodes)b::text[], %(payloads)b::jsonb[]
);

-- name: append
-- Everything that one group of appends changes, in one statement and so in one commit.
-- The status of a run that the holder does not hold any more becomes null, which the schema refuses, and with it the
-- whole statement: a worker that was frozen must not let go of a run, or change its wake-up, in another's hands.
with about as (
    insert into flow_subject (digest, run_id) select * from unnest(%(subjects)b::bigint[], %(subject_runs)b::uuid[])
), started as (
    insert into flow_run (
        run_id, definition_id, procedure_id, actor, started_at,
        status, owner, wake_at, wake_name, ended_at, outcome_node, outcome_reason
    )
    select * from unnest(
        %(new_ids)b::uuid[], %(new_definitions)b::integer[], %(new_procedures)b::text[], %(new_actors)b::text[],
        %(new_ats)b::timestamptz[], %(new_statuses)b::text[], %(new_owners)b::uuid[], %(new_wake_ats)b::timestamptz[],
        %(new_wake_names)b::text[], %(new_ended_ats)b::timestamptz[], %(new_outcome_nodes)b::text[],
        %(new_outcome_reasons)b::text[]
    )
), header as (
    update flow_run set
        status = case when flow_run.owner = change.holder then change.status end,
        owner = change.owner, wake_at = change.wake_at, wake_name = change.wake_name,
        ended_at = change.ended_at, outcome_node = change.outcome_node, outcome_reason = change.outcome_reason
    from unnest(
        %(header_ids)b::uuid[], %(holders)b::uuid[], %(statuses)b::text[], %(owners)b::uuid[],
        %(wake_ats)b::timestamptz[], %(wake_names)b::text[], %(ended_ats)b::timestamptz[], %(outcome_nodes)b::text[],
        %(outcome_reasons)b::text[]
    ) as change (
        run_id, holder, status, owner, wake_at, wake_name, ended_at, outcome_node, outcome_reason
    )
    where flow_run.run_id = change.run_id
), taken as (
    update flow_inbox set taken_at = %(now)s where inbox_id = any(%(taken)s::bigint[])
)
insert into flow_journal (run_id, seq, iteration, at, fact, node, payload)
select * from unnest(
    %(run_ids)b::uuid[], %(seqs)b::integer[], %(iterations)b::integer[], %(ats)b::timestamptz[],
    %(facts)b::text[], %(nodes)b::text[], %(payloads)b::jsonb[]
);
