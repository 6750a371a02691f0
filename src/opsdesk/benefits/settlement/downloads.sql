-- name: note
insert into benefit_settlement_access (name, at, kind, actor, range_begin, range_end, client)
values (%(name)s, %(now)s, %(kind)s, %(actor)s, %(range_begin)s, %(range_end)s, %(client)s);
