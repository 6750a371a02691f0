-- name: take_turns
-- Whoever comes with the same flow number at the same moment waits, and finds what the first has left.
select pg_advisory_xact_lock(hashtextextended(%(flow_no)s, 0));

-- name: show_application
select flow_no, content_sha256, answer, group_id, revision, rule, methods, ticket_id
from screening_application where flow_no = %(flow_no)s;

-- name: insert_application
insert into screening_application
    (flow_no, content_sha256, application, scene, user_id, answer, group_id, revision, rule, methods, ticket_id,
    received_at, actor)
values
    (%(flow_no)s, %(content_sha256)s, %(application)s, %(scene)s, %(user_id)s, %(answer)s, %(group_id)s, %(revision)s,
    %(rule)s, %(methods)s, %(ticket_id)s, %(now)s, %(actor)s);
