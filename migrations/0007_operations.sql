-- What watches the installation asks for open runs only, however many have ended.
create index flow_run_open on flow_run (status) where ended_at is null;
