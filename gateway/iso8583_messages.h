// What the gateway asks a bank, as ISO 8583 messages (docs/iso8583.md), and what it makes of the
// answers. A question is a value that the store keeps (iso8583_store.h); its message is a function
// of it, and for an authorisation of the card, which is kept nowhere. Pure.
#pragma once

#include <string>

#include "common/iso8583/message.h"
#include "gateway/acquirer.h"

namespace set::gateway {

enum class QuestionKind {
  authorization,
  reversal,
  lowering,
  capture,
  capture_reversal,
  credit,
  credit_reversal,
  reconciliation,
};
std::string_view name_of(QuestionKind kind);

/// Its serial number gives STAN and, for an authorisation, the RRN that all that follows it shares.
struct Question {
  QuestionKind kind = QuestionKind::authorization;
  AcquirerName name;
  std::int64_t serial = 0;
  Instant asked_at;
  std::string acquirer_bin;
  std::string merchant_id;
  Amount amount;
  std::string batch_id;
  bool capture_now = false;  ///< of an authorisation
  std::int64_t rrn = 0;      ///< serial of the authorisation that it is about
};

/// A request of the type 0100 (0101 for a repeat) with the card, and the address to be compared.
Result<iso8583::Message> make_authorization(const Question& question,
                                            const AcquirerRequest& request, bool repeat);
/// The same on the card of `original`, an authorisation of ours.
Result<iso8583::Message> make_subsequent(const Question& question, const Question& original,
                                         bool repeat);
/// 0420 or 0220: whatever refers to `original`, an authorisation, capture or credit of ours. Of a
/// lowering, question.amount is what stays held, and the original's amount goes along.
Result<iso8583::Message> make_following(const Question& question, const Question& original,
                                        bool final);
/// 0500.
Result<iso8583::Message> make_reconciliation(const Question& question,
                                             const SettlementTotals& totals);

/// The same request, marked as a repeat: the last digit of its type.
Bytes as_repeat(Bytes request);

/// What a bank answered.
struct BankAnswer {
  iso8583::ResponseCode code = iso8583::ResponseCode::declined;
  std::string approval_code;
  std::string log_ref_id;
  std::optional<Instant> hold_expires;
  iso8583::CardNotes notes = {};
};
/// decoding_failure: an approval without what belongs to one, or of another amount.
Result<BankAnswer> accept_authorization_answer(const Question& question,
                                               const iso8583::Message& answer);
Result<BankAnswer> accept_following_answer(const iso8583::Message& answer);

}  // namespace set::gateway
