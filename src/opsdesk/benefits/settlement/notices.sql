-- name: note
update benefit_settlement_file set notified_at = %(now)s, notice_problem = %(problem)s where name = %(name)s and notified_at is null;
