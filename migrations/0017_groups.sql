-- Strategy groups of an application and scene. What is saved waits until it is applied; what is live goes on meanwhile.
create table strategy_group (
    group_id integer generated always as identity primary key,
    application text not null,
    scene text not null,
    name text not null,
    name_key text not null,
    -- Groups of one scene are asked in this order, and then in that of their ids.
    place integer not null,
    is_active boolean not null,
    revision integer not null check (revision >= 1),
    live_revision integer check (live_revision between 1 and revision),
    changed_at timestamptz not null,
    operator text not null,
    foreign key (application, scene) references scene,
    constraint strategy_group_once unique (application, scene, name_key)
);
create index strategy_group_by_change on strategy_group (changed_at desc, group_id desc);

create table strategy_group_revision (
    group_id integer not null references strategy_group,
    revision integer not null check (revision >= 1),
    document jsonb not null,
    saved_at timestamptz not null,
    operator text not null,
    primary key (group_id, revision)
);

-- Which adapts a revision refers to: what a pause asks.
create table strategy_group_adapt (
    group_id integer not null,
    revision integer not null,
    adapt_id integer not null references screening_adapt,
    primary key (group_id, revision, adapt_id),
    foreign key (group_id, revision) references strategy_group_revision
);
create index strategy_group_adapt_of_adapt on strategy_group_adapt (adapt_id);

create trigger strategy_group_revision_is_append_only before update or delete or truncate on strategy_group_revision
for each statement execute function refuse_to_change_evidence();

create trigger strategy_group_adapt_is_append_only before update or delete or truncate on strategy_group_adapt
for each statement execute function refuse_to_change_evidence();
