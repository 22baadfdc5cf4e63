// The gateway's tables. The rules of money stand here, whatever the code does (protocol §7): as the
// gateway began with them, and in payment_schema.h as they are now. There is no column for a card
// number: the sandbox acquirer knows a card by an HMAC of it.
#pragma once

#include <array>

#include "common/audit/statements.h"
#include "common/sandbox/ledger_schema.h"
#include "common/store/database.h"
#include "common/store/leases.h"
#include "common/store/replies.h"
#include "gateway/iso8583_store.h"
#include "gateway/payment_schema.h"

namespace set::gateway {

inline constexpr std::string_view kGatewaySchema = R"sql(
  CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT;

  CREATE TABLE pis (
    hpi_data BLOB PRIMARY KEY CHECK (length(hpi_data) = 48),
    state TEXT NOT NULL CHECK (state IN ('in_progress', 'consumed', 'free_again')),
    auth_rrpid BLOB NOT NULL CHECK (length(auth_rrpid) = 20),
    currency INTEGER NOT NULL,
    purch_minor INTEGER NOT NULL CHECK (purch_minor > 0),
    authorized_minor INTEGER NOT NULL DEFAULT 0
      CHECK (authorized_minor >= 0 AND authorized_minor <= purch_minor),
    CHECK ((state = 'consumed') = (authorized_minor > 0))
  ) STRICT;

  CREATE TABLE batches (
    batch_id TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
    opened_at INTEGER NOT NULL,
    items INTEGER NOT NULL CHECK (items >= 0)
  ) STRICT;

  CREATE TABLE authorizations (
    auth_rrpid BLOB PRIMARY KEY CHECK (length(auth_rrpid) = 20),
    state TEXT NOT NULL
      CHECK (state IN ('awaiting_acquirer', 'approved', 'captured', 'declined', 'void')),
    hpi_data BLOB NOT NULL REFERENCES pis (hpi_data),
    hoi_data BLOB NOT NULL CHECK (length(hoi_data) = 48),
    content_digest BLOB NOT NULL CHECK (length(content_digest) = 48),
    xid BLOB NOT NULL CHECK (length(xid) = 20),
    trans_ids BLOB NOT NULL,
    merchant BLOB NOT NULL CHECK (length(merchant) = 32),
    merchant_id TEXT NOT NULL,
    currency INTEGER NOT NULL,
    purch_minor INTEGER NOT NULL CHECK (purch_minor > 0),
    requested_minor INTEGER NOT NULL
      CHECK (requested_minor > 0 AND requested_minor <= purch_minor),
    authorized_minor INTEGER NOT NULL DEFAULT 0
      CHECK (authorized_minor >= 0 AND authorized_minor <= requested_minor),
    captured_minor INTEGER NOT NULL DEFAULT 0
      CHECK (captured_minor >= 0 AND captured_minor <= authorized_minor),
    capture_now INTEGER NOT NULL CHECK (capture_now IN (0, 1)),
    auth_ret_num TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    auth_code INTEGER,
    auth_date INTEGER,
    approval_code TEXT,
    resp_reason INTEGER,
    log_ref_id TEXT,
    hold_expires INTEGER,
    cap_token BLOB,
    batch_id TEXT REFERENCES batches (batch_id),
    batch_sequence_num INTEGER CHECK (batch_sequence_num > 0),
    request_digest BLOB NOT NULL CHECK (length(request_digest) = 48),
    pending_reply BLOB,
    UNIQUE (batch_id, batch_sequence_num),
    CHECK ((state = 'awaiting_acquirer') = (auth_code IS NULL)),
    CHECK ((state IN ('approved', 'captured')) = (authorized_minor > 0)),
    CHECK ((state IN ('approved', 'captured')) = (cap_token IS NOT NULL)),
    CHECK ((state = 'captured') = (captured_minor > 0)),
    CHECK ((state = 'captured') = (batch_id IS NOT NULL)),
    CHECK ((batch_id IS NULL) = (batch_sequence_num IS NULL))
  ) STRICT;
  CREATE UNIQUE INDEX one_live_authorization_per_pi ON authorizations (hpi_data)
    WHERE state IN ('awaiting_acquirer', 'approved', 'captured');
  CREATE INDEX authorizations_by_xid ON authorizations (xid);
  CREATE INDEX authorizations_by_request ON authorizations (request_digest);
  CREATE INDEX authorizations_by_time ON authorizations (received_at);
  CREATE INDEX authorizations_waiting ON authorizations (auth_rrpid)
    WHERE state = 'awaiting_acquirer';
  CREATE INDEX authorizations_unanswered ON authorizations (auth_rrpid)
    WHERE pending_reply IS NOT NULL;

  -- The sandbox acquirer's own book (acquirer_client.h). A row reversed before the question
  -- arrived has only its name.
  CREATE TABLE acquirer_holds (
    auth_rrpid BLOB PRIMARY KEY CHECK (length(auth_rrpid) = 20),
    state TEXT NOT NULL CHECK (state IN ('refused', 'held', 'captured', 'expired', 'reversed')),
    silent INTEGER NOT NULL DEFAULT 0 CHECK (silent IN (0, 1)),
    card_index BLOB CHECK (length(card_index) = 48),
    merchant_id TEXT,
    currency INTEGER,
    amount_minor INTEGER CHECK (amount_minor > 0),
    captured_minor INTEGER NOT NULL DEFAULT 0
      CHECK (captured_minor >= 0 AND (captured_minor = 0 OR captured_minor <= amount_minor)),
    auth_code INTEGER,
    approval_code TEXT,
    log_ref_id TEXT,
    hold_expires INTEGER,
    created_at INTEGER,
    CHECK ((state = 'captured') = (captured_minor > 0)),
    CHECK (state = 'reversed' OR (card_index IS NOT NULL AND amount_minor IS NOT NULL
      AND auth_code IS NOT NULL))
  ) STRICT;
  CREATE INDEX acquirer_holds_by_card ON acquirer_holds (card_index, currency)
    WHERE state IN ('held', 'captured');
)sql";

/// The sandbox acquirer's book moves into a Ledger's tables (common/sandbox/ledger_schema.h), which
/// know partial captures, credits and reversals. 00, 01, 05, 54: what the old book's AuthCodes
/// mean.
inline constexpr std::string_view kMoveAcquirerBook = R"sql(
  INSERT INTO ledger_holds (name, state, silent, card_index, merchant_id, currency, asked_minor,
    held_minor, captured_minor, response_code, approval_code, log_ref_id, hold_expires, created_at)
  SELECT auth_rrpid, CASE state WHEN 'captured' THEN 'closed' WHEN 'expired' THEN 'held'
      ELSE state END, silent, card_index, merchant_id, currency, amount_minor,
    CASE WHEN state IN ('refused', 'reversed') THEN 0 ELSE amount_minor END, captured_minor,
    CASE auth_code WHEN 0 THEN '00' WHEN 4 THEN '01' WHEN 6 THEN '54' WHEN 2 THEN '05' END,
    approval_code, log_ref_id, hold_expires, created_at FROM acquirer_holds;
  INSERT INTO ledger_entries (number, name, kind, hold, merchant_id, batch_id, currency,
    amount_minor, posted_at)
  SELECT ROW_NUMBER() OVER (ORDER BY h.created_at, h.auth_rrpid), h.auth_rrpid, 'capture',
    h.auth_rrpid, h.merchant_id, COALESCE(a.batch_id, ''), h.currency, h.captured_minor,
    h.created_at
  FROM acquirer_holds h LEFT JOIN authorizations a ON a.auth_rrpid = h.auth_rrpid
  WHERE h.state = 'captured';
  DROP TABLE acquirer_holds;
)sql";

inline constexpr std::array<Migration, 13> kMigrations{{{1, replies::kSchema},
                                                       {2, kGatewaySchema},
                                                       {3, kLedgerSchema},
                                                       {4, kMoveAcquirerBook},
                                                       {5, kQuestionSchema},
                                                       {6, kPaymentSchema},
                                                       {7, kLedgerNotesSchema},
                                                       {8, kQuestionNotesSchema},
                                                       {9, kPaymentNotesSchema},
                                                       {10, audit::kChainSchema},
                                                       {11, audit::kInboxSchema},
                                                       {12, statements::kSchema},
                                                       {13, leases::kSchema}}};

}  // namespace set::gateway
