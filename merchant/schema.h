// The merchant's tables. No column can hold a card number: what the merchant gets of a card is its
// BIN (six digits), a pseudonym in a certificate, and a sealed PI, which goes when it is decided.
#pragma once

#include <array>

#include "common/store/database.h"
#include "common/store/replies.h"

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

inline constexpr std::array kMigrations{Migration{1, replies::kSchema}, Migration{2, kSchema1},
                                        Migration{3, kSchema2}};

}  // namespace set::merchant
