#include "common/base/amount.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "common/base/assert.h"

namespace set {
namespace {

struct CurrencyRow {
  std::string_view code;
  unsigned number;
  unsigned exponent;
};

// ISO 4217, list one, currencies in circulation and the one unit of account with four digits.
constexpr std::array kCurrencies = std::to_array<CurrencyRow>({
    {"AED", 784, 2}, {"ARS", 32, 2},  {"AUD", 36, 2},  {"BGN", 975, 2}, {"BHD", 48, 3},
    {"BRL", 986, 2}, {"CAD", 124, 2}, {"CHF", 756, 2}, {"CLF", 990, 4}, {"CLP", 152, 0},
    {"CNY", 156, 2}, {"COP", 170, 2}, {"CZK", 203, 2}, {"DKK", 208, 2}, {"EGP", 818, 2},
    {"EUR", 978, 2}, {"GBP", 826, 2}, {"HKD", 344, 2}, {"HUF", 348, 2}, {"IDR", 360, 2},
    {"ILS", 376, 2}, {"INR", 356, 2}, {"ISK", 352, 0}, {"JOD", 400, 3}, {"JPY", 392, 0},
    {"KES", 404, 2}, {"KRW", 410, 0}, {"KWD", 414, 3}, {"MAD", 504, 2}, {"MXN", 484, 2},
    {"MYR", 458, 2}, {"NGN", 566, 2}, {"NOK", 578, 2}, {"NZD", 554, 2}, {"OMR", 512, 3},
    {"PEN", 604, 2}, {"PHP", 608, 2}, {"PKR", 586, 2}, {"PLN", 985, 2}, {"QAR", 634, 2},
    {"RON", 946, 2}, {"RSD", 941, 2}, {"SAR", 682, 2}, {"SEK", 752, 2}, {"SGD", 702, 2},
    {"THB", 764, 2}, {"TND", 788, 3}, {"TRY", 949, 2}, {"TWD", 901, 2}, {"UAH", 980, 2},
    {"UGX", 800, 0}, {"USD", 840, 2}, {"UYU", 858, 2}, {"VND", 704, 0}, {"ZAR", 710, 2},
});

const CurrencyRow& row_of(unsigned number) {
  const auto row = std::ranges::find(kCurrencies, number, &CurrencyRow::number);
  SET_ASSERT(row != kCurrencies.end());
  return *row;
}

std::int64_t power_of_ten(unsigned exponent) {
  std::int64_t value = 1;
  while (exponent-- > 0) value *= 10;
  return value;
}

Result<std::int64_t> parse_minor(std::string_view digits, unsigned exponent) {
  const auto point = digits.find('.');
  const auto whole = digits.substr(0, point);
  const auto fraction = point == std::string_view::npos ? "" : digits.substr(point + 1);
  const bool form_ok = !whole.empty() && (point == std::string_view::npos ||
                                          (exponent > 0 && fraction.size() == exponent));
  const auto all_digits = [](std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  };
  CHECK_OR_FAIL(form_ok && all_digits(whole) && all_digits(fraction) && whole.size() <= 16,
                ErrorCode::invalid_argument,
                "an amount is written with exactly its currency's digits, like \"49.95 EUR\" or "
                "\"500 JPY\"");
  std::int64_t minor = 0;
  for (const char c : std::string(whole) + std::string(fraction)) {
    minor = minor * 10 + (c - '0');
    CHECK_OR_FAIL(minor <= Amount::kMaxMinor, ErrorCode::invalid_argument, "the amount is too large");
  }
  if (point != std::string_view::npos) return minor;
  const auto unit = power_of_ten(exponent);
  CHECK_OR_FAIL(minor <= Amount::kMaxMinor / unit, ErrorCode::invalid_argument,
                "the amount is too large");
  return minor * unit;
}

}  // namespace

Result<Currency> Currency::from_code(std::string_view alpha3) {
  const auto row = std::ranges::find(kCurrencies, alpha3, &CurrencyRow::code);
  CHECK_OR_FAIL(row != kCurrencies.end(), ErrorCode::invalid_argument,
                "this is no currency that we know (ISO 4217, like EUR)");
  return Currency(row->number);
}

Result<Currency> Currency::from_number(unsigned number) {
  CHECK_OR_FAIL(std::ranges::find(kCurrencies, number, &CurrencyRow::number) != kCurrencies.end(),
                ErrorCode::invalid_argument, "this is no currency number that we know (ISO 4217)");
  return Currency(number);
}

std::string_view Currency::code() const { return row_of(number_).code; }
unsigned Currency::exponent() const { return row_of(number_).exponent; }

Result<Amount> Amount::make(Currency currency, std::int64_t minor) {
  CHECK_OR_FAIL(minor > 0, ErrorCode::invalid_argument, "an amount is more than zero");
  CHECK_OR_FAIL(minor <= kMaxMinor, ErrorCode::invalid_argument, "the amount is too large");
  return Amount(currency, minor);
}

Result<Amount> Amount::parse(std::string_view text) {
  const auto space = text.find(' ');
  CHECK_OR_FAIL(space != std::string_view::npos, ErrorCode::invalid_argument,
                "an amount is a number, a space and a currency, like \"49.95 EUR\"");
  auto number = text.substr(0, space);
  auto code = text.substr(space + 1);
  if (!number.empty() && number.front() >= 'A' && number.front() <= 'Z') std::swap(number, code);
  const auto currency = TRY(Currency::from_code(code));
  return make(currency, TRY(parse_minor(number, currency.exponent())));
}

Result<Amount> Amount::plus(const Amount& other) const {
  CHECK_OR_FAIL(currency_ == other.currency_, ErrorCode::invalid_argument,
                "amounts of two currencies cannot be added");
  return make(currency_, minor_ + other.minor_);  // at most 2·10^15: cannot overflow
}

std::string to_string(const Amount& amount) {
  const auto exponent = amount.currency().exponent();
  if (exponent == 0) return fmt::format("{} {}", amount.minor(), amount.currency().code());
  const auto unit = power_of_ten(exponent);
  return fmt::format("{}.{:0{}} {}", amount.minor() / unit, amount.minor() % unit, exponent,
                     amount.currency().code());
}

}  // namespace set
