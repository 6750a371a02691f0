-- The audit chain: who wrote what, when, at whose request. What the tables hold and what nobody can hide from them is
-- explained in docs/explain/audit.md.
--
-- Nothing here refers to another table by a foreign key where writers insert: checking one locks the row that is referred
-- to, and all writers would lock the same key row, and write each entry twice. What would be missing, verifying finds.

-- What the hashes of values are keyed with, so that nobody who reads an export can find a value by trying. It is in the
-- database because every writer needs it in its own transaction; it hides values from readers, not from this database.
create table audit_key (
    key_id integer generated always as identity primary key,
    key bytea not null check (octet_length(key) = 32),
    made_at timestamptz not null default clock_timestamp()
);
-- Two random UUIDs, 244 random bits: the server's own source of randomness, without an extension.
insert into audit_key (key)
values (sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));

-- One row a write, in the transaction of the write. Append-only.
create table audit_entry (
    entry_id bigint generated always as identity primary key,
    at timestamptz not null,
    actor text not null check (actor <> ''),
    roles text[] not null,
    action text not null check (action ~ '^[a-z_]+\.[a-z_]+$'),
    object_kind text not null check (object_kind <> ''),
    object_id text not null check (object_id <> ''),
    -- A keyed hash for each field, by its name; null: there was nothing before, or is nothing after.
    before jsonb check (jsonb_typeof(before) = 'object'),
    after jsonb check (jsonb_typeof(after) = 'object'),
    key_id integer not null,
    reason text check (reason <> ''),
    request_id text not null check (request_id <> '')
);
create index audit_entry_of_actor on audit_entry (actor, entry_id);
create index audit_entry_of_object on audit_entry (object_kind, object_id, entry_id);
-- Times nearly follow the order of the rows, so that a few bytes for many rows are enough.
create index audit_entry_by_time on audit_entry using brin (at);

-- The entries that have no place in the chain yet: a row comes with its entry and goes when that is sealed. Entries
-- commit in another order than their numbers, so no number tells up to where everything is sealed.
create table audit_waiting (
    entry_id bigint primary key,
    -- By the database's own clock: how long an entry waits has nothing to do with business time.
    since timestamptz not null default clock_timestamp()
);

-- The place of an entry in the chain. `hash` covers the entry, its place, and the hash of the place before.
create table audit_seal (
    seq bigint primary key check (seq >= 1),
    entry_id bigint not null unique,
    hash bytea not null check (octet_length(hash) = 32)
);

-- What was sealed at one time: up to `last_seq`, whose hash stands for the whole chain before it. `mac` proves that
-- whoever sealed it had a secret that is not in the database.
create table audit_batch (
    last_seq bigint primary key references audit_seal,
    first_seq bigint not null unique check (first_seq between 1 and last_seq),
    sealed_at timestamptz not null default clock_timestamp(),
    mac_key text not null check (mac_key ~ '^[0-9a-f]{16}$'),
    mac bytea not null check (octet_length(mac) = 32)
);

-- Whether the digest of the run's journal is in the chain. Written after the run has ended, by whoever seals: ending a
-- run costs nothing but its place in the index of those that are still to be recorded.
alter table flow_run add column end_recorded boolean not null default false;
create index flow_run_end_to_record on flow_run (run_id) where ended_at is not null and not end_recorded;

create trigger audit_key_is_append_only before update or delete or truncate on audit_key
for each statement execute function refuse_to_change_evidence();

create trigger audit_entry_is_append_only before update or delete or truncate on audit_entry
for each statement execute function refuse_to_change_evidence();

create trigger audit_seal_is_append_only before update or delete or truncate on audit_seal
for each statement execute function refuse_to_change_evidence();

create trigger audit_batch_is_append_only before update or delete or truncate on audit_batch
for each statement execute function refuse_to_change_evidence();
