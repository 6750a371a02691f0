-- Settlement with those who render services: months that were closed, their files, and who fetched them.

-- From when on what the files say of customers is kept for good.
alter table benefit_period add column frozen_at timestamptz;

-- Who gets a file of a closed month: every provider that there was when it was closed.
create table benefit_settlement_due (
    month date not null references benefit_period,
    provider text collate "C" not null references benefit_provider,
    primary key (month, provider)
);

create trigger benefit_settlement_due_is_append_only before update or delete or truncate on benefit_settlement_due
for each statement execute function refuse_to_change_evidence();

-- What a file says of a customer, as it was when the month was closed: customers change their names, and files stay.
create table benefit_settlement_customer (
    month date not null references benefit_period,
    provider text collate "C" not null references benefit_provider,
    customer_id text collate "C" not null,
    -- The same for a customer in all files of a provider, and in those of no other.
    customer_hash text not null check (customer_hash ~ '^[0-9a-f]{32}$'),
    masked_name text not null,
    masked_mobile text not null,
    primary key (month, provider, customer_id)
);

create trigger benefit_settlement_customer_is_append_only before update or delete or truncate on benefit_settlement_customer
for each statement execute function refuse_to_change_evidence();

-- A file that was issued, by the provider and the month that it is of.
create table benefit_settlement_file (
    provider text collate "C" not null,
    month date not null,
    name text collate "C" not null unique,
    -- Lines of the month, of months before it, and of disputes that were paid.
    rows bigint not null check (rows >= 0),
    total_fen bigint not null check (total_fen >= 0),
    bytes bigint not null check (bytes > 0),
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    -- Of what is in it, before it was compressed.
    content_sha256 text not null check (content_sha256 ~ '^[0-9a-f]{64}$'),
    manifest text not null,
    published_at timestamptz not null,
    -- When the provider was told, and what kept it from being told the last time.
    notified_at timestamptz,
    notice_problem text,
    primary key (provider, month),
    foreign key (month, provider) references benefit_settlement_due
);

create index benefit_settlement_file_of_month on benefit_settlement_file (month, provider);

create trigger benefit_settlement_file_is_fixed before update of provider, month, name, rows, total_fen, bytes, sha256,
    content_sha256, manifest, published_at
on benefit_settlement_file for each row execute function refuse_to_change_evidence();

create trigger benefit_settlement_file_is_kept before delete or truncate on benefit_settlement_file
for each statement execute function refuse_to_change_evidence();

-- Who got an address to fetch a file from, and what was fetched by it.
create table benefit_settlement_access (
    access_id bigint generated always as identity primary key,
    name text collate "C" not null references benefit_settlement_file (name),
    at timestamptz not null,
    kind text not null check (kind in ('address', 'fetch')),
    actor text not null,
    -- Of a fetch: the first byte and the one behind the last.
    range_begin bigint check (range_begin >= 0),
    range_end bigint check (range_end >= range_begin),
    client text not null default '',
    check ((kind = 'fetch') = (range_begin is not null)),
    check ((kind = 'fetch') = (range_end is not null))
);

create index benefit_settlement_access_of_file on benefit_settlement_access (name, access_id);

create trigger benefit_settlement_access_is_append_only before update or delete or truncate on benefit_settlement_access
for each statement execute function refuse_to_change_evidence();
