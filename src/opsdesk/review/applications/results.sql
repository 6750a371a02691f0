-- name: insert
insert into screening_result
    (ticket_id, flow_no, application, status, result, codes, body, ended_at, state, next_at, until)
values
    (%(ticket_id)s, %(flow_no)s, %(application)s, %(status)s, %(result)s, %(codes)s, %(body)s, %(now)s, 'waiting',
    %(now)s, %(until)s)
on conflict (ticket_id) do nothing
returning ticket_id;

-- name: show
select ticket_id, flow_no, application, status, result, codes, body, ended_at, state, attempts, next_at, until, problem,
    delivered_at
from screening_result where ticket_id = %(ticket_id)s;

-- name: latest
select ticket_id, flow_no, application, status, result, codes, body, ended_at, state, attempts, next_at, until, problem,
    delivered_at
from screening_result order by ended_at desc, ticket_id limit %(rows)s;

-- name: lock
select ticket_id from screening_result where ticket_id = %(ticket_id)s for update;

-- name: attempts
select number, at, url, status, problem from screening_delivery where ticket_id = %(ticket_id)s
order by number desc limit %(rows)s;

-- name: insert_attempt
insert into screening_delivery (ticket_id, number, at, url, status, problem)
values (%(ticket_id)s, %(number)s, %(now)s, %(url)s, %(status)s, %(problem)s);

-- name: settle
update screening_result
set state = %(state)s, attempts = %(attempts)s, next_at = %(next_at)s, until = %(until)s, problem = %(problem)s,
    delivered_at = %(delivered_at)s
where ticket_id = %(ticket_id)s;

-- name: count
select state, count(*) from screening_result where state <> 'delivered' group by state;

-- name: codes
-- Of the last judgement that says what the ticket came to.
select codes from screening_decision
join ticket on ticket.id = screening_decision.ticket_id and ticket.result = screening_decision.verdict
where screening_decision.ticket_id = %(ticket_id)s order by number desc limit 1;
