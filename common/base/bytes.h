// Bytes and how they become text. Used everywhere; pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace set {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// Protobuf keeps `bytes` fields in std::string; these two cross that border without a cast at
/// each caller. The view lives as long as the string.
inline ByteView view_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string string_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes bytes_of(ByteView bytes) { return {bytes.begin(), bytes.end()}; }
Bytes concat(std::initializer_list<ByteView> parts);

/// True if both are equal; for public values. Secrets are compared by crypto's same_secret().
bool equal(ByteView a, ByteView b);

std::string to_hex(ByteView bytes);
/// Lower or upper case, even length; invalid_argument otherwise.
Result<Bytes> from_hex(std::string_view text);

/// RFC 4648 §5, without padding.
std::string to_base64url(ByteView bytes);
/// Accepts no padding, no white space, no non-zero trailing bits; invalid_argument otherwise.
Result<Bytes> from_base64url(std::string_view text);

}  // namespace set
