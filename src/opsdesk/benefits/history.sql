-- name: history
-- What one request left behind has one moment: what was told and made comes before the step, and the answer last.
select kind, at, trace_id, path, facts from (
    select 2 as rank, event_id as number, 'event' as kind, recorded_at as at, trace_id, path,
        jsonb_build_object('was', was, 'status', status, 'actor', actor, 'effective_at', effective_at) as facts
    from benefit_event where order_id = %(order_id)s
    union all
    select 3, 0, 'answer', answered_at, trace_id, path, jsonb_build_object('scope', scope, 'code', code, 'answer', answer)
    from benefit_answer where order_id = %(order_id)s
    union all
    select 1, 0, 'quote', quoted_at, trace_id, path,
        jsonb_build_object('returned', returned, 'forfeited', forfeited, 'valid_until', valid_until)
    from benefit_quote where order_id = %(order_id)s
    union all
    select 0, link_no, 'link', issued_at, trace_id, path,
        jsonb_build_object('purpose', purpose, 'channel', channel, 'expires_at', expires_at)
    from benefit_link where order_id = %(order_id)s
) as kept
order by at, rank, number limit %(limit)s;
