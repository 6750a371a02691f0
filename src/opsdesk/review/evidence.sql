-- name: as_opened
select shown, shown_sha256, shown_personal, content_sha256 from ticket where id = %(id)s;

-- name: before
select earlier.id, earlier.iteration, earlier.generation, earlier.status,
    (select count(*) from ticket_answer where ticket_answer.ticket_id = earlier.id) as answers_given
from ticket as this
join ticket as earlier using (source, subject, node)
where this.id = %(id)s and (earlier.iteration, earlier.generation) < (this.iteration, this.generation)
order by earlier.iteration, earlier.generation;
