#include "common/crypto/digest.h"

#include <botan/aead.h>
#include <botan/hash.h>

#include "common/base/assert.h"
#include "common/crypto/guarded.h"
#include "common/crypto/hpke_schedule.h"
#include "common/crypto/suite.h"

namespace set {
namespace {

std::unique_ptr<Botan::AEAD_Mode> aes_256_gcm(Botan::Cipher_Dir direction, ByteView key,
                                              ByteView nonce, ByteView aad) {
  SET_ASSERT(key.size() == suite::kAeadKeyBytes && nonce.size() == suite::kAeadNonceBytes);
  auto mode = Botan::AEAD_Mode::create_or_throw("AES-256/GCM", direction);
  mode->set_key(key);
  mode->set_associated_data(aad);
  mode->start(nonce);
  return mode;
}

}  // namespace

Digest digest(std::string_view label, ByteView bytes) {
  return infallible([&] {
    Digest out;
    auto hash = Botan::HashFunction::create_or_throw("SHA-384");
    hash->update(label);
    hash->update(std::uint8_t{0});
    hash->update(bytes);
    hash->final(out.value);
    return out;
  });
}

Digest sha384(ByteView bytes) {
  return infallible([&] {
    Digest out;
    auto hash = Botan::HashFunction::create_or_throw("SHA-384");
    hash->update(bytes);
    hash->final(out.value);
    return out;
  });
}

Thumbprint thumbprint_of(ByteView der) {
  return infallible([&] {
    Thumbprint out;
    auto hash = Botan::HashFunction::create_or_throw("SHA-256");
    hash->update(der);
    hash->final(out.value);
    return out;
  });
}

Bytes hmac_sha384(ByteView key, ByteView message) {
  return bytes_of(detail::hmac("SHA-384", key, {message}).reveal());
}

SecretBytes hkdf_sha384(ByteView salt, ByteView secret, ByteView info, std::size_t size) {
  return hkdf_sha384_expand(hkdf_sha384_extract(salt, secret).reveal(), info, size);
}

SecretBytes hkdf_sha384_extract(ByteView salt, ByteView secret) {
  return detail::hkdf_extract("SHA-384", salt, secret);
}

SecretBytes hkdf_sha384_expand(ByteView prk, ByteView info, std::size_t size) {
  return detail::hkdf_expand("SHA-384", prk, info, size);
}

Bytes aead_seal(ByteView key, ByteView nonce, ByteView aad, ByteView plaintext) {
  return infallible([&] {
    auto mode = aes_256_gcm(Botan::Cipher_Dir::Encryption, key, nonce, aad);
    // The plaintext may be a secret: it is encrypted inside wiped memory, then copied out.
    Botan::secure_vector<std::uint8_t> buffer;
    buffer.reserve(plaintext.size() + suite::kAeadTagBytes);
    buffer.assign(plaintext.begin(), plaintext.end());
    mode->finish(buffer);
    return Bytes(buffer.begin(), buffer.end());
  });
}

Result<SecretBytes> aead_open(ByteView key, ByteView nonce, ByteView aad, ByteView ciphertext) {
  constexpr const char* kNo = "a ciphertext does not open";
  CHECK_OR_FAIL(ciphertext.size() >= suite::kAeadTagBytes, ErrorCode::signature_failure, kNo);
  return guarded(ErrorCode::signature_failure, kNo, [&] {
    auto mode = aes_256_gcm(Botan::Cipher_Dir::Decryption, key, nonce, aad);
    Botan::secure_vector<std::uint8_t> buffer(ciphertext.begin(), ciphertext.end());
    mode->finish(buffer);
    return SecretBytes(std::move(buffer));
  });
}

}  // namespace set
