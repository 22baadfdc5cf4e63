#include "common/message/fields.h"

#include <algorithm>
#include <iterator>

namespace set {
namespace {

constexpr std::size_t kMaxOidBytes = 64;
constexpr std::size_t kMaxLanguageBytes = 35;  // RFC 5646 §4.4.1

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_visible(char c) { return c >= ' ' && c <= '~'; }

/// Calls `good` for each part between separators; false as soon as one is not.
template <class Good>
bool all_parts(std::string_view text, char separator, Good good) {
  while (true) {
    const auto end = text.find(separator);
    if (!good(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

bool is_language(std::string_view tag) {
  const auto good = [](std::string_view part) {
    return !part.empty() && part.size() <= 8 &&
           std::ranges::all_of(part, [](char c) { return is_letter(c) || is_digit(c); });
  };
  const auto primary = tag.substr(0, tag.find('-'));
  return tag.size() <= kMaxLanguageBytes && primary.size() >= 2 &&
         std::ranges::all_of(primary, is_letter) && all_parts(tag, '-', good);
}

bool is_oid(std::string_view text) {
  const auto good = [](std::string_view number) {
    return !number.empty() && std::ranges::all_of(number, is_digit) &&
           (number.size() == 1 || number.front() != '0');
  };
  return text.size() <= kMaxOidBytes && text.find('.') != std::string_view::npos &&
         all_parts(text, '.', good);
}

void FieldReader::refuse(std::string detail) {
  if (!error_) error_ = std::move(detail);
}

Bytes FieldReader::bytes(const std::string& bytes, std::size_t min, std::size_t max,
                         const char* name) {
  if (bytes.size() < min || bytes.size() > max) {
    refuse(std::string(name) + " has a wrong length");
    return {};
  }
  return bytes_of(view_of(bytes));
}

std::string FieldReader::text(const std::string& text, std::size_t max_bytes, const char* name) {
  return take(text_from_wire(text, max_bytes, name));
}

std::string FieldReader::visible(const std::string& text, std::size_t min, std::size_t max,
                                 const char* name) {
  if (text.size() < min || text.size() > max || !std::ranges::all_of(text, is_visible)) {
    refuse(std::string(name) + " has a wrong length or characters that are not printable ASCII");
    return {};
  }
  return text;
}

std::string FieldReader::digits(const std::string& text, std::size_t size, const char* name) {
  if (text.size() != size || !std::ranges::all_of(text, is_digit)) {
    refuse(std::string(name) + " has not its number of digits");
    return {};
  }
  return text;
}

std::string FieldReader::language(const std::string& tag) {
  if (!is_language(tag)) {
    refuse("the language is no RFC 5646 tag");
    return {};
  }
  return tag;
}

Instant FieldReader::instant(std::int64_t millis, const char* name) {
  using namespace std::chrono;
  constexpr Instant end = sys_days{year{9999} / January / 1};
  // Compared as numbers, since an Instant of any 64 bits could overflow on the way.
  if (millis <= 0 || millis >= end.time_since_epoch().count()) {
    refuse(std::string(name) + " is no moment between 1970 and 9999");
    return {};
  }
  return from_millis(millis);
}

std::uint32_t FieldReader::number(std::uint32_t value, std::uint32_t min, std::uint32_t max,
                                  const char* name) {
  if (value >= min && value <= max) return value;
  refuse(std::string(name) + " is out of range");
  return min;
}

Currency FieldReader::currency(std::uint32_t number) {
  const auto value = Currency::from_number(number);
  if (value) return *value;
  refuse(value.error().detail);
  return *Currency::from_number(978);  // as with a blank Amount, below
}

Amount FieldReader::amount(const wire::CurrencyAmount& amount) {
  const auto value = from_wire(amount);
  if (value) return *value;
  refuse(value.error().detail);
  // There is no blank Amount; finish() keeps anybody from seeing this one.
  return *Amount::make(*Currency::from_number(978), 1);
}

std::optional<Amount> FieldReader::amount_if(bool present, const wire::CurrencyAmount& amount) {
  if (!present) return std::nullopt;
  return this->amount(amount);
}

Thumbs FieldReader::thumbs(bool present, const wire::Thumbs& thumbs) {
  if (!present) return {};
  require(thumbs.ByteSizeLong() > 0, "empty Thumbs are not left out");
  return take(from_wire(thumbs));
}

}  // namespace set
