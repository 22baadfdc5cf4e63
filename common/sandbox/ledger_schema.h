// The tables of the simulated bank's book (ledger.h), for the databases that it lives in. The rules
// of money stand here, whatever the code does: captured ≤ held ≤ asked, credited ≤ captured, what
// moved is undone at most once. A card is an HMAC of its number.
#pragma once

#include <string_view>

namespace set {

inline constexpr std::string_view kLedgerSchema = R"sql(
  -- One authorisation. Reversed before it came, it has only its name.
  CREATE TABLE ledger_holds (
    name BLOB PRIMARY KEY CHECK (length(name) > 0),
    state TEXT NOT NULL CHECK (state IN ('refused', 'held', 'closed', 'reversed')),
    silent INTEGER NOT NULL DEFAULT 0 CHECK (silent IN (0, 1)),
    card_index BLOB CHECK (length(card_index) = 48),
    merchant_id TEXT,
    currency INTEGER,
    asked_minor INTEGER CHECK (asked_minor > 0),
    held_minor INTEGER NOT NULL DEFAULT 0
      CHECK (held_minor >= 0 AND (held_minor = 0 OR held_minor <= asked_minor)),
    captured_minor INTEGER NOT NULL DEFAULT 0
      CHECK (captured_minor >= 0 AND captured_minor <= held_minor),
    credited_minor INTEGER NOT NULL DEFAULT 0
      CHECK (credited_minor >= 0 AND credited_minor <= captured_minor),
    response_code TEXT,
    approval_code TEXT,
    log_ref_id TEXT,
    hold_expires INTEGER,
    created_at INTEGER NOT NULL,
    CHECK (state IN ('held', 'closed') OR held_minor = 0),
    CHECK (state = 'reversed' OR (card_index IS NOT NULL AND asked_minor IS NOT NULL
      AND response_code IS NOT NULL))
  ) STRICT;
  CREATE INDEX ledger_holds_by_card ON ledger_holds (card_index, currency);
  CREATE INDEX ledger_holds_by_time ON ledger_holds (card_index, created_at);

  -- What happened to holds, in order; nothing is ever changed or taken out. The amount of a
  -- lowering is what stays held.
  CREATE TABLE ledger_entries (
    number INTEGER PRIMARY KEY,
    name BLOB NOT NULL UNIQUE CHECK (length(name) > 0),
    kind TEXT NOT NULL CHECK (kind IN ('capture', 'capture_reversal', 'credit', 'credit_reversal',
      'lowering')),
    hold BLOB NOT NULL REFERENCES ledger_holds (name),
    reverses BLOB UNIQUE REFERENCES ledger_entries (name),
    merchant_id TEXT NOT NULL,
    batch_id TEXT NOT NULL,
    currency INTEGER NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    posted_at INTEGER NOT NULL,
    CHECK ((reverses IS NOT NULL) = (kind IN ('capture_reversal', 'credit_reversal')))
  ) STRICT;
  CREATE INDEX ledger_entries_by_hold ON ledger_entries (hold);
  CREATE INDEX ledger_entries_by_batch ON ledger_entries (merchant_id, batch_id, currency);

  -- Movements that were reversed before they came.
  CREATE TABLE ledger_cancelled (
    name BLOB PRIMARY KEY CHECK (length(name) > 0)
  ) STRICT;
)sql";

/// What the issuer said of the card beside its decision (CardNotes of common/iso8583/message.h).
inline constexpr std::string_view kLedgerNotesSchema = R"sql(
  ALTER TABLE ledger_holds ADD COLUMN avs_result INTEGER CHECK (avs_result BETWEEN 0 AND 4);
  ALTER TABLE ledger_holds ADD COLUMN card_type INTEGER CHECK (card_type BETWEEN 0 AND 15);
  ALTER TABLE ledger_holds ADD COLUMN curr_conv BLOB;
)sql";

}  // namespace set
