-- What the review desk is configured with: what applications there are, what their tickets look like, and every version of it.

create table application (
    application text primary key check (application <> ''),
    name text not null,
    created_at timestamptz not null
);

create table scene (
    application text not null references application,
    scene text not null check (scene <> ''),
    name text not null,
    -- Where its tickets are reviewed: those of the activation stage under kyc, those of the loan stage under transaction.
    bucket text not null check (bucket in ('kyc', 'transaction')),
    -- The protobuf message that an application of this scene may come as, with all that it is made of.
    message text,
    descriptors bytea,
    primary key (application, scene),
    check ((message is null) = (descriptors is null))
);

create table screening_method (
    application text not null,
    scene text not null,
    method text not null check (method <> ''),
    name text not null,
    with_screening boolean not null,
    -- What it contains of the verifications that tickets can show.
    verifications text[] not null check (verifications <@ array['lc', 'fm']),
    primary key (application, scene, method),
    foreign key (application, scene) references scene
);

create table pb_field (
    application text not null,
    scene text not null,
    path text not null check (path <> ''),
    type text not null,
    place integer not null,
    primary key (application, scene, path),
    foreign key (application, scene) references scene
);

create table reject_code (
    code text primary key check (code <> ''),
    category text not null check (category in ('anti-fraud', 'system error', 'credit', 'other')),
    description text not null,
    is_active boolean not null,
    changed_at timestamptz not null
);

-- The outer layer. The row is the head of its versions.
create table screening_type (
    type_id integer generated always as identity primary key,
    name text not null,
    -- The name as it is compared: NFKC, no spaces around it, case folded.
    name_key text not null unique,
    category text not null check (category in ('default', 'hardcode')),
    version integer not null check (version >= 1),
    changed_at timestamptz not null,
    operator text not null
);
create index screening_type_by_change on screening_type (changed_at desc, type_id desc);

create table screening_type_version (
    type_id integer not null references screening_type,
    version integer not null check (version >= 1),
    description text not null,
    document jsonb not null,
    document_sha256 text not null check (document_sha256 ~ '^[0-9a-f]{64}$'),
    -- The version that was saved again, where it was.
    restored_from integer,
    saved_at timestamptz not null,
    operator text not null,
    primary key (type_id, version)
);

-- The inner layer: at most one for an application, a scene and a type.
create table screening_adapt (
    adapt_id integer generated always as identity primary key,
    type_id integer not null references screening_type,
    application text not null,
    scene text not null,
    status text not null check (status in ('active', 'pause')),
    version integer not null check (version >= 1),
    changed_at timestamptz not null,
    operator text not null,
    -- The last version came from an edit of the type.
    is_auto boolean not null,
    foreign key (application, scene) references scene,
    constraint screening_adapt_once unique (application, scene, type_id)
);
create index screening_adapt_of_type on screening_adapt (type_id, changed_at desc, adapt_id desc);

create table screening_adapt_version (
    adapt_id integer not null references screening_adapt,
    version integer not null check (version >= 1),
    -- The outer version that it was composed with.
    type_id integer not null,
    type_version integer not null,
    document jsonb not null,
    cause text not null check (cause in ('manual', 'auto')),
    saved_at timestamptz not null,
    operator text not null,
    primary key (adapt_id, version),
    foreign key (type_id, type_version) references screening_type_version
);

-- Activated, paused, and pauses that were refused: what is no version, and belongs into the history all the same.
create table screening_adapt_event (
    event_id bigint generated always as identity primary key,
    adapt_id integer not null references screening_adapt,
    kind text not null check (kind in ('activated', 'paused', 'pause_refused')),
    detail jsonb not null,
    at timestamptz not null,
    operator text not null
);
create index screening_adapt_event_of_adapt on screening_adapt_event (adapt_id, event_id);

create trigger screening_type_version_is_append_only before update or delete or truncate on screening_type_version
for each statement execute function refuse_to_change_evidence();

create trigger screening_adapt_version_is_append_only before update or delete or truncate on screening_adapt_version
for each statement execute function refuse_to_change_evidence();

create trigger screening_adapt_event_is_append_only before update or delete or truncate on screening_adapt_event
for each statement execute function refuse_to_change_evidence();
