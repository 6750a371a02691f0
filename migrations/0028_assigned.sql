-- A lead of the desk claims tickets in the name of somebody else.

alter table ticket
    -- Who gave the ticket to whoever holds it; null: they took it themselves.
    add column assigned_by text;
alter table ticket add constraint ticket_assigned_is_claimed check (assigned_by is null or claimed_by is not null) not valid;

alter table ticket_event drop constraint ticket_event_kind_check;
alter table ticket_event add constraint ticket_event_kind_check check (kind in
    ('opened', 'claimed', 'released', 'answered', 'decided', 'closed', 'amended', 'escalated', 'clock_stopped',
     'clock_started', 'second_asked', 'revealed', 'skipped', 'assigned')) not valid;
