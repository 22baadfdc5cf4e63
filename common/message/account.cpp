#include "common/message/account.h"

#include <algorithm>

#include "common/base/assert.h"
#include "common/crypto/digest.h"

namespace set {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kMaxIdentificationBytes = 128;
// One sentence for all: which part of the account is malformed is nobody's business.
constexpr const char* kMalformed = "the account block is malformed";

enum class Kind : std::uint8_t { pan_data = 1, pan_data0 = 2, pan_only = 3, acct_data = 4 };

std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool all_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool all_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

/// Octets joined in locked memory.
SecretBytes join(std::initializer_list<ByteView> parts) {
  Botan::secure_vector<std::uint8_t> out;
  std::size_t size = 0;
  for (const auto part : parts) size += part.size();
  out.reserve(size);
  for (const auto part : parts) out.insert(out.end(), part.begin(), part.end());
  return SecretBytes(std::move(out));
}

class BlockWriter {
 public:
  explicit BlockWriter(Kind kind) : block_(kAccountBlockBytes) {
    block_[at_++] = static_cast<std::uint8_t>(kind);
    block_[at_++] = kVersion;
  }

  void put(ByteView field) {
    SET_ASSERT(at_ + 1 + field.size() <= block_.size());
    block_[at_++] = static_cast<std::uint8_t>(field.size());
    std::ranges::copy(field, block_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ += field.size();
  }
  void put(std::string_view field) { put(view_of(field)); }
  void put_secret(const SecretBytes& secret) {
    SET_ASSERT(secret.size() == kCardSecretBytes);
    put(secret.reveal());
  }

  SecretBytes finish() { return SecretBytes(std::move(block_)); }

 private:
  Botan::secure_vector<std::uint8_t> block_;  // zero where nothing is put
  std::size_t at_ = 0;
};

class BlockReader {
 public:
  static Result<BlockReader> open(ByteView block, Kind kind) {
    CHECK_OR_FAIL(block.size() == kAccountBlockBytes &&
                      block[0] == static_cast<std::uint8_t>(kind) && block[1] == kVersion,
                  ErrorCode::decoding_failure, kMalformed);
    return BlockReader(block.subspan(2));
  }

  Result<ByteView> take(std::size_t min, std::size_t max) {
    CHECK_OR_FAIL(!rest_.empty() && rest_[0] >= min && rest_[0] <= max && rest_[0] < rest_.size(),
                  ErrorCode::decoding_failure, kMalformed);
    const auto field = rest_.subspan(1, rest_[0]);
    rest_ = rest_.subspan(1U + field.size());
    return field;
  }
  Result<SecretBytes> take_secret() {
    return SecretBytes::copy_of(TRY(take(kCardSecretBytes, kCardSecretBytes)));
  }
  /// `parse` is of a type that a person types; digits alone are let through to it.
  template <class T>
  Result<T> take_digits(std::size_t min, std::size_t max) {
    const auto digits = text_of(TRY(take(min, max)));
    CHECK_OR_FAIL(all_digits(digits), ErrorCode::decoding_failure, kMalformed);
    auto value = T::parse(digits);
    CHECK_OR_FAIL(value, ErrorCode::decoding_failure, kMalformed);
    return value;
  }

  Result<void> finish() const {
    CHECK_OR_FAIL(std::ranges::all_of(rest_, [](std::uint8_t byte) { return byte == 0; }),
                  ErrorCode::decoding_failure, kMalformed);
    return {};
  }
  bool at_empty_field() const { return !rest_.empty() && rest_[0] == 0; }

 private:
  explicit BlockReader(ByteView rest) : rest_(rest) {}
  ByteView rest_;
};

/// PANData and PANData0 differ only in whose secret they hold.
SecretBytes card_to_block(Kind kind, const Pan& pan, const CardExpiry& expiry,
                          const SecretBytes& secret, const SecretBytes& ex_nonce,
                          const std::optional<CardVerificationValue>& cvv) {
  BlockWriter out(kind);
  out.put(pan.reveal());
  out.put(expiry.reveal());
  out.put_secret(secret);
  out.put_secret(ex_nonce);
  out.put(cvv ? cvv->reveal() : std::string_view());
  return out.finish();
}

/// T is made of {pan, expiry, secret, ex_nonce, cvv}.
template <class T>
Result<T> card_from_block(Kind kind, ByteView block) {
  auto in = TRY(BlockReader::open(block, kind));
  auto pan = TRY(in.take_digits<Pan>(13, 19));
  const auto expiry = TRY(in.take_digits<CardExpiry>(6, 6));
  auto secret = TRY(in.take_secret());
  auto ex_nonce = TRY(in.take_secret());
  std::optional<CardVerificationValue> cvv;
  if (in.at_empty_field()) {
    TRY(in.take(0, 0));
  } else {
    cvv = TRY(in.take_digits<CardVerificationValue>(3, 4));
  }
  TRY(in.finish());
  return T{std::move(pan), expiry, std::move(secret), std::move(ex_nonce), std::move(cvv)};
}

}  // namespace

Result<CardVerificationValue> CardVerificationValue::parse(std::string_view digits) {
  CHECK_OR_FAIL((digits.size() == 3 || digits.size() == 4) && all_digits(digits),
                ErrorCode::invalid_argument, "a card verification value has 3 or 4 digits");
  return CardVerificationValue(SecretBytes::copy_of(view_of(digits)));
}

std::string_view CardVerificationValue::reveal() const { return text_of(digits_.reveal()); }

SecretBytes to_block(const PANData& data) {
  return card_to_block(Kind::pan_data, data.pan, data.expiry, data.pan_secret, data.ex_nonce,
                       data.cvv);
}

SecretBytes to_block(const PANData0& data) {
  return card_to_block(Kind::pan_data0, data.pan, data.expiry, data.card_secret, data.ex_nonce,
                       data.cvv);
}

SecretBytes to_block(const PANOnly& data) {
  BlockWriter out(Kind::pan_only);
  out.put(data.pan.reveal());
  out.put_secret(data.ex_nonce);
  return out.finish();
}

SecretBytes to_block(const AcctData& data) {
  const std::string_view identification = data.identification.reveal();
  SET_ASSERT(!identification.empty() && identification.size() <= kMaxIdentificationBytes &&
             all_printable(identification));
  BlockWriter out(Kind::acct_data);
  out.put(identification);
  out.put_secret(data.ex_nonce);
  return out.finish();
}

Result<PANData> pan_data_from_block(ByteView block) {
  return card_from_block<PANData>(Kind::pan_data, block);
}

Result<PANData0> pan_data0_from_block(ByteView block) {
  return card_from_block<PANData0>(Kind::pan_data0, block);
}

Result<PANOnly> pan_only_from_block(ByteView block) {
  auto in = TRY(BlockReader::open(block, Kind::pan_only));
  auto pan = TRY(in.take_digits<Pan>(13, 19));
  auto ex_nonce = TRY(in.take_secret());
  TRY(in.finish());
  return PANOnly{std::move(pan), std::move(ex_nonce)};
}

Result<AcctData> acct_data_from_block(ByteView block) {
  auto in = TRY(BlockReader::open(block, Kind::acct_data));
  const auto identification = text_of(TRY(in.take(1, kMaxIdentificationBytes)));
  CHECK_OR_FAIL(all_printable(identification), ErrorCode::decoding_failure, kMalformed);
  auto ex_nonce = TRY(in.take_secret());
  TRY(in.finish());
  return AcctData{Secret<std::string>(std::string(identification)), std::move(ex_nonce)};
}

SecretBytes derive_pan_secret(ByteView card_secret, ByteView nonce_cca, std::string_view brand,
                              ByteView public_key) {
  const auto secret = join({card_secret, nonce_cca});
  const Bytes zero{0};
  const auto info = concat({view_of("SET/2 PANSecret"), zero, view_of(brand), zero,
                            digest("SET/2 public key", public_key).view()});
  return hkdf_sha384({}, secret.reveal(), info, kCardSecretBytes);
}

std::string cardholder_pseudonym(const Pan& pan, const CardExpiry& expiry, ByteView pan_secret) {
  const Bytes zero{0};
  const auto card = join({view_of(pan.reveal()), zero, view_of(expiry.reveal())});
  return to_base64url(hmac_sha384(pan_secret, card.reveal()));
}

Bytes trans_stain(const XID& xid, ByteView card_secret) {
  return hmac_sha384(card_secret, xid.view());
}

}  // namespace set
