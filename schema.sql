-- Generated from migrations/ by `make schema`. Read it; do not edit it.

COMMENT ON SCHEMA public IS 'standard public schema';

CREATE TYPE pgqueuer_status AS ENUM (
    'queued',
    'picked',
    'successful',
    'exception',
    'canceled',
    'deleted',
    'failed'
);

CREATE FUNCTION fn_pgqueuer_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    to_emit BOOLEAN := false;  -- Flag to decide whether to emit a notification
BEGIN
    -- Check operation type and set the emit flag accordingly
    IF TG_OP = 'UPDATE' AND OLD IS DISTINCT FROM NEW THEN
        to_emit := true;
    ELSIF TG_OP = 'DELETE' THEN
        to_emit := true;
    ELSIF TG_OP = 'INSERT' THEN
        to_emit := true;
    ELSIF TG_OP = 'TRUNCATE' THEN
        to_emit := true;
    END IF;

    -- Perform notification if the emit flag is set
    IF to_emit THEN
        PERFORM pg_notify(
            'ch_pgqueuer',
            json_build_object(
                'channel', 'ch_pgqueuer',
                'operation', lower(TG_OP),
                'sent_at', NOW(),
                'table', TG_TABLE_NAME,
                'type', 'table_changed_event'
            )::text
        );
    END IF;

    -- Return appropriate value based on the operation
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        RETURN OLD;
    ELSE
        RETURN NULL; -- For TRUNCATE and other non-row-specific contexts
    END IF;

END;
$$;

CREATE FUNCTION points_posting_comes_second() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform pg_current_xact_id();
    return null;
end
$$;

CREATE FUNCTION refuse_to_change_evidence() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception 'rows of % are evidence: % is refused', tg_table_name, tg_op using errcode = 'restrict_violation';
end
$$;

CREATE FUNCTION refuse_to_change_what_is_finished() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception 'ticket % is finished and never changes', old.id using errcode = 'restrict_violation';
end
$$;

CREATE FUNCTION refuse_to_change_what_is_settled() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception 'the picture of ticket % is settled and never changes', old.ticket_id
        using errcode = 'restrict_violation';
end
$$;

CREATE TABLE api_key (
    id text NOT NULL,
    name text NOT NULL,
    secret_sha256 bytea NOT NULL,
    scopes text[] NOT NULL,
    roles text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    person_id uuid,
    made_by text,
    CONSTRAINT api_key_check CHECK ((expires_at > created_at)),
    CONSTRAINT api_key_id_check CHECK ((id ~ '^[0-9A-Za-z]{12}$'::text)),
    CONSTRAINT api_key_made_by_check CHECK ((made_by <> ''::text)),
    CONSTRAINT api_key_name_check CHECK (((length(name) >= 1) AND (length(name) <= 64))),
    CONSTRAINT api_key_secret_sha256_check CHECK ((octet_length(secret_sha256) = 32))
);

CREATE TABLE application (
    application text NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT application_application_check CHECK ((application <> ''::text))
);

CREATE TABLE audit_batch (
    last_seq bigint NOT NULL,
    first_seq bigint NOT NULL,
    sealed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    mac_key text NOT NULL,
    mac bytea NOT NULL,
    CONSTRAINT audit_batch_check CHECK (((first_seq >= 1) AND (first_seq <= last_seq))),
    CONSTRAINT audit_batch_mac_check CHECK ((octet_length(mac) = 32)),
    CONSTRAINT audit_batch_mac_key_check CHECK ((mac_key ~ '^[0-9a-f]{16}$'::text))
);

CREATE TABLE audit_entry (
    entry_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    roles text[] NOT NULL,
    action text NOT NULL,
    object_kind text NOT NULL,
    object_id text NOT NULL,
    before jsonb,
    after jsonb,
    key_id integer NOT NULL,
    reason text,
    request_id text NOT NULL,
    CONSTRAINT audit_entry_action_check CHECK ((action ~ '^[a-z_]+\.[a-z_]+$'::text)),
    CONSTRAINT audit_entry_actor_check CHECK ((actor <> ''::text)),
    CONSTRAINT audit_entry_after_check CHECK ((jsonb_typeof(after) = 'object'::text)),
    CONSTRAINT audit_entry_before_check CHECK ((jsonb_typeof(before) = 'object'::text)),
    CONSTRAINT audit_entry_object_id_check CHECK ((object_id <> ''::text)),
    CONSTRAINT audit_entry_object_kind_check CHECK ((object_kind <> ''::text)),
    CONSTRAINT audit_entry_reason_check CHECK ((reason <> ''::text)),
    CONSTRAINT audit_entry_request_id_check CHECK ((request_id <> ''::text))
);

ALTER TABLE audit_entry ALTER COLUMN entry_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME audit_entry_entry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE audit_key (
    key_id integer NOT NULL,
    key bytea NOT NULL,
    made_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT audit_key_key_check CHECK ((octet_length(key) = 32))
);

ALTER TABLE audit_key ALTER COLUMN key_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME audit_key_key_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE audit_seal (
    seq bigint NOT NULL,
    entry_id bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_seal_hash_check CHECK ((octet_length(hash) = 32)),
    CONSTRAINT audit_seal_seq_check CHECK ((seq >= 1))
);

CREATE TABLE audit_waiting (
    entry_id bigint NOT NULL,
    since timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE benefit_answer (
    scope text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    digest bytea NOT NULL,
    code text NOT NULL,
    order_id uuid,
    answer jsonb NOT NULL,
    answered_at timestamp with time zone NOT NULL,
    trace_id text DEFAULT ''::text NOT NULL,
    path text DEFAULT ''::text NOT NULL,
    CONSTRAINT benefit_answer_digest_check CHECK ((length(digest) = 32)),
    CONSTRAINT benefit_answer_key_check CHECK ((key <> ''::text)),
    CONSTRAINT benefit_answer_scope_check CHECK ((scope <> ''::text))
);

CREATE TABLE benefit_customer (
    customer_id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    mobile text NOT NULL,
    aum_fen bigint NOT NULL,
    aum_day date NOT NULL,
    CONSTRAINT benefit_customer_aum_fen_check CHECK ((aum_fen >= 0)),
    CONSTRAINT benefit_customer_customer_id_check CHECK ((customer_id <> ''::text))
);

CREATE TABLE benefit_customer_list (
    day date NOT NULL,
    customers bigint NOT NULL,
    loaded_at timestamp with time zone NOT NULL,
    CONSTRAINT benefit_customer_list_customers_check CHECK ((customers >= 0))
);

CREATE TABLE benefit_dispute (
    dispute_id uuid NOT NULL,
    order_id uuid NOT NULL,
    provider text NOT NULL COLLATE pg_catalog."C",
    completed_at timestamp with time zone NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    proposal text,
    reason text,
    proposed_by text,
    proposed_at timestamp with time zone,
    decided_by text,
    decided_at timestamp with time zone,
    settle_month date,
    CONSTRAINT benefit_dispute_check CHECK (((proposal IS NULL) = (proposed_by IS NULL))),
    CONSTRAINT benefit_dispute_check1 CHECK (((proposal IS NULL) = (proposed_at IS NULL))),
    CONSTRAINT benefit_dispute_check2 CHECK (((decided_at IS NULL) OR (proposal IS NOT NULL))),
    CONSTRAINT benefit_dispute_check3 CHECK (((decided_by IS NULL) = (decided_at IS NULL))),
    CONSTRAINT benefit_dispute_check4 CHECK (((decided_by IS DISTINCT FROM proposed_by) OR (decided_by IS NULL))),
    CONSTRAINT benefit_dispute_check5 CHECK (((settle_month IS NOT NULL) = ((decided_at IS NOT NULL) AND (proposal = 'pay'::text)))),
    CONSTRAINT benefit_dispute_proposal_check CHECK ((proposal = ANY (ARRAY['pay'::text, 'dismiss'::text]))),
    CONSTRAINT benefit_dispute_settle_month_check CHECK ((EXTRACT(day FROM settle_month) = (1)::numeric))
);

CREATE TABLE benefit_event (
    event_id bigint NOT NULL,
    order_id uuid NOT NULL,
    was smallint,
    status smallint NOT NULL,
    effective_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    trace_id text DEFAULT ''::text NOT NULL,
    path text DEFAULT ''::text NOT NULL,
    CONSTRAINT benefit_event_check CHECK ((((was IS NULL) AND (status = 100)) OR ((((((was = 100) AND (status = 200)) OR ((was = 100) AND (status = 400))) OR ((was = 100) AND (status = 500))) OR ((was = 200) AND (status = 300))) OR ((was = 200) AND (status = 400)))))
);

ALTER TABLE benefit_event ALTER COLUMN event_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME benefit_event_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE benefit_job_call (
    caller text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    job_run_id integer NOT NULL,
    orders bigint NOT NULL,
    returned bigint NOT NULL,
    forfeited bigint NOT NULL,
    remaining bigint NOT NULL,
    answered_at timestamp with time zone NOT NULL,
    CONSTRAINT benefit_job_call_caller_check CHECK ((caller <> ''::text)),
    CONSTRAINT benefit_job_call_forfeited_check CHECK ((forfeited >= 0)),
    CONSTRAINT benefit_job_call_key_check CHECK ((key <> ''::text)),
    CONSTRAINT benefit_job_call_orders_check CHECK ((orders >= 0)),
    CONSTRAINT benefit_job_call_remaining_check CHECK ((remaining >= 0)),
    CONSTRAINT benefit_job_call_returned_check CHECK ((returned >= 0))
);

CREATE TABLE benefit_job_run (
    job_run_id integer NOT NULL,
    kind text NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    begun_by text NOT NULL,
    worked_at timestamp with time zone NOT NULL,
    worked_by text NOT NULL,
    orders bigint DEFAULT 0 NOT NULL,
    returned bigint DEFAULT 0 NOT NULL,
    forfeited bigint DEFAULT 0 NOT NULL,
    remaining bigint NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT benefit_job_run_check CHECK (((ended_at IS NULL) OR (remaining = 0))),
    CONSTRAINT benefit_job_run_check1 CHECK ((worked_at >= begun_at)),
    CONSTRAINT benefit_job_run_forfeited_check CHECK ((forfeited >= 0)),
    CONSTRAINT benefit_job_run_kind_check CHECK ((kind = 'expiry'::text)),
    CONSTRAINT benefit_job_run_orders_check CHECK ((orders >= 0)),
    CONSTRAINT benefit_job_run_remaining_check CHECK ((remaining >= 0)),
    CONSTRAINT benefit_job_run_returned_check CHECK ((returned >= 0))
)
WITH (fillfactor='70');

ALTER TABLE benefit_job_run ALTER COLUMN job_run_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME benefit_job_run_job_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE benefit_link (
    link_no bigint NOT NULL,
    jti bytea NOT NULL,
    digest bytea NOT NULL,
    order_id uuid NOT NULL,
    purpose smallint NOT NULL,
    channel text NOT NULL,
    provider text NOT NULL COLLATE pg_catalog."C",
    kid integer NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    trace_id text DEFAULT ''::text NOT NULL,
    path text DEFAULT ''::text NOT NULL,
    CONSTRAINT benefit_link_channel_check CHECK ((channel = ANY (ARRAY['mobile'::text, 'phone'::text, 'crm'::text]))),
    CONSTRAINT benefit_link_check CHECK ((expires_at > issued_at)),
    CONSTRAINT benefit_link_digest_check CHECK ((length(digest) = 16)),
    CONSTRAINT benefit_link_jti_check CHECK ((length(jti) = 8)),
    CONSTRAINT benefit_link_purpose_check CHECK ((purpose = ANY (ARRAY[1, 2])))
);

CREATE TABLE benefit_link_key (
    provider text NOT NULL COLLATE pg_catalog."C",
    kid integer NOT NULL,
    profile text NOT NULL,
    offered_at timestamp with time zone NOT NULL,
    acknowledged_at timestamp with time zone,
    links_before bigint,
    retired_at timestamp with time zone,
    destroyed_at timestamp with time zone,
    CONSTRAINT benefit_link_key_check CHECK ((acknowledged_at >= offered_at)),
    CONSTRAINT benefit_link_key_check1 CHECK ((retired_at >= acknowledged_at)),
    CONSTRAINT benefit_link_key_check2 CHECK ((destroyed_at >= retired_at)),
    CONSTRAINT benefit_link_key_check3 CHECK (((acknowledged_at IS NULL) = (links_before IS NULL))),
    CONSTRAINT benefit_link_key_check4 CHECK (((retired_at IS NULL) OR (acknowledged_at IS NOT NULL))),
    CONSTRAINT benefit_link_key_check5 CHECK (((destroyed_at IS NULL) OR (retired_at IS NOT NULL))),
    CONSTRAINT benefit_link_key_kid_check CHECK (((kid >= 1) AND (kid <= 65535))),
    CONSTRAINT benefit_link_key_profile_check CHECK ((profile = ANY (ARRAY['gcm'::text, 'sm'::text, 'legacy-ecb'::text])))
);

ALTER TABLE benefit_link ALTER COLUMN link_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME benefit_link_link_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE benefit_order (
    order_id uuid NOT NULL,
    benefit_code text NOT NULL COLLATE pg_catalog."C",
    customer_id text NOT NULL COLLATE pg_catalog."C",
    channel text NOT NULL,
    service text NOT NULL COLLATE pg_catalog."C",
    provider text NOT NULL COLLATE pg_catalog."C",
    points bigint NOT NULL,
    settle_fen bigint NOT NULL,
    aum_day date NOT NULL,
    aum_fen bigint NOT NULL,
    status smallint NOT NULL,
    redeemed_at timestamp with time zone NOT NULL,
    expire_at timestamp with time zone NOT NULL,
    booked_at timestamp with time zone,
    completed_at timestamp with time zone,
    reported_at timestamp with time zone,
    settle_month date,
    is_late boolean,
    closed_at timestamp with time zone,
    returned bigint,
    forfeited bigint,
    CONSTRAINT benefit_order_benefit_code_check CHECK ((benefit_code ~ '^[0-9A-HJKMNP-TV-Z]{16}$'::text)),
    CONSTRAINT benefit_order_channel_check CHECK ((channel = ANY (ARRAY['mobile'::text, 'phone'::text, 'crm'::text]))),
    CONSTRAINT benefit_order_check CHECK ((expire_at > redeemed_at)),
    CONSTRAINT benefit_order_check1 CHECK ((((booked_at IS NULL) = (status = ANY (ARRAY[100, 500]))) OR (status = 400))),
    CONSTRAINT benefit_order_check2 CHECK (((status = 300) = (completed_at IS NOT NULL))),
    CONSTRAINT benefit_order_check3 CHECK (((status = 300) = (reported_at IS NOT NULL))),
    CONSTRAINT benefit_order_check4 CHECK (((status = 300) = (settle_month IS NOT NULL))),
    CONSTRAINT benefit_order_check5 CHECK (((status = 300) = (is_late IS NOT NULL))),
    CONSTRAINT benefit_order_check6 CHECK (((status = ANY (ARRAY[300, 400, 500])) = (closed_at IS NOT NULL))),
    CONSTRAINT benefit_order_check7 CHECK (((status = ANY (ARRAY[400, 500])) = (returned IS NOT NULL))),
    CONSTRAINT benefit_order_check8 CHECK (((status = ANY (ARRAY[400, 500])) = (forfeited IS NOT NULL))),
    CONSTRAINT benefit_order_check9 CHECK (((returned >= 0) AND (forfeited >= 0) AND ((returned + forfeited) = points))),
    CONSTRAINT benefit_order_points_check CHECK ((points > 0)),
    CONSTRAINT benefit_order_settle_fen_check CHECK ((settle_fen >= 0)),
    CONSTRAINT benefit_order_settle_month_check CHECK ((EXTRACT(day FROM settle_month) = (1)::numeric)),
    CONSTRAINT benefit_order_status_check CHECK ((status = ANY (ARRAY[100, 200, 300, 400, 500])))
)
WITH (fillfactor='85');

CREATE TABLE benefit_partner (
    provider text NOT NULL COLLATE pg_catalog."C",
    booking_url text NOT NULL,
    cancellation_url text NOT NULL,
    profile text DEFAULT 'gcm'::text NOT NULL,
    is_legacy_allowed boolean DEFAULT false NOT NULL,
    grace_s integer DEFAULT 0 NOT NULL,
    is_newest_only boolean DEFAULT false NOT NULL,
    is_token_optional boolean DEFAULT false NOT NULL,
    CONSTRAINT benefit_partner_booking_url_check CHECK ((booking_url ~ '^https?://'::text)),
    CONSTRAINT benefit_partner_cancellation_url_check CHECK ((cancellation_url ~ '^https?://'::text)),
    CONSTRAINT benefit_partner_check CHECK (((profile <> 'legacy-ecb'::text) OR is_legacy_allowed)),
    CONSTRAINT benefit_partner_grace_s_check CHECK (((grace_s >= 0) AND (grace_s <= 300))),
    CONSTRAINT benefit_partner_profile_check CHECK ((profile = ANY (ARRAY['gcm'::text, 'sm'::text, 'legacy-ecb'::text])))
);

CREATE TABLE benefit_partner_key (
    key_id text NOT NULL COLLATE pg_catalog."C",
    provider text NOT NULL COLLATE pg_catalog."C",
    algorithm text NOT NULL,
    public_key bytea NOT NULL,
    added_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone,
    CONSTRAINT benefit_partner_key_algorithm_check CHECK ((algorithm = ANY (ARRAY['ed25519'::text, 'rsa2'::text, 'sm2'::text, 'x25519'::text]))),
    CONSTRAINT benefit_partner_key_key_id_check CHECK ((key_id ~ '^pk_[0-9a-z]{16}$'::text))
);

CREATE TABLE benefit_partner_nonce (
    provider text NOT NULL COLLATE pg_catalog."C",
    nonce text NOT NULL COLLATE pg_catalog."C",
    seen_at timestamp with time zone NOT NULL
);

CREATE TABLE benefit_period (
    month date NOT NULL,
    closed_at timestamp with time zone NOT NULL,
    frozen_at timestamp with time zone,
    CONSTRAINT benefit_period_month_check CHECK ((EXTRACT(day FROM month) = (1)::numeric))
);

CREATE TABLE benefit_provider (
    provider text NOT NULL COLLATE pg_catalog."C",
    name_zh text NOT NULL,
    name_en text NOT NULL,
    is_open boolean DEFAULT true NOT NULL,
    CONSTRAINT benefit_provider_name_en_check CHECK ((name_en <> ''::text)),
    CONSTRAINT benefit_provider_name_zh_check CHECK ((name_zh <> ''::text)),
    CONSTRAINT benefit_provider_provider_check CHECK ((provider ~ '^[a-z0-9][a-z0-9-]{0,31}$'::text))
);

CREATE TABLE benefit_quote (
    quote_id uuid NOT NULL,
    order_id uuid NOT NULL,
    returned bigint NOT NULL,
    forfeited bigint NOT NULL,
    parts jsonb NOT NULL,
    quoted_at timestamp with time zone NOT NULL,
    valid_until timestamp with time zone NOT NULL,
    trace_id text DEFAULT ''::text NOT NULL,
    path text DEFAULT ''::text NOT NULL,
    CONSTRAINT benefit_quote_forfeited_check CHECK ((forfeited >= 0)),
    CONSTRAINT benefit_quote_returned_check CHECK ((returned >= 0))
);

CREATE TABLE benefit_relay (
    is_the_one boolean DEFAULT true NOT NULL,
    event_id bigint DEFAULT 0 NOT NULL,
    CONSTRAINT benefit_relay_is_the_one_check CHECK (is_the_one)
);

CREATE TABLE benefit_service (
    service text NOT NULL COLLATE pg_catalog."C",
    provider text NOT NULL COLLATE pg_catalog."C",
    name_zh text NOT NULL,
    name_en text NOT NULL,
    points bigint NOT NULL,
    settle_fen bigint NOT NULL,
    is_open boolean DEFAULT true NOT NULL,
    stock bigint,
    quota integer,
    CONSTRAINT benefit_service_name_en_check CHECK ((name_en <> ''::text)),
    CONSTRAINT benefit_service_name_zh_check CHECK ((name_zh <> ''::text)),
    CONSTRAINT benefit_service_points_check CHECK ((points > 0)),
    CONSTRAINT benefit_service_quota_check CHECK ((quota > 0)),
    CONSTRAINT benefit_service_service_check CHECK ((service ~ '^[a-z0-9][a-z0-9-]{0,31}$'::text)),
    CONSTRAINT benefit_service_settle_fen_check CHECK ((settle_fen >= 0)),
    CONSTRAINT benefit_service_stock_check CHECK ((stock >= 0))
);

CREATE TABLE benefit_settlement_access (
    access_id bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    actor text NOT NULL,
    range_begin bigint,
    range_end bigint,
    client text DEFAULT ''::text NOT NULL,
    CONSTRAINT benefit_settlement_access_check CHECK ((range_end >= range_begin)),
    CONSTRAINT benefit_settlement_access_check1 CHECK (((kind = 'fetch'::text) = (range_begin IS NOT NULL))),
    CONSTRAINT benefit_settlement_access_check2 CHECK (((kind = 'fetch'::text) = (range_end IS NOT NULL))),
    CONSTRAINT benefit_settlement_access_kind_check CHECK ((kind = ANY (ARRAY['address'::text, 'fetch'::text]))),
    CONSTRAINT benefit_settlement_access_range_begin_check CHECK ((range_begin >= 0))
);

ALTER TABLE benefit_settlement_access ALTER COLUMN access_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME benefit_settlement_access_access_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE benefit_settlement_customer (
    month date NOT NULL,
    provider text NOT NULL COLLATE pg_catalog."C",
    customer_id text NOT NULL COLLATE pg_catalog."C",
    customer_hash text NOT NULL,
    masked_name text NOT NULL,
    masked_mobile text NOT NULL,
    CONSTRAINT benefit_settlement_customer_customer_hash_check CHECK ((customer_hash ~ '^[0-9a-f]{32}$'::text))
);

CREATE TABLE benefit_settlement_due (
    month date NOT NULL,
    provider text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE benefit_settlement_file (
    provider text NOT NULL COLLATE pg_catalog."C",
    month date NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    rows bigint NOT NULL,
    total_fen bigint NOT NULL,
    bytes bigint NOT NULL,
    sha256 text NOT NULL,
    content_sha256 text NOT NULL,
    manifest text NOT NULL,
    published_at timestamp with time zone NOT NULL,
    notified_at timestamp with time zone,
    notice_problem text,
    CONSTRAINT benefit_settlement_file_bytes_check CHECK ((bytes > 0)),
    CONSTRAINT benefit_settlement_file_content_sha256_check CHECK ((content_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT benefit_settlement_file_rows_check CHECK ((rows >= 0)),
    CONSTRAINT benefit_settlement_file_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT benefit_settlement_file_total_fen_check CHECK ((total_fen >= 0))
);

CREATE TABLE blind_judgement (
    sampled_id integer NOT NULL,
    verdict text NOT NULL,
    rejection_version integer NOT NULL,
    reasons json NOT NULL,
    codes text[] NOT NULL,
    remark text NOT NULL,
    shown_sha256 text NOT NULL,
    actor text NOT NULL,
    person text NOT NULL,
    roles text[] NOT NULL,
    key text NOT NULL,
    judged_at timestamp with time zone NOT NULL,
    CONSTRAINT blind_judgement_actor_check CHECK ((actor <> ''::text)),
    CONSTRAINT blind_judgement_check CHECK (((verdict = 'reject'::text) OR (codes = '{}'::text[]))),
    CONSTRAINT blind_judgement_key_check CHECK ((key <> ''::text)),
    CONSTRAINT blind_judgement_person_check CHECK ((person <> ''::text)),
    CONSTRAINT blind_judgement_rejection_version_check CHECK ((rejection_version >= 1)),
    CONSTRAINT blind_judgement_shown_sha256_check CHECK ((shown_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT blind_judgement_verdict_check CHECK ((verdict = ANY (ARRAY['pass'::text, 'reject'::text, 'resubmit'::text])))
);

CREATE TABLE flow_child (
    child_id uuid NOT NULL,
    parent_id uuid NOT NULL,
    node text NOT NULL,
    iteration integer NOT NULL,
    retries integer NOT NULL,
    attempt integer NOT NULL,
    index integer NOT NULL,
    is_part boolean NOT NULL,
    CONSTRAINT flow_child_check CHECK ((child_id <> parent_id)),
    CONSTRAINT flow_child_index_check CHECK ((index >= 0))
);

CREATE TABLE flow_circuit (
    endpoint text NOT NULL,
    outage_id uuid NOT NULL,
    state text NOT NULL,
    failed_runs uuid[] NOT NULL,
    first_failed_at timestamp with time zone,
    since timestamp with time zone,
    code text,
    message text,
    held_by text,
    held_because text,
    pause_s double precision NOT NULL,
    probe_at timestamp with time zone,
    probes integer NOT NULL,
    canary_run uuid,
    canary_node text,
    canary_at timestamp with time zone,
    released_at timestamp with time zone,
    CONSTRAINT flow_circuit_check CHECK (((state = 'watched'::text) = (since IS NULL))),
    CONSTRAINT flow_circuit_check1 CHECK (((state = 'held'::text) = (held_by IS NOT NULL))),
    CONSTRAINT flow_circuit_check2 CHECK (((state <> 'open'::text) OR (probe_at IS NOT NULL))),
    CONSTRAINT flow_circuit_check3 CHECK ((((canary_run IS NULL) = (canary_node IS NULL)) AND ((canary_run IS NULL) = (canary_at IS NULL)))),
    CONSTRAINT flow_circuit_check4 CHECK (((canary_run IS NULL) OR (state = 'open'::text))),
    CONSTRAINT flow_circuit_endpoint_check CHECK (((length(endpoint) >= 1) AND (length(endpoint) <= 300))),
    CONSTRAINT flow_circuit_state_check CHECK ((state = ANY (ARRAY['watched'::text, 'open'::text, 'held'::text, 'releasing'::text])))
);

CREATE TABLE flow_definition (
    definition_id integer NOT NULL,
    digest text NOT NULL,
    procedure_id text NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    source text NOT NULL,
    file_name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    stored_by text,
    CONSTRAINT flow_definition_digest_check CHECK ((digest ~ '^[0-9a-f]{64}$'::text))
);

ALTER TABLE flow_definition ALTER COLUMN definition_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME flow_definition_definition_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE flow_delivery (
    delivery_id bigint NOT NULL,
    trigger_id integer NOT NULL,
    definition_id integer NOT NULL,
    key text NOT NULL,
    digest text NOT NULL,
    state text NOT NULL,
    at timestamp with time zone NOT NULL,
    by text NOT NULL,
    run_id uuid,
    reason text DEFAULT ''::text NOT NULL,
    missed integer DEFAULT 0 NOT NULL,
    content jsonb NOT NULL,
    CONSTRAINT flow_delivery_check CHECK (((run_id IS NOT NULL) = (state = 'started'::text))),
    CONSTRAINT flow_delivery_missed_check CHECK ((missed >= 0)),
    CONSTRAINT flow_delivery_state_check CHECK ((state = ANY (ARRAY['started'::text, 'refused'::text, 'passed'::text, 'missed'::text])))
);

ALTER TABLE flow_delivery ALTER COLUMN delivery_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME flow_delivery_delivery_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE flow_inbox (
    inbox_id bigint NOT NULL,
    run_id uuid NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    digest text NOT NULL,
    node text NOT NULL,
    iteration integer NOT NULL,
    payload jsonb NOT NULL,
    actor text NOT NULL,
    at timestamp with time zone NOT NULL,
    taken_at timestamp with time zone
);

ALTER TABLE flow_inbox ALTER COLUMN inbox_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME flow_inbox_inbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE flow_journal (
    run_id uuid NOT NULL,
    seq integer NOT NULL,
    iteration integer NOT NULL,
    at timestamp with time zone NOT NULL,
    fact text NOT NULL,
    node text NOT NULL,
    payload jsonb NOT NULL,
    CONSTRAINT flow_journal_seq_check CHECK ((seq > 0))
);

CREATE TABLE flow_parked (
    run_id uuid NOT NULL,
    node text NOT NULL,
    iteration integer NOT NULL,
    endpoint text NOT NULL,
    since timestamp with time zone NOT NULL,
    customers bigint[] NOT NULL
);

CREATE TABLE flow_rate (
    rate_key text NOT NULL,
    slots timestamp with time zone[] NOT NULL
);

CREATE TABLE flow_run (
    run_id uuid NOT NULL,
    definition_id integer NOT NULL,
    procedure_id text NOT NULL,
    status text NOT NULL,
    actor text NOT NULL,
    start_key text,
    start_digest text,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    owner uuid,
    wake_at timestamp with time zone,
    wake_name text,
    outcome_node text,
    outcome_reason text,
    end_recorded boolean DEFAULT false NOT NULL,
    CONSTRAINT flow_run_check1 CHECK (((ended_at IS NULL) OR ((owner IS NULL) AND (wake_at IS NULL)))),
    CONSTRAINT flow_run_check2 CHECK (((ended_at IS NOT NULL) OR (owner IS NOT NULL) OR (wake_name IS NOT NULL))),
    CONSTRAINT flow_run_check3 CHECK (((start_key IS NULL) = (start_digest IS NULL)))
);

CREATE TABLE flow_subject (
    digest bigint NOT NULL,
    run_id uuid NOT NULL
);

CREATE TABLE flow_trigger (
    trigger_id integer NOT NULL,
    procedure_id text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    definition_id integer,
    declared jsonb NOT NULL,
    path text,
    event text,
    due_at timestamp with time zone,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT flow_trigger_check CHECK (((state = 'inactive'::text) = (definition_id IS NULL))),
    CONSTRAINT flow_trigger_check1 CHECK (((path IS NOT NULL) = ((kind = 'webhook'::text) AND (state <> 'inactive'::text)))),
    CONSTRAINT flow_trigger_check2 CHECK (((event IS NOT NULL) = ((kind = 'event'::text) AND (state <> 'inactive'::text)))),
    CONSTRAINT flow_trigger_check3 CHECK (((due_at IS NOT NULL) = ((kind = 'cron'::text) AND (state = 'active'::text)))),
    CONSTRAINT flow_trigger_kind_check CHECK ((kind = ANY (ARRAY['cron'::text, 'webhook'::text, 'event'::text]))),
    CONSTRAINT flow_trigger_state_check CHECK ((state = ANY (ARRAY['inactive'::text, 'active'::text, 'paused'::text])))
);

ALTER TABLE flow_trigger ALTER COLUMN trigger_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME flow_trigger_trigger_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE flow_worker (
    worker_id uuid NOT NULL,
    name text NOT NULL,
    lease_until timestamp with time zone NOT NULL
);

CREATE TABLE pb_field (
    application text NOT NULL,
    scene text NOT NULL,
    path text NOT NULL,
    type text NOT NULL,
    place integer NOT NULL,
    CONSTRAINT pb_field_path_check CHECK ((path <> ''::text))
);

CREATE TABLE person (
    id uuid NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    roles text[] NOT NULL,
    language text NOT NULL,
    time_zone text NOT NULL,
    theme text NOT NULL,
    password_hash text,
    password_set_at timestamp with time zone,
    totp_secret bytea,
    totp_confirmed_at timestamp with time zone,
    totp_step bigint,
    oidc_issuer text,
    oidc_subject text,
    created_at timestamp with time zone NOT NULL,
    disabled_at timestamp with time zone,
    CONSTRAINT person_check CHECK (((password_hash IS NULL) = (password_set_at IS NULL))),
    CONSTRAINT person_check1 CHECK (((oidc_issuer IS NULL) = (oidc_subject IS NULL))),
    CONSTRAINT person_check2 CHECK (((totp_confirmed_at IS NULL) OR (totp_secret IS NOT NULL))),
    CONSTRAINT person_email_check CHECK (((length(email) >= 3) AND (length(email) <= 254))),
    CONSTRAINT person_language_check CHECK ((language = ANY (ARRAY['zh-CN'::text, 'en'::text]))),
    CONSTRAINT person_name_check CHECK (((length(name) >= 1) AND (length(name) <= 64))),
    CONSTRAINT person_password_hash_check CHECK ((password_hash ~~ '$argon2id$%'::text)),
    CONSTRAINT person_roles_check CHECK ((cardinality(roles) <= 50)),
    CONSTRAINT person_theme_check CHECK ((theme = ANY (ARRAY['system'::text, 'light'::text, 'dark'::text]))),
    CONSTRAINT person_time_zone_check CHECK (((length(time_zone) >= 1) AND (length(time_zone) <= 64)))
);

CREATE TABLE person_link (
    id uuid NOT NULL,
    person_id uuid NOT NULL,
    purpose text NOT NULL,
    code_sha256 bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT person_link_check CHECK ((expires_at > created_at)),
    CONSTRAINT person_link_code_sha256_check CHECK ((octet_length(code_sha256) = 32)),
    CONSTRAINT person_link_purpose_check CHECK ((purpose = ANY (ARRAY['first_sign_in'::text, 'password_reset'::text])))
);

CREATE TABLE person_recovery_code (
    person_id uuid NOT NULL,
    code_sha256 bytea NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT person_recovery_code_code_sha256_check CHECK ((octet_length(code_sha256) = 32))
);

CREATE TABLE person_session (
    id uuid NOT NULL,
    person_id uuid NOT NULL,
    token_sha256 bytea NOT NULL,
    method text NOT NULL,
    verified_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    user_agent text NOT NULL,
    address text NOT NULL,
    CONSTRAINT person_session_address_check CHECK ((length(address) <= 64)),
    CONSTRAINT person_session_check CHECK ((expires_at > created_at)),
    CONSTRAINT person_session_method_check CHECK ((method = ANY (ARRAY['password'::text, 'code'::text, 'oidc'::text]))),
    CONSTRAINT person_session_token_sha256_check CHECK ((octet_length(token_sha256) = 32)),
    CONSTRAINT person_session_user_agent_check CHECK ((length(user_agent) <= 200))
);

CREATE TABLE pgqueuer (
    id bigint NOT NULL,
    priority integer NOT NULL,
    queue_manager_id uuid,
    created timestamp with time zone DEFAULT now() NOT NULL,
    updated timestamp with time zone DEFAULT now() NOT NULL,
    heartbeat timestamp with time zone DEFAULT now() NOT NULL,
    execute_after timestamp with time zone DEFAULT now() NOT NULL,
    status pgqueuer_status NOT NULL,
    entrypoint text NOT NULL,
    dedupe_key text,
    payload bytea,
    headers jsonb,
    attempts integer DEFAULT 0 NOT NULL,
    slot bigint
);

CREATE SEQUENCE pgqueuer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE pgqueuer_id_seq OWNED BY pgqueuer.id;

CREATE TABLE pgqueuer_log (
    id bigint NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    job_id bigint NOT NULL,
    status pgqueuer_status NOT NULL,
    priority integer NOT NULL,
    entrypoint text NOT NULL,
    traceback jsonb,
    aggregated boolean DEFAULT false
);

ALTER TABLE pgqueuer_log ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME pgqueuer_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE pgqueuer_schedules (
    id bigint NOT NULL,
    expression text NOT NULL,
    entrypoint text NOT NULL,
    heartbeat timestamp with time zone DEFAULT now() NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    updated timestamp with time zone DEFAULT now() NOT NULL,
    next_run timestamp with time zone DEFAULT now() NOT NULL,
    last_run timestamp with time zone,
    status pgqueuer_status DEFAULT 'queued'::pgqueuer_status
);

CREATE SEQUENCE pgqueuer_schedules_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE pgqueuer_schedules_id_seq OWNED BY pgqueuer_schedules.id;

CREATE TABLE pgqueuer_statistics (
    id bigint NOT NULL,
    created timestamp with time zone DEFAULT date_trunc('sec'::text, now()) NOT NULL,
    count bigint NOT NULL,
    priority integer NOT NULL,
    status pgqueuer_status NOT NULL,
    entrypoint text NOT NULL
);

CREATE SEQUENCE pgqueuer_statistics_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE pgqueuer_statistics_id_seq OWNED BY pgqueuer_statistics.id;

CREATE TABLE picture (
    ticket_id uuid NOT NULL,
    key_id text NOT NULL,
    token text NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    attempts smallint DEFAULT 0 NOT NULL,
    reason text,
    source_sha256 text,
    content_sha256 text,
    settled_at timestamp with time zone,
    CONSTRAINT picture_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT picture_check CHECK (((state = 'waiting'::text) = (settled_at IS NULL))),
    CONSTRAINT picture_check1 CHECK (((state = 'kept'::text) = (content_sha256 IS NOT NULL))),
    CONSTRAINT picture_check2 CHECK (((state = 'kept'::text) = (source_sha256 IS NOT NULL))),
    CONSTRAINT picture_check3 CHECK (((state <> 'given_up'::text) OR (reason IS NOT NULL))),
    CONSTRAINT picture_key_id_check CHECK ((key_id <> ''::text)),
    CONSTRAINT picture_source_sha256_check CHECK ((source_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT picture_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'kept'::text, 'given_up'::text]))),
    CONSTRAINT picture_token_check CHECK ((token ~ '^[A-Za-z0-9_-]{32}$'::text))
);

CREATE TABLE picture_content (
    sha256 text NOT NULL,
    media_type text NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    data bytea NOT NULL,
    outline bytea NOT NULL,
    CONSTRAINT picture_content_check CHECK ((sha256 = encode(sha256(data), 'hex'::text))),
    CONSTRAINT picture_content_data_check CHECK (((octet_length(data) >= 1) AND (octet_length(data) <= 10485760))),
    CONSTRAINT picture_content_height_check CHECK (((height >= 1) AND (height <= 4096))),
    CONSTRAINT picture_content_media_type_check CHECK ((media_type = ANY (ARRAY['image/jpeg'::text, 'image/png'::text]))),
    CONSTRAINT picture_content_outline_check CHECK (((octet_length(outline) >= 1) AND (octet_length(outline) <= 8192))),
    CONSTRAINT picture_content_width_check CHECK (((width >= 1) AND (width <= 4096)))
);
ALTER TABLE ONLY picture_content ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE points_audit (
    audit_id integer NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    is_full boolean NOT NULL,
    is_whole boolean NOT NULL,
    findings integer NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    report jsonb NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL,
    CONSTRAINT points_audit_actor_check CHECK ((actor <> ''::text)),
    CONSTRAINT points_audit_check CHECK ((is_whole = (findings = 0))),
    CONSTRAINT points_audit_findings_check CHECK ((findings >= 0)),
    CONSTRAINT points_audit_hash_check CHECK ((octet_length(hash) = 32)),
    CONSTRAINT points_audit_key_id_check CHECK ((key_id ~ '^[0-9a-f]{16}$'::text)),
    CONSTRAINT points_audit_seq_check CHECK ((seq >= 0)),
    CONSTRAINT points_audit_signature_check CHECK ((octet_length(signature) = 64))
);

ALTER TABLE points_audit ALTER COLUMN audit_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME points_audit_audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE points_lot (
    lot_id bigint NOT NULL,
    customer_id text NOT NULL COLLATE pg_catalog."C",
    grant_key text NOT NULL,
    granted bigint NOT NULL,
    remaining bigint NOT NULL,
    granted_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    is_swept boolean DEFAULT false NOT NULL,
    CONSTRAINT points_lot_check CHECK (((remaining >= 0) AND (remaining <= granted))),
    CONSTRAINT points_lot_check1 CHECK ((expires_at > granted_at)),
    CONSTRAINT points_lot_check2 CHECK (((NOT is_swept) OR (remaining = 0))),
    CONSTRAINT points_lot_grant_key_check CHECK ((grant_key <> ''::text)),
    CONSTRAINT points_lot_granted_check CHECK ((granted > 0))
)
WITH (fillfactor='70');

ALTER TABLE points_lot ALTER COLUMN lot_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME points_lot_lot_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE points_posting (
    posting_id bigint NOT NULL,
    order_id uuid,
    lot_id bigint NOT NULL,
    points bigint NOT NULL,
    effective_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    customer_id text NOT NULL COLLATE pg_catalog."C",
    kind smallint NOT NULL,
    debit smallint NOT NULL,
    credit smallint NOT NULL,
    CONSTRAINT points_posting_check CHECK ((((((((kind = 1) AND (debit = 1) AND (credit = 2)) OR ((kind = 2) AND (debit = 2) AND (credit = 3))) OR ((kind = 3) AND (debit = 3) AND (credit = 2))) OR ((kind = 4) AND (debit = 3) AND (credit = 5))) OR ((kind = 5) AND (debit = 3) AND (credit = 4))) OR ((kind = 6) AND (debit = 2) AND (credit = 5)))),
    CONSTRAINT points_posting_check1 CHECK (((kind = ANY (ARRAY[1, 6])) = (order_id IS NULL))),
    CONSTRAINT points_posting_check2 CHECK ((effective_at <= recorded_at)),
    CONSTRAINT points_posting_points_check CHECK ((points > 0))
);

ALTER TABLE points_posting ALTER COLUMN posting_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME points_posting_posting_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE points_seal (
    seq bigint NOT NULL,
    posting_id bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT points_seal_hash_check CHECK ((octet_length(hash) = 32)),
    CONSTRAINT points_seal_seq_check CHECK ((seq >= 1))
);

CREATE TABLE points_wallet (
    customer_id text NOT NULL COLLATE pg_catalog."C",
    balance bigint NOT NULL,
    CONSTRAINT points_wallet_balance_check CHECK ((balance >= 0)),
    CONSTRAINT points_wallet_customer_id_check CHECK ((customer_id <> ''::text))
)
WITH (fillfactor='70');

CREATE TABLE quality_sample (
    sample_id integer NOT NULL,
    application text NOT NULL,
    scene text NOT NULL,
    decided_from timestamp with time zone NOT NULL,
    decided_to timestamp with time zone NOT NULL,
    type_ids integer[] NOT NULL,
    wanted integer NOT NULL,
    seed text NOT NULL,
    population integer NOT NULL,
    population_sha256 text NOT NULL,
    drawn integer NOT NULL,
    drawn_at timestamp with time zone NOT NULL,
    operator text NOT NULL,
    key text NOT NULL,
    CONSTRAINT quality_sample_check CHECK ((((drawn >= 1) AND (drawn <= wanted)) AND (drawn <= population))),
    CONSTRAINT quality_sample_check1 CHECK (((decided_from < decided_to) AND (decided_to <= drawn_at))),
    CONSTRAINT quality_sample_key_check CHECK ((key <> ''::text)),
    CONSTRAINT quality_sample_operator_check CHECK ((operator <> ''::text)),
    CONSTRAINT quality_sample_population_check CHECK ((population >= 1)),
    CONSTRAINT quality_sample_population_sha256_check CHECK ((population_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT quality_sample_seed_check CHECK ((seed <> ''::text)),
    CONSTRAINT quality_sample_wanted_check CHECK (((wanted >= 1) AND (wanted <= 1000)))
);

ALTER TABLE quality_sample ALTER COLUMN sample_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME quality_sample_sample_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE reject_code (
    code text NOT NULL,
    category text NOT NULL,
    description text NOT NULL,
    is_active boolean NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT reject_code_category_check CHECK ((category = ANY (ARRAY['anti-fraud'::text, 'system error'::text, 'credit'::text, 'other'::text]))),
    CONSTRAINT reject_code_code_check CHECK ((code <> ''::text))
);

CREATE TABLE result_receiver (
    application text NOT NULL,
    url text NOT NULL,
    secret text NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    operator text NOT NULL,
    CONSTRAINT result_receiver_secret_check CHECK ((secret <> ''::text)),
    CONSTRAINT result_receiver_url_check CHECK ((url <> ''::text))
);

CREATE TABLE review_alert (
    alert_id bigint NOT NULL,
    kind text NOT NULL,
    cause text NOT NULL,
    facts jsonb NOT NULL,
    times integer DEFAULT 1 NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    closed_by text,
    CONSTRAINT review_alert_check CHECK (((closed_at IS NULL) = (closed_by IS NULL))),
    CONSTRAINT review_alert_times_check CHECK ((times >= 1))
);

ALTER TABLE review_alert ALTER COLUMN alert_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME review_alert_alert_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE review_draw_key (
    key_id integer NOT NULL,
    key bytea NOT NULL,
    made_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT review_draw_key_key_check CHECK ((octet_length(key) = 32))
);

ALTER TABLE review_draw_key ALTER COLUMN key_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME review_draw_key_key_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE sampled_ticket (
    sampled_id integer NOT NULL,
    sample_id integer NOT NULL,
    place integer NOT NULL,
    ticket_id uuid NOT NULL,
    number integer NOT NULL,
    type_id integer NOT NULL,
    verdict text NOT NULL,
    reviewer text NOT NULL,
    CONSTRAINT sampled_ticket_place_check CHECK ((place >= 1)),
    CONSTRAINT sampled_ticket_reviewer_check CHECK ((reviewer <> ''::text)),
    CONSTRAINT sampled_ticket_verdict_check CHECK ((verdict = ANY (ARRAY['pass'::text, 'reject'::text, 'resubmit'::text])))
);

ALTER TABLE sampled_ticket ALTER COLUMN sampled_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME sampled_ticket_sampled_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE sampled_ticket_take (
    take_id integer NOT NULL,
    sampled_id integer NOT NULL,
    actor text NOT NULL,
    person text NOT NULL,
    at timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    CONSTRAINT sampled_ticket_take_actor_check CHECK ((actor <> ''::text)),
    CONSTRAINT sampled_ticket_take_check CHECK ((until > at)),
    CONSTRAINT sampled_ticket_take_person_check CHECK ((person <> ''::text))
);

ALTER TABLE sampled_ticket_take ALTER COLUMN take_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME sampled_ticket_take_take_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scene (
    application text NOT NULL,
    scene text NOT NULL,
    name text NOT NULL,
    bucket text NOT NULL,
    message text,
    descriptors bytea,
    CONSTRAINT scene_bucket_check CHECK ((bucket = ANY (ARRAY['kyc'::text, 'transaction'::text]))),
    CONSTRAINT scene_check CHECK (((message IS NULL) = (descriptors IS NULL))),
    CONSTRAINT scene_scene_check CHECK ((scene <> ''::text))
);

CREATE TABLE schema_migration (
    version integer NOT NULL,
    name text NOT NULL,
    digest text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE screening_adapt (
    adapt_id integer NOT NULL,
    type_id integer NOT NULL,
    application text NOT NULL,
    scene text NOT NULL,
    status text NOT NULL,
    version integer NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    operator text NOT NULL,
    is_auto boolean NOT NULL,
    CONSTRAINT screening_adapt_status_check CHECK ((status = ANY (ARRAY['active'::text, 'pause'::text]))),
    CONSTRAINT screening_adapt_version_check CHECK ((version >= 1))
);

ALTER TABLE screening_adapt ALTER COLUMN adapt_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME screening_adapt_adapt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE screening_adapt_event (
    event_id bigint NOT NULL,
    adapt_id integer NOT NULL,
    kind text NOT NULL,
    detail jsonb NOT NULL,
    at timestamp with time zone NOT NULL,
    operator text NOT NULL,
    CONSTRAINT screening_adapt_event_kind_check CHECK ((kind = ANY (ARRAY['activated'::text, 'paused'::text, 'pause_refused'::text])))
);

ALTER TABLE screening_adapt_event ALTER COLUMN event_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME screening_adapt_event_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE screening_adapt_version (
    adapt_id integer NOT NULL,
    version integer NOT NULL,
    type_id integer NOT NULL,
    type_version integer NOT NULL,
    document jsonb NOT NULL,
    cause text NOT NULL,
    saved_at timestamp with time zone NOT NULL,
    operator text NOT NULL,
    CONSTRAINT screening_adapt_version_cause_check CHECK ((cause = ANY (ARRAY['manual'::text, 'auto'::text]))),
    CONSTRAINT screening_adapt_version_version_check CHECK ((version >= 1))
);

CREATE TABLE screening_application (
    flow_no text NOT NULL,
    content_sha256 text NOT NULL,
    application text NOT NULL,
    scene text NOT NULL,
    user_id text NOT NULL,
    answer text NOT NULL,
    group_id integer,
    revision integer,
    rule text,
    methods text[] NOT NULL,
    ticket_id uuid,
    received_at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    content json,
    CONSTRAINT screening_application_actor_check CHECK ((actor <> ''::text)),
    CONSTRAINT screening_application_answer_check CHECK ((answer = ANY (ARRAY['pass'::text, 'reject'::text, 'verify'::text]))),
    CONSTRAINT screening_application_check CHECK (((answer = 'verify'::text) = (ticket_id IS NOT NULL))),
    CONSTRAINT screening_application_check1 CHECK ((num_nulls(group_id, revision, rule) = ANY (ARRAY[0, 3]))),
    CONSTRAINT screening_application_check2 CHECK (((answer = 'pass'::text) OR (rule IS NOT NULL))),
    CONSTRAINT screening_application_content_sha256_check CHECK ((content_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT screening_application_flow_no_check CHECK ((flow_no <> ''::text))
);

CREATE TABLE screening_decision (
    ticket_id uuid NOT NULL,
    number integer NOT NULL,
    verdict text NOT NULL,
    type_id integer NOT NULL,
    rejection_version integer NOT NULL,
    reasons json NOT NULL,
    codes text[] NOT NULL,
    remark text NOT NULL,
    CONSTRAINT screening_decision_check CHECK (((verdict = 'reject'::text) = (json_array_length(reasons) > 0))),
    CONSTRAINT screening_decision_check1 CHECK (((verdict = 'reject'::text) OR (codes = '{}'::text[]))),
    CONSTRAINT screening_decision_reasons_check CHECK ((json_typeof(reasons) = 'array'::text)),
    CONSTRAINT screening_decision_remark_check CHECK ((length(remark) <= 2000)),
    CONSTRAINT screening_decision_verdict_check CHECK ((verdict = ANY (ARRAY['pass'::text, 'reject'::text, 'resubmit'::text])))
);

CREATE TABLE screening_delivery (
    ticket_id uuid NOT NULL,
    number integer NOT NULL,
    at timestamp with time zone NOT NULL,
    url text NOT NULL,
    status integer,
    problem text,
    CONSTRAINT screening_delivery_number_check CHECK ((number >= 1))
);

CREATE TABLE screening_method (
    application text NOT NULL,
    scene text NOT NULL,
    method text NOT NULL,
    name text NOT NULL,
    with_screening boolean NOT NULL,
    verifications text[] NOT NULL,
    CONSTRAINT screening_method_method_check CHECK ((method <> ''::text)),
    CONSTRAINT screening_method_verifications_check CHECK ((verifications <@ ARRAY['lc'::text, 'fm'::text]))
);

CREATE TABLE screening_result (
    ticket_id uuid NOT NULL,
    flow_no text NOT NULL,
    application text NOT NULL,
    status text NOT NULL,
    result text,
    codes text[] NOT NULL,
    body text NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    state text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_at timestamp with time zone,
    until timestamp with time zone NOT NULL,
    problem text,
    delivered_at timestamp with time zone,
    CONSTRAINT screening_result_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT screening_result_check CHECK (((status = 'completed'::text) = (result IS NOT NULL))),
    CONSTRAINT screening_result_check1 CHECK (((result = 'reject'::text) OR (codes = '{}'::text[]))),
    CONSTRAINT screening_result_check2 CHECK (((state = ANY (ARRAY['waiting'::text, 'retrying'::text])) = (next_at IS NOT NULL))),
    CONSTRAINT screening_result_check3 CHECK (((state = 'delivered'::text) = (delivered_at IS NOT NULL))),
    CONSTRAINT screening_result_result_check CHECK ((result = ANY (ARRAY['pass'::text, 'reject'::text, 'resubmit'::text]))),
    CONSTRAINT screening_result_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'retrying'::text, 'delivered'::text, 'given_up'::text, 'unsent'::text]))),
    CONSTRAINT screening_result_status_check CHECK ((status = ANY (ARRAY['completed'::text, 'expired'::text, 'cancelled'::text])))
);

CREATE TABLE screening_type (
    type_id integer NOT NULL,
    name text NOT NULL,
    name_key text NOT NULL,
    category text NOT NULL,
    version integer NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    operator text NOT NULL,
    CONSTRAINT screening_type_category_check CHECK ((category = ANY (ARRAY['default'::text, 'hardcode'::text]))),
    CONSTRAINT screening_type_version_check CHECK ((version >= 1))
);

ALTER TABLE screening_type ALTER COLUMN type_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME screening_type_type_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE screening_type_version (
    type_id integer NOT NULL,
    version integer NOT NULL,
    description text NOT NULL,
    document jsonb NOT NULL,
    document_sha256 text NOT NULL,
    restored_from integer,
    saved_at timestamp with time zone NOT NULL,
    operator text NOT NULL,
    CONSTRAINT screening_type_version_document_sha256_check CHECK ((document_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT screening_type_version_version_check CHECK ((version >= 1))
);

CREATE TABLE sign_in_attempt (
    subject text NOT NULL,
    failures double precision NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT sign_in_attempt_failures_check CHECK ((failures >= (0)::double precision)),
    CONSTRAINT sign_in_attempt_subject_check CHECK ((length(subject) <= 100))
);

CREATE TABLE strategy_group (
    group_id integer NOT NULL,
    application text NOT NULL,
    scene text NOT NULL,
    name text NOT NULL,
    name_key text NOT NULL,
    place integer NOT NULL,
    is_active boolean NOT NULL,
    revision integer NOT NULL,
    live_revision integer,
    changed_at timestamp with time zone NOT NULL,
    operator text NOT NULL,
    CONSTRAINT strategy_group_check CHECK (((live_revision >= 1) AND (live_revision <= revision))),
    CONSTRAINT strategy_group_revision_check CHECK ((revision >= 1))
);

CREATE TABLE strategy_group_adapt (
    group_id integer NOT NULL,
    revision integer NOT NULL,
    adapt_id integer NOT NULL
);

CREATE TABLE strategy_group_event (
    event_id bigint NOT NULL,
    group_id integer NOT NULL,
    kind text NOT NULL,
    revision integer,
    detail jsonb NOT NULL,
    at timestamp with time zone NOT NULL,
    operator text NOT NULL,
    CONSTRAINT strategy_group_event_check CHECK (((kind = 'applied'::text) = (revision IS NOT NULL))),
    CONSTRAINT strategy_group_event_kind_check CHECK ((kind = ANY (ARRAY['applied'::text, 'activated'::text, 'deactivated'::text, 'placed'::text])))
);

ALTER TABLE strategy_group_event ALTER COLUMN event_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME strategy_group_event_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE strategy_group ALTER COLUMN group_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME strategy_group_group_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE strategy_group_revision (
    group_id integer NOT NULL,
    revision integer NOT NULL,
    document jsonb NOT NULL,
    saved_at timestamp with time zone NOT NULL,
    operator text NOT NULL,
    restored_from integer,
    CONSTRAINT strategy_group_revision_revision_check CHECK ((revision >= 1))
);

CREATE TABLE ticket (
    id uuid NOT NULL,
    source text NOT NULL,
    subject text NOT NULL,
    node text NOT NULL,
    iteration integer NOT NULL,
    generation integer NOT NULL,
    title text NOT NULL,
    purpose text NOT NULL,
    role text,
    shown json NOT NULL,
    shown_sha256 text NOT NULL,
    shown_personal text[] NOT NULL,
    asked json NOT NULL,
    required_approvers integer NOT NULL,
    due_at timestamp with time zone,
    requested_by text NOT NULL,
    content_sha256 text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    status text NOT NULL,
    claimed_by text,
    claimed_until timestamp with time zone,
    decision json,
    closed_at timestamp with time zone,
    snapshot integer DEFAULT 1 NOT NULL,
    reasons json DEFAULT '{}'::json NOT NULL,
    priority smallint DEFAULT 0 NOT NULL,
    stands_since timestamp with time zone,
    row_version integer DEFAULT 1 NOT NULL,
    application text,
    scene text,
    bucket text,
    user_id text,
    type_id integer,
    type_version integer,
    adapt_id integer,
    adapt_version integer,
    result text,
    pictures_waiting smallint DEFAULT 0 NOT NULL,
    escalate_at timestamp with time zone,
    escalate_priority smallint,
    escalate_role text,
    is_answered boolean DEFAULT false NOT NULL,
    reviewer text,
    assigned_by text,
    CONSTRAINT ticket_asked_check CHECK ((json_typeof(asked) = 'array'::text)),
    CONSTRAINT ticket_bucket_check CHECK ((bucket = ANY (ARRAY['kyc'::text, 'transaction'::text]))),
    CONSTRAINT ticket_check CHECK (((claimed_by IS NULL) = (claimed_until IS NULL))),
    CONSTRAINT ticket_check1 CHECK (((status = 'open'::text) OR (claimed_by IS NULL))),
    CONSTRAINT ticket_check2 CHECK (((status = 'open'::text) = (closed_at IS NULL))),
    CONSTRAINT ticket_check3 CHECK (((status = 'decided'::text) = (decision IS NOT NULL))),
    CONSTRAINT ticket_content_sha256_check CHECK ((content_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT ticket_escalate_priority_check CHECK (((escalate_priority >= 1) AND (escalate_priority <= 9))),
    CONSTRAINT ticket_escalate_role_check CHECK ((escalate_role <> ''::text)),
    CONSTRAINT ticket_generation_check CHECK ((generation >= 1)),
    CONSTRAINT ticket_iteration_check CHECK ((iteration >= 1)),
    CONSTRAINT ticket_node_check CHECK ((node <> ''::text)),
    CONSTRAINT ticket_pictures_waiting_check CHECK ((pictures_waiting >= 0)),
    CONSTRAINT ticket_priority_check CHECK (((priority >= 0) AND (priority <= 9))),
    CONSTRAINT ticket_reasons_check CHECK ((json_typeof(reasons) = 'object'::text)),
    CONSTRAINT ticket_requested_by_check CHECK ((requested_by <> ''::text)),
    CONSTRAINT ticket_required_approvers_check CHECK (((required_approvers >= 1) AND (required_approvers <= 20))),
    CONSTRAINT ticket_result_check CHECK ((result = ANY (ARRAY['pass'::text, 'reject'::text, 'resubmit'::text]))),
    CONSTRAINT ticket_role_check CHECK ((role <> ''::text)),
    CONSTRAINT ticket_row_version_check CHECK ((row_version >= 1)),
    CONSTRAINT ticket_shown_check CHECK ((json_typeof(shown) = 'object'::text)),
    CONSTRAINT ticket_shown_sha256_check CHECK ((shown_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT ticket_snapshot_check CHECK ((snapshot >= 1)),
    CONSTRAINT ticket_source_check CHECK ((source <> ''::text)),
    CONSTRAINT ticket_stands_check CHECK (((stands_since IS NULL) OR (due_at IS NULL))),
    CONSTRAINT ticket_status_check CHECK ((status = ANY (ARRAY['open'::text, 'decided'::text, 'expired'::text, 'cancelled'::text, 'answered_elsewhere'::text]))),
    CONSTRAINT ticket_subject_check CHECK ((subject <> ''::text))
);

CREATE TABLE ticket_amendment (
    ticket_id uuid NOT NULL,
    snapshot integer NOT NULL,
    shown json NOT NULL,
    shown_sha256 text NOT NULL,
    shown_personal text[] NOT NULL,
    changed text[] NOT NULL,
    actor text NOT NULL,
    person text NOT NULL,
    roles text[] NOT NULL,
    reason text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT ticket_amendment_actor_check CHECK ((actor <> ''::text)),
    CONSTRAINT ticket_amendment_changed_check CHECK ((cardinality(changed) >= 1)),
    CONSTRAINT ticket_amendment_person_check CHECK ((person <> ''::text)),
    CONSTRAINT ticket_amendment_reason_check CHECK ((reason <> ''::text)),
    CONSTRAINT ticket_amendment_shown_check CHECK ((json_typeof(shown) = 'object'::text)),
    CONSTRAINT ticket_amendment_shown_sha256_check CHECK ((shown_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT ticket_amendment_snapshot_check CHECK ((snapshot >= 2))
);

CREATE TABLE ticket_answer (
    ticket_id uuid NOT NULL,
    number integer NOT NULL,
    actor text NOT NULL,
    roles text[] NOT NULL,
    answers json NOT NULL,
    shown_sha256 text NOT NULL,
    key text NOT NULL,
    answered_at timestamp with time zone NOT NULL,
    snapshot integer DEFAULT 1 NOT NULL,
    person text,
    reason_code text DEFAULT 'unspecified'::text NOT NULL,
    CONSTRAINT ticket_answer_actor_check CHECK ((actor <> ''::text)),
    CONSTRAINT ticket_answer_answers_check CHECK ((json_typeof(answers) = 'object'::text)),
    CONSTRAINT ticket_answer_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200))),
    CONSTRAINT ticket_answer_number_check CHECK ((number >= 1)),
    CONSTRAINT ticket_answer_person_check CHECK ((person <> ''::text)),
    CONSTRAINT ticket_answer_reason_code_check CHECK ((reason_code <> ''::text)),
    CONSTRAINT ticket_answer_shown_sha256_check CHECK ((shown_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT ticket_answer_snapshot_check CHECK ((snapshot >= 1))
);

CREATE TABLE ticket_event (
    id bigint NOT NULL,
    ticket_id uuid NOT NULL,
    kind text NOT NULL,
    actor text NOT NULL,
    at timestamp with time zone NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    CONSTRAINT ticket_event_actor_check CHECK ((actor <> ''::text))
);

ALTER TABLE ticket_event ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ticket_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ticket_reveal (
    ticket_id uuid NOT NULL,
    key_id text NOT NULL,
    actor text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT ticket_reveal_actor_check CHECK ((actor <> ''::text)),
    CONSTRAINT ticket_reveal_key_id_check CHECK ((key_id <> ''::text))
);

ALTER TABLE ONLY pgqueuer ALTER COLUMN id SET DEFAULT nextval('pgqueuer_id_seq'::regclass);

ALTER TABLE ONLY pgqueuer_schedules ALTER COLUMN id SET DEFAULT nextval('pgqueuer_schedules_id_seq'::regclass);

ALTER TABLE ONLY pgqueuer_statistics ALTER COLUMN id SET DEFAULT nextval('pgqueuer_statistics_id_seq'::regclass);

ALTER TABLE ONLY api_key
    ADD CONSTRAINT api_key_pkey PRIMARY KEY (id);

ALTER TABLE ONLY application
    ADD CONSTRAINT application_pkey PRIMARY KEY (application);

ALTER TABLE ONLY audit_batch
    ADD CONSTRAINT audit_batch_first_seq_key UNIQUE (first_seq);

ALTER TABLE ONLY audit_batch
    ADD CONSTRAINT audit_batch_pkey PRIMARY KEY (last_seq);

ALTER TABLE ONLY audit_entry
    ADD CONSTRAINT audit_entry_pkey PRIMARY KEY (entry_id);

ALTER TABLE ONLY audit_key
    ADD CONSTRAINT audit_key_pkey PRIMARY KEY (key_id);

ALTER TABLE ONLY audit_seal
    ADD CONSTRAINT audit_seal_entry_id_key UNIQUE (entry_id);

ALTER TABLE ONLY audit_seal
    ADD CONSTRAINT audit_seal_pkey PRIMARY KEY (seq);

ALTER TABLE ONLY audit_waiting
    ADD CONSTRAINT audit_waiting_pkey PRIMARY KEY (entry_id);

ALTER TABLE ONLY benefit_answer
    ADD CONSTRAINT benefit_answer_pkey PRIMARY KEY (scope, key);

ALTER TABLE ONLY benefit_customer_list
    ADD CONSTRAINT benefit_customer_list_pkey PRIMARY KEY (day);

ALTER TABLE ONLY benefit_customer
    ADD CONSTRAINT benefit_customer_pkey PRIMARY KEY (customer_id);

ALTER TABLE ONLY benefit_dispute
    ADD CONSTRAINT benefit_dispute_order_id_key UNIQUE (order_id);

ALTER TABLE ONLY benefit_dispute
    ADD CONSTRAINT benefit_dispute_pkey PRIMARY KEY (dispute_id);

ALTER TABLE ONLY benefit_event
    ADD CONSTRAINT benefit_event_order_id_status_key UNIQUE (order_id, status);

ALTER TABLE ONLY benefit_event
    ADD CONSTRAINT benefit_event_pkey PRIMARY KEY (event_id);

ALTER TABLE ONLY benefit_job_call
    ADD CONSTRAINT benefit_job_call_pkey PRIMARY KEY (caller, key);

ALTER TABLE ONLY benefit_job_run
    ADD CONSTRAINT benefit_job_run_pkey PRIMARY KEY (job_run_id);

ALTER TABLE ONLY benefit_link
    ADD CONSTRAINT benefit_link_digest_key UNIQUE (digest);

ALTER TABLE ONLY benefit_link_key
    ADD CONSTRAINT benefit_link_key_pkey PRIMARY KEY (provider, kid);

ALTER TABLE ONLY benefit_link
    ADD CONSTRAINT benefit_link_pkey PRIMARY KEY (link_no);

ALTER TABLE ONLY benefit_order
    ADD CONSTRAINT benefit_order_benefit_code_key UNIQUE (benefit_code);

ALTER TABLE ONLY benefit_order
    ADD CONSTRAINT benefit_order_pkey PRIMARY KEY (order_id);

ALTER TABLE ONLY benefit_partner_key
    ADD CONSTRAINT benefit_partner_key_pkey PRIMARY KEY (key_id);

ALTER TABLE ONLY benefit_partner_nonce
    ADD CONSTRAINT benefit_partner_nonce_pkey PRIMARY KEY (provider, nonce);

ALTER TABLE ONLY benefit_partner
    ADD CONSTRAINT benefit_partner_pkey PRIMARY KEY (provider);

ALTER TABLE ONLY benefit_period
    ADD CONSTRAINT benefit_period_pkey PRIMARY KEY (month);

ALTER TABLE ONLY benefit_provider
    ADD CONSTRAINT benefit_provider_pkey PRIMARY KEY (provider);

ALTER TABLE ONLY benefit_quote
    ADD CONSTRAINT benefit_quote_pkey PRIMARY KEY (quote_id);

ALTER TABLE ONLY benefit_relay
    ADD CONSTRAINT benefit_relay_pkey PRIMARY KEY (is_the_one);

ALTER TABLE ONLY benefit_service
    ADD CONSTRAINT benefit_service_pkey PRIMARY KEY (service);

ALTER TABLE ONLY benefit_settlement_access
    ADD CONSTRAINT benefit_settlement_access_pkey PRIMARY KEY (access_id);

ALTER TABLE ONLY benefit_settlement_customer
    ADD CONSTRAINT benefit_settlement_customer_pkey PRIMARY KEY (month, provider, customer_id);

ALTER TABLE ONLY benefit_settlement_due
    ADD CONSTRAINT benefit_settlement_due_pkey PRIMARY KEY (month, provider);

ALTER TABLE ONLY benefit_settlement_file
    ADD CONSTRAINT benefit_settlement_file_name_key UNIQUE (name);

ALTER TABLE ONLY benefit_settlement_file
    ADD CONSTRAINT benefit_settlement_file_pkey PRIMARY KEY (provider, month);

ALTER TABLE ONLY blind_judgement
    ADD CONSTRAINT blind_judgement_once_per_key UNIQUE (actor, key);

ALTER TABLE ONLY blind_judgement
    ADD CONSTRAINT blind_judgement_pkey PRIMARY KEY (sampled_id);

ALTER TABLE ONLY flow_child
    ADD CONSTRAINT flow_child_parent_id_node_iteration_retries_attempt_index_key UNIQUE (parent_id, node, iteration, retries, attempt, index);

ALTER TABLE ONLY flow_child
    ADD CONSTRAINT flow_child_pkey PRIMARY KEY (child_id);

ALTER TABLE ONLY flow_circuit
    ADD CONSTRAINT flow_circuit_outage_id_key UNIQUE (outage_id);

ALTER TABLE ONLY flow_circuit
    ADD CONSTRAINT flow_circuit_pkey PRIMARY KEY (endpoint);

ALTER TABLE ONLY flow_definition
    ADD CONSTRAINT flow_definition_digest_key UNIQUE (digest);

ALTER TABLE ONLY flow_definition
    ADD CONSTRAINT flow_definition_pkey PRIMARY KEY (definition_id);

ALTER TABLE ONLY flow_delivery
    ADD CONSTRAINT flow_delivery_pkey PRIMARY KEY (delivery_id);

ALTER TABLE ONLY flow_delivery
    ADD CONSTRAINT flow_delivery_trigger_id_key_key UNIQUE (trigger_id, key);

ALTER TABLE flow_inbox
    ADD CONSTRAINT flow_inbox_kind_check CHECK ((kind = ANY (ARRAY['callback'::text, 'decision'::text, 'signal'::text, 'cancel'::text, 'retry'::text, 'pause'::text, 'resume'::text, 'skip'::text, 'rerun'::text, 'event'::text, 'amend'::text, 'correct'::text, 'child'::text, 'release'::text]))) NOT VALID;

ALTER TABLE ONLY flow_inbox
    ADD CONSTRAINT flow_inbox_pkey PRIMARY KEY (inbox_id);

ALTER TABLE ONLY flow_inbox
    ADD CONSTRAINT flow_inbox_run_id_key_key UNIQUE (run_id, key);

ALTER TABLE ONLY flow_journal
    ADD CONSTRAINT flow_journal_pkey PRIMARY KEY (run_id, seq);

ALTER TABLE ONLY flow_parked
    ADD CONSTRAINT flow_parked_pkey PRIMARY KEY (run_id, node);

ALTER TABLE ONLY flow_rate
    ADD CONSTRAINT flow_rate_pkey PRIMARY KEY (rate_key);

ALTER TABLE flow_run
    ADD CONSTRAINT flow_run_open_check CHECK (((ended_at IS NULL) = (status = ANY (ARRAY['running'::text, 'waiting'::text, 'blocked'::text, 'paused'::text, 'compensating'::text])))) NOT VALID;

ALTER TABLE ONLY flow_run
    ADD CONSTRAINT flow_run_pkey PRIMARY KEY (run_id);

ALTER TABLE flow_run
    ADD CONSTRAINT flow_run_status_check CHECK ((status = ANY (ARRAY['running'::text, 'waiting'::text, 'blocked'::text, 'paused'::text, 'compensating'::text, 'completed'::text, 'stopped'::text, 'timed_out'::text, 'cancelled'::text]))) NOT VALID;

ALTER TABLE ONLY flow_trigger
    ADD CONSTRAINT flow_trigger_pkey PRIMARY KEY (trigger_id);

ALTER TABLE ONLY flow_trigger
    ADD CONSTRAINT flow_trigger_procedure_id_name_key UNIQUE (procedure_id, name);

ALTER TABLE ONLY flow_worker
    ADD CONSTRAINT flow_worker_pkey PRIMARY KEY (worker_id);

ALTER TABLE ONLY pb_field
    ADD CONSTRAINT pb_field_pkey PRIMARY KEY (application, scene, path);

ALTER TABLE ONLY person
    ADD CONSTRAINT person_email_key UNIQUE (email);

ALTER TABLE ONLY person_link
    ADD CONSTRAINT person_link_code_sha256_key UNIQUE (code_sha256);

ALTER TABLE ONLY person_link
    ADD CONSTRAINT person_link_pkey PRIMARY KEY (id);

ALTER TABLE ONLY person
    ADD CONSTRAINT person_oidc_issuer_oidc_subject_key UNIQUE (oidc_issuer, oidc_subject);

ALTER TABLE ONLY person
    ADD CONSTRAINT person_pkey PRIMARY KEY (id);

ALTER TABLE ONLY person_recovery_code
    ADD CONSTRAINT person_recovery_code_pkey PRIMARY KEY (person_id, code_sha256);

ALTER TABLE ONLY person_session
    ADD CONSTRAINT person_session_pkey PRIMARY KEY (id);

ALTER TABLE ONLY person_session
    ADD CONSTRAINT person_session_token_sha256_key UNIQUE (token_sha256);

ALTER TABLE ONLY pgqueuer_log
    ADD CONSTRAINT pgqueuer_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY pgqueuer
    ADD CONSTRAINT pgqueuer_pkey PRIMARY KEY (id);

ALTER TABLE ONLY pgqueuer_schedules
    ADD CONSTRAINT pgqueuer_schedules_expression_entrypoint_key UNIQUE (expression, entrypoint);

ALTER TABLE ONLY pgqueuer_schedules
    ADD CONSTRAINT pgqueuer_schedules_pkey PRIMARY KEY (id);

ALTER TABLE ONLY pgqueuer_statistics
    ADD CONSTRAINT pgqueuer_statistics_pkey PRIMARY KEY (id);

ALTER TABLE ONLY picture_content
    ADD CONSTRAINT picture_content_pkey PRIMARY KEY (sha256);

ALTER TABLE ONLY picture
    ADD CONSTRAINT picture_pkey PRIMARY KEY (ticket_id, key_id);

ALTER TABLE ONLY picture
    ADD CONSTRAINT picture_token_key UNIQUE (token);

ALTER TABLE ONLY points_audit
    ADD CONSTRAINT points_audit_pkey PRIMARY KEY (audit_id);

ALTER TABLE ONLY points_lot
    ADD CONSTRAINT points_lot_grant_key_key UNIQUE (grant_key);

ALTER TABLE ONLY points_lot
    ADD CONSTRAINT points_lot_pkey PRIMARY KEY (lot_id);

ALTER TABLE ONLY points_posting
    ADD CONSTRAINT points_posting_pkey PRIMARY KEY (posting_id);

ALTER TABLE ONLY points_seal
    ADD CONSTRAINT points_seal_pkey PRIMARY KEY (seq);

ALTER TABLE ONLY points_seal
    ADD CONSTRAINT points_seal_posting_id_key UNIQUE (posting_id);

ALTER TABLE ONLY points_wallet
    ADD CONSTRAINT points_wallet_pkey PRIMARY KEY (customer_id);

ALTER TABLE ONLY quality_sample
    ADD CONSTRAINT quality_sample_once_per_key UNIQUE (operator, key);

ALTER TABLE ONLY quality_sample
    ADD CONSTRAINT quality_sample_pkey PRIMARY KEY (sample_id);

ALTER TABLE ONLY reject_code
    ADD CONSTRAINT reject_code_pkey PRIMARY KEY (code);

ALTER TABLE ONLY result_receiver
    ADD CONSTRAINT result_receiver_pkey PRIMARY KEY (application);

ALTER TABLE ONLY review_alert
    ADD CONSTRAINT review_alert_pkey PRIMARY KEY (alert_id);

ALTER TABLE ONLY review_draw_key
    ADD CONSTRAINT review_draw_key_pkey PRIMARY KEY (key_id);

ALTER TABLE ONLY sampled_ticket
    ADD CONSTRAINT sampled_ticket_pkey PRIMARY KEY (sampled_id);

ALTER TABLE ONLY sampled_ticket
    ADD CONSTRAINT sampled_ticket_sample_id_place_key UNIQUE (sample_id, place);

ALTER TABLE ONLY sampled_ticket
    ADD CONSTRAINT sampled_ticket_sample_id_ticket_id_key UNIQUE (sample_id, ticket_id);

ALTER TABLE ONLY sampled_ticket_take
    ADD CONSTRAINT sampled_ticket_take_pkey PRIMARY KEY (take_id);

ALTER TABLE ONLY scene
    ADD CONSTRAINT scene_pkey PRIMARY KEY (application, scene);

ALTER TABLE ONLY schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (version);

ALTER TABLE ONLY screening_adapt_event
    ADD CONSTRAINT screening_adapt_event_pkey PRIMARY KEY (event_id);

ALTER TABLE ONLY screening_adapt
    ADD CONSTRAINT screening_adapt_once UNIQUE (application, scene, type_id);

ALTER TABLE ONLY screening_adapt
    ADD CONSTRAINT screening_adapt_pkey PRIMARY KEY (adapt_id);

ALTER TABLE ONLY screening_adapt_version
    ADD CONSTRAINT screening_adapt_version_pkey PRIMARY KEY (adapt_id, version);

ALTER TABLE ONLY screening_application
    ADD CONSTRAINT screening_application_pkey PRIMARY KEY (flow_no);

ALTER TABLE ONLY screening_decision
    ADD CONSTRAINT screening_decision_pkey PRIMARY KEY (ticket_id, number);

ALTER TABLE ONLY screening_delivery
    ADD CONSTRAINT screening_delivery_pkey PRIMARY KEY (ticket_id, number);

ALTER TABLE ONLY screening_method
    ADD CONSTRAINT screening_method_pkey PRIMARY KEY (application, scene, method);

ALTER TABLE ONLY screening_result
    ADD CONSTRAINT screening_result_pkey PRIMARY KEY (ticket_id);

ALTER TABLE ONLY screening_type
    ADD CONSTRAINT screening_type_name_key_key UNIQUE (name_key);

ALTER TABLE ONLY screening_type
    ADD CONSTRAINT screening_type_pkey PRIMARY KEY (type_id);

ALTER TABLE ONLY screening_type_version
    ADD CONSTRAINT screening_type_version_pkey PRIMARY KEY (type_id, version);

ALTER TABLE ONLY sign_in_attempt
    ADD CONSTRAINT sign_in_attempt_pkey PRIMARY KEY (subject);

ALTER TABLE ONLY strategy_group_adapt
    ADD CONSTRAINT strategy_group_adapt_pkey PRIMARY KEY (group_id, revision, adapt_id);

ALTER TABLE ONLY strategy_group_event
    ADD CONSTRAINT strategy_group_event_pkey PRIMARY KEY (event_id);

ALTER TABLE ONLY strategy_group
    ADD CONSTRAINT strategy_group_once UNIQUE (application, scene, name_key);

ALTER TABLE ONLY strategy_group
    ADD CONSTRAINT strategy_group_pkey PRIMARY KEY (group_id);

ALTER TABLE ONLY strategy_group_revision
    ADD CONSTRAINT strategy_group_revision_pkey PRIMARY KEY (group_id, revision);

ALTER TABLE ticket
    ADD CONSTRAINT ticket_adapt_check CHECK (((source <> 'screening'::text) OR ((node = ('adapt:'::text || adapt_id)) AND (iteration = 1) AND (generation = 1)))) NOT VALID;

ALTER TABLE ONLY ticket_amendment
    ADD CONSTRAINT ticket_amendment_pkey PRIMARY KEY (ticket_id, snapshot);

ALTER TABLE ONLY ticket_answer
    ADD CONSTRAINT ticket_answer_once_per_actor UNIQUE (ticket_id, snapshot, actor);

ALTER TABLE ONLY ticket_answer
    ADD CONSTRAINT ticket_answer_once_per_key UNIQUE (actor, key);

ALTER TABLE ONLY ticket_answer
    ADD CONSTRAINT ticket_answer_pkey PRIMARY KEY (ticket_id, number);

ALTER TABLE ticket
    ADD CONSTRAINT ticket_assigned_is_claimed CHECK (((assigned_by IS NULL) OR (claimed_by IS NOT NULL))) NOT VALID;

ALTER TABLE ticket
    ADD CONSTRAINT ticket_escalation_check CHECK (((escalate_at IS NULL) OR (num_nulls(escalate_priority, escalate_role) < 2))) NOT VALID;

ALTER TABLE ticket_event
    ADD CONSTRAINT ticket_event_kind_check CHECK ((kind = ANY (ARRAY['opened'::text, 'claimed'::text, 'released'::text, 'answered'::text, 'decided'::text, 'closed'::text, 'amended'::text, 'escalated'::text, 'clock_stopped'::text, 'clock_started'::text, 'second_asked'::text, 'revealed'::text, 'skipped'::text, 'assigned'::text]))) NOT VALID;

ALTER TABLE ONLY ticket_event
    ADD CONSTRAINT ticket_event_pkey PRIMARY KEY (id);

ALTER TABLE ticket
    ADD CONSTRAINT ticket_has_result_check CHECK (
CASE
    WHEN (type_id IS NULL) THEN (result IS NULL)
    ELSE ((status = 'decided'::text) = (result IS NOT NULL))
END) NOT VALID;

ALTER TABLE ticket
    ADD CONSTRAINT ticket_of_a_type_check CHECK ((num_nulls(application, scene, bucket, user_id, type_id, type_version, adapt_id, adapt_version) = ANY (ARRAY[0, 8]))) NOT VALID;

ALTER TABLE ONLY ticket
    ADD CONSTRAINT ticket_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ticket_reveal
    ADD CONSTRAINT ticket_reveal_pkey PRIMARY KEY (ticket_id, actor, key_id);

ALTER TABLE ticket
    ADD CONSTRAINT ticket_screening_check CHECK (((source <> 'screening'::text) OR (num_nulls(application, scene, bucket, user_id, type_id, type_version, adapt_id, adapt_version) = 0))) NOT VALID;

ALTER TABLE ONLY ticket
    ADD CONSTRAINT ticket_source_subject_node_iteration_generation_key UNIQUE (source, subject, node, iteration, generation);

CREATE INDEX api_key_by_age ON api_key USING btree (created_at, id);

CREATE INDEX api_key_of_person ON api_key USING btree (person_id) WHERE (person_id IS NOT NULL);

CREATE INDEX audit_entry_by_action ON audit_entry USING btree (action);

CREATE INDEX audit_entry_by_noun ON audit_entry USING btree (split_part(action, '.'::text, 1));

CREATE INDEX audit_entry_by_request ON audit_entry USING hash (request_id);

CREATE INDEX audit_entry_by_time ON audit_entry USING brin (at);

CREATE INDEX audit_entry_of_actor ON audit_entry USING btree (actor, entry_id);

CREATE INDEX audit_entry_of_object ON audit_entry USING btree (object_kind, object_id, entry_id);

CREATE INDEX benefit_answer_of_order ON benefit_answer USING btree (order_id) WHERE (order_id IS NOT NULL);

CREATE INDEX benefit_dispute_open ON benefit_dispute USING btree (opened_at, dispute_id) WHERE (decided_at IS NULL);

CREATE INDEX benefit_dispute_to_settle ON benefit_dispute USING btree (provider, settle_month) WHERE (settle_month IS NOT NULL);

CREATE UNIQUE INDEX benefit_job_run_under_way ON benefit_job_run USING btree (kind) WHERE (ended_at IS NULL);

CREATE UNIQUE INDEX benefit_link_key_current ON benefit_link_key USING btree (provider) WHERE ((acknowledged_at IS NOT NULL) AND (retired_at IS NULL));

CREATE UNIQUE INDEX benefit_link_key_offered ON benefit_link_key USING btree (provider) WHERE (acknowledged_at IS NULL);

CREATE INDEX benefit_link_key_to_destroy ON benefit_link_key USING btree (retired_at) WHERE (destroyed_at IS NULL);

CREATE INDEX benefit_link_of_order ON benefit_link USING btree (order_id, purpose, link_no);

CREATE INDEX benefit_order_of_customer ON benefit_order USING btree (customer_id, order_id);

CREATE INDEX benefit_order_to_expire ON benefit_order USING btree (expire_at, order_id) WHERE (status = 100);

CREATE INDEX benefit_order_to_settle ON benefit_order USING btree (provider, settle_month, completed_at, order_id) WHERE (status = 300);

CREATE INDEX benefit_partner_key_of_partner ON benefit_partner_key USING btree (provider, added_at, key_id);

CREATE UNIQUE INDEX benefit_partner_key_once ON benefit_partner_key USING btree (sha256(public_key));

CREATE INDEX benefit_partner_nonce_to_forget ON benefit_partner_nonce USING btree (seen_at);

CREATE INDEX benefit_quote_of_order ON benefit_quote USING btree (order_id, quote_id);

CREATE INDEX benefit_settlement_access_of_file ON benefit_settlement_access USING btree (name, access_id);

CREATE INDEX benefit_settlement_file_of_month ON benefit_settlement_file USING btree (month, provider);

CREATE INDEX blind_judgement_by_person ON blind_judgement USING btree (person);

CREATE INDEX flow_definition_procedure ON flow_definition USING btree (procedure_id, definition_id);

CREATE INDEX flow_delivery_newest ON flow_delivery USING btree (trigger_id, delivery_id);

CREATE INDEX flow_delivery_run ON flow_delivery USING btree (run_id) WHERE (run_id IS NOT NULL);

CREATE INDEX flow_delivery_state ON flow_delivery USING btree (trigger_id, state, delivery_id);

CREATE INDEX flow_inbox_waiting ON flow_inbox USING btree (run_id) WHERE (taken_at IS NULL);

CREATE INDEX flow_parked_queue ON flow_parked USING btree (endpoint, since, run_id);

CREATE INDEX flow_run_by_outcome ON flow_run USING btree (outcome_node, started_at, run_id) WHERE (outcome_node IS NOT NULL);

CREATE INDEX flow_run_by_procedure ON flow_run USING btree (procedure_id, status, started_at, run_id);

CREATE INDEX flow_run_by_status ON flow_run USING btree (status, started_at, run_id);

CREATE INDEX flow_run_by_wake ON flow_run USING btree (split_part(wake_name, ':'::text, 1), started_at, run_id) WHERE ((ended_at IS NULL) AND (owner IS NULL));

CREATE INDEX flow_run_end_to_record ON flow_run USING btree (run_id) WHERE ((ended_at IS NOT NULL) AND (NOT end_recorded));

CREATE INDEX flow_run_open ON flow_run USING btree (status) WHERE (ended_at IS NULL);

CREATE INDEX flow_run_owner ON flow_run USING btree (owner) WHERE (owner IS NOT NULL);

CREATE UNIQUE INDEX flow_run_start_key ON flow_run USING btree (start_key) WHERE (start_key IS NOT NULL);

CREATE INDEX flow_run_wake ON flow_run USING btree (wake_at) WHERE ((wake_at IS NOT NULL) AND (owner IS NULL));

CREATE INDEX flow_subject_digest ON flow_subject USING btree (digest);

CREATE INDEX flow_trigger_due ON flow_trigger USING btree (due_at) WHERE (due_at IS NOT NULL);

CREATE INDEX flow_trigger_event ON flow_trigger USING btree (event) WHERE (event IS NOT NULL);

CREATE UNIQUE INDEX flow_trigger_path ON flow_trigger USING btree (path) WHERE (path IS NOT NULL);

CREATE INDEX person_link_open ON person_link USING btree (person_id) WHERE (used_at IS NULL);

CREATE INDEX person_session_of_person ON person_session USING btree (person_id, last_seen_at);

CREATE INDEX pgqueuer_ep_ea_idx ON pgqueuer USING btree (entrypoint, execute_after) WHERE (status = 'queued'::pgqueuer_status);

CREATE INDEX pgqueuer_ep_prio_id_idx ON pgqueuer USING btree (entrypoint, priority DESC, id) WHERE (status = 'queued'::pgqueuer_status);

CREATE INDEX pgqueuer_log_created ON pgqueuer_log USING btree (created);

CREATE INDEX pgqueuer_log_job_id_status ON pgqueuer_log USING btree (job_id, created DESC);

CREATE INDEX pgqueuer_log_not_aggregated ON pgqueuer_log USING btree ((1)) WHERE (NOT aggregated);

CREATE INDEX pgqueuer_log_status ON pgqueuer_log USING btree (status);

CREATE INDEX pgqueuer_picked_heartbeat_idx ON pgqueuer USING btree (heartbeat) WHERE (status = 'picked'::pgqueuer_status);

CREATE UNIQUE INDEX pgqueuer_picked_slot_idx ON pgqueuer USING btree (entrypoint, slot) WHERE ((status = 'picked'::pgqueuer_status) AND (slot IS NOT NULL));

CREATE INDEX pgqueuer_priority_id_id1_idx ON pgqueuer USING btree (priority, id DESC) INCLUDE (id) WHERE (status = 'queued'::pgqueuer_status);

CREATE INDEX pgqueuer_queue_manager_id_idx ON pgqueuer USING btree (queue_manager_id) WHERE (queue_manager_id IS NOT NULL);

CREATE UNIQUE INDEX pgqueuer_statistics_unique_count ON pgqueuer_statistics USING btree (priority, date_trunc('sec'::text, timezone('UTC'::text, created)), status, entrypoint);

CREATE UNIQUE INDEX pgqueuer_unique_dedupe_key ON pgqueuer USING btree (dedupe_key) WHERE ((status = ANY (ARRAY['queued'::pgqueuer_status, 'picked'::pgqueuer_status])) AND (dedupe_key IS NOT NULL));

CREATE INDEX pgqueuer_updated_id_id1_idx ON pgqueuer USING btree (updated, id DESC) INCLUDE (id) WHERE (status = 'picked'::pgqueuer_status);

CREATE INDEX points_lot_in_order ON points_lot USING btree (customer_id, expires_at, lot_id);

CREATE INDEX points_lot_to_sweep ON points_lot USING btree (expires_at, lot_id) WHERE (NOT is_swept);

CREATE INDEX points_posting_of_customer ON points_posting USING btree (customer_id, posting_id);

CREATE INDEX points_posting_of_lot ON points_posting USING btree (lot_id);

CREATE UNIQUE INDEX points_posting_once ON points_posting USING btree (order_id, lot_id, ((kind <> 2))) WHERE (order_id IS NOT NULL);

CREATE UNIQUE INDEX review_alert_open_once ON review_alert USING btree (kind, cause) WHERE (closed_at IS NULL);

CREATE INDEX sampled_ticket_of_ticket ON sampled_ticket USING btree (ticket_id);

CREATE INDEX sampled_ticket_take_of ON sampled_ticket_take USING btree (sampled_id, take_id);

CREATE INDEX screening_adapt_event_of_adapt ON screening_adapt_event USING btree (adapt_id, event_id);

CREATE INDEX screening_adapt_of_type ON screening_adapt USING btree (type_id, changed_at DESC, adapt_id DESC);

CREATE INDEX screening_application_by_time ON screening_application USING btree (received_at DESC, flow_no DESC);

CREATE INDEX screening_application_of_ticket ON screening_application USING btree (ticket_id) WHERE (ticket_id IS NOT NULL);

CREATE INDEX screening_application_of_user ON screening_application USING btree (user_id, received_at DESC, flow_no DESC);

CREATE INDEX screening_result_by_end ON screening_result USING btree (ended_at DESC, ticket_id);

CREATE INDEX screening_result_by_state ON screening_result USING btree (state, ended_at DESC) WHERE (state <> 'delivered'::text);

CREATE INDEX screening_type_by_change ON screening_type USING btree (changed_at DESC, type_id DESC);

CREATE INDEX sign_in_attempt_at ON sign_in_attempt USING btree (at);

CREATE INDEX strategy_group_adapt_of_adapt ON strategy_group_adapt USING btree (adapt_id);

CREATE INDEX strategy_group_by_change ON strategy_group USING btree (changed_at DESC, group_id DESC);

CREATE INDEX strategy_group_event_of_group ON strategy_group_event USING btree (group_id, event_id);

CREATE INDEX ticket_answer_by_time ON ticket_answer USING btree (answered_at);

CREATE UNIQUE INDEX ticket_answer_once_per_person ON ticket_answer USING btree (ticket_id, snapshot, COALESCE(person, actor));

CREATE INDEX ticket_claims ON ticket USING btree (claimed_by, claimed_until) WHERE (claimed_by IS NOT NULL);

CREATE INDEX ticket_decided_of_scene ON ticket USING btree (application, scene, closed_at) WHERE ((status = 'decided'::text) AND (bucket IS NOT NULL));

CREATE INDEX ticket_escalation ON ticket USING btree (escalate_at) WHERE ((status = 'open'::text) AND (escalate_at IS NOT NULL));

CREATE INDEX ticket_event_of_ticket ON ticket_event USING btree (ticket_id, id);

CREATE INDEX ticket_list ON ticket USING btree (bucket, opened_at, id) WHERE (bucket IS NOT NULL);

CREATE INDEX ticket_list_by_application ON ticket USING btree (bucket, application, opened_at, id) WHERE (bucket IS NOT NULL);

CREATE INDEX ticket_list_by_flow ON ticket USING btree (subject) WHERE (bucket IS NOT NULL);

CREATE INDEX ticket_list_by_result ON ticket USING btree (bucket, result, opened_at, id) WHERE ((bucket IS NOT NULL) AND (result IS NOT NULL));

CREATE INDEX ticket_list_by_reviewer ON ticket USING btree (bucket, reviewer, opened_at, id) WHERE ((bucket IS NOT NULL) AND (reviewer IS NOT NULL));

CREATE INDEX ticket_list_by_scene ON ticket USING btree (bucket, application, scene, opened_at, id) WHERE (bucket IS NOT NULL);

CREATE INDEX ticket_list_by_status ON ticket USING btree (bucket, status, opened_at, id) WHERE (bucket IS NOT NULL);

CREATE INDEX ticket_list_by_type ON ticket USING btree (bucket, type_id, opened_at, id) WHERE (bucket IS NOT NULL);

CREATE INDEX ticket_list_by_user ON ticket USING btree (user_id) WHERE (bucket IS NOT NULL);

CREATE INDEX ticket_list_of_claimed ON ticket USING btree (bucket, claimed_until) WHERE ((bucket IS NOT NULL) AND (claimed_by IS NOT NULL));

CREATE INDEX ticket_list_of_open ON ticket USING btree (bucket, is_answered, opened_at, id) WHERE ((bucket IS NOT NULL) AND (status = 'open'::text));

CREATE INDEX ticket_queue_by_priority ON ticket USING btree (status, ((- priority)), COALESCE(due_at, '9999-12-31 00:00:00+00'::timestamp with time zone), opened_at, id);

CREATE INDEX ticket_take_next ON ticket USING btree (bucket, ((- priority)), COALESCE(due_at, '9999-12-31 00:00:00+00'::timestamp with time zone), opened_at, id) WHERE ((bucket IS NOT NULL) AND (status = 'open'::text));

CREATE TRIGGER audit_batch_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit_batch FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER audit_entry_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER audit_key_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit_key FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER audit_seal_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit_seal FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER benefit_answer_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON benefit_answer FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER benefit_event_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON benefit_event FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER benefit_job_call_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON benefit_job_call FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER benefit_job_run_is_kept BEFORE DELETE OR TRUNCATE ON benefit_job_run FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER benefit_link_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON benefit_link FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER benefit_link_key_is_kept BEFORE DELETE OR TRUNCATE ON benefit_link_key FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER benefit_order_is_fixed BEFORE UPDATE OF order_id, benefit_code, customer_id, channel, service, provider, points, settle_fen, aum_day, aum_fen, redeemed_at, expire_at ON benefit_order FOR EACH ROW EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER benefit_order_is_kept BEFORE DELETE OR TRUNCATE ON benefit_order FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER benefit_partner_key_is_fixed BEFORE UPDATE OF key_id, provider, algorithm, public_key, added_at ON benefit_partner_key FOR EACH ROW EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER benefit_partner_key_is_kept BEFORE DELETE OR TRUNCATE ON benefit_partner_key FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER benefit_quote_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON benefit_quote FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER benefit_settlement_access_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON benefit_settlement_access FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER benefit_settlement_customer_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON benefit_settlement_customer FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER benefit_settlement_due_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON benefit_settlement_due FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER benefit_settlement_file_is_fixed BEFORE UPDATE OF provider, month, name, rows, total_fen, bytes, sha256, content_sha256, manifest, published_at ON benefit_settlement_file FOR EACH ROW EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER benefit_settlement_file_is_kept BEFORE DELETE OR TRUNCATE ON benefit_settlement_file FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER blind_judgement_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON blind_judgement FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER picture_content_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON picture_content FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER picture_is_kept BEFORE DELETE OR TRUNCATE ON picture FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER picture_is_settled BEFORE UPDATE ON picture FOR EACH ROW WHEN ((old.state <> 'waiting'::text)) EXECUTE FUNCTION refuse_to_change_what_is_settled();

CREATE TRIGGER points_audit_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON points_audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER points_lot_is_fixed BEFORE UPDATE OF lot_id, customer_id, grant_key, granted, granted_at, expires_at ON points_lot FOR EACH ROW EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER points_lot_is_kept BEFORE DELETE OR TRUNCATE ON points_lot FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER points_posting_comes_second BEFORE INSERT ON points_posting FOR EACH STATEMENT EXECUTE FUNCTION points_posting_comes_second();

CREATE TRIGGER points_posting_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON points_posting FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER points_seal_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON points_seal FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER points_wallet_is_kept BEFORE DELETE OR TRUNCATE ON points_wallet FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER quality_sample_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON quality_sample FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER review_draw_key_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON review_draw_key FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER sampled_ticket_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON sampled_ticket FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER sampled_ticket_take_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON sampled_ticket_take FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER screening_adapt_event_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON screening_adapt_event FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER screening_adapt_version_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON screening_adapt_version FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER screening_application_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON screening_application FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER screening_decision_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON screening_decision FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER screening_delivery_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON screening_delivery FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER screening_result_is_fixed BEFORE UPDATE OF ticket_id, flow_no, application, status, result, codes, body, ended_at ON screening_result FOR EACH ROW EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER screening_result_stays BEFORE DELETE OR TRUNCATE ON screening_result FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER screening_type_version_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON screening_type_version FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER strategy_group_adapt_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON strategy_group_adapt FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER strategy_group_event_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON strategy_group_event FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER strategy_group_revision_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON strategy_group_revision FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER tg_pgqueuer_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON pgqueuer FOR EACH STATEMENT EXECUTE FUNCTION fn_pgqueuer_changed();

CREATE TRIGGER ticket_amendment_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ticket_amendment FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER ticket_answer_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ticket_answer FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER ticket_content_is_fixed BEFORE UPDATE OF id, source, subject, node, iteration, generation, title, purpose, shown, shown_sha256, shown_personal, asked, requested_by, content_sha256, opened_at, reasons, application, scene, bucket, user_id, type_id, type_version, adapt_id, adapt_version ON ticket FOR EACH ROW EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER ticket_event_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ticket_event FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER ticket_is_finished BEFORE UPDATE ON ticket FOR EACH ROW WHEN (((old.type_id IS NOT NULL) AND (old.status <> 'open'::text))) EXECUTE FUNCTION refuse_to_change_what_is_finished();

CREATE TRIGGER ticket_is_kept BEFORE DELETE OR TRUNCATE ON ticket FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER ticket_people_only_go_up BEFORE UPDATE OF required_approvers ON ticket FOR EACH ROW WHEN (((old.type_id IS NULL) OR (new.required_approvers < old.required_approvers))) EXECUTE FUNCTION refuse_to_change_evidence();

CREATE TRIGGER ticket_reveal_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ticket_reveal FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_evidence();

ALTER TABLE ONLY api_key
    ADD CONSTRAINT api_key_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY audit_batch
    ADD CONSTRAINT audit_batch_last_seq_fkey FOREIGN KEY (last_seq) REFERENCES audit_seal(seq);

ALTER TABLE ONLY benefit_answer
    ADD CONSTRAINT benefit_answer_order_id_fkey FOREIGN KEY (order_id) REFERENCES benefit_order(order_id);

ALTER TABLE ONLY benefit_customer
    ADD CONSTRAINT benefit_customer_aum_day_fkey FOREIGN KEY (aum_day) REFERENCES benefit_customer_list(day);

ALTER TABLE ONLY benefit_dispute
    ADD CONSTRAINT benefit_dispute_order_id_fkey FOREIGN KEY (order_id) REFERENCES benefit_order(order_id);

ALTER TABLE ONLY benefit_dispute
    ADD CONSTRAINT benefit_dispute_provider_fkey FOREIGN KEY (provider) REFERENCES benefit_provider(provider);

ALTER TABLE ONLY benefit_event
    ADD CONSTRAINT benefit_event_order_id_fkey FOREIGN KEY (order_id) REFERENCES benefit_order(order_id);

ALTER TABLE ONLY benefit_job_call
    ADD CONSTRAINT benefit_job_call_job_run_id_fkey FOREIGN KEY (job_run_id) REFERENCES benefit_job_run(job_run_id);

ALTER TABLE ONLY benefit_link_key
    ADD CONSTRAINT benefit_link_key_provider_fkey FOREIGN KEY (provider) REFERENCES benefit_partner(provider);

ALTER TABLE ONLY benefit_link
    ADD CONSTRAINT benefit_link_order_id_fkey FOREIGN KEY (order_id) REFERENCES benefit_order(order_id);

ALTER TABLE ONLY benefit_link
    ADD CONSTRAINT benefit_link_provider_kid_fkey FOREIGN KEY (provider, kid) REFERENCES benefit_link_key(provider, kid);

ALTER TABLE ONLY benefit_order
    ADD CONSTRAINT benefit_order_provider_fkey FOREIGN KEY (provider) REFERENCES benefit_provider(provider);

ALTER TABLE ONLY benefit_order
    ADD CONSTRAINT benefit_order_service_fkey FOREIGN KEY (service) REFERENCES benefit_service(service);

ALTER TABLE ONLY benefit_partner_key
    ADD CONSTRAINT benefit_partner_key_provider_fkey FOREIGN KEY (provider) REFERENCES benefit_partner(provider);

ALTER TABLE ONLY benefit_partner
    ADD CONSTRAINT benefit_partner_provider_fkey FOREIGN KEY (provider) REFERENCES benefit_provider(provider);

ALTER TABLE ONLY benefit_quote
    ADD CONSTRAINT benefit_quote_order_id_fkey FOREIGN KEY (order_id) REFERENCES benefit_order(order_id);

ALTER TABLE ONLY benefit_service
    ADD CONSTRAINT benefit_service_provider_fkey FOREIGN KEY (provider) REFERENCES benefit_provider(provider);

ALTER TABLE ONLY benefit_settlement_access
    ADD CONSTRAINT benefit_settlement_access_name_fkey FOREIGN KEY (name) REFERENCES benefit_settlement_file(name);

ALTER TABLE ONLY benefit_settlement_customer
    ADD CONSTRAINT benefit_settlement_customer_month_fkey FOREIGN KEY (month) REFERENCES benefit_period(month);

ALTER TABLE ONLY benefit_settlement_customer
    ADD CONSTRAINT benefit_settlement_customer_provider_fkey FOREIGN KEY (provider) REFERENCES benefit_provider(provider);

ALTER TABLE ONLY benefit_settlement_due
    ADD CONSTRAINT benefit_settlement_due_month_fkey FOREIGN KEY (month) REFERENCES benefit_period(month);

ALTER TABLE ONLY benefit_settlement_due
    ADD CONSTRAINT benefit_settlement_due_provider_fkey FOREIGN KEY (provider) REFERENCES benefit_provider(provider);

ALTER TABLE ONLY benefit_settlement_file
    ADD CONSTRAINT benefit_settlement_file_month_provider_fkey FOREIGN KEY (month, provider) REFERENCES benefit_settlement_due(month, provider);

ALTER TABLE ONLY blind_judgement
    ADD CONSTRAINT blind_judgement_sampled_id_fkey FOREIGN KEY (sampled_id) REFERENCES sampled_ticket(sampled_id);

ALTER TABLE ONLY flow_child
    ADD CONSTRAINT flow_child_child_id_fkey FOREIGN KEY (child_id) REFERENCES flow_run(run_id);

ALTER TABLE ONLY flow_child
    ADD CONSTRAINT flow_child_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES flow_run(run_id);

ALTER TABLE ONLY flow_delivery
    ADD CONSTRAINT flow_delivery_definition_id_fkey FOREIGN KEY (definition_id) REFERENCES flow_definition(definition_id);

ALTER TABLE ONLY flow_delivery
    ADD CONSTRAINT flow_delivery_run_id_fkey FOREIGN KEY (run_id) REFERENCES flow_run(run_id);

ALTER TABLE ONLY flow_delivery
    ADD CONSTRAINT flow_delivery_trigger_id_fkey FOREIGN KEY (trigger_id) REFERENCES flow_trigger(trigger_id);

ALTER TABLE ONLY flow_inbox
    ADD CONSTRAINT flow_inbox_run_id_fkey FOREIGN KEY (run_id) REFERENCES flow_run(run_id);

ALTER TABLE ONLY flow_parked
    ADD CONSTRAINT flow_parked_endpoint_fkey FOREIGN KEY (endpoint) REFERENCES flow_circuit(endpoint);

ALTER TABLE ONLY flow_parked
    ADD CONSTRAINT flow_parked_run_id_fkey FOREIGN KEY (run_id) REFERENCES flow_run(run_id);

ALTER TABLE ONLY flow_run
    ADD CONSTRAINT flow_run_definition_id_fkey FOREIGN KEY (definition_id) REFERENCES flow_definition(definition_id);

ALTER TABLE ONLY flow_trigger
    ADD CONSTRAINT flow_trigger_definition_id_fkey FOREIGN KEY (definition_id) REFERENCES flow_definition(definition_id);

ALTER TABLE ONLY pb_field
    ADD CONSTRAINT pb_field_application_scene_fkey FOREIGN KEY (application, scene) REFERENCES scene(application, scene);

ALTER TABLE ONLY person_link
    ADD CONSTRAINT person_link_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY person_recovery_code
    ADD CONSTRAINT person_recovery_code_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY person_session
    ADD CONSTRAINT person_session_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY picture
    ADD CONSTRAINT picture_content_sha256_fkey FOREIGN KEY (content_sha256) REFERENCES picture_content(sha256);

ALTER TABLE ONLY picture
    ADD CONSTRAINT picture_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES ticket(id);

ALTER TABLE ONLY points_lot
    ADD CONSTRAINT points_lot_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES points_wallet(customer_id);

ALTER TABLE ONLY points_posting
    ADD CONSTRAINT points_posting_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES points_lot(lot_id);

ALTER TABLE ONLY quality_sample
    ADD CONSTRAINT quality_sample_application_scene_fkey FOREIGN KEY (application, scene) REFERENCES scene(application, scene);

ALTER TABLE ONLY result_receiver
    ADD CONSTRAINT result_receiver_application_fkey FOREIGN KEY (application) REFERENCES application(application);

ALTER TABLE ONLY sampled_ticket
    ADD CONSTRAINT sampled_ticket_sample_id_fkey FOREIGN KEY (sample_id) REFERENCES quality_sample(sample_id);

ALTER TABLE ONLY sampled_ticket_take
    ADD CONSTRAINT sampled_ticket_take_sampled_id_fkey FOREIGN KEY (sampled_id) REFERENCES sampled_ticket(sampled_id);

ALTER TABLE ONLY sampled_ticket
    ADD CONSTRAINT sampled_ticket_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES ticket(id);

ALTER TABLE ONLY sampled_ticket
    ADD CONSTRAINT sampled_ticket_ticket_id_number_fkey FOREIGN KEY (ticket_id, number) REFERENCES screening_decision(ticket_id, number);

ALTER TABLE ONLY sampled_ticket
    ADD CONSTRAINT sampled_ticket_type_id_fkey FOREIGN KEY (type_id) REFERENCES screening_type(type_id);

ALTER TABLE ONLY scene
    ADD CONSTRAINT scene_application_fkey FOREIGN KEY (application) REFERENCES application(application);

ALTER TABLE ONLY screening_adapt
    ADD CONSTRAINT screening_adapt_application_scene_fkey FOREIGN KEY (application, scene) REFERENCES scene(application, scene);

ALTER TABLE ONLY screening_adapt_event
    ADD CONSTRAINT screening_adapt_event_adapt_id_fkey FOREIGN KEY (adapt_id) REFERENCES screening_adapt(adapt_id);

ALTER TABLE ONLY screening_adapt
    ADD CONSTRAINT screening_adapt_type_id_fkey FOREIGN KEY (type_id) REFERENCES screening_type(type_id);

ALTER TABLE ONLY screening_adapt_version
    ADD CONSTRAINT screening_adapt_version_adapt_id_fkey FOREIGN KEY (adapt_id) REFERENCES screening_adapt(adapt_id);

ALTER TABLE ONLY screening_adapt_version
    ADD CONSTRAINT screening_adapt_version_type_id_type_version_fkey FOREIGN KEY (type_id, type_version) REFERENCES screening_type_version(type_id, version);

ALTER TABLE ONLY screening_application
    ADD CONSTRAINT screening_application_application_scene_fkey FOREIGN KEY (application, scene) REFERENCES scene(application, scene);

ALTER TABLE ONLY screening_application
    ADD CONSTRAINT screening_application_group_id_revision_fkey FOREIGN KEY (group_id, revision) REFERENCES strategy_group_revision(group_id, revision);

ALTER TABLE ONLY screening_application
    ADD CONSTRAINT screening_application_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES ticket(id);

ALTER TABLE ONLY screening_decision
    ADD CONSTRAINT screening_decision_ticket_id_number_fkey FOREIGN KEY (ticket_id, number) REFERENCES ticket_answer(ticket_id, number);

ALTER TABLE ONLY screening_decision
    ADD CONSTRAINT screening_decision_type_id_rejection_version_fkey FOREIGN KEY (type_id, rejection_version) REFERENCES screening_type_version(type_id, version);

ALTER TABLE ONLY screening_delivery
    ADD CONSTRAINT screening_delivery_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES screening_result(ticket_id);

ALTER TABLE ONLY screening_method
    ADD CONSTRAINT screening_method_application_scene_fkey FOREIGN KEY (application, scene) REFERENCES scene(application, scene);

ALTER TABLE ONLY screening_result
    ADD CONSTRAINT screening_result_application_fkey FOREIGN KEY (application) REFERENCES application(application);

ALTER TABLE ONLY screening_result
    ADD CONSTRAINT screening_result_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES ticket(id);

ALTER TABLE ONLY screening_type_version
    ADD CONSTRAINT screening_type_version_type_id_fkey FOREIGN KEY (type_id) REFERENCES screening_type(type_id);

ALTER TABLE ONLY strategy_group_adapt
    ADD CONSTRAINT strategy_group_adapt_adapt_id_fkey FOREIGN KEY (adapt_id) REFERENCES screening_adapt(adapt_id);

ALTER TABLE ONLY strategy_group_adapt
    ADD CONSTRAINT strategy_group_adapt_group_id_revision_fkey FOREIGN KEY (group_id, revision) REFERENCES strategy_group_revision(group_id, revision);

ALTER TABLE ONLY strategy_group
    ADD CONSTRAINT strategy_group_application_scene_fkey FOREIGN KEY (application, scene) REFERENCES scene(application, scene);

ALTER TABLE ONLY strategy_group_event
    ADD CONSTRAINT strategy_group_event_group_id_fkey FOREIGN KEY (group_id) REFERENCES strategy_group(group_id);

ALTER TABLE ONLY strategy_group_event
    ADD CONSTRAINT strategy_group_event_group_id_revision_fkey FOREIGN KEY (group_id, revision) REFERENCES strategy_group_revision(group_id, revision);

ALTER TABLE ONLY strategy_group_revision
    ADD CONSTRAINT strategy_group_revision_group_id_fkey FOREIGN KEY (group_id) REFERENCES strategy_group(group_id);

ALTER TABLE ONLY ticket
    ADD CONSTRAINT ticket_adapt_version_is_there FOREIGN KEY (adapt_id, adapt_version) REFERENCES screening_adapt_version(adapt_id, version) NOT VALID;

ALTER TABLE ONLY ticket_amendment
    ADD CONSTRAINT ticket_amendment_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES ticket(id);

ALTER TABLE ONLY ticket_answer
    ADD CONSTRAINT ticket_answer_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES ticket(id);

ALTER TABLE ONLY ticket_event
    ADD CONSTRAINT ticket_event_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES ticket(id);

ALTER TABLE ONLY ticket_reveal
    ADD CONSTRAINT ticket_reveal_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES ticket(id);

ALTER TABLE ONLY ticket
    ADD CONSTRAINT ticket_scene_is_there FOREIGN KEY (application, scene) REFERENCES scene(application, scene) NOT VALID;

ALTER TABLE ONLY ticket
    ADD CONSTRAINT ticket_type_version_is_there FOREIGN KEY (type_id, type_version) REFERENCES screening_type_version(type_id, version) NOT VALID;
