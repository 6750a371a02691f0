-- name: find
select name, provider, month, rows, total_fen, bytes, sha256, content_sha256, manifest, closed_at as generated_at, published_at,
    notified_at, notice_problem,
    (select count(*) from benefit_settlement_access as access where access.name = file.name and kind = 'fetch') as downloads
from benefit_settlement_file as file join benefit_period using (month)
where name = %(name)s and (%(provider)s::text is null or provider = %(provider)s);

-- name: list
select name, provider, month, rows, total_fen, bytes, sha256, content_sha256, manifest, closed_at as generated_at, published_at,
    notified_at, notice_problem,
    (select count(*) from benefit_settlement_access as access where access.name = file.name and kind = 'fetch') as downloads
from benefit_settlement_file as file join benefit_period using (month)
where (%(provider)s::text is null or provider = %(provider)s)
    and (%(month)s::date is null or month = %(month)s)
    and (%(after_month)s::date is null or month < %(after_month)s
        or (month = %(after_month)s and provider > %(after_provider)s))
order by month desc, provider limit %(limit)s;

-- name: issued_of
select provider from benefit_settlement_file where month = %(month)s;

-- name: insert
-- Two that made it at the same time made the same.
insert into benefit_settlement_file (provider, month, name, rows, total_fen, bytes, sha256, content_sha256, manifest, published_at)
values (%(provider)s, %(month)s, %(name)s, %(rows)s, %(total_fen)s, %(bytes)s, %(sha256)s, %(content_sha256)s, %(manifest)s, %(now)s)
on conflict do nothing;

-- name: accesses
select at, kind, actor, client, range_begin, range_end from benefit_settlement_access
where name = %(name)s order by access_id desc limit %(limit)s;

-- name: totals
with month as (
    select distinct month from benefit_settlement_file order by month desc limit %(months)s
), largest as (
    select provider from benefit_settlement_file join month using (month)
    group by provider order by sum(total_fen) desc, provider limit %(providers)s
)
select provider, name_zh, name_en, month, rows, total_fen
from benefit_settlement_file join month using (month) join largest using (provider) join benefit_provider using (provider)
order by month, provider;
