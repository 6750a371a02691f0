-- What is done to strategy groups beside their revisions, and which revision one was taken back from.
alter table strategy_group_revision add column restored_from integer;

create table strategy_group_event (
    event_id bigint generated always as identity primary key,
    group_id integer not null references strategy_group,
    kind text not null check (kind in ('applied', 'activated', 'deactivated', 'placed')),
    -- The one that was made live.
    revision integer check ((kind = 'applied') = (revision is not null)),
    detail jsonb not null,
    at timestamptz not null,
    operator text not null,
    foreign key (group_id, revision) references strategy_group_revision
);
create index strategy_group_event_of_group on strategy_group_event (group_id, event_id);

create trigger strategy_group_event_is_append_only before update or delete or truncate on strategy_group_event
for each statement execute function refuse_to_change_evidence();
