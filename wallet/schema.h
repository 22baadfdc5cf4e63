// The wallet's tables. What is secret stands in the `secrets`, `pending` and `card_message_key`
// columns, encrypted under the key "store" of keys.set (at_rest.h); no column could hold a card number
// in clear.
#pragma once

#include <array>

#include "common/audit/statements.h"
#include "common/store/database.h"

namespace set::wallet {

inline constexpr std::string_view kWalletSchema = R"sql(
  CREATE TABLE cards (
    number INTEGER PRIMARY KEY CHECK (number > 0),
    secrets BLOB NOT NULL,
    certificates BLOB NOT NULL,
    trust_pem TEXT NOT NULL,
    added_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE purchases (
    lid_c BLOB PRIMARY KEY,
    state TEXT NOT NULL
      CHECK (state IN ('offered', 'awaiting_pres', 'ordered', 'completed', 'rejected')),
    card INTEGER NOT NULL REFERENCES cards (number),

    -- the offer
    xid BLOB NOT NULL UNIQUE CHECK (length(xid) = 20),
    lid_m BLOB NOT NULL,
    trans_ids BLOB NOT NULL,
    chall_c BLOB NOT NULL CHECK (length(chall_c) = 20),
    chall_m BLOB NOT NULL CHECK (length(chall_m) = 20),
    order_description TEXT NOT NULL,
    currency INTEGER NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    offer_ends INTEGER NOT NULL,
    brand TEXT NOT NULL,
    address TEXT NOT NULL,
    merchant BLOB NOT NULL CHECK (length(merchant) = 32),
    merchant_key_exchange BLOB NOT NULL CHECK (length(merchant_key_exchange) = 32),
    gateway BLOB NOT NULL CHECK (length(gateway) = 32),
    certificates BLOB NOT NULL,
    offer_evidence BLOB NOT NULL,
    offered_at INTEGER NOT NULL,

    -- the order, once it is signed
    rrpid BLOB CHECK (length(rrpid) = 20),
    hoi_data BLOB CHECK (length(hoi_data) = 48),
    hpi_data BLOB CHECK (length(hpi_data) = 48),
    oi_data BLOB,
    order_evidence BLOB,
    ordered_at INTEGER,
    card_message_key BLOB,

    -- what leaves, until there is an outcome: the exact bytes, and the key of their answer
    preq BLOB,
    pending BLOB,
    sends INTEGER NOT NULL DEFAULT 0 CHECK (sends >= 0),

    -- the outcome
    completion_code INTEGER,
    auth_code INTEGER,
    auth_date INTEGER,
    auth_minor INTEGER CHECK (auth_minor > 0 AND auth_minor <= amount_minor),
    approval_code TEXT,
    answer_challenge BLOB,
    by_inquiry INTEGER CHECK (by_inquiry IN (0, 1)),
    answer_evidence BLOB,
    answered_at INTEGER,
    error_code INTEGER,

    CHECK ((state = 'offered') = (rrpid IS NULL)),
    CHECK ((rrpid IS NULL) = (order_evidence IS NULL)),
    CHECK ((state IN ('awaiting_pres', 'ordered')) = (preq IS NOT NULL)),
    CHECK ((preq IS NULL) = (pending IS NULL)),
    CHECK ((state = 'completed') = (answer_evidence IS NOT NULL)),
    CHECK ((state = 'rejected') = (error_code IS NOT NULL))
  ) STRICT;
  -- One order is paid once: a second yes for it waits for the outcome of the first.
  CREATE UNIQUE INDEX one_open_purchase_per_order ON purchases (merchant, lid_m)
    WHERE state IN ('awaiting_pres', 'ordered');
  CREATE INDEX purchases_open ON purchases (lid_c) WHERE state IN ('awaiting_pres', 'ordered');
)sql";

// A card whose certificate was asked for: until it is there, or refused.
inline constexpr std::string_view kPendingCards = R"sql(
  CREATE TABLE pending_cards (
    lid_ca BLOB PRIMARY KEY,
    secrets BLOB NOT NULL,
    ca TEXT NOT NULL,
    brand TEXT NOT NULL,
    lid_ee BLOB NOT NULL,
    cae BLOB NOT NULL,
    nonce_cca_commitment BLOB NOT NULL CHECK (length(nonce_cca_commitment) = 48),
    asked_at INTEGER NOT NULL
  ) STRICT;
)sql";

// Where a card was registered, and what a renewal replaced: purchases that were signed under it are
// asked about under it. The secrets go when that certificate has ended.
inline constexpr std::string_view kRenewalSchema = R"sql(
  ALTER TABLE cards ADD COLUMN ca TEXT NOT NULL DEFAULT '';

  CREATE TABLE earlier_cards (
    certificate BLOB PRIMARY KEY CHECK (length(certificate) = 32),
    card INTEGER NOT NULL REFERENCES cards (number),
    secrets BLOB,
    certificates BLOB NOT NULL,
    trust_pem TEXT NOT NULL,
    replaced_at INTEGER NOT NULL
  ) STRICT;
)sql";

// Where to look for successors of the card's root; empty = nowhere.
inline constexpr std::string_view kTrustUrlSchema = R"sql(
  ALTER TABLE cards ADD COLUMN trust_url TEXT NOT NULL DEFAULT '';
)sql";

inline constexpr std::array<Migration, 7> kMigrations{{{1, kWalletSchema},
                                                       {2, kPendingCards},
                                                       {3, kRenewalSchema},
                                                       {4, kTrustUrlSchema},
                                                       {5, audit::kChainSchema},
                                                       {6, audit::kInboxSchema},
                                                       {7, statements::kSchema}}};

}  // namespace set::wallet
