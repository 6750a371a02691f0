-- name: insert_quote
insert into benefit_quote (quote_id, order_id, returned, forfeited, parts, quoted_at, valid_until, trace_id, path)
values (
    %(quote_id)s, %(order_id)s, %(returned)s, %(forfeited)s, %(parts)s::jsonb, %(now)s, %(valid_until)s, %(trace_id)s, %(path)s
);

-- name: read_quote
select quote_id, order_id, returned, forfeited, valid_until from benefit_quote where quote_id = %(quote_id)s;
