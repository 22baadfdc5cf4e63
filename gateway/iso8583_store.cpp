#include "gateway/iso8583_store.h"

#include <limits>

#include "common/base/assert.h"
#include "common/message/wire.h"

namespace set::gateway::questions {
namespace {

#define SET_QUESTION_COLUMNS                                                               \
  "serial, kind, name, rrn, about, asked_at, acquirer_bin, merchant_id, currency, "        \
  "amount_minor, batch_id, capture_now, message, attempts, response_code, approval_code, " \
  "log_ref_id, hold_expires, parked_at, avs_result, card_type, curr_conv"

QuestionKind kind_of(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(QuestionKind::reconciliation); ++i) {
    if (name_of(static_cast<QuestionKind>(i)) == text) return static_cast<QuestionKind>(i);
  }
  SET_ASSERT(false);
}

Result<StoredQuestion> stored_of(const Row& row) {
  const auto currency = TRY(Currency::from_number(static_cast<unsigned>(row.integer(8))));
  const auto amount = TRY(Amount::make(currency, row.integer(9)));
  StoredQuestion out{.question = {.kind = kind_of(row.text(1)),
                                  .name = row.octets<AcquirerName>(2),
                                  .serial = row.integer(0),
                                  .asked_at = row.instant(5),
                                  .acquirer_bin = row.text(6),
                                  .merchant_id = row.text(7),
                                  .amount = amount,
                                  .batch_id = row.text(10),
                                  .capture_now = row.integer(11) != 0,
                                  .rrn = row.integer(3)},
                     .about = row.octets<AcquirerName>(4),
                     .message = std::nullopt,
                     .attempts = row.integer(13),
                     .answer = std::nullopt};
  if (!row.is_null(12)) out.message = row.blob(12);
  if (!row.is_null(18)) out.parked_at = row.instant(18);
  if (row.is_null(14)) return out;
  BankAnswer answer;
  answer.code = TRY(iso8583::parse_response_code(row.text(14)));
  answer.approval_code = row.text(15);
  answer.log_ref_id = row.text(16);
  if (!row.is_null(17)) answer.hold_expires = row.instant(17);
  if (!row.is_null(19)) answer.notes.avs_result = static_cast<AVSResult>(row.integer(19));
  if (!row.is_null(20)) answer.notes.card_type = static_cast<CardType>(row.integer(20));
  if (!row.is_null(21))
    answer.notes.curr_conv = TRY(from_wire(TRY(parse_as<wire::CurrConv>(row.blob(21)))));
  out.answer = std::move(answer);
  return out;
}

template <class Code>
std::optional<std::int64_t> note_number(const std::optional<Code>& note) {
  if (!note) return std::nullopt;
  return static_cast<std::int64_t>(*note);
}

// What must still reach the bank; of it, what is parked or follows on the same purchase what is.
#define SET_QUEUED "q.message IS NOT NULL AND q.response_code IS NULL"
#define SET_HELD_UP                                                                             \
  "EXISTS (SELECT 1 FROM acquirer_questions p WHERE p.rrn = q.rrn AND p.parked_at IS NOT NULL " \
  "AND p.serial <= q.serial)"

Result<std::optional<StoredQuestion>> stored_if(const std::optional<Row>& row) {
  if (!row) return std::nullopt;
  return TRY(stored_of(*row));
}

}  // namespace

Result<std::optional<StoredQuestion>> find(Transaction& t, QuestionKind kind,
                                           const AcquirerName& name) {
  return stored_if(TRY(t.query_one("SELECT " SET_QUESTION_COLUMNS
                                   " FROM acquirer_questions WHERE kind = $1 AND name = $2",
                                   {name_of(kind), name})));
}

Result<std::optional<StoredQuestion>> find_movement(Transaction& t, const AcquirerName& name) {
  return stored_if(
      TRY(t.query_one("SELECT " SET_QUESTION_COLUMNS " FROM acquirer_questions WHERE name = $1 "
                      "AND kind NOT IN ('authorization', 'reversal')",
                      {name})));
}

Result<Question> number(Transaction& t, Question question) {
  const auto row = TRY(t.query_one("SELECT COALESCE(MAX(serial), 0) + 1 FROM acquirer_questions"));
  question.serial = row->integer(0);
  if (question.rrn == 0) question.rrn = question.serial;
  return question;
}

Result<void> insert(Transaction& t, const StoredQuestion& stored) {
  const auto& question = stored.question;
  TRY(t.execute(
      "INSERT INTO acquirer_questions (serial, kind, name, rrn, about, asked_at, acquirer_bin, "
      "merchant_id, currency, amount_minor, batch_id, capture_now, message) VALUES ($1, $2, $3, "
      "$4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
      {question.serial, name_of(question.kind), question.name, question.rrn, stored.about,
       question.asked_at, question.acquirer_bin, question.merchant_id,
       question.amount.currency().number(), question.amount.minor(), question.batch_id,
       question.capture_now, stored.message}));
  if (stored.answer) TRY(answer(t, question.serial, *stored.answer));
  return {};
}

Result<void> answer(Transaction& t, std::int64_t serial, const BankAnswer& answer) {
  const auto& notes = answer.notes;
  TRY(
      t.execute("UPDATE acquirer_questions SET response_code = $2, approval_code = $3, "
                "log_ref_id = $4, hold_expires = $5, avs_result = $6, card_type = $7, "
                "curr_conv = $8, parked_at = NULL WHERE serial = $1 AND response_code IS NULL",
                {serial, iso8583::to_string(answer.code), answer.approval_code, answer.log_ref_id,
                 answer.hold_expires, note_number(notes.avs_result), note_number(notes.card_type),
                 notes.curr_conv ? SqlValue(serialize(to_wire(*notes.curr_conv))) : SqlValue()}));
  return {};
}

Result<std::optional<StoredQuestion>> next_queued(Transaction& t) {
  return stored_if(TRY(t.query_one("SELECT " SET_QUESTION_COLUMNS
                                   " FROM acquirer_questions q WHERE " SET_QUEUED
                                   " AND NOT " SET_HELD_UP " ORDER BY serial LIMIT 1")));
}

Result<void> count_attempt(Transaction& t, std::int64_t serial) {
  TRY(t.execute("UPDATE acquirer_questions SET attempts = attempts + 1 WHERE serial = $1",
                {serial}));
  return {};
}

Result<std::int64_t> count_garbled(Transaction& t, std::int64_t serial) {
  TRY(
      t.execute("UPDATE acquirer_questions SET attempts = attempts + 1, garbled = garbled + 1 "
                "WHERE serial = $1",
                {serial}));
  const auto row =
      TRY(t.query_one("SELECT garbled FROM acquirer_questions WHERE serial = $1", {serial}));
  CHECK_OR_FAIL(row, ErrorCode::internal, "a question is gone");
  return row->integer(0);
}

Result<void> park(Transaction& t, std::int64_t serial, Instant now) {
  TRY(
      t.execute("UPDATE acquirer_questions SET parked_at = $2 "
                "WHERE serial = $1 AND response_code IS NULL",
                {serial, now}));
  return {};
}

Result<std::int64_t> retry(Transaction& t, const std::optional<std::int64_t>& serial) {
  return t.execute(
      "UPDATE acquirer_questions SET parked_at = NULL, garbled = 0 "
      "WHERE parked_at IS NOT NULL AND serial BETWEEN $1 AND $2",
      {serial.value_or(0), serial.value_or(std::numeric_limits<std::int64_t>::max())});
}

Result<QueueLength> queue_length(Transaction& t, const std::optional<std::string>& merchant_id) {
  const auto row = TRY(t.query_one(
      "SELECT COALESCE(SUM(CASE WHEN " SET_HELD_UP " THEN 0 ELSE 1 END), 0), "
      "COALESCE(SUM(CASE WHEN " SET_HELD_UP " THEN 1 ELSE 0 END), 0) "
      "FROM acquirer_questions q WHERE " SET_QUEUED " AND ($1 = '' OR q.merchant_id = $1)",
      {merchant_id.value_or("")}));
  return QueueLength{row->integer(0), row->integer(1)};
}

Result<std::vector<StoredQuestion>> list_queued(Transaction& t, std::int64_t at_most) {
  std::vector<StoredQuestion> out;
  for (const auto& row :
       TRY(t.query("SELECT " SET_QUESTION_COLUMNS " FROM acquirer_questions q WHERE " SET_QUEUED
                   " ORDER BY serial LIMIT $1",
                   {at_most}))) {
    out.push_back(TRY(stored_of(row)));
  }
  return out;
}

}  // namespace set::gateway::questions
