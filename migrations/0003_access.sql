-- API keys: the first form of access. Only the SHA-256 of a key's secret part is kept.

create table api_key (
    id            text primary key check (id ~ '^[0-9A-Za-z]{12}$'),
    name          text not null check (length(name) between 1 and 64),
    secret_sha256 bytea not null check (octet_length(secret_sha256) = 32),
    scopes        text[] not null,
    roles         text[] not null,
    created_at    timestamptz not null,
    expires_at    timestamptz check (expires_at > created_at),
    revoked_at    timestamptz,
    last_used_at  timestamptz
);

create index api_key_by_age on api_key (created_at, id);
