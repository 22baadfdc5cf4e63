#include "common/base/bytes.h"

#include <algorithm>

namespace set {
namespace {

constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Bytes concat(std::initializer_list<ByteView> parts) {
  Bytes out;
  for (const auto part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

bool equal(ByteView a, ByteView b) { return std::ranges::equal(a, b); }

std::string to_hex(ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const auto byte : bytes) {
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
  return out;
}

Result<Bytes> from_hex(std::string_view text) {
  CHECK_OR_FAIL(text.size() % 2 == 0, ErrorCode::invalid_argument, "hex text has an odd length");
  Bytes out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    CHECK_OR_FAIL(high >= 0 && low >= 0, ErrorCode::invalid_argument,
                  "hex text has a character that is no hex digit");
    out.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return out;
}

std::string to_base64url(ByteView bytes) {
  std::string out;
  std::uint32_t window = 0;
  unsigned bits = 0;
  for (const auto byte : bytes) {
    window = (window << 8U) | byte;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      out += kBase64Url[(window >> bits) & 63U];
    }
  }
  if (bits > 0) out += kBase64Url[(window << (6 - bits)) & 63U];
  return out;
}

Result<Bytes> from_base64url(std::string_view text) {
  Bytes out;
  std::uint32_t window = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const auto value = kBase64Url.find(c);
    CHECK_OR_FAIL(value != std::string_view::npos, ErrorCode::invalid_argument,
                  "base64url text has a character outside its alphabet");
    window = (window << 6U) | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<std::uint8_t>(window >> bits));
      window &= (1U << bits) - 1U;
    }
  }
  CHECK_OR_FAIL(bits < 6 && window == 0, ErrorCode::invalid_argument,
                "base64url text ends in bits that mean nothing");
  return out;
}

}  // namespace set
