-- People: their accounts, sessions and one-time codes, and what sign-in remembers against guessing.

create table person (
    id uuid primary key,
    -- In its one spelling (NFKC, case-folded), so that one address is one person.
    email text not null unique check (length(email) between 3 and 254),
    name text not null check (length(name) between 1 and 64),
    roles text[] not null check (cardinality(roles) <= 50),
    language text not null check (language in ('zh-CN', 'en')),
    time_zone text not null check (length(time_zone) between 1 and 64),
    theme text not null check (theme in ('system', 'light', 'dark')),
    password_hash text check (password_hash like '$argon2id$%'),
    password_set_at timestamptz,
    -- Encrypted. Counts only when it was confirmed with a code; the step of the last code taken is refused from then on.
    totp_secret bytea,
    totp_confirmed_at timestamptz,
    totp_step bigint,
    -- Who the person is at the identity provider, from the first sign-in there.
    oidc_issuer text,
    oidc_subject text,
    created_at timestamptz not null,
    disabled_at timestamptz,
    unique (oidc_issuer, oidc_subject),
    check ((password_hash is null) = (password_set_at is null)),
    check ((oidc_issuer is null) = (oidc_subject is null)),
    check (totp_confirmed_at is null or totp_secret is not null)
);

-- One sign-in on one device. Only the SHA-256 of the token in the cookie is kept. Rows stay when a session has ended.
create table person_session (
    id uuid primary key,
    person_id uuid not null references person,
    token_sha256 bytea not null unique check (octet_length(token_sha256) = 32),
    method text not null check (method in ('password', 'code', 'oidc')),
    -- Null: the password was right, and the second factor has not been given.
    verified_at timestamptz,
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > created_at),
    ended_at timestamptz,
    user_agent text not null check (length(user_agent) <= 200),
    address text not null check (length(address) <= 64)
);
create index person_session_of_person on person_session (person_id, last_seen_at);

-- A code that sets a password once: for the first sign-in, or when the password is lost.
create table person_link (
    id uuid primary key,
    person_id uuid not null references person,
    purpose text not null check (purpose in ('first_sign_in', 'password_reset')),
    code_sha256 bytea not null unique check (octet_length(code_sha256) = 32),
    created_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > created_at),
    used_at timestamptz
);
create index person_link_open on person_link (person_id) where used_at is null;

-- In place of a lost second factor, each once.
create table person_recovery_code (
    person_id uuid not null references person,
    code_sha256 bytea not null check (octet_length(code_sha256) = 32),
    used_at timestamptz,
    primary key (person_id, code_sha256)
);

-- Failed attempts to sign in, by what they have in common: an account and where they came from, an account, an address.
-- The level leaks away with time; above a limit the next attempt has to wait.
create table sign_in_attempt (
    subject text primary key check (length(subject) <= 100),
    failures double precision not null check (failures >= 0),
    at timestamptz not null
);
create index sign_in_attempt_at on sign_in_attempt (at);

-- A person's key acts as the person, and does not work while the person is disabled.
alter table api_key add column person_id uuid references person;
create index api_key_of_person on api_key (person_id) where person_id is not null;
