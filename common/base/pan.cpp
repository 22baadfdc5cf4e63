#include "common/base/pan.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/secret.h"

namespace set {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool luhn_ok(std::string_view digits) {
  int sum = 0;
  bool twice = false;
  for (auto it = digits.rbegin(); it != digits.rend(); ++it, twice = !twice) {
    int value = *it - '0';
    if (twice && (value *= 2) > 9) value -= 9;
    sum += value;
  }
  return sum % 10 == 0;
}

int number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

}  // namespace

Result<Pan> Pan::parse(std::string_view text) {
  Pan pan;
  bool separator_allowed = false;
  for (const char c : text) {
    if (is_digit(c)) {
      CHECK_OR_FAIL(pan.size_ < pan.digits_.size(), ErrorCode::invalid_argument,
                    "a card number has 13 to 19 digits");
      pan.digits_[pan.size_++] = c;
      separator_allowed = true;
    } else {
      CHECK_OR_FAIL(separator_allowed && (c == ' ' || c == '-'), ErrorCode::invalid_argument,
                    "a card number is made of digits");
      separator_allowed = false;
    }
  }
  CHECK_OR_FAIL(pan.size_ >= 13 && is_digit(text.back()), ErrorCode::invalid_argument,
                "a card number has 13 to 19 digits");
  CHECK_OR_FAIL(luhn_ok(pan.reveal()), ErrorCode::invalid_argument,
                "the card number's check digit is wrong");
  return pan;
}

Pan::Pan(Pan&& other) noexcept : digits_(other.digits_), size_(other.size_) {
  wipe(other.digits_.data(), other.digits_.size());
  other.size_ = 0;
}

Pan& Pan::operator=(Pan&& other) noexcept {
  if (this != &other) {
    digits_ = other.digits_;
    size_ = other.size_;
    wipe(other.digits_.data(), other.digits_.size());
    other.size_ = 0;
  }
  return *this;
}

Pan::~Pan() { wipe(digits_.data(), digits_.size()); }

std::string Pan::masked() const {
  return fmt::format("•••• {}", reveal().substr(size_ - 4U));
}

Result<CardExpiry> CardExpiry::parse(std::string_view text) {
  std::string digits;
  std::ranges::copy_if(text, std::back_inserter(digits), is_digit);
  const bool long_form = (text.size() == 6 && digits.size() == 6) ||
                         (text.size() == 7 && digits.size() == 6 && text[4] == '-');
  const bool short_form = text.size() == 5 && digits.size() == 4 && text[2] == '/';
  CHECK_OR_FAIL(long_form || short_form, ErrorCode::invalid_argument,
                "a card expiry is written YYYYMM, YYYY-MM or MM/YY");
  const int year = long_form ? number(digits.substr(0, 4)) : 2000 + number(digits.substr(2, 2));
  const int month = long_form ? number(digits.substr(4, 2)) : number(digits.substr(0, 2));
  CHECK_OR_FAIL(month >= 1 && month <= 12 && year >= 2000 && year <= 2099,
                ErrorCode::invalid_argument, "the card expiry is no month of 2000 to 2099");
  return CardExpiry(year, static_cast<unsigned>(month));
}

std::string CardExpiry::reveal() const { return fmt::format("{:04}{:02}", year_, month_); }

Instant CardExpiry::end() const {
  using namespace std::chrono;
  const auto month_after = year_month{year{year_}, month{month_}} + months{1};
  return time_point_cast<milliseconds>(sys_days{month_after / day{1}});
}

}  // namespace set
