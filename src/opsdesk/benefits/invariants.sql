-- Each gives what contradicts itself, some of it: nothing where all is well. They read one snapshot and lock nothing.

-- name: I5
-- An order holds its points, and what was returned, forfeited or spent is what its state says.
select 'order ' || order_id from benefit_order full join (
    select order_id,
        sum(points) filter (where kind = 2) as held,
        coalesce(sum(points) filter (where kind = 3), 0) as returned,
        coalesce(sum(points) filter (where kind = 4), 0) as forfeited,
        coalesce(sum(points) filter (where kind = 5), 0) as spent
    from points_posting where order_id is not null group by order_id
) as posted using (order_id)
where benefit_order.points is distinct from held
    or case
        when status in (100, 200) then (posted.returned, posted.forfeited, spent) <> (0, 0, 0)
        when status = 300 then (posted.returned, posted.forfeited, spent) <> (0, 0, held)
        else (posted.returned, posted.forfeited, spent) is distinct from (benefit_order.returned, benefit_order.forfeited, 0)
    end
limit 100;

-- name: I8
-- What is held is what open orders cost.
select 'held: ' || held || ' by the postings, ' || open || ' by the orders' from (
    select (
        select coalesce(sum(case when credit = 3 then points else -points end), 0) from points_posting where 3 in (debit, credit)
    ) as held, (
        select coalesce(sum(points), 0) from benefit_order where status in (100, 200)
    ) as open
) as both_sides
where held <> open;

-- name: I9
-- The steps of an order lead from nothing to where it stands, each from where the one before it led to.
select 'order ' || order_id from benefit_order left join (
    select order_id, array_agg(status order by event_id) as steps,
        array_agg(was order by event_id) as origins
    from benefit_event group by order_id
) as told using (order_id)
where steps is null
    or origins is distinct from (array[null]::smallint[] || steps[1:cardinality(steps) - 1])
    or steps[cardinality(steps)] <> status
    or case status when 100 then 1 when 200 then 2 when 300 then 3 when 500 then 2 else 2 + (booked_at is not null)::integer end
        <> cardinality(steps)
limit 100;

-- name: I11
-- What was answered with success names an order that is there, of the customer or the provider who asked.
select 'answer ' || scope || ' ' || key from benefit_answer left join benefit_order using (order_id)
where (code = 'OK' and benefit_order.order_id is null)
    or (code = 'OK' and scope like 'partner:%' and scope <> 'partner:' || provider)
    or (code = 'OK' and answer ->> 'order_id' is distinct from order_id::text)
limit 100;

-- name: I13
-- Each moment that an order knows of was told, once.
select 'order ' || order_id from benefit_order join (
    select order_id, count(*) as told, count(distinct status) as steps from benefit_event group by order_id
) as events using (order_id)
where told <> 1 + (booked_at is not null)::integer + (closed_at is not null)::integer or told <> steps
limit 100;
