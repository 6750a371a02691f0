-- What became of the applications that came in: one answer for a flow number. Append-only.
create table screening_application (
    flow_no text primary key check (flow_no <> ''),
    -- Of all that came with it, so that the same flow number with other content is refused.
    content_sha256 text not null check (content_sha256 ~ '^[0-9a-f]{64}$'),
    application text not null,
    scene text not null,
    user_id text not null,
    answer text not null check (answer in ('pass', 'reject', 'verify')),
    -- The rule that answered, in the revision that was live then; null where no rule held.
    group_id integer,
    revision integer,
    rule text,
    methods text[] not null,
    ticket_id uuid references ticket,
    received_at timestamptz not null,
    actor text not null check (actor <> ''),
    foreign key (application, scene) references scene,
    foreign key (group_id, revision) references strategy_group_revision,
    check ((answer = 'verify') = (ticket_id is not null)),
    check (num_nulls(group_id, revision, rule) in (0, 3)),
    check (answer = 'pass' or rule is not null)
);
create trigger screening_application_is_append_only before update or delete or truncate on screening_application
for each statement execute function refuse_to_change_evidence();
