-- name: lock_lists
-- Two lists are taken one after the other; whoever reads is not kept from it.
lock table benefit_customer_list in share row exclusive mode;

-- name: newest
select max(day) from benefit_customer_list;

-- name: make_room
create temporary table customer_line (customer_id text collate "C", name text, mobile text, aum_fen bigint) on commit drop;

-- name: copy
copy customer_line (customer_id, name, mobile, aum_fen) from stdin;

-- name: twice
select min(customer_id), count(*) from (select customer_id from customer_line group by customer_id having count(*) > 1) as line
having count(*) > 0;

-- name: insert_list
insert into benefit_customer_list (day, customers, loaded_at) select %(day)s, count(*), %(now)s from customer_line;

-- name: take
insert into benefit_customer (customer_id, name, mobile, aum_fen, aum_day)
select customer_id, name, mobile, aum_fen, %(day)s from customer_line order by customer_id
on conflict (customer_id) do update
set name = excluded.name, mobile = excluded.mobile, aum_fen = excluded.aum_fen, aum_day = excluded.aum_day;

-- name: list_lists
select day, customers, loaded_at from benefit_customer_list
where (%(after)s::date is null or day < %(after)s::date)
order by day desc limit %(limit)s;

-- name: find_customer
select customer_id, name, mobile, aum_fen from benefit_customer where customer_id = %(customer_id)s;
