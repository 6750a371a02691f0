-- name: person_of_subject
select id from person where oidc_issuer = %(issuer)s and oidc_subject = %(subject)s;

-- name: link_subject
-- Not where the account is linked already: an address that was given to somebody else does not give them the account.
update person
set oidc_issuer = %(issuer)s, oidc_subject = %(subject)s
where id = %(id)s and (oidc_subject is null or oidc_issuer <> %(issuer)s);
