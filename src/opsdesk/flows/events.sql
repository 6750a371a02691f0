-- name: open_runs_of_subject
select distinct flow_run.run_id
from flow_subject
join flow_run using (run_id)
where
    flow_subject.digest = %(subject)s
    -- Also those that took this very event before, so that it may be told twice.
    and (
        flow_run.ended_at is null
        or exists (select from flow_inbox where flow_inbox.run_id = flow_run.run_id and flow_inbox.key = %(key)s)
    )
order by flow_run.run_id
limit %(limit)s;
