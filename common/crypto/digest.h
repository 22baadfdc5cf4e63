// Hashes, HMAC and key derivation of the suite: SHA-384 under a label, HMAC-SHA-384, HKDF-SHA-384.
// Pure; any thread.
#pragma once

#include <string_view>

#include "common/base/ids.h"
#include "common/crypto/secret_bytes.h"

namespace set {

/// SET operators H and DD: SHA-384(label ‖ 0x00 ‖ bytes), one label per purpose (protocol §1).
Digest digest(std::string_view label, ByteView bytes);

/// SHA-384 without a label: only inside the signature input, which carries labels of its own.
Digest sha384(ByteView bytes);

/// SHA-256 over a certificate's DER (protocol §1).
Thumbprint thumbprint_of(ByteView der);

/// HMAC-SHA-384, 48 bytes.
Bytes hmac_sha384(ByteView key, ByteView message);

/// HKDF-SHA-384 (RFC 5869), extract then expand. `size` at most 255·48.
SecretBytes hkdf_sha384(ByteView salt, ByteView secret, ByteView info, std::size_t size);
/// The two halves on their own, for HPKE and its vectors.
SecretBytes hkdf_sha384_extract(ByteView salt, ByteView secret);
SecretBytes hkdf_sha384_expand(ByteView prk, ByteView info, std::size_t size);

/// AES-256-GCM, tag appended. Key 32 bytes, nonce 12 bytes, never twice the same pair.
Bytes aead_seal(ByteView key, ByteView nonce, ByteView aad, ByteView plaintext);
/// signature_failure if the tag does not fit (one code for every cryptographic no).
Result<SecretBytes> aead_open(ByteView key, ByteView nonce, ByteView aad, ByteView ciphertext);

}  // namespace set
