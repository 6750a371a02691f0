-- How far the steps of orders have been told to others.

create index benefit_event_in_order on benefit_event (xid, event_id);

create table benefit_relay (
    is_the_one boolean primary key default true check (is_the_one),
    -- The last step that was told, in the order of the transactions that wrote them.
    xid xid8 not null default '0',
    event_id bigint not null default 0
);

insert into benefit_relay default values;
