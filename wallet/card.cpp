#include "wallet/card.h"

#include <algorithm>

#include "common/base/assert.h"
#include "common/base/renewal_due.h"

namespace set::wallet {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kPanBytes = 19;
constexpr std::size_t kExpiryBytes = 6;
constexpr std::size_t kPanAt = 1;
constexpr std::size_t kExpiryAt = kPanAt + kPanBytes;
constexpr std::size_t kPanSecretAt = kExpiryAt + kExpiryBytes;
constexpr std::size_t kCardSecretAt = kPanSecretAt + kCardSecretBytes;
constexpr std::size_t kKeyAt = kCardSecretAt + kCardSecretBytes;
constexpr const char* kMalformed = "a stored card is malformed";

std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

SecretBytes to_bytes(const CardSecrets& secrets) {
  SET_ASSERT(secrets.pan_secret.size() == kCardSecretBytes &&
             secrets.card_secret.size() == kCardSecretBytes);
  Botan::secure_vector<std::uint8_t> out(kKeyAt + secrets.key.size());
  const auto put = [&out](std::size_t at, ByteView bytes) {
    std::ranges::copy(bytes, out.begin() + static_cast<std::ptrdiff_t>(at));
  };
  out[0] = kVersion;
  put(kPanAt, view_of(secrets.pan.reveal()));
  put(kExpiryAt, view_of(secrets.expiry.reveal()));
  put(kPanSecretAt, secrets.pan_secret.reveal());
  put(kCardSecretAt, secrets.card_secret.reveal());
  put(kKeyAt, secrets.key.reveal());
  return SecretBytes(std::move(out));
}

Result<CardSecrets> card_secrets_from_bytes(ByteView bytes) {
  CHECK_OR_FAIL(bytes.size() > kKeyAt && bytes[0] == kVersion, ErrorCode::bad_config, kMalformed);
  auto digits = text_of(bytes.subspan(kPanAt, kPanBytes));
  digits = digits.substr(0, std::min(digits.find('\0'), digits.size()));
  auto pan = Pan::parse(digits);
  auto expiry = CardExpiry::parse(text_of(bytes.subspan(kExpiryAt, kExpiryBytes)));
  CHECK_OR_FAIL(pan && expiry, ErrorCode::bad_config, kMalformed);
  return CardSecrets{std::move(*pan), *expiry,
                     SecretBytes::copy_of(bytes.subspan(kPanSecretAt, kCardSecretBytes)),
                     SecretBytes::copy_of(bytes.subspan(kCardSecretAt, kCardSecretBytes)),
                     SecretBytes::copy_of(bytes.subspan(kKeyAt))};
}

Result<Card> make_card(std::int64_t number, CardSecrets secrets, Chain certificate,
                       std::shared_ptr<const Trust> trust) {
  auto key = SoftwareSigner::from_pkcs8(secrets.key.reveal());
  CHECK_OR_FAIL(key && equal(key->public_key(), certificate.leaf.public_key()),
                ErrorCode::bad_config, "a stored card's key is not its certificate's");
  Party party{.trust = std::move(trust),
              .signer = std::make_shared<const SoftwareSigner>(std::move(*key)),
              .signature = certificate,
              .kem = nullptr,
              .key_exchange = std::nullopt};
  return Card{number, std::move(secrets), std::move(certificate), std::move(party), {}};
}

PANData pan_data_of(const CardSecrets& secrets, std::optional<CardVerificationValue> cvv, Rng& rng) {
  auto pan = Pan::parse(secrets.pan.reveal());
  SET_ASSERT(pan.has_value());
  return PANData{std::move(*pan), secrets.expiry, secrets.pan_secret.clone(),
                 rng.secret(kCardSecretBytes), std::move(cvv)};
}

Instant renew_from(const Certificate& certificate) {
  return renewal_due(certificate.not_before(), certificate.not_after(),
                     certificate.thumbprint().hex());
}

CardView view_of_card(const Card& card) {
  const auto& leaf = card.certificate.leaf;
  return {card.number,      card.secrets.pan.masked(), leaf.brand(), leaf.organizational_unit(),
          leaf.not_after(), leaf.thumbprint(),       renew_from(leaf)};
}

}  // namespace set::wallet
