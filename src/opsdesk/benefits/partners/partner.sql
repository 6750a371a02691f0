-- name: put_partner
insert into benefit_partner (
    provider, booking_url, cancellation_url, profile, is_legacy_allowed, grace_s, is_newest_only, is_token_optional
)
values (
    %(provider)s, %(booking_url)s, %(cancellation_url)s, %(profile)s, %(is_legacy_allowed)s, %(grace_s)s,
    %(is_newest_only)s, %(is_token_optional)s
)
on conflict (provider) do update
set booking_url = excluded.booking_url, cancellation_url = excluded.cancellation_url, profile = excluded.profile,
    is_legacy_allowed = excluded.is_legacy_allowed, grace_s = excluded.grace_s, is_newest_only = excluded.is_newest_only,
    is_token_optional = excluded.is_token_optional;

-- name: read_partner
select provider, booking_url, cancellation_url, profile, is_legacy_allowed, grace_s, is_newest_only, is_token_optional
from benefit_partner where provider = %(provider)s;

-- name: list_partners
select provider, booking_url, cancellation_url, profile, is_legacy_allowed, grace_s, is_newest_only, is_token_optional
from benefit_partner where (%(after)s::text is null or provider > %(after)s::text)
order by provider limit %(limit)s;
