-- name: adapt_at
-- Whether it is paused does not matter: what is live goes on.
select adapt_id from screening_adapt
where application = %(application)s and scene = %(scene)s and type_id = %(type_id)s;
