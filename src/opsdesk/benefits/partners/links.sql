-- name: insert_link
insert into benefit_link (
    jti, digest, order_id, purpose, channel, provider, kid, issued_at, expires_at, trace_id, path
)
values (
    %(jti)s, %(digest)s, %(order_id)s, %(purpose)s, %(channel)s, %(provider)s, %(kid)s, %(issued_at)s, %(expires_at)s,
    %(trace_id)s, %(path)s
)
returning link_no, jti, order_id, purpose, channel, provider, kid, issued_at, expires_at, trace_id, path;

-- name: find_link
select link_no, jti, order_id, purpose, channel, provider, kid, issued_at, expires_at, trace_id, path
from benefit_link where digest = %(digest)s;

-- name: newest_link
select link_no, jti, order_id, purpose, channel, provider, kid, issued_at, expires_at, trace_id, path
from benefit_link where order_id = %(order_id)s and purpose = %(purpose)s order by link_no desc limit 1;
