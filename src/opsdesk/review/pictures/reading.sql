-- name: pictures
select picture.ticket_id, picture.key_id, picture.token, picture.state, picture.attempts, picture.reason,
    picture.source_sha256, picture.content_sha256, content.media_type, content.width, content.height, picture.settled_at
from picture
left join picture_content as content on content.sha256 = picture.content_sha256
where picture.ticket_id = %(ticket_id)s
order by picture.key_id;

-- name: content
select media_type, data from picture_content where sha256 = %(sha256)s;

-- name: outline
select 'image/png' as media_type, outline as data from picture_content where sha256 = %(sha256)s;

-- name: revealed
select key_id from ticket_reveal where ticket_id = %(ticket_id)s and actor = %(actor)s;

-- name: insert_reveals
insert into ticket_reveal (ticket_id, key_id, actor, at)
select %(ticket_id)s, key_id, %(actor)s, %(now)s from unnest(%(key_ids)s::text[]) as given (key_id)
on conflict (ticket_id, actor, key_id) do nothing
returning key_id;
