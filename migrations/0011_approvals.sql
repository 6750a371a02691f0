-- Approvals as evidence: the data that each answer was given on, and who stands behind it.

-- The number of the data shown now: 1 as it was opened, one more each time that it was amended.
alter table ticket add column snapshot integer not null default 1 check (snapshot >= 1);
-- By decision, the reason codes that the ticket declares, each with its words.
alter table ticket add column reasons json not null default '{}' check (json_typeof(reasons) = 'object');

drop trigger ticket_content_is_fixed on ticket;
create trigger ticket_content_is_fixed
before update of id, source, subject, node, iteration, generation, title, purpose, role, shown, shown_sha256, shown_personal,
    asked, required_approvers, due_at, requested_by, content_sha256, opened_at, reasons
on ticket for each row execute function refuse_to_change_evidence();

-- What a ticket shows from then on. Append-only; what it showed before stays where it was.
create table ticket_amendment (
    ticket_id uuid not null references ticket,
    snapshot integer not null check (snapshot >= 2),
    shown json not null check (json_typeof(shown) = 'object'),
    shown_sha256 text not null check (shown_sha256 ~ '^[0-9a-f]{64}$'),
    shown_personal text[] not null,
    changed text[] not null check (cardinality(changed) >= 1),
    actor text not null check (actor <> ''),
    person text not null check (person <> ''),
    roles text[] not null,
    reason text not null check (reason <> ''),
    at timestamptz not null,
    primary key (ticket_id, snapshot)
);
create trigger ticket_amendment_is_append_only before update or delete or truncate on ticket_amendment
for each statement execute function refuse_to_change_evidence();

-- An answer counts while the snapshot that it was given on is the one that the ticket shows. `person` is whoever acts
-- by the actor: the maker of a system's key. Null in answers from before this was kept.
alter table ticket_answer add column snapshot integer not null default 1 check (snapshot >= 1);
alter table ticket_answer add column person text check (person <> '');
alter table ticket_answer add column reason_code text not null default 'unspecified' check (reason_code <> '');
alter table ticket_answer drop constraint ticket_answer_once_per_person;
alter table ticket_answer add constraint ticket_answer_once_per_actor unique (ticket_id, snapshot, actor);
create unique index ticket_answer_once_per_person on ticket_answer (ticket_id, snapshot, coalesce(person, actor));

alter table ticket_event drop constraint ticket_event_kind_check;
alter table ticket_event add constraint ticket_event_kind_check check (kind in
    ('opened', 'claimed', 'released', 'answered', 'decided', 'closed', 'amended')) not valid;

-- Who made a key; null where nothing tells it any more.
alter table api_key add column made_by text check (made_by <> '');
update api_key set made_by = (
    select actor from audit_entry
    where action = 'key.create' and object_kind = 'key' and object_id = api_key.id
    order by entry_id limit 1
);

alter table flow_inbox drop constraint flow_inbox_kind_check;
alter table flow_inbox add constraint flow_inbox_kind_check check (kind in
    ('callback', 'decision', 'signal', 'cancel', 'retry', 'pause', 'resume', 'skip', 'rerun', 'event', 'amend', 'correct'))
    not valid;
