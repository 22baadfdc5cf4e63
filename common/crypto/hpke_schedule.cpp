#include "common/crypto/hpke_schedule.h"

#include <botan/hash.h>
#include <botan/mac.h>

#include "common/base/assert.h"
#include "common/crypto/guarded.h"
#include "common/crypto/suite.h"

namespace set::detail {
namespace {

constexpr std::string_view kVersion = "HPKE-v1";

void append(Bytes& out, unsigned two_octets) {
  out.push_back(static_cast<std::uint8_t>(two_octets >> 8));
  out.push_back(static_cast<std::uint8_t>(two_octets));
}

Bytes suite_id(const HpkeSuite& suite) {
  Bytes out = bytes_of(view_of("HPKE"));
  for (const unsigned id : {suite.kem, suite.kdf, suite.aead}) append(out, id);
  return out;
}

// RFC 9180 §4, LabeledExtract: labeled_ikm = "HPKE-v1" ‖ suite_id ‖ label ‖ ikm.
SecretBytes labeled_extract(const HpkeSuite& suite, ByteView salt, std::string_view label,
                            ByteView ikm) {
  return hmac(suite.hash, salt, {view_of(kVersion), suite_id(suite), view_of(label), ikm});
}

// RFC 9180 §4, LabeledExpand: labeled_info = I2OSP(L, 2) ‖ "HPKE-v1" ‖ suite_id ‖ label ‖ info.
SecretBytes labeled_expand(const HpkeSuite& suite, ByteView prk, std::string_view label,
                           ByteView info, std::size_t size) {
  Bytes length;
  append(length, static_cast<unsigned>(size));
  const Bytes labeled = concat({length, view_of(kVersion), suite_id(suite), view_of(label), info});
  return hkdf_expand(suite.hash, prk, labeled, size);
}

std::unique_ptr<Botan::MessageAuthenticationCode> keyed_hmac(std::string_view hash, ByteView key) {
  auto mac = Botan::MessageAuthenticationCode::create_or_throw("HMAC(" + std::string(hash) + ")");
  if (mac->valid_keylength(key.size())) {
    mac->set_key(key);
  } else {
    // Botan takes up to 4096 octets; RFC 2104 hashes any key that is longer than a block.
    mac->set_key(Botan::HashFunction::create_or_throw(hash)->process(key));
  }
  return mac;
}

}  // namespace

const HpkeSuite kOurHpkeSuite{suite::kHpkeKem, suite::kHpkeKdf, suite::kHpkeAead, "SHA-384",
                              suite::kAeadKeyBytes};

SecretBytes hmac(std::string_view hash, ByteView key, std::initializer_list<ByteView> message) {
  return infallible([&] {
    auto mac = keyed_hmac(hash, key);
    for (const ByteView part : message) mac->update(part);
    return SecretBytes(mac->final());
  });
}

// An empty salt means HashLen zero octets (RFC 5869 §2.2); as an HMAC key that is the same as none.
SecretBytes hkdf_extract(std::string_view hash, ByteView salt, ByteView secret) {
  return hmac(hash, salt, {secret});
}

SecretBytes hkdf_expand(std::string_view hash, ByteView prk, ByteView info, std::size_t size) {
  return infallible([&] {
    auto mac = keyed_hmac(hash, prk);
    SET_ASSERT(size <= 255 * mac->output_length());
    Botan::secure_vector<std::uint8_t> out;
    Botan::secure_vector<std::uint8_t> block;
    for (std::uint8_t counter = 1; out.size() < size; ++counter) {
      mac->update(block);
      mac->update(info);
      mac->update(counter);
      block = mac->final();
      const std::size_t wanted = std::min(block.size(), size - out.size());
      out.insert(out.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(wanted));
    }
    return SecretBytes(std::move(out));
  });
}

HpkeSecrets hpke_key_schedule(const HpkeSuite& suite, ByteView shared_secret, ByteView info) {
  const SecretBytes psk_id_hash = labeled_extract(suite, {}, "psk_id_hash", {});
  const SecretBytes info_hash = labeled_extract(suite, {}, "info_hash", info);
  const std::uint8_t mode_base = 0x00;
  const Bytes context = concat({ByteView(&mode_base, 1), psk_id_hash.reveal(), info_hash.reveal()});

  const SecretBytes secret = labeled_extract(suite, shared_secret, "secret", {});
  const ByteView prk = secret.reveal();
  const std::size_t hash_bytes = prk.size();
  return {
      .key = labeled_expand(suite, prk, "key", context, suite.aead_key_bytes),
      .base_nonce = bytes_of(
          labeled_expand(suite, prk, "base_nonce", context, suite::kAeadNonceBytes).reveal()),
      .exporter_secret = labeled_expand(suite, prk, "exp", context, hash_bytes),
  };
}

Bytes hpke_nonce(ByteView base_nonce, std::uint64_t sequence) {
  Bytes nonce = bytes_of(base_nonce);
  for (std::size_t i = 0; i < sizeof(sequence); ++i) {
    nonce[nonce.size() - 1 - i] ^= static_cast<std::uint8_t>(sequence >> (8 * i));
  }
  return nonce;
}

SecretBytes hpke_export(const HpkeSuite& suite, ByteView exporter_secret, ByteView context,
                        std::size_t size) {
  return labeled_expand(suite, exporter_secret, "sec", context, size);
}

}  // namespace set::detail
