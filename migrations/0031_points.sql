-- The ledger of points: who holds how many, of which grant, until when, and every movement there ever was.

-- One row a customer, and the lock that everything which moves their points takes first.
create table points_wallet (
    customer_id text collate "C" primary key check (customer_id <> ''),
    -- What the customer's lots hold together, those that are past their date and not swept yet among them.
    balance bigint not null check (balance >= 0)
) with (fillfactor = 70);

-- Points that were granted together, and expire together.
create table points_lot (
    lot_id bigint generated always as identity primary key,
    customer_id text collate "C" not null references points_wallet,
    -- What the granting side calls this grant: once, for good.
    grant_key text not null unique check (grant_key <> ''),
    granted bigint not null check (granted > 0),
    remaining bigint not null check (remaining between 0 and granted),
    granted_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > granted_at),
    -- What was left at its date has been taken out of the wallet.
    is_swept boolean not null default false check (not is_swept or remaining = 0)
) with (fillfactor = 70);

-- None of the two knows of `remaining`: a lot is written over in place however often points are taken from it.
create index points_lot_in_order on points_lot (customer_id, expires_at, lot_id);
create index points_lot_to_sweep on points_lot (expires_at, lot_id) where not is_swept;

-- A movement is one row with both of its sides, so that there is no way to write one that does not balance.
-- Kinds:    1 grant, 2 hold, 3 return, 4 forfeit, 5 spend, 6 sweep
-- Accounts: 1 issued, 2 wallet, 3 held, 4 spent, 5 expired
create table points_posting (
    posting_id bigint generated always as identity primary key,
    -- For what the points were held; none for what happens to a wallet alone.
    order_id uuid,
    lot_id bigint not null references points_lot,
    points bigint not null check (points > 0),
    -- The moment that counts for whether the lot was past its date.
    effective_at timestamptz not null,
    recorded_at timestamptz not null,
    customer_id text collate "C" not null,
    kind smallint not null,
    debit smallint not null,
    credit smallint not null,
    check ((kind, debit, credit) in ((1, 1, 2), (2, 2, 3), (3, 3, 2), (4, 3, 5), (5, 3, 4), (6, 2, 5))),
    check ((kind in (1, 6)) = (order_id is null)),
    check (effective_at <= recorded_at)
);

-- What an order holds of a lot is held once and let go of once: returned, forfeited or spent, whatever the order's state says.
create unique index points_posting_once on points_posting (order_id, lot_id, (kind <> 2)) where order_id is not null;
create index points_posting_of_lot on points_posting (lot_id);
create index points_posting_of_customer on points_posting (customer_id, posting_id);

create trigger points_posting_is_append_only before update or delete or truncate on points_posting
for each statement execute function refuse_to_change_evidence();

create trigger points_lot_is_fixed before update of lot_id, customer_id, grant_key, granted, granted_at, expires_at on points_lot
for each row execute function refuse_to_change_evidence();

create trigger points_lot_is_kept before delete or truncate on points_lot
for each statement execute function refuse_to_change_evidence();

create trigger points_wallet_is_kept before delete or truncate on points_wallet
for each statement execute function refuse_to_change_evidence();
