-- What came with an application, kept beside the answer: people see by it what was answered, and why.

alter table screening_application add column content json;  -- null: it came before this was kept

create index screening_application_by_time on screening_application (received_at desc, flow_no desc);
create index screening_application_of_user on screening_application (user_id, received_at desc, flow_no desc);
create index screening_application_of_ticket on screening_application (ticket_id) where ticket_id is not null;
