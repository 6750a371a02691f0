-- name: I10
-- What was issued to a provider for a month is what its completed orders and its paid disputes of that month come to.
select 'file ' || file.name from benefit_settlement_file as file left join (
    select provider, settle_month as month, count(*) as rows, sum(settle_fen) as total_fen from (
        select provider, settle_month, settle_fen from benefit_order where status = 300
        union all
        select benefit_dispute.provider, benefit_dispute.settle_month, settle_fen
        from benefit_dispute join benefit_order using (order_id)
        where benefit_dispute.settle_month is not null
    ) as line
    group by provider, settle_month
) as settled using (provider, month)
where file.rows <> coalesce(settled.rows, 0) or file.total_fen <> coalesce(settled.total_fen, 0)
limit 100;

-- name: I10a
-- A month that is closed owes a file to each provider that has something in it.
select 'order ' || order_id from benefit_order join benefit_period on month = settle_month
where status = 300 and not exists (
    select from benefit_settlement_due as due where due.month = settle_month and due.provider = benefit_order.provider
)
limit 100;
