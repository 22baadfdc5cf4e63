// The tables of what follows an authorisation: items of CapReq, CapRevReq, CredReq, CredRevReq and
// AuthRevReq, and the batches that they are in. The rules of money stand here, whatever the code
// does (protocol §7): a PI pays once and by at most one AuthToken at a time; Σ authorised is at
// most the PI's amount; captured, with what is being captured, is at most authorised; credited is
// at most captured; a movement is undone once and stands in exactly one batch.
#pragma once

#include <string_view>

namespace set::gateway {

inline constexpr std::string_view kPaymentSchema = R"sql(
  CREATE TABLE new_pis (
    hpi_data BLOB PRIMARY KEY CHECK (length(hpi_data) = 48),
    state TEXT NOT NULL CHECK (state IN ('in_progress', 'consumed', 'free_again')),
    auth_rrpid BLOB NOT NULL CHECK (length(auth_rrpid) = 20),
    hoi_data BLOB NOT NULL CHECK (length(hoi_data) = 48),
    trans_ids BLOB NOT NULL,
    merchant_id TEXT NOT NULL,
    currency INTEGER NOT NULL,
    purch_minor INTEGER NOT NULL CHECK (purch_minor > 0),
    -- With what is being asked for.
    authorized_minor INTEGER NOT NULL DEFAULT 0
      CHECK (authorized_minor >= 0 AND authorized_minor <= purch_minor),
    install_recur BLOB,
    card_message_key BLOB,
    -- The first approval, by which the acquirer knows the card.
    credential BLOB CHECK (length(credential) = 20),
    auth_token BLOB,
    used_token BLOB,
    CHECK (auth_token IS NULL OR state = 'consumed'),
    CHECK (used_token IS NULL OR state = 'in_progress'),
    CHECK (state <> 'free_again' OR authorized_minor = 0)
  ) STRICT;
  INSERT INTO new_pis (hpi_data, state, auth_rrpid, hoi_data, trans_ids, merchant_id, currency,
    purch_minor, authorized_minor, credential)
  SELECT p.hpi_data, p.state, p.auth_rrpid, a.hoi_data, a.trans_ids, a.merchant_id, p.currency,
    p.purch_minor, CASE p.state WHEN 'in_progress' THEN a.requested_minor
      ELSE p.authorized_minor END,
    CASE p.state WHEN 'consumed' THEN p.auth_rrpid END
  FROM pis p JOIN authorizations a ON a.auth_rrpid = p.auth_rrpid;

  CREATE TABLE new_batches (
    merchant_id TEXT NOT NULL,
    batch_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
    opened_at INTEGER NOT NULL,
    opened_by BLOB CHECK (length(opened_by) = 20),
    closed_at INTEGER,
    closed_by TEXT CHECK (closed_by IN ('merchant', 'acquirer')),
    closed_request BLOB CHECK (length(closed_request) = 20),
    -- What the acquirer said to the totals.
    settlement TEXT CHECK (settlement IN ('in_balance', 'out_of_balance')),
    items INTEGER NOT NULL DEFAULT 0 CHECK (items >= 0),
    PRIMARY KEY (merchant_id, batch_id),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CHECK ((closed_at IS NULL) = (closed_by IS NULL)),
    CHECK (settlement IS NULL OR state = 'closed')
  ) STRICT;
  CREATE UNIQUE INDEX one_open_batch ON new_batches (merchant_id) WHERE state = 'open';
  -- A day's batch used to be everybody's, and was never closed.
  INSERT INTO new_batches (merchant_id, batch_id, state, opened_at, closed_at, closed_by, items)
  SELECT a.merchant_id, b.batch_id,
    CASE WHEN b.batch_id = last.batch_id THEN 'open' ELSE 'closed' END, b.opened_at,
    CASE WHEN b.batch_id <> last.batch_id THEN b.opened_at + 86400000 END,
    CASE WHEN b.batch_id <> last.batch_id THEN 'acquirer' END, MAX(a.batch_sequence_num)
  FROM authorizations a JOIN batches b ON b.batch_id = a.batch_id
  JOIN (SELECT merchant_id, MAX(batch_id) AS batch_id FROM authorizations
    WHERE batch_id IS NOT NULL GROUP BY merchant_id) last ON last.merchant_id = a.merchant_id
  GROUP BY a.merchant_id, b.batch_id, last.batch_id, b.opened_at;

  CREATE TABLE new_authorizations (
    auth_rrpid BLOB PRIMARY KEY CHECK (length(auth_rrpid) = 20),
    state TEXT NOT NULL
      CHECK (state IN ('awaiting_acquirer', 'approved', 'captured', 'declined', 'void')),
    hpi_data BLOB NOT NULL REFERENCES new_pis (hpi_data),
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
    capture_now INTEGER NOT NULL CHECK (capture_now IN (0, 1)),
    subsequent_auth_ind INTEGER NOT NULL CHECK (subsequent_auth_ind IN (0, 1)),
    used_token BLOB,
    auth_ret_num TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    -- The decision, which AuthRes is a function of.
    auth_code INTEGER,
    auth_date INTEGER,
    approval_code TEXT,
    resp_reason INTEGER,
    log_ref_id TEXT,
    hold_expires INTEGER,
    avs_result INTEGER,
    cap_token BLOB,
    auth_token BLOB,
    acq_card_msg BLOB,
    request_digest BLOB NOT NULL CHECK (length(request_digest) = 48),
    pending_reply BLOB,
    -- What became of it since. Closed: its last capture was made.
    standing TEXT NOT NULL DEFAULT 'none'
      CHECK (standing IN ('none', 'open', 'closed', 'reversed')),
    authorized_minor INTEGER NOT NULL DEFAULT 0
      CHECK (authorized_minor >= 0 AND authorized_minor <= requested_minor),
    captured_minor INTEGER NOT NULL DEFAULT 0 CHECK (captured_minor >= 0),
    capturing_minor INTEGER NOT NULL DEFAULT 0 CHECK (capturing_minor >= 0),
    credited_minor INTEGER NOT NULL DEFAULT 0
      CHECK (credited_minor >= 0 AND credited_minor <= captured_minor),
    cap_token_now BLOB,
    CHECK (captured_minor + capturing_minor <= authorized_minor),
    CHECK ((state = 'awaiting_acquirer') = (auth_code IS NULL)),
    CHECK ((state IN ('approved', 'captured')) = (cap_token IS NOT NULL)),
    CHECK ((state IN ('approved', 'captured')) = (standing <> 'none')),
    CHECK ((standing IN ('open', 'closed')) = (authorized_minor > 0))
  ) STRICT;
  INSERT INTO new_authorizations (auth_rrpid, state, hpi_data, hoi_data, content_digest, xid,
    trans_ids, merchant, merchant_id, currency, purch_minor, requested_minor, capture_now,
    subsequent_auth_ind, auth_ret_num, received_at, auth_code, auth_date, approval_code,
    resp_reason, log_ref_id, hold_expires, cap_token, request_digest, pending_reply, standing,
    authorized_minor, captured_minor, cap_token_now)
  SELECT auth_rrpid, state, hpi_data, hoi_data, content_digest, xid, trans_ids, merchant,
    merchant_id, currency, purch_minor, requested_minor, capture_now, 0, auth_ret_num, received_at,
    auth_code, auth_date, approval_code, resp_reason, log_ref_id, hold_expires, cap_token,
    request_digest, pending_reply,
    CASE state WHEN 'approved' THEN 'open' WHEN 'captured' THEN 'closed' ELSE 'none' END,
    authorized_minor, captured_minor, cap_token
  FROM authorizations;

  -- One request of several items, which are decided together. A sale's capture has no row here.
  CREATE TABLE payment_requests (
    merchant BLOB NOT NULL CHECK (length(merchant) = 32),
    message TEXT NOT NULL,
    rrpid BLOB NOT NULL CHECK (length(rrpid) = 20),
    merchant_id TEXT NOT NULL,
    content_digest BLOB NOT NULL CHECK (length(content_digest) = 48),
    trans_ids BLOB,
    auth_ret_num TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    request_digest BLOB NOT NULL CHECK (length(request_digest) = 48),
    pending_reply BLOB,
    PRIMARY KEY (merchant, message, rrpid)
  ) STRICT;
  CREATE INDEX payment_requests_by_bytes ON payment_requests (request_digest);
  CREATE INDEX payment_requests_unanswered ON payment_requests (received_at)
    WHERE pending_reply IS NOT NULL;

  -- name is the acquirer's: a refused item may have none. The amount of a lowering is what stays,
  -- previous_minor what stood before it or a cancellation.
  CREATE TABLE payment_items (
    merchant BLOB NOT NULL CHECK (length(merchant) = 32),
    message TEXT NOT NULL,
    rrpid BLOB NOT NULL CHECK (length(rrpid) = 20),
    position INTEGER NOT NULL CHECK (position >= 0),
    kind TEXT NOT NULL CHECK (kind IN ('capture', 'capture_reversal', 'credit', 'credit_reversal',
      'lowering', 'cancellation')),
    state TEXT NOT NULL CHECK (state IN ('pending', 'done', 'refused')),
    name BLOB UNIQUE CHECK (length(name) = 20),
    auth_rrpid BLOB NOT NULL CHECK (length(auth_rrpid) = 20),
    trans_ids BLOB NOT NULL,
    reversed BLOB CHECK (length(reversed) = 20),
    undoes BLOB REFERENCES payment_items (name),
    merchant_id TEXT NOT NULL,
    currency INTEGER,
    amount_minor INTEGER CHECK (amount_minor > 0),
    previous_minor INTEGER CHECK (previous_minor >= 0),
    final INTEGER NOT NULL CHECK (final IN (0, 1)),
    batch_id TEXT,
    batch_sequence_num INTEGER CHECK (batch_sequence_num > 0),
    code INTEGER,
    decided_at INTEGER,
    cap_token_new BLOB,
    PRIMARY KEY (merchant, message, rrpid, position),
    UNIQUE (merchant_id, batch_id, batch_sequence_num),
    FOREIGN KEY (merchant_id, batch_id) REFERENCES new_batches (merchant_id, batch_id),
    CHECK (state = 'refused' OR name IS NOT NULL),
    CHECK ((state = 'pending') = (code IS NULL)),
    CHECK ((state = 'refused') = (code IS NOT NULL AND code <> 0)),
    CHECK ((currency IS NULL) = (amount_minor IS NULL)),
    CHECK ((batch_sequence_num IS NOT NULL)
      = (state = 'done' AND kind NOT IN ('lowering', 'cancellation')))
  ) STRICT;
  CREATE UNIQUE INDEX undone_once ON payment_items (undoes) WHERE state <> 'refused';
  CREATE INDEX payment_items_by_authorization ON payment_items (auth_rrpid);
  CREATE INDEX payment_items_pending ON payment_items (merchant_id, batch_id)
    WHERE state = 'pending';
  INSERT INTO payment_items (merchant, message, rrpid, position, kind, state, name, auth_rrpid,
    trans_ids, merchant_id, currency, amount_minor, final, batch_id, batch_sequence_num, code,
    decided_at)
  SELECT merchant, 'AuthReq', auth_rrpid, 0, 'capture', 'done', auth_rrpid, auth_rrpid, trans_ids,
    merchant_id, currency, captured_minor, 1, batch_id, batch_sequence_num, 0, auth_date
  FROM authorizations WHERE state = 'captured';

  -- AuthReqs that were cancelled before they came.
  CREATE TABLE cancelled_authorizations (
    merchant_id TEXT NOT NULL,
    auth_rrpid BLOB NOT NULL CHECK (length(auth_rrpid) = 20),
    cancelled_at INTEGER NOT NULL,
    PRIMARY KEY (merchant_id, auth_rrpid)
  ) STRICT;

  DROP TABLE authorizations;
  DROP TABLE pis;
  DROP TABLE batches;
  ALTER TABLE new_pis RENAME TO pis;
  ALTER TABLE new_batches RENAME TO batches;
  ALTER TABLE new_authorizations RENAME TO authorizations;
  CREATE UNIQUE INDEX one_question_per_pi ON authorizations (hpi_data)
    WHERE state = 'awaiting_acquirer';
  CREATE UNIQUE INDEX one_live_authorization_by_pi ON authorizations (hpi_data)
    WHERE used_token IS NULL AND (state = 'awaiting_acquirer' OR standing IN ('open', 'closed'));
  CREATE INDEX authorizations_by_xid ON authorizations (xid);
  CREATE INDEX authorizations_by_request ON authorizations (request_digest);
  CREATE INDEX authorizations_by_time ON authorizations (received_at);
  CREATE INDEX authorizations_waiting ON authorizations (auth_rrpid)
    WHERE state = 'awaiting_acquirer';
  CREATE INDEX authorizations_unanswered ON authorizations (auth_rrpid)
    WHERE pending_reply IS NOT NULL;
)sql";

inline constexpr std::string_view kPaymentNotesSchema = R"sql(
  -- What an AuthReq asks to be told beside the decision, and what was said.
  ALTER TABLE authorizations ADD COLUMN card_type_asked INTEGER NOT NULL DEFAULT 0
    CHECK (card_type_asked IN (0, 1));
  ALTER TABLE authorizations ADD COLUMN address_asked INTEGER NOT NULL DEFAULT 0
    CHECK (address_asked IN (0, 1));
  ALTER TABLE authorizations ADD COLUMN batch_status_asked INTEGER NOT NULL DEFAULT 0
    CHECK (batch_status_asked IN (0, 1));
  ALTER TABLE authorizations ADD COLUMN card_type INTEGER;
  ALTER TABLE authorizations ADD COLUMN curr_conv BLOB;

  -- A BatchAdminReq with an operation, until its answer is stored: an operation that is done must
  -- not be lost with its answer. The content is the canonical BatchAdminReqData.
  CREATE TABLE batch_requests (
    merchant BLOB NOT NULL CHECK (length(merchant) = 32),
    rrpid BLOB NOT NULL CHECK (length(rrpid) = 20),
    merchant_id TEXT NOT NULL,
    content BLOB NOT NULL,
    content_digest BLOB NOT NULL CHECK (length(content_digest) = 48),
    received_at INTEGER NOT NULL,
    request_digest BLOB NOT NULL CHECK (length(request_digest) = 48),
    pending_reply BLOB NOT NULL,
    PRIMARY KEY (merchant, rrpid)
  ) STRICT;
  CREATE INDEX batch_requests_by_bytes ON batch_requests (request_digest);
)sql";

}  // namespace set::gateway
