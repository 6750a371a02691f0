-- What points buy: the catalogue, who may buy, orders and what became of them.

-- A company that renders services, and is paid for those that it completed.
create table benefit_provider (
    provider text collate "C" primary key check (provider ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
    name_zh text not null check (name_zh <> ''),
    name_en text not null check (name_en <> ''),
    is_open boolean not null default true
);

-- A kind of service, at its price now; an order keeps the price that it was made at.
create table benefit_service (
    service text collate "C" primary key check (service ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
    provider text collate "C" not null references benefit_provider,
    name_zh text not null check (name_zh <> ''),
    name_en text not null check (name_en <> ''),
    points bigint not null check (points > 0),
    settle_fen bigint not null check (settle_fen >= 0),
    is_open boolean not null default true,
    -- How many are left; null: as many as are wanted.
    stock bigint check (stock >= 0),
    -- How many of them a customer may have that were not cancelled and did not expire; null: as many as they like.
    quota integer check (quota > 0)
);

-- The day's list of customers, as the bank's own systems hand it in. A customer of an older day is not in the newest list.
create table benefit_customer_list (
    day date primary key,
    customers bigint not null check (customers >= 0),
    loaded_at timestamptz not null
);

create table benefit_customer (
    customer_id text collate "C" primary key check (customer_id <> ''),
    name text not null,
    mobile text not null,
    aum_fen bigint not null check (aum_fen >= 0),
    aum_day date not null references benefit_customer_list
);

-- A month of settlement, by the business day. One that has no row yet is open.
create table benefit_period (
    month date primary key check (extract(day from month) = 1),
    -- From when on nothing more is settled in it.
    closed_at timestamptz not null
);

-- 100 not booked, 200 booked, 300 completed, 400 cancelled, 500 expired.
create table benefit_order (
    order_id uuid primary key,
    -- What the customer has for it: for good, one an order.
    benefit_code text collate "C" not null unique check (benefit_code ~ '^[0-9A-HJKMNP-TV-Z]{16}$'),
    customer_id text collate "C" not null,
    channel text not null check (channel in ('mobile', 'phone', 'crm')),
    service text collate "C" not null references benefit_service,
    provider text collate "C" not null references benefit_provider,
    points bigint not null check (points > 0),
    settle_fen bigint not null check (settle_fen >= 0),
    aum_day date not null,
    aum_fen bigint not null,
    status smallint not null check (status in (100, 200, 300, 400, 500)),
    redeemed_at timestamptz not null,
    expire_at timestamptz not null check (expire_at > redeemed_at),
    booked_at timestamptz,
    -- When the service was performed, as its provider says, and when that was heard.
    completed_at timestamptz,
    reported_at timestamptz,
    -- The month whose file it stands in, and whether it was reported after T+2.
    settle_month date check (extract(day from settle_month) = 1),
    is_late boolean,
    closed_at timestamptz,
    returned bigint,
    forfeited bigint,
    check ((booked_at is null) = (status in (100, 500)) or status = 400),
    check ((status = 300) = (completed_at is not null)),
    check ((status = 300) = (reported_at is not null)),
    check ((status = 300) = (settle_month is not null)),
    check ((status = 300) = (is_late is not null)),
    check ((status in (300, 400, 500)) = (closed_at is not null)),
    check ((status in (400, 500)) = (returned is not null)),
    check ((status in (400, 500)) = (forfeited is not null)),
    check (returned >= 0 and forfeited >= 0 and returned + forfeited = points)
) with (fillfactor = 85);

create index benefit_order_of_customer on benefit_order (customer_id, order_id);
create index benefit_order_to_expire on benefit_order (expire_at, order_id) where status = 100;
create index benefit_order_to_settle on benefit_order (provider, settle_month, completed_at, order_id) where status = 300;

create trigger benefit_order_is_fixed before update of order_id, benefit_code, customer_id, channel, service, provider, points,
    settle_fen, aum_day, aum_fen, redeemed_at, expire_at
on benefit_order for each row execute function refuse_to_change_evidence();

create trigger benefit_order_is_kept before delete or truncate on benefit_order
for each statement execute function refuse_to_change_evidence();

-- Each step of an order, once: the history of the order, and what is told to those who want to know.
create table benefit_event (
    event_id bigint generated always as identity primary key,
    order_id uuid not null references benefit_order,
    was smallint,
    status smallint not null,
    -- The moment that counts, and the one at which it was written.
    effective_at timestamptz not null,
    recorded_at timestamptz not null,
    actor text not null,
    -- The trace it was asked for in, and the participants that the request came through, as `Customer>MobileBank>ESB`.
    trace_id text not null default '',
    path text not null default '',
    check (
        (was is null and status = 100)
        or (was, status) in ((100, 200), (100, 400), (100, 500), (200, 300), (200, 400))
    ),
    unique (order_id, status)
);

create trigger benefit_event_is_append_only before update or delete or truncate on benefit_event
for each statement execute function refuse_to_change_evidence();

-- What was answered to a request, for good: the same key gets the same answer, and other content with it gets a refusal.
create table benefit_answer (
    -- Who asks: a channel of the bank, or `partner:` and the provider.
    scope text collate "C" not null check (scope <> ''),
    key text collate "C" not null check (key <> ''),
    digest bytea not null check (length(digest) = 32),
    -- `OK`, or the code of the message that says why not.
    code text not null,
    order_id uuid references benefit_order,
    answer jsonb not null,
    answered_at timestamptz not null,
    trace_id text not null default '',
    path text not null default '',
    primary key (scope, key)
);

create index benefit_answer_of_order on benefit_answer (order_id) where order_id is not null;

create trigger benefit_answer_is_append_only before update or delete or truncate on benefit_answer
for each statement execute function refuse_to_change_evidence();

-- What a customer was told that would come back, before they agreed to it.
create table benefit_quote (
    quote_id uuid primary key,
    order_id uuid not null references benefit_order,
    returned bigint not null check (returned >= 0),
    forfeited bigint not null check (forfeited >= 0),
    parts jsonb not null,
    quoted_at timestamptz not null,
    valid_until timestamptz not null,
    trace_id text not null default '',
    path text not null default ''
);

create index benefit_quote_of_order on benefit_quote (order_id, quote_id);

create trigger benefit_quote_is_append_only before update or delete or truncate on benefit_quote
for each statement execute function refuse_to_change_evidence();

-- A provider says that it rendered a service whose order was cancelled. Two people decide what becomes of it.
create table benefit_dispute (
    dispute_id uuid primary key,
    order_id uuid not null unique references benefit_order,
    provider text collate "C" not null references benefit_provider,
    completed_at timestamptz not null,
    opened_at timestamptz not null,
    proposal text check (proposal in ('pay', 'dismiss')),
    reason text,
    proposed_by text,
    proposed_at timestamptz,
    decided_by text,
    decided_at timestamptz,
    -- Of one that is paid: the month whose file it stands in.
    settle_month date check (extract(day from settle_month) = 1),
    check ((proposal is null) = (proposed_by is null)),
    check ((proposal is null) = (proposed_at is null)),
    check (decided_at is null or proposal is not null),
    check ((decided_by is null) = (decided_at is null)),
    check (decided_by is distinct from proposed_by or decided_by is null),
    check ((settle_month is not null) = (decided_at is not null and proposal = 'pay'))
);

create index benefit_dispute_open on benefit_dispute (opened_at, dispute_id) where decided_at is null;
create index benefit_dispute_to_settle on benefit_dispute (provider, settle_month) where settle_month is not null;
