-- How far the steps of orders have been told to others.
create table benefit_relay (
    is_the_one boolean primary key default true check (is_the_one),
    -- The last step that was told.
    event_id bigint not null default 0
);

insert into benefit_relay default values;
