#include "gateway/iso8583_store.h"

#include "common/base/assert.h"

namespace set::gateway::questions {
namespace {

#define SET_QUESTION_COLUMNS                                                               \
  "serial, kind, name, rrn, about, asked_at, acquirer_bin, merchant_id, currency, "        \
  "amount_minor, batch_id, capture_now, message, attempts, response_code, approval_code, " \
  "log_ref_id, hold_expires"

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
  if (row.is_null(14)) return out;
  BankAnswer answer;
  answer.code = TRY(iso8583::parse_response_code(row.text(14)));
  answer.approval_code = row.text(15);
  answer.log_ref_id = row.text(16);
  if (!row.is_null(17)) answer.hold_expires = row.instant(17);
  out.answer = std::move(answer);
  return out;
}

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
  TRY(
      t.execute("UPDATE acquirer_questions SET response_code = $2, approval_code = $3, "
                "log_ref_id = $4, hold_expires = $5 WHERE serial = $1 AND response_code IS NULL",
                {serial, iso8583::to_string(answer.code), answer.approval_code, answer.log_ref_id,
                 answer.hold_expires}));
  return {};
}

Result<std::optional<StoredQuestion>> next_queued(Transaction& t) {
  return stored_if(TRY(t.query_one("SELECT " SET_QUESTION_COLUMNS
                                   " FROM acquirer_questions WHERE message IS NOT NULL AND "
                                   "response_code IS NULL ORDER BY serial LIMIT 1")));
}

Result<std::int64_t> count_queued(Transaction& t) {
  const auto row =
      TRY(t.query_one("SELECT COUNT(*) FROM acquirer_questions WHERE message IS NOT "
                      "NULL AND response_code IS NULL"));
  return row->integer(0);
}

Result<void> count_attempt(Transaction& t, std::int64_t serial) {
  TRY(t.execute("UPDATE acquirer_questions SET attempts = attempts + 1 WHERE serial = $1",
                {serial}));
  return {};
}

}  // namespace set::gateway::questions
