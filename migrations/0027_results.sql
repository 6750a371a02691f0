-- What goes back to credit: the result of each screening ticket, where it is delivered, and what operators have to look at.

-- Where the results of an application go, and the name of the secret that they are signed with.
create table result_receiver (
    application text primary key references application,
    url text not null check (url <> ''),
    secret text not null check (secret <> ''),
    changed_at timestamptz not null,
    operator text not null
);

-- One for a ticket, written in the transaction that ends it; the columns from state on tell how its delivery stands.
create table screening_result (
    ticket_id uuid primary key references ticket,
    flow_no text not null,
    application text not null references application,
    status text not null check (status in ('completed', 'expired', 'cancelled')),
    result text check (result in ('pass', 'reject', 'resubmit')),
    codes text[] not null,
    -- As it is sent, byte for byte, each time.
    body text not null,
    ended_at timestamptz not null,
    state text not null check (state in ('waiting', 'retrying', 'delivered', 'given_up', 'unsent')),
    attempts integer not null default 0 check (attempts >= 0),
    next_at timestamptz,
    until timestamptz not null,
    problem text,
    delivered_at timestamptz,
    check ((status = 'completed') = (result is not null)),
    check (result = 'reject' or codes = '{}'),
    check ((state in ('waiting', 'retrying')) = (next_at is not null)),
    check ((state = 'delivered') = (delivered_at is not null))
);
create index screening_result_by_state on screening_result (state, ended_at desc) where state <> 'delivered';
create trigger screening_result_is_fixed
before update of ticket_id, flow_no, application, status, result, codes, body, ended_at
on screening_result for each row execute function refuse_to_change_evidence();
create trigger screening_result_stays before delete or truncate on screening_result
for each statement execute function refuse_to_change_evidence();

create table screening_delivery (
    ticket_id uuid not null references screening_result,
    number integer not null check (number >= 1),
    at timestamptz not null,
    url text not null,
    -- What was answered; null: nothing.
    status integer,
    -- Why it did not arrive; null: it did.
    problem text,
    primary key (ticket_id, number)
);
create trigger screening_delivery_is_append_only before update or delete or truncate on screening_delivery
for each statement execute function refuse_to_change_evidence();

-- What somebody has to look at, until they say that they have: one row for a cause, however often it comes.
create table review_alert (
    alert_id bigint generated always as identity primary key,
    kind text not null,
    cause text not null,
    facts jsonb not null,
    times integer not null default 1 check (times >= 1),
    first_at timestamptz not null,
    last_at timestamptz not null,
    closed_at timestamptz,
    closed_by text,
    check ((closed_at is null) = (closed_by is null))
);
create unique index review_alert_open_once on review_alert (kind, cause) where closed_at is null;
