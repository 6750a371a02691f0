-- Quality sampling: decided tickets that are judged again, blind. None of it changes a ticket, or what anybody was told.

create table quality_sample (
    sample_id integer generated always as identity primary key,
    application text not null,
    scene text not null,
    decided_from timestamptz not null,
    decided_to timestamptz not null,  -- not included
    type_ids integer[] not null,  -- none: all types
    wanted integer not null check (wanted between 1 and 1000),
    -- With it and what was drawn from, the sample can be drawn again.
    seed text not null check (seed <> ''),
    population integer not null check (population >= 1),
    population_sha256 text not null check (population_sha256 ~ '^[0-9a-f]{64}$'),
    drawn integer not null check (drawn between 1 and wanted and drawn <= population),
    drawn_at timestamptz not null,
    operator text not null check (operator <> ''),
    key text not null check (key <> ''),
    check (decided_from < decided_to and decided_to <= drawn_at),
    foreign key (application, scene) references scene,
    constraint quality_sample_once_per_key unique (operator, key)
);
create trigger quality_sample_is_append_only before update or delete or truncate on quality_sample
for each statement execute function refuse_to_change_evidence();

create table sampled_ticket (
    sampled_id integer generated always as identity primary key,
    sample_id integer not null references quality_sample,
    place integer not null check (place >= 1),
    ticket_id uuid not null references ticket,
    -- Of the answer that decided it; the type, the verdict and the reviewer are the stratum that it was drawn from.
    number integer not null,
    type_id integer not null references screening_type,
    verdict text not null check (verdict in ('pass', 'reject', 'resubmit')),
    reviewer text not null check (reviewer <> ''),
    unique (sample_id, place),
    unique (sample_id, ticket_id),
    foreign key (ticket_id, number) references screening_decision
);
create index sampled_ticket_of_ticket on sampled_ticket (ticket_id);
create trigger sampled_ticket_is_append_only before update or delete or truncate on sampled_ticket
for each statement execute function refuse_to_change_evidence();

-- Who was given which to judge, and until when nobody else is.
create table sampled_ticket_take (
    take_id integer generated always as identity primary key,
    sampled_id integer not null references sampled_ticket,
    actor text not null check (actor <> ''),
    person text not null check (person <> ''),
    at timestamptz not null,
    until timestamptz not null check (until > at)
);
create index sampled_ticket_take_of on sampled_ticket_take (sampled_id, take_id);
create trigger sampled_ticket_take_is_append_only before update or delete or truncate on sampled_ticket_take
for each statement execute function refuse_to_change_evidence();

create table blind_judgement (
    sampled_id integer primary key references sampled_ticket,
    verdict text not null check (verdict in ('pass', 'reject', 'resubmit')),
    rejection_version integer not null check (rejection_version >= 1),
    reasons json not null,
    codes text[] not null,
    remark text not null,
    shown_sha256 text not null check (shown_sha256 ~ '^[0-9a-f]{64}$'),
    actor text not null check (actor <> ''),
    person text not null check (person <> ''),
    roles text[] not null,
    key text not null check (key <> ''),
    judged_at timestamptz not null,
    check ((verdict = 'reject') or (codes = '{}')),
    constraint blind_judgement_once_per_key unique (actor, key)
);
create index blind_judgement_by_person on blind_judgement (person);
create trigger blind_judgement_is_append_only before update or delete or truncate on blind_judgement
for each statement execute function refuse_to_change_evidence();

-- What a sample is drawn from.
create index ticket_decided_of_scene on ticket (application, scene, closed_at)
    where status = 'decided' and bucket is not null;
