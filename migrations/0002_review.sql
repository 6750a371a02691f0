-- The review desk: tickets, the answers that people give to them, and what happened to each.

-- What a person is asked. The columns above `status` never change after the insert.
create table ticket (
    id uuid primary key,
    source text not null check (source <> ''),
    subject text not null check (subject <> ''),
    node text not null check (node <> ''),
    iteration integer not null check (iteration >= 1),
    generation integer not null check (generation >= 1),
    title text not null,
    purpose text not null,
    role text check (role <> ''),
    -- json and not jsonb: the text is kept as it was written, so that its digest can be verified at any time.
    shown json not null check (json_typeof(shown) = 'object'),
    shown_sha256 text not null check (shown_sha256 ~ '^[0-9a-f]{64}$'),
    shown_personal text[] not null,
    asked json not null check (json_typeof(asked) = 'array'),
    required_approvers integer not null check (required_approvers between 1 and 20),
    due_at timestamptz,
    requested_by text not null check (requested_by <> ''),
    content_sha256 text not null check (content_sha256 ~ '^[0-9a-f]{64}$'),
    opened_at timestamptz not null,
    status text not null check (status in ('open', 'decided', 'expired', 'cancelled', 'answered_elsewhere')),
    claimed_by text,
    claimed_until timestamptz,
    decision json,
    closed_at timestamptz,
    unique (source, subject, node, iteration, generation),
    check ((claimed_by is null) = (claimed_until is null)),
    check (status = 'open' or claimed_by is null),
    check ((status = 'open') = (closed_at is null)),
    check ((status = 'decided') = (decision is not null))
);
-- The queue: what is due first, then what is oldest. What is never due comes last, at an end of time that Python knows.
create index ticket_queue on ticket (status, coalesce(due_at, '9999-12-31 00:00:00+00'), opened_at, id);
create index ticket_claims on ticket (claimed_by, claimed_until) where claimed_by is not null;

-- One person's answers to one ticket. Append-only; a person answers a ticket once.
create table ticket_answer (
    ticket_id uuid not null references ticket,
    number integer not null check (number >= 1),
    actor text not null check (actor <> ''),
    roles text[] not null,
    answers json not null check (json_typeof(answers) = 'object'),
    shown_sha256 text not null check (shown_sha256 ~ '^[0-9a-f]{64}$'),
    key text not null check (length(key) between 1 and 200),
    answered_at timestamptz not null,
    primary key (ticket_id, number),
    constraint ticket_answer_once_per_person unique (ticket_id, actor),
    constraint ticket_answer_once_per_key unique (actor, key)
);

-- What happened to a ticket, by whom and when. Append-only.
create table ticket_event (
    id bigint generated always as identity primary key,
    ticket_id uuid not null references ticket,
    kind text not null check (kind in ('opened', 'claimed', 'released', 'answered', 'decided', 'closed')),
    actor text not null check (actor <> ''),
    at timestamptz not null,
    reason text not null default ''
);
create index ticket_event_of_ticket on ticket_event (ticket_id, id);

create function refuse_to_change_evidence() returns trigger language plpgsql as $$
begin
    raise exception 'rows of % are evidence: % is refused', tg_table_name, tg_op using errcode = 'restrict_violation';
end
$$;

create trigger ticket_content_is_fixed
before update of id, source, subject, node, iteration, generation, title, purpose, role, shown, shown_sha256, shown_personal,
    asked, required_approvers, due_at, requested_by, content_sha256, opened_at
on ticket for each row execute function refuse_to_change_evidence();

create trigger ticket_is_kept before delete or truncate on ticket
for each statement execute function refuse_to_change_evidence();

create trigger ticket_answer_is_append_only before update or delete or truncate on ticket_answer
for each statement execute function refuse_to_change_evidence();

create trigger ticket_event_is_append_only before update or delete or truncate on ticket_event
for each statement execute function refuse_to_change_evidence();
