// SET's identifiers as distinct types, so that two of equal length cannot be swapped.
// XID, RRPID and Challenge are 20 random octets (set-1997, scalars); Digest is SHA-384;
// Thumbprint is SHA-256 over a certificate's DER (protocol §1). Pure.
#pragma once

#include <array>
#include <compare>
#include <string>

#include "common/base/bytes.h"

namespace set {

/// Exactly N public octets with a purpose. Made from random bytes (crypto/random.h) or from the wire.
template <class Tag, std::size_t N>
struct Octets {
  static constexpr std::size_t kSize = N;
  std::array<std::uint8_t, N> value{};

  /// decoding_failure unless exactly N bytes.
  static Result<Octets> parse(ByteView bytes) {
    CHECK_OR_FAIL(bytes.size() == N, ErrorCode::decoding_failure,
                  std::string(Tag::kName) + " has a wrong length");
    Octets out;
    std::copy(bytes.begin(), bytes.end(), out.value.begin());
    return out;
  }
  static Result<Octets> parse(std::string_view bytes) { return parse(view_of(bytes)); }

  ByteView view() const { return value; }
  std::string str() const { return string_of(value); }
  std::string hex() const { return to_hex(value); }
  auto operator<=>(const Octets&) const = default;
};

struct XIDTag { static constexpr const char* kName = "XID"; };
struct RRPIDTag { static constexpr const char* kName = "RRPID"; };
struct ChallengeTag { static constexpr const char* kName = "Challenge"; };
struct DigestTag { static constexpr const char* kName = "Digest"; };
struct ThumbprintTag { static constexpr const char* kName = "Thumbprint"; };
struct SaltTag { static constexpr const char* kName = "ODSalt"; };
struct OrderSecretTag { static constexpr const char* kName = "OrderSecret"; };
struct NonceCCATag { static constexpr const char* kName = "NonceCCA"; };

using XID = Octets<XIDTag, 20>;                  ///< One purchase, made by the merchant.
using RRPID = Octets<RRPIDTag, 20>;              ///< One request/response pair, made by the requester.
using Challenge = Octets<ChallengeTag, 20>;      ///< Chall-C, Chall-M, Chall-EE, Chall-CA.
using Digest = Octets<DigestTag, 48>;            ///< SHA-384 under a label: H, DD, L, HOD, HOIData, HPIData.
using Thumbprint = Octets<ThumbprintTag, 32>;    ///< SHA-256 of a certificate's DER.
using ODSalt = Octets<SaltTag, 32>;              ///< Keeps the gateway from guessing the order.
using OrderSecret = Octets<OrderSecretTag, 32>;  ///< In the payment link; opens one order (protocol §4).
using NonceCCA = Octets<NonceCCATag, 32>;        ///< The CCA's half of PANSecret (protocol §3).

/// SET's LocalID: 1 to 20 octets, chosen by one party for its own use. Tag keeps LID-C and LID-M apart.
template <class Tag>
struct LocalID {
  std::string value;
  static Result<LocalID> parse(std::string_view bytes) {
    CHECK_OR_FAIL(!bytes.empty() && bytes.size() <= 20, ErrorCode::decoding_failure,
                  std::string(Tag::kName) + " has not 1 to 20 octets");
    return LocalID{std::string(bytes)};
  }
  auto operator<=>(const LocalID&) const = default;
};
struct LIDCTag { static constexpr const char* kName = "LID-C"; };
struct LIDMTag { static constexpr const char* kName = "LID-M"; };
struct LIDEETag { static constexpr const char* kName = "LID-EE"; };
struct LIDCATag { static constexpr const char* kName = "LID-CA"; };
using LIDC = LocalID<LIDCTag>;    ///< The cardholder's handle of a purchase.
using LIDM = LocalID<LIDMTag>;    ///< The merchant's handle: its order number.
using LIDEE = LocalID<LIDEETag>;  ///< The requester's handle of a registration.
using LIDCA = LocalID<LIDCATag>;  ///< The CA's handle of a registration.

}  // namespace set
