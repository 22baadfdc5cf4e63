#include "wallet/payments.h"

namespace set::wallet {
namespace {

tl::unexpected<Error> beyond(const char* what) {
  return failure(ErrorCode::wrapper_msg_mismatch, what);
}

bool within(const std::optional<Amount>& part, const std::optional<Amount>& whole) {
  return !part || (whole && part->currency() == whole->currency() && part->minor() <= whole->minor());
}

Result<void> check_payment(const Offer& offer, const PResPayload& payload) {
  const auto& authorised = payload.auth_status.auth_amt;
  const std::optional<Amount> most =
      offer.install_recur ? offer.install_recur->max_amt : offer.purch_amt;
  if (!within(authorised, most)) return beyond("more was authorised than the cardholder signed");
  const auto captured = payload.cap_status ? payload.cap_status->cap_amt : std::nullopt;
  if (!within(captured, authorised)) return beyond("more was captured than was authorised");
  std::optional<Amount> credited;
  for (const auto& credit : payload.cred_status_seq) {
    if (!credit.credit_amt) continue;
    credited = credited ? TRY(credited->plus(*credit.credit_amt)) : *credit.credit_amt;
  }
  if (!within(credited, captured)) return beyond("more was credited than was captured");
  return {};
}

template <class Wire>
Result<Wire> content_of(ByteView evidence) {
  const auto statement = TRY(parse_as<wire::Signed>(evidence));
  return parse_as<Wire>(view_of(statement.content()));
}

template <class T>
Result<T> kept(Result<T> result) {
  CHECK_OR_FAIL(result, ErrorCode::bad_config, "stored evidence of the merchant does not parse");
  return result;
}

}  // namespace

Result<void> check_payments(const Offer& offer, std::span<const PResPayload> payloads) {
  std::optional<Amount> sum;
  for (const auto& payload : payloads) {
    TRY(check_payment(offer, payload));
    const auto& authorised = payload.auth_status.auth_amt;
    if (authorised) sum = sum ? TRY(sum->plus(*authorised)) : *authorised;
  }
  if (!within(sum, offer.purch_amt)) {
    return beyond("more was authorised in all than the cardholder signed");
  }
  return {};
}

std::string mandate_words(const InstallRecurData& mandate) {
  const auto each = to_string(mandate.max_amt);
  if (const auto* parts = std::get_if<InstallTotalTrans>(&mandate.terms)) {
    return "up to " + std::to_string(parts->count) + " instalments, at most " + each + " each";
  }
  const auto& recurring = std::get<Recurring>(mandate.terms);
  const auto days = recurring.frequency_days == 1
                        ? std::string("once a day")
                        : "once in " + std::to_string(recurring.frequency_days) + " days";
  return "at most " + each + ", not more often than " + days + ", until " +
         to_string(recurring.expiry).substr(0, 10);
}

Result<std::optional<InstallRecurData>> mandate_of_evidence(ByteView pinit_res) {
  const auto data = TRY(kept(content_of<wire::PInitResData>(pinit_res)));
  auto message = TRY(kept(from_wire(data)));
  return std::move(message.install_recur);
}

Result<std::vector<PResPayload>> payloads_of_evidence(ByteView pres_or_inq_res) {
  const auto data = TRY(kept(content_of<wire::PResData>(pres_or_inq_res)));
  auto message = TRY(kept(from_wire(data)));
  return std::move(message.payloads);
}

}  // namespace set::wallet
