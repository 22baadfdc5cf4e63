#include "gateway/cap_token.h"

#include "common/crypto/digest.h"
#include "common/crypto/suite.h"

namespace set::gateway {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::string_view kCapTokenLabel = "SET/2 CapToken";
constexpr std::string_view kAuthTokenLabel = "SET/2 AuthToken";
constexpr std::string_view kCardMessageKeyLabel = "SET/2 gateway card message key";
constexpr std::string_view kPendingReplyLabel = "SET/2 gateway pending reply";
constexpr std::size_t kCurrencyBytes = 4;
constexpr std::size_t kMinorBytes = 8;

SecretBytes key_for(ByteView token_key, std::string_view label) {
  return hkdf_sha384({}, token_key, view_of(label), suite::kAeadKeyBytes);
}

Bytes seal_own(ByteView token_key, std::string_view label, ByteView aad, ByteView plaintext,
               Rng& rng) {
  const auto nonce = rng.bytes(suite::kAeadNonceBytes);
  const auto key = key_for(token_key, label);
  return concat({ByteView(&kVersion, 1), nonce, aead_seal(key.reveal(), nonce, aad, plaintext)});
}

Result<SecretBytes> open_own(ByteView token_key, std::string_view label, ByteView aad,
                             ByteView sealed) {
  CHECK_OR_FAIL(sealed.size() > 1 + suite::kAeadNonceBytes && sealed.front() == kVersion,
                ErrorCode::signature_failure, "no token of ours");
  const auto key = key_for(token_key, label);
  return aead_open(key.reveal(), sealed.subspan(1, suite::kAeadNonceBytes), aad,
                   sealed.subspan(1 + suite::kAeadNonceBytes));
}

Bytes purchase_aad(std::string_view label, const std::string& merchant_id, const XID& xid) {
  const std::uint8_t zero = 0;
  return concat(
      {view_of(label), ByteView(&zero, 1), view_of(merchant_id), ByteView(&zero, 1), xid.view()});
}

Bytes aad_of(const CapTokenBinding& binding) {
  return concat(
      {purchase_aad(kCapTokenLabel, binding.merchant_id, binding.xid), binding.auth_rrpid.view()});
}

void put_big_endian(Bytes& out, std::uint64_t value, std::size_t size) {
  for (std::size_t i = size; i-- > 0;) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::uint64_t get_big_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (const auto byte : bytes) value = (value << 8) | byte;
  return value;
}

}  // namespace

Bytes make_cap_token(ByteView token_key, const CapTokenData& data, const CapTokenBinding& binding,
                     Rng& rng) {
  Bytes plaintext;
  put_big_endian(plaintext, data.auth_amt.currency().number(), kCurrencyBytes);
  put_big_endian(plaintext, static_cast<std::uint64_t>(data.auth_amt.minor()), kMinorBytes);
  return seal_own(token_key, kCapTokenLabel, aad_of(binding), plaintext, rng);
}

Result<CapTokenData> open_cap_token(ByteView token_key, ByteView token,
                                    const CapTokenBinding& binding) {
  const auto opened = TRY(open_own(token_key, kCapTokenLabel, aad_of(binding), token));
  const auto plaintext = opened.reveal();
  CHECK_OR_FAIL(plaintext.size() == kCurrencyBytes + kMinorBytes, ErrorCode::signature_failure,
                "a CapToken of another form");
  const auto currency = TRY(Currency::from_number(
      static_cast<unsigned>(get_big_endian(plaintext.first(kCurrencyBytes)))));
  const auto minor = static_cast<std::int64_t>(get_big_endian(plaintext.subspan(kCurrencyBytes)));
  return CapTokenData{TRY(Amount::make(currency, minor))};
}

Bytes make_auth_token(ByteView token_key, const AuthTokenData& data, const std::string& merchant_id,
                      const XID& xid, Rng& rng) {
  return seal_own(token_key, kAuthTokenLabel, purchase_aad(kAuthTokenLabel, merchant_id, xid),
                  concat({data.hpi_data.view(), data.auth_rrpid.view()}), rng);
}

Result<AuthTokenData> open_auth_token(ByteView token_key, ByteView token,
                                      const std::string& merchant_id, const XID& xid) {
  const auto opened = TRY(
      open_own(token_key, kAuthTokenLabel, purchase_aad(kAuthTokenLabel, merchant_id, xid), token));
  const auto plaintext = opened.reveal();
  AuthTokenData out;
  CHECK_OR_FAIL(plaintext.size() == out.hpi_data.value.size() + out.auth_rrpid.value.size(),
                ErrorCode::signature_failure, "an AuthToken of another form");
  out.hpi_data = TRY(Digest::parse(plaintext.first(out.hpi_data.value.size())));
  out.auth_rrpid = TRY(RRPID::parse(plaintext.subspan(out.hpi_data.value.size())));
  return out;
}

Bytes seal_card_message_key(ByteView token_key, ByteView key, const Digest& hpi_data, Rng& rng) {
  return seal_own(token_key, kCardMessageKeyLabel, hpi_data.view(), key, rng);
}

Result<SecretBytes> open_card_message_key(ByteView token_key, ByteView sealed,
                                          const Digest& hpi_data) {
  return open_own(token_key, kCardMessageKeyLabel, hpi_data.view(), sealed);
}

Bytes seal_pending_reply(ByteView token_key, ByteView pending, const RRPID& auth_rrpid, Rng& rng) {
  return seal_own(token_key, kPendingReplyLabel, auth_rrpid.view(), pending, rng);
}

Result<SecretBytes> open_pending_reply(ByteView token_key, ByteView sealed,
                                       const RRPID& auth_rrpid) {
  return open_own(token_key, kPendingReplyLabel, auth_rrpid.view(), sealed);
}

}  // namespace set::gateway
