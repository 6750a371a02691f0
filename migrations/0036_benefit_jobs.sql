-- What ran over benefits by itself, what came of it, and how far it is.

create table benefit_job_run (
    job_run_id integer generated always as identity primary key,
    kind text not null check (kind in ('expiry')),
    begun_at timestamptz not null,
    begun_by text not null,
    -- When something was last done, and by whom.
    worked_at timestamptz not null,
    worked_by text not null,
    -- What was ended so far, and how many were due besides by the last look.
    orders bigint not null default 0 check (orders >= 0),
    returned bigint not null default 0 check (returned >= 0),
    forfeited bigint not null default 0 check (forfeited >= 0),
    remaining bigint not null check (remaining >= 0),
    -- When nothing was left.
    ended_at timestamptz,
    check (ended_at is null or remaining = 0),
    check (worked_at >= begun_at)
) with (fillfactor = 70);

-- Of each kind one is under way at most: whoever comes while it is, or after it was left lying, goes on with it.
create unique index benefit_job_run_under_way on benefit_job_run (kind) where ended_at is null;

create trigger benefit_job_run_is_kept before delete or truncate on benefit_job_run
for each statement execute function refuse_to_change_evidence();

-- What was answered to whoever asked for some of the work: the same key gets the same answer.
create table benefit_job_call (
    caller text collate "C" not null check (caller <> ''),
    key text collate "C" not null check (key <> ''),
    job_run_id integer not null references benefit_job_run,
    orders bigint not null check (orders >= 0),
    returned bigint not null check (returned >= 0),
    forfeited bigint not null check (forfeited >= 0),
    remaining bigint not null check (remaining >= 0),
    answered_at timestamptz not null,
    primary key (caller, key)
);

create trigger benefit_job_call_is_append_only before update or delete or truncate on benefit_job_call
for each statement execute function refuse_to_change_evidence();
