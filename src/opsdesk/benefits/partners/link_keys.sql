-- name: lock_partner
-- Epochs are offered and acknowledged one after the other.
select from benefit_partner where provider = %(provider)s for no key update;

-- name: offer
insert into benefit_link_key (provider, kid, profile, offered_at) values (%(provider)s, %(kid)s, %(profile)s, %(now)s);

-- name: retire
update benefit_link_key set retired_at = %(now)s
where provider = %(provider)s and kid <> %(kid)s and acknowledged_at is not null and retired_at is null;

-- name: acknowledge
-- Links that others are about to write have higher numbers than those counted: the count errs on the safe side.
update benefit_link_key
set acknowledged_at = %(now)s, links_before = (select coalesce(max(link_no), 0) from benefit_link)
where provider = %(provider)s and kid = %(kid)s;

-- name: read_epoch
select provider, kid, profile, offered_at, acknowledged_at, links_before, retired_at, destroyed_at
from benefit_link_key where provider = %(provider)s and kid = %(kid)s;

-- name: list_epochs
select provider, kid, profile, offered_at, acknowledged_at, links_before, retired_at, destroyed_at
from benefit_link_key where provider = %(provider)s order by kid desc limit %(limit)s;

-- name: current_epoch
select provider, kid, profile, offered_at, acknowledged_at, links_before, retired_at, destroyed_at
from benefit_link_key
where provider = %(provider)s and acknowledged_at is not null and retired_at is null;

-- name: due
-- Locked, so that of two who ask at once the second one finds them taken.
select provider from benefit_link_key as current
where acknowledged_at is not null and retired_at is null
    and (
        acknowledged_at <= %(before)s
        or (select coalesce(max(link_no), 0) from benefit_link) - links_before >= %(links)s
    )
    and not exists (
        select from benefit_link_key as offered where offered.provider = current.provider and acknowledged_at is null
    )
order by provider for no key update skip locked;

-- name: destroy_due
update benefit_link_key set destroyed_at = %(now)s
where retired_at <= %(before)s and destroyed_at is null
returning provider, kid;
