-- A second person judges what the first one has judged, where the rules of the type say so.

-- How many people have to judge a screening ticket may go up while it is open; its history says why.
drop trigger ticket_content_is_fixed on ticket;
create trigger ticket_content_is_fixed
before update of id, source, subject, node, iteration, generation, title, purpose, shown, shown_sha256, shown_personal,
    asked, requested_by, content_sha256, opened_at, reasons, application, scene, bucket, user_id, type_id, type_version,
    adapt_id, adapt_version
on ticket for each row execute function refuse_to_change_evidence();
create trigger ticket_people_only_go_up before update of required_approvers on ticket
for each row when (old.type_id is null or new.required_approvers < old.required_approvers)
execute function refuse_to_change_evidence();

alter table ticket_event drop constraint ticket_event_kind_check;
alter table ticket_event add constraint ticket_event_kind_check check (kind in
    ('opened', 'claimed', 'released', 'answered', 'decided', 'closed', 'amended', 'escalated', 'clock_stopped',
     'clock_started', 'second_asked')) not valid;

-- What the lots of tickets are drawn with: reviewers do not know it, so that nobody can tell which of their verdicts a
-- second person will look at. Made as the key of the audit chain is.
create table review_draw_key (
    key_id integer generated always as identity primary key,
    key bytea not null check (octet_length(key) = 32),
    made_at timestamptz not null default clock_timestamp()
);
insert into review_draw_key (key)
values (sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));
create trigger review_draw_key_is_append_only before update or delete or truncate on review_draw_key
for each statement execute function refuse_to_change_evidence();
