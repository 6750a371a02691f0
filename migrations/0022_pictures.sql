-- Pictures of screening tickets: copies of what the addresses of an application led to when its ticket was made.

-- What was kept, once for all tickets that show the same. Append-only.
create table picture_content (
    sha256 text primary key,
    media_type text not null check (media_type in ('image/jpeg', 'image/png')),
    width integer not null check (width between 1 and 4096),
    height integer not null check (height between 1 and 4096),
    data bytea not null check (octet_length(data) between 1 and 10485760),
    -- A few pixels of it: what is shown of a picture that nobody has asked to see.
    outline bytea not null check (octet_length(outline) between 1 and 8192),
    check (sha256 = encode(sha256(data), 'hex'))
);
-- They are compressed already.
alter table picture_content alter column data set storage external;
create trigger picture_content_is_append_only before update or delete or truncate on picture_content
for each statement execute function refuse_to_change_evidence();

-- One for each value of a ticket that is the address of a picture; the address itself is in what the ticket shows.
create table picture (
    ticket_id uuid not null references ticket,
    key_id text not null check (key_id <> ''),
    -- Part of the address that it is shown at: nobody guesses it.
    token text not null unique check (token ~ '^[A-Za-z0-9_-]{32}$'),
    state text not null default 'waiting' check (state in ('waiting', 'kept', 'given_up')),
    -- Counted when one begins, so that a picture that ends its worker is given up as well.
    attempts smallint not null default 0 check (attempts >= 0),
    -- Of the last attempt that failed.
    reason text,
    -- Of what came, before anything was taken out of it.
    source_sha256 text check (source_sha256 ~ '^[0-9a-f]{64}$'),
    content_sha256 text references picture_content,
    settled_at timestamptz,
    primary key (ticket_id, key_id),
    check ((state = 'waiting') = (settled_at is null)),
    check ((state = 'kept') = (content_sha256 is not null)),
    check ((state = 'kept') = (source_sha256 is not null)),
    check (state <> 'given_up' or reason is not null)
);
create function refuse_to_change_what_is_settled() returns trigger language plpgsql as $$
begin
    raise exception 'the picture of ticket % is settled and never changes', old.ticket_id
        using errcode = 'restrict_violation';
end
$$;
create trigger picture_is_settled before update on picture
for each row when (old.state <> 'waiting') execute function refuse_to_change_what_is_settled();
create trigger picture_is_kept before delete or truncate on picture
for each statement execute function refuse_to_change_evidence();

-- Who asked to see which value of a ticket, the first time that they did. Append-only.
create table ticket_reveal (
    ticket_id uuid not null references ticket,
    key_id text not null check (key_id <> ''),
    actor text not null check (actor <> ''),
    at timestamptz not null,
    primary key (ticket_id, actor, key_id)
);
create trigger ticket_reveal_is_append_only before update or delete or truncate on ticket_reveal
for each statement execute function refuse_to_change_evidence();

alter table ticket_event drop constraint ticket_event_kind_check;
alter table ticket_event add constraint ticket_event_kind_check check (kind in
    ('opened', 'claimed', 'released', 'answered', 'decided', 'closed', 'amended', 'escalated', 'clock_stopped',
     'clock_started', 'second_asked', 'revealed')) not valid;
