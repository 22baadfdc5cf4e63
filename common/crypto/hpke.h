// HPKE base mode (RFC 9180) with the suite's KEM 0x647A, HKDF-SHA384 and AES-256-GCM.
// SET operators E and EX: sequence 0 is the body, sequence 1 the account block (protocol §2).
#pragma once

#include <string_view>

#include "common/crypto/kem.h"

namespace set {

/// One direction of one context. Messages are numbered from 0 by the order of calls.
class HpkeContext {
 public:
  /// From the KEM's shared secret (RFC 9180 §5.1, base mode, empty psk). Both ends call this.
  static HpkeContext key_schedule(ByteView shared_secret, ByteView info);

  Bytes seal(ByteView aad, ByteView plaintext);
  /// signature_failure if it does not open; the sequence number then stays.
  Result<SecretBytes> open(ByteView aad, ByteView ciphertext);
  /// RFC 9180 §5.3.
  SecretBytes export_secret(std::string_view label, std::size_t size) const;

 private:
  HpkeContext() = default;
  SecretBytes key_;
  Bytes base_nonce_;
  SecretBytes exporter_secret_;
  std::uint64_t sequence_ = 0;
};

struct HpkeSender {
  Bytes encapsulated;  ///< `enc`, 1120 bytes.
  HpkeContext context;
};

Result<HpkeSender> hpke_sender(const KemPublicKey& recipient, ByteView info, Rng& rng);
Result<HpkeContext> hpke_receiver(const KemPrivateKey& key, ByteView encapsulated, ByteView info);

/// The answer to a sealed request, under a secret exported from the request's context, as
/// Oblivious HTTP does (RFC 9458 §4.4): a fresh 32-byte nonce,
/// prk = HKDF-Extract(salt = enc ‖ nonce, exported secret), key and nonce by HKDF-Expand with info
/// "key" and "nonce", AES-256-GCM. Result is nonce ‖ ciphertext. No KEM operation.
Bytes seal_reply(ByteView reply_secret, ByteView encapsulated, ByteView aad, ByteView plaintext,
                 Rng& rng);
Result<SecretBytes> open_reply(ByteView reply_secret, ByteView encapsulated, ByteView aad,
                               ByteView reply);

}  // namespace set
