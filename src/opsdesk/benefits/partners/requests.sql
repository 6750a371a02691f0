-- name: remember_nonce
-- No row: it was seen. A second request with it waits here until the first one's transaction has ended.
insert into benefit_partner_nonce (provider, nonce, seen_at) values (%(provider)s, %(nonce)s, %(now)s)
on conflict (provider, nonce) do update set seen_at = excluded.seen_at
where benefit_partner_nonce.seen_at < %(before)s;

-- name: forget_nonces
-- What somebody is using again at this moment is theirs.
delete from benefit_partner_nonce where (provider, nonce) in (
    select provider, nonce from benefit_partner_nonce where seen_at < %(before)s
    order by seen_at limit %(limit)s for update skip locked
);

-- name: count_since
-- The one that was just remembered is among them.
select count(*) from benefit_partner_nonce where provider = %(provider)s and seen_at > %(since)s;
