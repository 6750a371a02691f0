-- Screening types make the tickets of human nodes as well: such a ticket is named as any of its run is.

alter table ticket
    -- Whatever asks for it: what a screening type made says all of it, and nothing else says any.
    add constraint ticket_of_a_type_check check (
        num_nulls(application, scene, bucket, user_id, type_id, type_version, adapt_id, adapt_version) in (0, 8)
    ) not valid;
