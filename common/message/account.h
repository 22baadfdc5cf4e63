// The account block: the only place in a message where a card number may stand (protocol §2).
// Written and read by hand in locked memory, since protobuf would leave copies on the heap.
// One fixed size, so that the ciphertext's length tells neither the card number's nor whether a
// verification value is there.
//
// Layout: kind, version (1), then each field as one byte of length and so many octets, in the order
// below; the rest of the 256 bytes is zero and is checked to be.
//   1 PANData   PAN 13..19 digits · expiry 6 digits YYYYMM · PANSecret 32 · EXNonce 32 · CVV 0, 3 or 4 digits
//   2 PANData0  PAN 13..19 digits · expiry 6 digits YYYYMM · CardSecret 32 · EXNonce 32 · CVV 0, 3 or 4 digits
//   3 PANOnly   PAN 13..19 digits · EXNonce 32
//   4 AcctData  identification 1..128 printable ASCII · EXNonce 32
// Digits are ASCII. One account has one block, and each of the 256 bytes has a meaning.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/ids.h"
#include "common/base/pan.h"
#include "common/base/secret.h"
#include "common/crypto/secret_bytes.h"

namespace set {

inline constexpr std::size_t kAccountBlockBytes = 256;
inline constexpr std::size_t kCardSecretBytes = 32;  ///< CardSecret, PANSecret, EXNonce

/// Card verification value, 3 or 4 digits; never stored by anyone after the authorisation.
class CardVerificationValue {
 public:
  static Result<CardVerificationValue> parse(std::string_view digits);
  std::string_view reveal() const;

 private:
  explicit CardVerificationValue(SecretBytes digits) : digits_(std::move(digits)) {}
  SecretBytes digits_;
};

/// PANData = {PAN, CardExpiry, PANSecret, EXNonce}, and the verification value if the cardholder
/// gave it. In the PI of a purchase: wallet → gateway.
struct PANData {
  Pan pan;
  CardExpiry expiry;
  SecretBytes pan_secret;  // 32 bytes
  SecretBytes ex_nonce;    // 32 bytes
  std::optional<CardVerificationValue> cvv;
};

/// PANData0 = {PAN, CardExpiry, CardSecret, EXNonce}: in CertReq, wallet → CCA.
struct PANData0 {
  Pan pan;
  CardExpiry expiry;
  SecretBytes card_secret;  // 32 bytes
  SecretBytes ex_nonce;     // 32 bytes
  std::optional<CardVerificationValue> cvv;
};

/// PANOnly = {PAN, EXNonce}: in RegFormReq, wallet → CCA.
struct PANOnly {
  Pan pan;
  SecretBytes ex_nonce;
};

/// AcctData = {AcctIdentification, EXNonce}: in a merchant's or gateway's CertReq the enrolment token.
struct AcctData {
  Secret<std::string> identification;  // 1 to 128 printable ASCII characters
  SecretBytes ex_nonce;
};

SecretBytes to_block(const PANData& data);
SecretBytes to_block(const PANData0& data);
SecretBytes to_block(const PANOnly& data);
SecretBytes to_block(const AcctData& data);
/// decoding_failure unless the block is exactly of this kind and well-formed, padding included.
Result<PANData> pan_data_from_block(ByteView block);
Result<PANData0> pan_data0_from_block(ByteView block);
Result<PANOnly> pan_only_from_block(ByteView block);
Result<AcctData> acct_data_from_block(ByteView block);

/// PANSecret = HKDF-SHA-384(secret = CardSecret ‖ NonceCCA; info = "SET/2 PANSecret" 00 brand 00
/// digest("SET/2 public key", cardholder's SubjectPublicKeyInfo)), 32 bytes (protocol §3).
SecretBytes derive_pan_secret(ByteView card_secret, ByteView nonce_cca, std::string_view brand,
                              ByteView public_key);
/// The cardholder's pseudonym, the CN of the certificate: base64url of
/// HMAC-SHA-384("PAN" 00 "YYYYMM"; PANSecret), 64 characters.
std::string cardholder_pseudonym(const Pan& pan, const CardExpiry& expiry, ByteView pan_secret);
/// TransStain = HMAC-SHA-384(XID; CardSecret).
Bytes trans_stain(const XID& xid, ByteView card_secret);

}  // namespace set
