-- Providers on the open platform: how they are reached, what their requests are signed with, and the links that lead to them.

-- How a provider is served. One without a row gets no links, and its requests are not taken.
create table benefit_partner (
    provider text collate "C" primary key references benefit_provider,
    -- Where customers go, for each purpose; what they carry is added as `request`.
    booking_url text not null check (booking_url ~ '^https?://'),
    cancellation_url text not null check (cancellation_url ~ '^https?://'),
    -- With what the next link key seals.
    profile text not null default 'gcm' check (profile in ('gcm', 'sm', 'legacy-ecb')),
    -- Has to be given before a profile that keeps so little is taken.
    is_legacy_allowed boolean not null default false check (profile <> 'legacy-ecb' or is_legacy_allowed),
    -- How long after its 20 minutes a link is still taken.
    grace_s integer not null default 0 check (grace_s between 0 and 300),
    -- Only the newest link of an order counts.
    is_newest_only boolean not null default false,
    -- Requests without a token are judged by the newest link of the order.
    is_token_optional boolean not null default false
);

-- Public keys of partners: what they sign with, and to which link keys are sealed.
create table benefit_partner_key (
    key_id text collate "C" primary key check (key_id ~ '^pk_[0-9a-z]{16}$'),
    provider text collate "C" not null references benefit_partner,
    algorithm text not null check (algorithm in ('ed25519', 'rsa2', 'sm2', 'x25519')),
    -- SubjectPublicKeyInfo, DER; of sm2 the point, uncompressed.
    public_key bytea not null,
    added_at timestamptz not null,
    -- From when on it is not taken any more; the time until then is the overlap with its successor.
    ends_at timestamptz
);

-- Two partners with one key could sign for each other.
create unique index benefit_partner_key_once on benefit_partner_key (sha256(public_key));
create index benefit_partner_key_of_partner on benefit_partner_key (provider, added_at, key_id);

create trigger benefit_partner_key_is_fixed before update of key_id, provider, algorithm, public_key, added_at
on benefit_partner_key for each row execute function refuse_to_change_evidence();

create trigger benefit_partner_key_is_kept before delete or truncate on benefit_partner_key
for each statement execute function refuse_to_change_evidence();

-- What a partner has used in a signed request, for as long as the request could come again.
create table benefit_partner_nonce (
    provider text collate "C" not null,
    nonce text collate "C" not null,
    seen_at timestamptz not null,
    primary key (provider, nonce)
);

create index benefit_partner_nonce_to_forget on benefit_partner_nonce (seen_at);

-- The epochs of a partner's link key. The key itself comes from the master secret and is kept nowhere.
create table benefit_link_key (
    provider text collate "C" not null references benefit_partner,
    kid integer not null check (kid between 1 and 65535),
    profile text not null check (profile in ('gcm', 'sm', 'legacy-ecb')),
    offered_at timestamptz not null,
    -- The partner has it: from now on links are sealed with it.
    acknowledged_at timestamptz check (acknowledged_at >= offered_at),
    -- How many links there were then, of all partners: no more than those since were sealed with it.
    links_before bigint,
    -- Another one has taken its place: it opens what it sealed, for a while.
    retired_at timestamptz check (retired_at >= acknowledged_at),
    destroyed_at timestamptz check (destroyed_at >= retired_at),
    check ((acknowledged_at is null) = (links_before is null)),
    check (retired_at is null or acknowledged_at is not null),
    check (destroyed_at is null or retired_at is not null),
    primary key (provider, kid)
);

-- Of each partner one is offered and one is current, at most.
create unique index benefit_link_key_offered on benefit_link_key (provider) where acknowledged_at is null;
create unique index benefit_link_key_current on benefit_link_key (provider)
where acknowledged_at is not null and retired_at is null;
create index benefit_link_key_to_destroy on benefit_link_key (retired_at) where destroyed_at is null;

create trigger benefit_link_key_is_kept before delete or truncate on benefit_link_key
for each statement execute function refuse_to_change_evidence();

-- Each link that was given out. The token itself is kept nowhere.
create table benefit_link (
    link_no bigint generated always as identity primary key,
    jti bytea not null check (length(jti) = 8),
    -- The first half of the SHA-256 of the token: what comes back is one that was given out.
    digest bytea not null unique check (length(digest) = 16),
    order_id uuid not null references benefit_order,
    purpose smallint not null check (purpose in (1, 2)),
    channel text not null check (channel in ('mobile', 'phone', 'crm')),
    provider text collate "C" not null,
    kid integer not null,
    issued_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > issued_at),
    trace_id text not null default '',
    path text not null default '',
    foreign key (provider, kid) references benefit_link_key
);

create index benefit_link_of_order on benefit_link (order_id, purpose, link_no);

create trigger benefit_link_is_append_only before update or delete or truncate on benefit_link
for each statement execute function refuse_to_change_evidence();
