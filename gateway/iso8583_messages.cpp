#include "gateway/iso8583_messages.h"

#include <array>

#include <fmt/format.h>

namespace set::gateway {

namespace iso = iso8583;

namespace {

constexpr std::int64_t kStanCount = 1'000'000;
constexpr std::size_t kMerchantBytes = 15;
constexpr std::size_t kApprovalCodeBytes = 6;

// In the order of the enumeration.
constexpr auto kKinds = std::to_array<std::string_view>({"authorization", "reversal", "lowering",
                                                         "capture", "capture_reversal", "credit",
                                                         "credit_reversal", "reconciliation"});
static_assert(kKinds.size() == 1 + static_cast<int>(QuestionKind::reconciliation));

/// What every question has, and what names it.
iso::Message message_head(const Question& question, std::string_view mti) {
  iso::Message out;
  out.mti = mti;
  out.elements[iso::kTransmissionTime] = iso::transmission_time(question.asked_at);
  out.elements[iso::kStan] = fmt::format("{:06}", question.serial % kStanCount);
  out.elements[iso::kAcquirer] = question.acquirer_bin;
  out.elements[iso::kRrn] = fmt::format("{:012}", question.rrn);
  out.elements[iso::kMerchant] =
      fmt::format("{:<15}", question.merchant_id.substr(0, kMerchantBytes));
  if (question.merchant_id.size() > kMerchantBytes) {
    out.additional.emplace(iso::kMerchantID, question.merchant_id);
  }
  return out;
}

bool is_about_credit(QuestionKind kind) {
  return kind == QuestionKind::credit || kind == QuestionKind::credit_reversal;
}

bool undoes(QuestionKind kind) {
  return kind == QuestionKind::reversal || kind == QuestionKind::lowering ||
         kind == QuestionKind::capture_reversal || kind == QuestionKind::credit_reversal;
}

std::string_view message_type(QuestionKind kind) {
  if (kind == QuestionKind::authorization) return "0100";
  return undoes(kind) ? "0420" : "0220";
}

}  // namespace

std::string_view name_of(QuestionKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

Result<iso::Message> make_authorization(const Question& question, const AcquirerRequest& request,
                                        bool repeat) {
  const auto& account = request.account;
  auto out = message_head(question, repeat ? "0101" : "0100");
  out.elements[iso::kProcessingCode] = iso::kPurchase;
  TRY(iso::set_amount(out, question.amount));
  out.pan = TRY(Pan::parse(account.pan.reveal()));
  out.elements[iso::kExpiry] = account.expiry.reveal().substr(2);
  if (account.cvv) {
    out.verification = TRY(CardVerificationValue::parse(account.cvv->reveal()));
  }
  if (request.address) {
    const auto& [digits, postal_code] = *request.address;
    if (!digits.empty()) out.additional.emplace(iso::kStreetDigits, digits);
    if (!postal_code.empty()) out.additional.emplace(iso::kPostalCode, postal_code);
  }
  return out;
}

Result<iso::Message> make_subsequent(const Question& question, const Question& original,
                                     bool repeat) {
  auto out = message_head(question, repeat ? "0101" : "0100");
  const auto head = message_head(original, message_type(original.kind));
  out.elements[iso::kProcessingCode] = iso::kPurchase;
  TRY(iso::set_amount(out, question.amount));
  out.elements[iso::kOriginal] = iso::original_of(head);
  out.additional.emplace(iso::kOriginalRrn, head.at(iso::kRrn));
  return out;
}

Result<iso::Message> make_following(const Question& question, const Question& original,
                                    bool final) {
  auto out = message_head(question, message_type(question.kind));
  out.elements[iso::kProcessingCode] =
      is_about_credit(question.kind) ? iso::kRefund : iso::kPurchase;
  out.elements[iso::kOriginal] =
      iso::original_of(message_head(original, message_type(original.kind)));
  const bool lowering = question.kind == QuestionKind::lowering;
  TRY(iso::set_amount(out, lowering ? original.amount : question.amount));
  if (lowering) {
    // Actual amount, then settlement amount and two fees that we have none of.
    out.elements[iso::kReplacement] = fmt::format("{:012}{:030}", question.amount.minor(), 0);
  }
  if (question.kind == QuestionKind::capture) {
    out.additional.emplace(iso::kFinalCapture, final ? "Y" : "N");
  }
  if (!question.batch_id.empty()) out.elements[iso::kBatch] = question.batch_id;
  return out;
}

Result<iso::Message> make_reconciliation(const Question& question, const SettlementTotals& totals) {
  auto out = message_head(question, "0500");
  out.elements[iso::kBatch] = question.batch_id;
  out.elements[iso::kSettlementCurrency] =
      fmt::format("{:03}", question.amount.currency().number());
  iso::set_totals(out, totals);
  return out;
}

Bytes as_repeat(Bytes request) {
  request.at(3) = '1';
  return request;
}

Result<BankAnswer> accept_following_answer(const iso::Message& answer) {
  BankAnswer out;
  out.code = TRY(iso::parse_response_code(answer.at(iso::kResponseCode)));
  out.approval_code = answer.at(iso::kApprovalCode);
  out.log_ref_id = answer.at(iso::kReference);
  return out;
}

Result<BankAnswer> accept_authorization_answer(const Question& question,
                                               const iso::Message& answer) {
  auto out = TRY(accept_following_answer(answer));
  out.notes = TRY(iso::card_notes_of(answer));
  if (out.code != iso::ResponseCode::approved) return out;
  CHECK_OR_FAIL(out.approval_code.size() == kApprovalCodeBytes, ErrorCode::decoding_failure,
                "an approval without an approval code");
  CHECK_OR_FAIL(TRY(iso::amount_of(answer)) == question.amount, ErrorCode::decoding_failure,
                "an approval of another amount than was asked for");
  out.hold_expires = TRY(iso::parse_full_time(answer.more(iso::kHoldExpires)));
  return out;
}

}  // namespace set::gateway
