-- name: put_provider
insert into benefit_provider (provider, name_zh, name_en, is_open) values (%(provider)s, %(name_zh)s, %(name_en)s, %(is_open)s)
on conflict (provider) do update
set name_zh = excluded.name_zh, name_en = excluded.name_en, is_open = excluded.is_open;

-- name: lock_provider
-- Nothing is read by it: a statement that waited for the lock has a snapshot from before.
select from benefit_provider where provider = %(provider)s for no key update;

-- name: lock_service
select from benefit_service where service = %(service)s for no key update;

-- name: put_service
insert into benefit_service (service, provider, name_zh, name_en, points, settle_fen, is_open, stock, quota)
values (
    %(service)s, %(provider)s, %(name_zh)s, %(name_en)s, %(points)s, %(settle_fen)s, %(is_open)s, %(stock)s, %(quota)s
)
on conflict (service) do update
set name_zh = excluded.name_zh, name_en = excluded.name_en, points = excluded.points, settle_fen = excluded.settle_fen,
    is_open = excluded.is_open, stock = excluded.stock, quota = excluded.quota;

-- name: read_provider
select provider, name_zh, name_en, is_open from benefit_provider where provider = %(provider)s;

-- name: read_service
select service, provider, name_zh, name_en, points, settle_fen, is_open, stock, quota
from benefit_service where service = %(service)s;

-- name: list_providers
select provider, name_zh, name_en, is_open from benefit_provider
where (%(after)s::text is null or provider > %(after)s::text)
order by provider limit %(limit)s;

-- name: list_services
select service, provider, name_zh, name_en, points, settle_fen, is_open, stock, quota
from benefit_service
where (%(after)s::text is null or service > %(after)s::text)
    and (%(provider)s::text is null or provider = %(provider)s::text)
    and (not %(open_only)s or (
        is_open and stock is distinct from 0
        and (select benefit_provider.is_open from benefit_provider where benefit_provider.provider = benefit_service.provider)
    ))
order by service limit %(limit)s;
