// The merchant's tables. No column can hold a card number: what the merchant gets of a card is its
// BIN (six digits), a pseudonym in a certificate, and a sealed PI, which goes when it is decided.
#pragma once

#include <array>

#include "common/audit/statements.h"
#include "common/store/database.h"
#include "common/store/leases.h"
#include "common/store/replies.h"
#include "merchant/event_store.h"
#include "merchant/webhook_store.h"

namespace set::merchant {

inline constexpr std::string_view kSchema1 = R"sql(
  CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT;

  CREATE TABLE orders (
    id BLOB PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 20),
    secret_digest BLOB NOT NULL CHECK (length(secret_digest) = 48),
    description TEXT NOT NULL CHECK (length(description) BETWEEN 1 AND 16384),
    currency INTEGER NOT NULL CHECK (currency BETWEEN 1 AND 999),
    amount INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000000),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL CHECK (expires_at > created_at)
  ) STRICT;
  CREATE INDEX orders_by_age ON orders (created_at);

  -- One per PInitReq (order_state.h). What a PReq brings is NULL until one comes.
  CREATE TABLE purchases (
    xid BLOB PRIMARY KEY CHECK (length(xid) = 20),
    order_id BLOB NOT NULL REFERENCES orders (id),
    state TEXT NOT NULL CHECK (state IN ('initiated', 'ordered', 'rejected')),
    -- 1 while this purchase is the one that pays its order
    paying INTEGER NOT NULL DEFAULT 0 CHECK (paying IN (0, 1)),
    request_digest BLOB NOT NULL UNIQUE CHECK (length(request_digest) = 48),
    lid_c BLOB NOT NULL CHECK (length(lid_c) BETWEEN 1 AND 20),
    language TEXT NOT NULL CHECK (length(language) <= 35),
    chall_c BLOB NOT NULL CHECK (length(chall_c) = 20),
    chall_m BLOB NOT NULL CHECK (length(chall_m) = 20),
    brand TEXT NOT NULL CHECK (length(brand) BETWEEN 1 AND 40),
    bin TEXT NOT NULL CHECK (length(bin) = 6),
    gateway BLOB NOT NULL CHECK (length(gateway) = 32),
    initiated_at INTEGER NOT NULL,
    rrpid BLOB CHECK (length(rrpid) = 20),
    content_digest BLOB CHECK (length(content_digest) = 48),
    cardholder BLOB CHECK (length(cardholder) = 32),
    hoi_data BLOB CHECK (length(hoi_data) = 48),
    hpi_data BLOB CHECK (length(hpi_data) = 48),
    hod BLOB CHECK (length(hod) = 48),
    valid_until INTEGER,
    oi_data BLOB,
    pi_tbs BLOB,
    certificates BLOB,
    pi BLOB,
    CHECK (state = 'ordered' OR (paying = 0 AND pi IS NULL AND hod IS NULL)),
    CHECK ((state = 'initiated') = (rrpid IS NULL)),
    CHECK ((rrpid IS NULL) = (content_digest IS NULL) AND (rrpid IS NULL) = (cardholder IS NULL)
      AND (rrpid IS NULL) = (hoi_data IS NULL) AND (rrpid IS NULL) = (hpi_data IS NULL)
      AND (rrpid IS NULL) = (valid_until IS NULL) AND (rrpid IS NULL) = (oi_data IS NULL)
      AND (rrpid IS NULL) = (pi_tbs IS NULL) AND (rrpid IS NULL) = (certificates IS NULL)),
    CHECK (state <> 'ordered' OR hod IS NOT NULL)
  ) STRICT;
  -- An order is paid once, whoever comes at the same time.
  CREATE UNIQUE INDEX purchases_one_paying ON purchases (order_id) WHERE paying = 1;
  CREATE INDEX purchases_by_order ON purchases (order_id, initiated_at);

  -- authorization_state.h
  CREATE TABLE authorizations (
    auth_rrpid BLOB PRIMARY KEY CHECK (length(auth_rrpid) = 20),
    xid BLOB NOT NULL REFERENCES purchases (xid),
    state TEXT NOT NULL CHECK (state IN ('awaiting', 'authorized', 'captured', 'declined')),
    currency INTEGER NOT NULL CHECK (currency BETWEEN 1 AND 999),
    requested INTEGER NOT NULL CHECK (requested BETWEEN 1 AND 1000000000000000),
    authorized INTEGER NOT NULL DEFAULT 0 CHECK (authorized BETWEEN 0 AND requested),
    captured INTEGER NOT NULL DEFAULT 0 CHECK (captured BETWEEN 0 AND authorized),
    asked_at INTEGER NOT NULL,
    auth_req BLOB,
    pending_reply BLOB,
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_attempt_at INTEGER,
    decided_at INTEGER,
    auth_code INTEGER CHECK (auth_code BETWEEN 0 AND 16),
    approval_code TEXT CHECK (length(approval_code) = 6),
    cap_token BLOB,
    auth_token BLOB,
    acq_card_msg BLOB,
    auth_res BLOB,
    CHECK ((state = 'awaiting') = (auth_req IS NOT NULL)),
    CHECK ((state = 'awaiting') = (pending_reply IS NOT NULL)),
    CHECK ((state = 'awaiting') = (next_attempt_at IS NOT NULL)),
    CHECK ((state = 'awaiting') = (auth_code IS NULL)),
    CHECK ((state = 'awaiting') = (decided_at IS NULL)),
    CHECK ((state IN ('authorized', 'captured')) = (authorized > 0)),
    CHECK ((state IN ('authorized', 'captured')) = (approval_code IS NOT NULL)),
    CHECK ((state = 'captured') = (captured > 0)),
    CHECK (state = 'awaiting' OR (auth_code = 0) = (authorized > 0))
  ) STRICT;
  -- One authorisation of a purchase: sales only so far.
  CREATE UNIQUE INDEX authorizations_by_xid ON authorizations (xid);
  CREATE INDEX authorizations_due ON authorizations (next_attempt_at) WHERE state = 'awaiting';
)sql";

inline constexpr std::string_view kSchema2 = R"sql(
  -- Bytes of an open AuthReq that were made anew: the gateway may have decided by any of them.
  CREATE TABLE earlier_requests (
    auth_rrpid BLOB NOT NULL REFERENCES authorizations (auth_rrpid),
    asked_at INTEGER NOT NULL,
    auth_req BLOB NOT NULL,
    pending_reply BLOB NOT NULL,
    PRIMARY KEY (auth_rrpid, asked_at)
  ) STRICT;
)sql";

// Our signature certificate in the PInitRes; NULL in purchases from before it was kept.
inline constexpr std::string_view kPurchaseMerchantSchema = R"sql(
  ALTER TABLE purchases ADD COLUMN merchant BLOB CHECK (length(merchant) = 32);
)sql";

inline constexpr std::string_view kFollowUpSchema = R"sql(
  -- The terms of an order (order.h). A mandate is the canonical InstallRecurData.
  ALTER TABLE orders ADD COLUMN capture_now INTEGER NOT NULL DEFAULT 1
    CHECK (capture_now IN (0, 1));
  ALTER TABLE orders ADD COLUMN first_charge INTEGER
    CHECK (first_charge BETWEEN 1 AND 1000000000000000);
  ALTER TABLE orders ADD COLUMN mandate BLOB;
  -- For the next authorisation of this purchase.
  ALTER TABLE purchases ADD COLUMN auth_token BLOB;

  -- Every request to the gateway: its exact bytes and reply key until it is answered. A command
  -- wants it, the daemon makes its bytes.
  CREATE TABLE requests (
    rrpid BLOB PRIMARY KEY CHECK (length(rrpid) = 20),
    message TEXT NOT NULL CHECK (message IN ('AuthReq', 'AuthRevReq', 'CapReq', 'CapRevReq',
      'CredReq', 'CredRevReq', 'BatchAdminReq')),
    -- parked: an AuthReq while it is being cancelled
    state TEXT NOT NULL CHECK (state IN ('wanted', 'asked', 'parked', 'answered', 'refused')),
    -- the operator's own name for it: the same one is not done twice
    once TEXT UNIQUE,
    -- by which the merchant loses patience, and by which bytes become too old
    waiting_since INTEGER NOT NULL,
    asked_at INTEGER NOT NULL,
    wire BLOB,
    pending_reply BLOB,
    -- the merchant certificate under which the bytes are; an AuthReq's is its purchase's
    signed_as BLOB CHECK (length(signed_as) = 32),
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_attempt_at INTEGER,
    decided_at INTEGER,
    code TEXT,
    evidence BLOB,
    -- BatchAdminReq: what is asked of which batch
    batch_id TEXT NOT NULL DEFAULT '',
    batch_operation INTEGER CHECK (batch_operation BETWEEN 0 AND 2),
    batch_details INTEGER,
    batch_answer BLOB,
    CHECK ((state IN ('asked', 'parked')) = (wire IS NOT NULL)),
    CHECK ((wire IS NULL) = (pending_reply IS NULL)),
    CHECK ((state IN ('wanted', 'asked')) = (next_attempt_at IS NOT NULL)),
    CHECK ((state IN ('answered', 'refused')) = (decided_at IS NOT NULL)),
    CHECK ((state IN ('answered', 'refused')) = (code IS NOT NULL))
  ) STRICT;
  CREATE INDEX requests_due ON requests (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
  -- One question about batches at a time.
  CREATE UNIQUE INDEX requests_one_batch ON requests (message)
    WHERE message = 'BatchAdminReq' AND state IN ('wanted', 'asked');
  INSERT INTO requests (rrpid, message, state, waiting_since, asked_at, wire, pending_reply,
      attempts, next_attempt_at)
    SELECT auth_rrpid, 'AuthReq', 'asked', asked_at, asked_at, auth_req, pending_reply, attempts,
      next_attempt_at FROM authorizations WHERE state = 'awaiting';
  INSERT INTO requests (rrpid, message, state, waiting_since, asked_at, decided_at, code)
    SELECT auth_rrpid, 'AuthReq', 'answered', asked_at, asked_at, decided_at, ''
      FROM authorizations WHERE state <> 'awaiting';

  -- Bytes that were made anew: the gateway may have decided by any of them.
  CREATE TABLE earlier_bytes (
    rrpid BLOB NOT NULL REFERENCES requests (rrpid),
    asked_at INTEGER NOT NULL,
    wire BLOB NOT NULL,
    pending_reply BLOB NOT NULL,
    PRIMARY KEY (rrpid, asked_at)
  ) STRICT;
  INSERT INTO earlier_bytes SELECT auth_rrpid, asked_at, auth_req, pending_reply
    FROM earlier_requests;
  DROP TABLE earlier_requests;

  -- authorization_state.h
  CREATE TABLE authorizations_now (
    auth_rrpid BLOB PRIMARY KEY REFERENCES requests (rrpid),
    xid BLOB NOT NULL REFERENCES purchases (xid),
    state TEXT NOT NULL
      CHECK (state IN ('awaiting', 'given up', 'authorized', 'declined', 'reversed')),
    capture_now INTEGER NOT NULL CHECK (capture_now IN (0, 1)),
    more_follow INTEGER NOT NULL CHECK (more_follow IN (0, 1)),
    by_token INTEGER NOT NULL CHECK (by_token IN (0, 1)),
    currency INTEGER NOT NULL CHECK (currency BETWEEN 1 AND 999),
    requested INTEGER NOT NULL CHECK (requested BETWEEN 1 AND 1000000000000000),
    authorized INTEGER NOT NULL DEFAULT 0 CHECK (authorized BETWEEN 0 AND requested),
    captured INTEGER NOT NULL DEFAULT 0 CHECK (captured BETWEEN 0 AND authorized),
    released INTEGER NOT NULL DEFAULT 0 CHECK (released BETWEEN 0 AND authorized - captured),
    credited INTEGER NOT NULL DEFAULT 0 CHECK (credited BETWEEN 0 AND captured),
    asked_at INTEGER NOT NULL,
    decided_at INTEGER,
    auth_code INTEGER CHECK (auth_code BETWEEN 0 AND 16),
    approval_code TEXT CHECK (length(approval_code) = 6),
    curr_conv BLOB,
    cap_token BLOB,
    acq_card_msg BLOB,
    auth_res BLOB,
    CHECK ((state IN ('awaiting', 'given up')) = (auth_code IS NULL)),
    CHECK ((state IN ('awaiting', 'given up')) = (decided_at IS NULL)),
    CHECK ((state = 'authorized') = (authorized > 0)),
    CHECK (state <> 'authorized' OR (approval_code IS NOT NULL AND auth_code = 0)),
    CHECK (state <> 'declined' OR auth_code <> 0)
  ) STRICT;
  INSERT INTO authorizations_now (auth_rrpid, xid, state, capture_now, more_follow, by_token,
      currency, requested, authorized, captured, asked_at, decided_at, auth_code, approval_code,
      cap_token, acq_card_msg, auth_res)
    SELECT auth_rrpid, xid, CASE state WHEN 'captured' THEN 'authorized' ELSE state END, 1, 0, 0,
      currency, requested, authorized, captured, asked_at, decided_at, auth_code, approval_code,
      cap_token, acq_card_msg, auth_res FROM authorizations;

  -- item_state.h
  CREATE TABLE items (
    rrpid BLOB NOT NULL REFERENCES requests (rrpid),
    auth_rrpid BLOB NOT NULL REFERENCES authorizations_now (auth_rrpid),
    kind TEXT NOT NULL CHECK (kind IN ('reversal', 'capture', 'captureReversal', 'credit',
      'creditReversal')),
    state TEXT NOT NULL CHECK (state IN ('asked', 'done', 'refused', 'reversed')),
    amount INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000000),
    reversed BLOB,
    final_capture INTEGER NOT NULL DEFAULT 0 CHECK (final_capture IN (0, 1)),
    date INTEGER NOT NULL,
    code TEXT,
    batch_id TEXT NOT NULL DEFAULT '',
    batch_sequence_num INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (rrpid, auth_rrpid),
    FOREIGN KEY (reversed, auth_rrpid) REFERENCES items (rrpid, auth_rrpid),
    CHECK ((kind IN ('captureReversal', 'creditReversal')) = (reversed IS NOT NULL)),
    CHECK (state <> 'reversed' OR kind IN ('capture', 'credit')),
    CHECK ((state = 'asked') = (code IS NULL))
  ) STRICT;
  INSERT INTO items (rrpid, auth_rrpid, kind, state, amount, date, code)
    SELECT auth_rrpid, auth_rrpid, 'capture', 'done', captured, decided_at, 'success'
      FROM authorizations WHERE captured > 0;
  DROP TABLE authorizations;
  ALTER TABLE authorizations_now RENAME TO authorizations;

  -- One authorisation of a purchase, and one item of an authorisation, waits for its answer.
  CREATE UNIQUE INDEX authorizations_one_asked ON authorizations (xid)
    WHERE state IN ('awaiting', 'given up');
  CREATE UNIQUE INDEX items_one_asked ON items (auth_rrpid) WHERE state = 'asked';
  -- Nothing is undone twice.
  CREATE UNIQUE INDEX items_undone_once ON items (reversed, auth_rrpid) WHERE state = 'done';
  CREATE INDEX authorizations_by_xid ON authorizations (xid, asked_at);
  CREATE INDEX items_by_authorization ON items (auth_rrpid, date);
  CREATE INDEX items_by_batch ON items (batch_id) WHERE batch_id <> '';

  -- Batches as the gateway last told of them: canonical BatchStatus and BatchAdminResData.
  CREATE TABLE batches (
    id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 32),
    opened_at INTEGER NOT NULL,
    closed_at INTEGER,
    status BLOB NOT NULL,
    answer BLOB,
    told_at INTEGER NOT NULL
  ) STRICT;
)sql";

inline constexpr std::string_view kDetailsSchema = R"sql(
  -- What an order tells the issuer beside the amount: the canonical AuthReqPayload without amount.
  ALTER TABLE orders ADD COLUMN auth_details BLOB;
  -- What the issuer said beside its decision.
  ALTER TABLE authorizations ADD COLUMN avs_result INTEGER CHECK (avs_result BETWEEN 0 AND 4);
  ALTER TABLE authorizations ADD COLUMN card_type INTEGER CHECK (card_type BETWEEN 0 AND 15);
  -- The batch that is named in the request: SaleDetail's BatchID or NewBatchID.
  ALTER TABLE authorizations ADD COLUMN batch_wish TEXT NOT NULL DEFAULT '';
  ALTER TABLE items ADD COLUMN batch_wish TEXT NOT NULL DEFAULT '';
  -- BatchAdminReq: of the details, those that failed.
  ALTER TABLE requests ADD COLUMN batch_errors INTEGER NOT NULL DEFAULT 0
    CHECK (batch_errors IN (0, 1));
  -- All that a named request asks for: under the same name only the same.
  ALTER TABLE requests ADD COLUMN wish TEXT NOT NULL DEFAULT '';
)sql";

// After a purge the daemon asks what is left (store_batches.cpp).
inline constexpr std::string_view kPurgeSchema = R"sql(
  -- Whose listing this is: the purge's RRPID.
  ALTER TABLE requests ADD COLUMN purge BLOB CHECK (length(purge) = 20);
  CREATE INDEX requests_by_purge ON requests (purge) WHERE purge IS NOT NULL;
  -- The last purge that found this item in its batch, done.
  ALTER TABLE items ADD COLUMN purge BLOB CHECK (length(purge) = 20);
)sql";

inline constexpr std::array kMigrations{
    Migration{1, replies::kSchema}, Migration{2, kSchema1}, Migration{3, kSchema2},
    Migration{4, kPurchaseMerchantSchema}, Migration{5, kFollowUpSchema},
    Migration{6, kEventSchema},            Migration{7, kWebhookSchema},
    Migration{8, kDetailsSchema},          Migration{9, audit::kChainSchema},
    Migration{10, audit::kInboxSchema},    Migration{11, statements::kSchema},
    Migration{12, leases::kSchema},        Migration{13, kPurgeSchema}};

}  // namespace set::merchant
