#include "common/iso8583/address.h"

namespace set::iso8583 {
namespace {

constexpr std::size_t kMaxStreetDigits = 20;
constexpr std::size_t kMaxPostalCode = 14;

bool is_address_digit(char c) { return c >= '0' && c <= '9'; }
bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }

}  // namespace

Address address_of(const AVSData& data) {
  Address out;
  for (const char c : data.street_address) {
    if (is_address_digit(c) && out.street_digits.size() < kMaxStreetDigits) out.street_digits += c;
  }
  for (const char c : data.postal_code) {
    const char capital = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    const bool counts = is_address_digit(capital) || is_capital(capital);
    if (counts && out.postal_code.size() < kMaxPostalCode) out.postal_code += capital;
  }
  return out;
}

}  // namespace set::iso8583
