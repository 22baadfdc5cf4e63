// What elements of a message mean together: keys, amounts, totals, times.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "common/iso8583/message.h"

namespace set::iso8583 {
namespace {

constexpr std::int64_t kMaxAmount = 999'999'999'999;
constexpr std::int64_t kMaxRate = 9'999'999;
constexpr std::size_t kInstitutionDigits = 11;

std::string padded(std::string_view digits, std::size_t size) {
  return std::string(size - std::min(size, digits.size()), '0') + std::string(digits);
}

/// Digits that the codec has checked, at most 16.
std::int64_t minor_from(std::string_view digits) {
  std::int64_t out = 0;
  for (const char c : digits) out = out * 10 + (c - '0');
  return out;
}

Result<int> number_from(std::string_view digits, std::size_t size) {
  const bool fits = digits.size() == size && std::ranges::all_of(digits, [](char c) {
                      return c >= '0' && c <= '9';
                    });
  CHECK_OR_FAIL(fits, ErrorCode::decoding_failure,
                "a subelement of data element 48 is no number of its length");
  return static_cast<int>(minor_from(digits));
}

std::string joined_key(std::string_view acquirer, std::string_view time, std::string_view stan,
                       std::string_view rrn) {
  return fmt::format("{}/{}/{}/{}", padded(acquirer, kInstitutionDigits), time, stan, rrn);
}

struct TotalsElements {
  CountAndSum SettlementTotals::*sum;
  int count;
  int amount;
};
constexpr auto kTotals = std::to_array<TotalsElements>({
    {&SettlementTotals::credits, kCreditsNumber, kCreditsAmount},
    {&SettlementTotals::credit_reversals, kCreditReversalsNumber, kCreditReversalsAmount},
    {&SettlementTotals::debits, kDebitsNumber, kDebitsAmount},
    {&SettlementTotals::debit_reversals, kDebitReversalsNumber, kDebitReversalsAmount},
});

/// What the merchant is owed is the network's debit.
std::string net_of(const SettlementTotals& totals) {
  const auto net = totals.net_minor();
  return fmt::format("{}{:016}", net < 0 ? 'C' : 'D', net < 0 ? -net : net);
}

}  // namespace

bool is_request(std::string_view mti) { return mti[2] == '0' || mti[2] == '2'; }

std::string answer_type(std::string_view mti) {
  std::string out(mti);
  ++out[2];
  out[3] = '0';
  return out;
}

std::string key_of(const Message& message) {
  return joined_key(message.at(kAcquirer), message.at(kTransmissionTime), message.at(kStan),
                    message.at(kRrn));
}

std::string original_of(const Message& original) {
  return fmt::format(
      "{}0{}{}{}{}", original.mti.substr(0, 3), original.at(kStan), original.at(kTransmissionTime),
      padded(original.at(kAcquirer), kInstitutionDigits), std::string(kInstitutionDigits, '0'));
}

std::string original_key(const Message& message) {
  const auto original = message.at(kOriginal);
  const auto other = message.more(kOriginalRrn);
  return joined_key(original.substr(20, kInstitutionDigits), original.substr(10, 10),
                    original.substr(4, 6), other.empty() ? message.at(kRrn) : other);
}

Result<Amount> amount_of(const Message& message) {
  const auto currency =
      Currency::from_number(static_cast<unsigned>(minor_from(message.at(kCurrency))));
  CHECK_OR_FAIL(currency, ErrorCode::decoding_failure, "data element 49 is no currency");
  const auto amount = Amount::make(*currency, minor_from(message.at(kAmount)));
  CHECK_OR_FAIL(amount, ErrorCode::decoding_failure, "data element 4 is no amount");
  return *amount;
}

Result<void> set_amount(Message& message, const Amount& amount) {
  CHECK_OR_FAIL(amount.minor() <= kMaxAmount, ErrorCode::invalid_argument,
                "the amount does not fit into twelve digits");
  message.elements[kAmount] = fmt::format("{:012}", amount.minor());
  message.elements[kCurrency] = fmt::format("{:03}", amount.currency().number());
  return {};
}

Result<void> set_card_notes(Message& message, const CardNotes& notes) {
  if (notes.avs_result) {
    message.additional.emplace(kAddressResult,
                               fmt::format("{}", static_cast<int>(*notes.avs_result)));
  }
  if (notes.card_type) {
    message.additional.emplace(kCardType, fmt::format("{:02}", static_cast<int>(*notes.card_type)));
  }
  if (!notes.curr_conv) return {};
  const auto& conv = *notes.curr_conv;
  CHECK_OR_FAIL(conv.rate <= kMaxRate, ErrorCode::internal,
                "a rate does not fit into seven digits");
  message.elements[kConversionRate] = fmt::format("{}{:07}", conv.rate_digits, conv.rate);
  message.elements[kBillingCurrency] = fmt::format("{:03}", conv.card_curr.number());
  return {};
}

Result<CardNotes> card_notes_of(const Message& message) {
  CardNotes out;
  // A network's number that SET has no word for says nothing.
  if (const auto result = message.more(kAddressResult); !result.empty()) {
    const auto number = TRY(number_from(result, 1));
    if (number <= static_cast<int>(AVSResult::full_match))
      out.avs_result = static_cast<AVSResult>(number);
  }
  if (const auto type = message.more(kCardType); !type.empty()) {
    const auto number = TRY(number_from(type, 2));
    if (number <= static_cast<int>(CardType::proprietary))
      out.card_type = static_cast<CardType>(number);
  }
  const auto rate = message.at(kConversionRate);
  const auto billing = message.at(kBillingCurrency);
  CHECK_OR_FAIL(rate.empty() == billing.empty(), ErrorCode::decoding_failure,
                "data elements 10 and 51 go together");
  if (rate.empty()) return out;
  wire::CurrConv conv;
  conv.set_rate_digits(static_cast<std::uint32_t>(minor_from(rate.substr(0, 1))));
  conv.set_rate(minor_from(rate.substr(1)));
  conv.set_card_curr(static_cast<std::uint32_t>(minor_from(billing)));
  out.curr_conv = TRY(from_wire(conv));  // with SET's own bounds
  return out;
}

void set_totals(Message& message, const SettlementTotals& totals) {
  for (const auto& [sum, count, amount] : kTotals) {
    message.elements[count] = fmt::format("{:010}", (totals.*sum).number);
    message.elements[amount] = fmt::format("{:016}", (totals.*sum).minor);
  }
  message.elements[kNetAmount] = net_of(totals);
}

Result<SettlementTotals> totals_of(const Message& message) {
  SettlementTotals out;
  for (const auto& [sum, count, amount] : kTotals) {
    CHECK_OR_FAIL(!message.at(count).empty() && !message.at(amount).empty(),
                  ErrorCode::decoding_failure, "a total is missing");
    (out.*sum) = {minor_from(message.at(count)), minor_from(message.at(amount))};
  }
  CHECK_OR_FAIL(message.at(kNetAmount) == net_of(out), ErrorCode::decoding_failure,
                "data element 97 is not the net of the totals");
  return out;
}

std::string transmission_time(Instant now) { return full_time(now).substr(4); }

std::string full_time(Instant time) {
  std::string out;
  for (const char c : set::to_string(time)) {  // "2026-11-22T10:00:00.123Z"
    if (c == '.') break;
    if (c >= '0' && c <= '9') out += c;
  }
  return out;
}

Result<Instant> parse_full_time(std::string_view text) {
  CHECK_OR_FAIL(text.size() == 14, ErrorCode::decoding_failure, "a time has 14 digits");
  const auto iso =
      fmt::format("{}-{}-{}T{}:{}:{}Z", text.substr(0, 4), text.substr(4, 2), text.substr(6, 2),
                  text.substr(8, 2), text.substr(10, 2), text.substr(12, 2));
  auto parsed = parse_instant(iso);
  CHECK_OR_FAIL(parsed, ErrorCode::decoding_failure, "a time is no time");
  return parsed;
}

}  // namespace set::iso8583
