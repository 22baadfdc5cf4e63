// The parts of HPKE (RFC 9180) below a context, with the identifiers and the hash as parameters, so
// that published vectors of other suites run through the same code. Only hpke.cpp, digest.cpp and
// tests include this; everyone else has the one suite (hpke.h, digest.h).
#pragma once

#include <initializer_list>
#include <string_view>

#include "common/crypto/secret_bytes.h"

namespace set::detail {

SecretBytes hmac(std::string_view hash, ByteView key, std::initializer_list<ByteView> message);
/// RFC 5869.
SecretBytes hkdf_extract(std::string_view hash, ByteView salt, ByteView secret);
SecretBytes hkdf_expand(std::string_view hash, ByteView prk, ByteView info, std::size_t size);

struct HpkeSuite {
  unsigned kem, kdf, aead;     ///< RFC 9180 §7
  std::string_view hash;       ///< of the KDF
  std::size_t aead_key_bytes;  ///< Nk
};
/// 0x647A, HKDF-SHA384, AES-256-GCM.
extern const HpkeSuite kOurHpkeSuite;

struct HpkeSecrets {
  SecretBytes key;
  Bytes base_nonce;
  SecretBytes exporter_secret;
};
/// RFC 9180 §5.1, KeySchedule in base mode with an empty psk.
HpkeSecrets hpke_key_schedule(const HpkeSuite& suite, ByteView shared_secret, ByteView info);
/// RFC 9180 §5.2, ComputeNonce.
Bytes hpke_nonce(ByteView base_nonce, std::uint64_t sequence);
/// RFC 9180 §5.3, Export.
SecretBytes hpke_export(const HpkeSuite& suite, ByteView exporter_secret, ByteView context,
                        std::size_t size);

}  // namespace set::detail
