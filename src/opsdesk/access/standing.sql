-- name: person_now
-- Shared: decisions do not wait for each other; whoever changes the roles waits for them, or they see what was changed.
select roles, disabled_at from person where email = %(email)s for share;

-- name: key_makers
-- Compared by name in Python, where names are told apart as keys tell them apart. A person's own key acts as the person.
select distinct name, made_by from api_key where person_id is null and starts_with(made_by, 'person:');
