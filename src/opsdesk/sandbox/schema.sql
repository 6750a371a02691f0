-- Everything that the sandbox remembers. Times are RFC 3339 text in UTC.
-- Neither STRICT nor RETURNING: the SQLite that comes with Python 3.11 may be older than they are.

CREATE TABLE IF NOT EXISTS customer (
    customer_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    phone TEXT NOT NULL,
    registration_timestamp TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS remembered_answer (
    host TEXT NOT NULL,
    path TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (host, path, idempotency_key)
);

CREATE TABLE IF NOT EXISTS call (
    call_id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    scheme TEXT NOT NULL,
    participant TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    idempotency_key TEXT,
    customer_id TEXT,
    with_token INTEGER NOT NULL,
    status INTEGER,
    performed INTEGER NOT NULL DEFAULT 0,
    bytes_sent INTEGER NOT NULL DEFAULT 0,
    ended_at TEXT
);

CREATE INDEX IF NOT EXISTS call_of_customer ON call (participant, path, customer_id);

CREATE TABLE IF NOT EXISTS verification (
    customer_id TEXT NOT NULL,
    email TEXT NOT NULL,
    callback_url TEXT,
    confirmed_at TEXT,
    called_back_at TEXT,
    PRIMARY KEY (customer_id, email)
);

CREATE TABLE IF NOT EXISTS verification_link (
    token TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL,
    email TEXT NOT NULL,
    sent_at TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS mail (
    mail_id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    raw BLOB NOT NULL
);

CREATE INDEX IF NOT EXISTS mail_of_recipient ON mail (recipient, mail_id);

CREATE TABLE IF NOT EXISTS script (
    host TEXT NOT NULL,
    path TEXT NOT NULL,
    name TEXT NOT NULL,
    behaviour TEXT NOT NULL,
    remaining INTEGER,
    detail TEXT NOT NULL,
    PRIMARY KEY (host, path, name)
);

CREATE TABLE IF NOT EXISTS csm_assignment (
    assignment_id INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL UNIQUE,
    csm_number INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS review_result (
    delivery TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    flow_no TEXT NOT NULL,
    body TEXT NOT NULL,
    times INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS sent_application (
    sent_id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    flow_no TEXT NOT NULL,
    form TEXT NOT NULL,
    body TEXT NOT NULL,
    status INTEGER,
    answer TEXT NOT NULL
);

-- Who said what to whom in the flows of points and benefits, in the order in which it was said.
CREATE TABLE IF NOT EXISTS hop (
    seq INTEGER PRIMARY KEY,
    trace_id TEXT NOT NULL,
    at TEXT NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('call', 'return', 'self')),
    label TEXT NOT NULL
);

CREATE INDEX IF NOT EXISTS hop_of_trace ON hop (trace_id, seq);

-- Where Opsdesk is, and the key of each participant there; `*` is everybody's.
CREATE TABLE IF NOT EXISTS product (
    participant TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    key TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS bank_customer (
    customer_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    mobile TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS short_message (
    message_id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    mobile TEXT NOT NULL,
    text TEXT NOT NULL,
    url TEXT NOT NULL
);

CREATE INDEX IF NOT EXISTS short_message_of_customer ON short_message (customer_id, message_id);

-- Providers who live in the sandbox, and where the bank's open platform is for each.
CREATE TABLE IF NOT EXISTS provider_account (
    provider TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    bank_url TEXT NOT NULL,
    key_id TEXT NOT NULL,
    services TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS provider_order (
    provider TEXT NOT NULL,
    benefit_code TEXT NOT NULL,
    service TEXT NOT NULL,
    channel TEXT NOT NULL,
    status INTEGER NOT NULL,
    settle_fen INTEGER NOT NULL,
    completed_at TEXT,
    PRIMARY KEY (provider, benefit_code)
);
