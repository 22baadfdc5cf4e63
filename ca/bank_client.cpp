#include "ca/bank_client.h"

#include <algorithm>

#include "common/daemon/trace.h"

namespace set::ca {

namespace iso = iso8583;

namespace {

constexpr std::size_t kMaxEmbossedBytes = 99;

std::string random_digits(Rng& rng, std::size_t size) {
  std::string out;
  for (const auto byte : rng.bytes(size)) out.push_back(static_cast<char>('0' + byte % 10));
  return out;
}

/// A name that no card can bear is none of the bank's cards'.
bool can_be_embossed(std::string_view name) {
  return !name.empty() && name.size() <= kMaxEmbossedBytes &&
         std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

BankClient::BankClient(iso::BankAddress address, Duration patience, Clock clock, Rng& rng)
    : patience_(patience), clock_(clock), rng_(rng), link_({.address = std::move(address)}, std::move(clock)) {}

Result<bool> BankClient::vouches_for(const PANData0& card, std::string_view cardholder_name) {
  if (!can_be_embossed(cardholder_name) || !card.cvv) return false;
  iso::Message request;
  request.mti = "0100";
  request.pan = TRY(Pan::parse(card.pan.reveal()));
  request.verification = TRY(CardVerificationValue::parse(card.cvv->reveal()));
  request.additional.emplace(iso::kCardholderName, cardholder_name);
  request.elements = {{iso::kProcessingCode, std::string(iso::kAccountCheck)},
                      {iso::kAmount, std::string(12, '0')},
                      {iso::kTransmissionTime, iso::transmission_time(clock_())},
                      {iso::kStan, random_digits(rng_, 6)},
                      {iso::kExpiry, card.expiry.reveal().substr(2)},
                      {iso::kAcquirer, card.pan.bin()},
                      {iso::kRrn, random_digits(rng_, 12)},
                      {iso::kMerchant, "SET CA         "},
                      {iso::kCurrency, "000"}};
  if (const auto trace = current_trace())
    request.additional.emplace(iso::kTraceparent, traceparent_of(*trace));
  const auto bytes = TRY(iso::encode(request));
  const auto answer = link_.ask(bytes.reveal(), patience_);
  CHECK_OR_FAIL(answer, ErrorCode::peer_unavailable,
                "the issuer's bank does not answer: try again later");
  const auto code = TRY(iso::parse_response_code(answer->at(iso::kResponseCode)));
  // Not the card's fault, and no answer to the question.
  CHECK_OR_FAIL(code != iso::ResponseCode::malfunction && code != iso::ResponseCode::issuer_away,
                ErrorCode::peer_unavailable, "the issuer's bank cannot answer: try again later");
  return code == iso::ResponseCode::approved;
}

}  // namespace set::ca
