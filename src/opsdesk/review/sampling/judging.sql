-- name: pick_of
-- What this person holds first, else what waits longest; of what they had no part in. Whoever takes one at this moment
-- has it locked: the next statement tells whether somebody took it just before.
select sampled.sampled_id
from sampled_ticket as sampled
join ticket on ticket.id = sampled.ticket_id
where sampled.sampled_id <> all(%(not_these)s::integer[])

-- name: count_of
select count(*) from (
select
from sampled_ticket as sampled
join ticket on ticket.id = sampled.ticket_id
where true

-- name: waiting
    and not exists (select from blind_judgement where blind_judgement.sampled_id = sampled.sampled_id)
    and (ticket.role is null or ticket.role = any(%(roles)s::text[]))
    and ticket.requested_by <> all(%(me)s::text[])
    and not exists (
        select from ticket_answer
        where ticket_id = ticket.id and (actor = any(%(me)s::text[]) or person = any(%(me)s::text[]))
    )
    and not exists (
        select from ticket_amendment
        where ticket_id = ticket.id and (actor = any(%(me)s::text[]) or person = any(%(me)s::text[]))
    )
    and not exists (
        select from blind_judgement join sampled_ticket as elsewhere using (sampled_id)
        where elsewhere.ticket_id = ticket.id
            and (blind_judgement.actor = any(%(me)s::text[]) or blind_judgement.person = any(%(me)s::text[]))
    )
    and not exists (
        select from sampled_ticket_take as take
        where take.sampled_id = sampled.sampled_id and take.until > %(now)s and take.actor <> %(actor)s
    )

-- name: pick_first
order by
    exists (
        select from sampled_ticket_take as take
        where take.sampled_id = sampled.sampled_id and take.until > %(now)s and take.actor = %(actor)s
    ) desc,
    sampled.sample_id, sampled.place
limit 1
for update of sampled skip locked;

-- name: count_no_further
limit %(rows)s
) as waiting;

-- name: lock_sampled
-- Of two people at the same moment the second waits here, and then sees what the first has done.
select from sampled_ticket where sampled_id = %(sampled_id)s for update;

-- name: show_sampled
select
    sampled_id, sample_id, sampled.ticket_id, sampled.type_id, judgement.actor as judge, judgement.key,
    judgement.verdict, judgement.reasons, judgement.remark,
    take.actor as taken_by, take.until as taken_until,
    exists (
        select from sampled_ticket as elsewhere join blind_judgement as known using (sampled_id)
        where elsewhere.ticket_id = sampled.ticket_id and elsewhere.sampled_id <> sampled.sampled_id
            and (known.actor = any(%(me)s::text[]) or known.person = any(%(me)s::text[]))
    ) as is_known
from sampled_ticket as sampled
left join blind_judgement as judgement using (sampled_id)
left join lateral (
    select actor, until from sampled_ticket_take
    where sampled_ticket_take.sampled_id = sampled.sampled_id order by take_id desc limit 1
) as take on true
where sampled_id = %(sampled_id)s;

-- name: insert_take
insert into sampled_ticket_take (sampled_id, actor, person, at, until)
values (%(sampled_id)s, %(actor)s, %(person)s, %(now)s, %(until)s);

-- name: insert_judgement
-- The lock keeps it the only one; one person's key may come with two of them at the same moment.
insert into blind_judgement (
    sampled_id, verdict, rejection_version, reasons, codes, remark, shown_sha256, actor, person, roles, key, judged_at
) values (
    %(sampled_id)s, %(verdict)s, %(rejection_version)s, %(reasons)s::json, %(codes)s, %(remark)s, %(shown_sha256)s,
    %(actor)s, %(person)s, %(roles)s, %(key)s, %(now)s
)
on conflict on constraint blind_judgement_once_per_key do nothing
returning sampled_id;
