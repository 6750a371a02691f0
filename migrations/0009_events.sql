-- Events that runs wait for come in as arrivals do.

alter table flow_inbox drop constraint flow_inbox_kind_check;
alter table flow_inbox add constraint flow_inbox_kind_check check (kind in
    ('callback', 'decision', 'signal', 'cancel', 'retry', 'pause', 'resume', 'skip', 'rerun', 'event')) not valid;
