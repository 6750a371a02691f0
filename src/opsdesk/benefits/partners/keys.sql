-- name: lock_partner
-- Keys are counted and added one after the other.
select from benefit_partner where provider = %(provider)s for no key update;

-- name: same_key
select key_id from benefit_partner_key where sha256(public_key) = sha256(%(public_key)s);

-- name: add_key
insert into benefit_partner_key (key_id, provider, algorithm, public_key, added_at)
values (%(key_id)s, %(provider)s, %(algorithm)s, %(public_key)s, %(now)s);

-- name: end_key
update benefit_partner_key set ends_at = %(ends_at)s
where key_id = %(key_id)s and provider = %(provider)s and (ends_at is null or ends_at > %(ends_at)s);

-- name: read_key
select key_id, provider, algorithm, public_key, added_at, ends_at
from benefit_partner_key where key_id = %(key_id)s and provider = %(provider)s;

-- name: list_keys
select key_id, provider, algorithm, public_key, added_at, ends_at
from benefit_partner_key where provider = %(provider)s order by added_at desc, key_id desc limit %(limit)s;
