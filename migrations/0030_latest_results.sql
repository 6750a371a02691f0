-- The latest results, for those who look after how they arrive.

create index screening_result_by_end on screening_result (ended_at desc, ticket_id);
