-- The proof that postings are what they were, and what audits of the ledger have found. Explained in docs/explain/points.md.

-- A transaction has its number before one of its postings has an id: so whoever sees that every transaction up to a
-- number has ended knows that no posting up to an id can still appear. This is all that writers do for the chain.
create function points_posting_comes_second() returns trigger language plpgsql as $$
begin
    perform pg_current_xact_id();
    return null;
end
$$;

create trigger points_posting_comes_second before insert on points_posting
for each statement execute function points_posting_comes_second();

-- The place of a posting in the chain; places are in the order of ids. `hash` covers the posting, its place, and the hash
-- of the place before.
create table points_seal (
    seq bigint primary key check (seq >= 1),
    posting_id bigint not null unique,
    hash bytea not null check (octet_length(hash) = 32)
);

-- What an audit found, for good. Each is signed by a key that is not in the database, and so is the head of the chain in it.
create table points_audit (
    audit_id integer generated always as identity primary key,
    at timestamptz not null,
    actor text not null check (actor <> ''),
    is_full boolean not null,
    is_whole boolean not null,
    findings integer not null check (findings >= 0),
    -- Of the head of the chain that it looked at; 0 and nothing before the first place.
    seq bigint not null check (seq >= 0),
    hash bytea not null check (octet_length(hash) = 32),
    report jsonb not null,
    key_id text not null check (key_id ~ '^[0-9a-f]{16}$'),
    signature bytea not null check (octet_length(signature) = 64),
    check (is_whole = (findings = 0))
);

create trigger points_seal_is_append_only before update or delete or truncate on points_seal
for each statement execute function refuse_to_change_evidence();

create trigger points_audit_is_append_only before update or delete or truncate on points_audit
for each statement execute function refuse_to_change_evidence();
