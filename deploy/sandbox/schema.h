// set-bank's tables beside the book (common/sandbox/ledger_schema.h): what it answered, so that a
// repeat gets the same bytes, and the accounts as the card file had them, for `set-bank account list`.
// No card number: an account is an HMAC of it and its last four digits.
#pragma once

#include <array>

#include "common/sandbox/ledger_schema.h"
#include "common/store/database.h"

namespace set::bank {

inline constexpr std::string_view kBankSchema = R"sql(
  CREATE TABLE answers (
    name BLOB PRIMARY KEY CHECK (length(name) > 0),
    request_mac BLOB NOT NULL CHECK (length(request_mac) = 48),
    answer BLOB NOT NULL,
    silent INTEGER NOT NULL CHECK (silent IN (0, 1)),
    answered_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE accounts (
    card_index BLOB NOT NULL CHECK (length(card_index) = 48),
    currency INTEGER NOT NULL,
    last_four TEXT NOT NULL CHECK (length(last_four) = 4),
    behaviour TEXT NOT NULL,
    limit_minor INTEGER NOT NULL CHECK (limit_minor > 0),
    PRIMARY KEY (card_index, currency)
  ) STRICT;
)sql";

inline constexpr std::array<Migration, 3> kMigrations{
    {{1, kLedgerSchema}, {2, kBankSchema}, {3, kLedgerNotesSchema}}};

}  // namespace set::bank
