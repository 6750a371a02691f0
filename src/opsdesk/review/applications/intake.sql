-- name: take_turns
-- Whoever comes with the same flow number at the same moment waits, and finds what the first has left.
select pg_advisory_xact_lock(hashtextextended(%(flow_no)s, 0));

-- name: show_application
select flow_no, content_sha256, answer, application.group_id, application.revision, rule, methods, ticket_id,
    strategy_group.name as group
from screening_application as application
left join strategy_group using (group_id)
where flow_no = %(flow_no)s;

-- name: insert_application
insert into screening_application
    (flow_no, content_sha256, application, scene, user_id, answer, group_id, revision, rule, methods, ticket_id,
    received_at, actor, content)
values
    (%(flow_no)s, %(content_sha256)s, %(application)s, %(scene)s, %(user_id)s, %(answer)s, %(group_id)s, %(revision)s,
    %(rule)s, %(methods)s, %(ticket_id)s, %(now)s, %(actor)s, %(content)s);
