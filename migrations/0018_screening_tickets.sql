-- Tickets that applications come with: made by a screening type and one of its adapts, and decided with reasons.

alter table ticket
    add column row_version integer not null default 1 check (row_version >= 1),
    add column application text,
    add column scene text,
    -- As the scene said when the ticket was made.
    add column bucket text check (bucket in ('kyc', 'transaction')),
    add column user_id text,
    add column type_id integer,
    add column type_version integer,
    add column adapt_id integer,
    add column adapt_version integer,
    add column result text check (result in ('pass', 'reject', 'resubmit')),
    -- How many of its pictures are neither kept nor given up.
    add column pictures_waiting smallint not null default 0 check (pictures_waiting >= 0);

alter table ticket
    add constraint ticket_type_version_is_there foreign key (type_id, type_version)
        references screening_type_version not valid,
    add constraint ticket_adapt_version_is_there foreign key (adapt_id, adapt_version)
        references screening_adapt_version not valid,
    add constraint ticket_scene_is_there foreign key (application, scene) references scene not valid,
    add constraint ticket_screening_check check (
        source <> 'screening'
        or num_nulls(application, scene, bucket, user_id, type_id, type_version, adapt_id, adapt_version) = 0
    ) not valid,
    -- Source, subject, node, iteration and generation are unique: so there is one for a flow number and an adapt.
    add constraint ticket_adapt_check check (
        source <> 'screening' or (node = 'adapt:' || adapt_id and iteration = 1 and generation = 1)
    ) not valid,
    add constraint ticket_has_result_check check (
        case when type_id is null then result is null else (status = 'decided') = (result is not null) end
    ) not valid;

drop trigger ticket_content_is_fixed on ticket;
create trigger ticket_content_is_fixed
before update of id, source, subject, node, iteration, generation, title, purpose, shown, shown_sha256, shown_personal,
    asked, required_approvers, requested_by, content_sha256, opened_at, reasons, application, scene, bucket, user_id, type_id,
    type_version, adapt_id, adapt_version
on ticket for each row execute function refuse_to_change_evidence();

-- A finished ticket never changes: neither does what closed it.
create function refuse_to_change_what_is_finished() returns trigger language plpgsql as $$
begin
    raise exception 'ticket % is finished and never changes', old.id using errcode = 'restrict_violation';
end
$$;
create trigger ticket_is_finished before update on ticket
for each row when (old.type_id is not null and old.status <> 'open') execute function refuse_to_change_what_is_finished();

-- What belongs to an answer to such a ticket: the version of the rejection info that it was held against, the reasons as
-- they were then, and the codes that they come to. Append-only.
create table screening_decision (
    ticket_id uuid not null,
    number integer not null,
    verdict text not null check (verdict in ('pass', 'reject', 'resubmit')),
    type_id integer not null,
    rejection_version integer not null,
    -- json and not jsonb: in the order of the configuration, as they were written.
    reasons json not null check (json_typeof(reasons) = 'array'),
    codes text[] not null,
    remark text not null check (length(remark) <= 2000),
    primary key (ticket_id, number),
    foreign key (ticket_id, number) references ticket_answer,
    foreign key (type_id, rejection_version) references screening_type_version,
    check ((verdict = 'reject') = (json_array_length(reasons) > 0)),
    check (verdict = 'reject' or codes = '{}')
);
create trigger screening_decision_is_append_only before update or delete or truncate on screening_decision
for each statement execute function refuse_to_change_evidence();
