-- name: insert_pictures
insert into picture (ticket_id, key_id, token)
select %(ticket_id)s, key_id, token from unnest(%(key_ids)s::text[], %(tokens)s::text[]) as given (key_id, token);

-- name: begin_attempt
-- Counted before the world is asked, in a transaction of its own.
update picture set attempts = attempts + 1
where ticket_id = %(ticket_id)s and key_id = %(key_id)s and state = 'waiting'
returning attempts;

-- name: note_reason
update picture set reason = %(reason)s
where ticket_id = %(ticket_id)s and key_id = %(key_id)s and state = 'waiting';

-- name: insert_content
insert into picture_content (sha256, media_type, width, height, data, outline)
values (%(sha256)s, %(media_type)s, %(width)s, %(height)s, %(data)s, %(outline)s)
on conflict (sha256) do nothing;

-- name: lock_ticket
-- As whoever decides does, so that of the two the second sees the first.
select from ticket where id = %(ticket_id)s for update;

-- name: settle_picture
update picture
set state = %(state)s, reason = %(reason)s, source_sha256 = %(source_sha256)s, content_sha256 = %(content_sha256)s,
    settled_at = %(now)s
where ticket_id = %(ticket_id)s and key_id = %(key_id)s and state = 'waiting';

-- name: count_down
-- A ticket that was closed meanwhile never changes; its pictures tell themselves what became of them.
update ticket set pictures_waiting = pictures_waiting - 1, row_version = row_version + 1
where id = %(ticket_id)s and status = 'open';
