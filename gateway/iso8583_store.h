// What the gateway has asked a bank and what was answered, with the queue of what must reach it:
// store and forward. Tables of the gateway's database; no card number is in them. Called by
// iso8583_client.cpp. Any thread (see Database).
#pragma once

#include <string_view>

#include "common/store/database.h"
#include "gateway/iso8583_messages.h"

namespace set::gateway {

inline constexpr std::string_view kQuestionSchema = R"sql(
  -- The serial is the order of the queue. What is queued has its exact bytes and no answer yet; an
  -- authorisation is never queued, since the card number is nowhere.
  CREATE TABLE acquirer_questions (
    serial INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('authorization', 'reversal', 'lowering', 'capture',
      'capture_reversal', 'credit', 'credit_reversal', 'reconciliation')),
    name BLOB NOT NULL CHECK (length(name) = 20),
    rrn INTEGER NOT NULL,
    about BLOB NOT NULL CHECK (length(about) = 20),
    asked_at INTEGER NOT NULL,
    acquirer_bin TEXT NOT NULL,
    merchant_id TEXT NOT NULL,
    currency INTEGER NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    batch_id TEXT NOT NULL,
    capture_now INTEGER NOT NULL CHECK (capture_now IN (0, 1)),
    message BLOB,
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    response_code TEXT,
    approval_code TEXT,
    log_ref_id TEXT,
    hold_expires INTEGER,
    UNIQUE (kind, name),
    CHECK (kind <> 'authorization' OR message IS NULL)
  ) STRICT;
  -- A name serves one movement only, whatever its kind.
  CREATE UNIQUE INDEX acquirer_questions_by_name ON acquirer_questions (name)
    WHERE kind NOT IN ('authorization', 'reversal');
  CREATE INDEX acquirer_questions_queued ON acquirer_questions (serial)
    WHERE message IS NOT NULL AND response_code IS NULL;
)sql";

inline constexpr std::string_view kQuestionNotesSchema = R"sql(
  -- What the bank said of the card beside its decision.
  ALTER TABLE acquirer_questions ADD COLUMN avs_result INTEGER;
  ALTER TABLE acquirer_questions ADD COLUMN card_type INTEGER;
  ALTER TABLE acquirer_questions ADD COLUMN curr_conv BLOB;
  -- How often the bank's answer could not be understood; after so many times it is parked, and only
  -- an operator sends it again.
  ALTER TABLE acquirer_questions ADD COLUMN garbled INTEGER NOT NULL DEFAULT 0
    CHECK (garbled >= 0);
  ALTER TABLE acquirer_questions ADD COLUMN parked_at INTEGER;
  CREATE INDEX acquirer_questions_parked ON acquirer_questions (rrn)
    WHERE parked_at IS NOT NULL;
)sql";

/// A question as it is kept.
struct StoredQuestion {
  Question question;
  AcquirerName about;  ///< what it refers to; an authorisation to itself, or whose card it uses
  std::optional<Bytes> message;
  std::int64_t attempts = 0;
  std::optional<BankAnswer> answer;
  std::optional<Instant> parked_at = std::nullopt;
};

namespace questions {

/// The question of this kind under this name.
Result<std::optional<StoredQuestion>> find(Transaction& t, QuestionKind kind,
                                           const AcquirerName& name);
/// The question, of whatever kind, that a movement's name serves.
Result<std::optional<StoredQuestion>> find_movement(Transaction& t, const AcquirerName& name);
/// Gives the next serial number; an authorisation's is its RRN too.
Result<Question> number(Transaction& t, Question question);
Result<void> insert(Transaction& t, const StoredQuestion& stored);
Result<void> answer(Transaction& t, std::int64_t serial, const BankAnswer& answer);
/// The oldest that must still reach the bank, is not parked, and follows nothing that is: what is
/// about one purchase goes in its order, or not at all.
Result<std::optional<StoredQuestion>> next_queued(Transaction& t);
Result<void> count_attempt(Transaction& t, std::int64_t serial);
/// Counts an answer that could not be understood; how many there were.
Result<std::int64_t> count_garbled(Transaction& t, std::int64_t serial);
Result<void> park(Transaction& t, std::int64_t serial, Instant now);
/// Parked ones are sent again, one or all; how many.
Result<std::int64_t> retry(Transaction& t, const std::optional<std::int64_t>& serial);

/// How many of a merchant's, or of all, must still reach the bank.
struct QueueLength {
  std::int64_t queued = 0;
  std::int64_t parked = 0;  ///< and what follows them
};
Result<QueueLength> queue_length(Transaction& t, const std::optional<std::string>& merchant_id);
/// Oldest first.
Result<std::vector<StoredQuestion>> list_queued(Transaction& t, std::int64_t at_most);

}  // namespace questions

}  // namespace set::gateway
