// The one suite of SET/2 (protocol §1): names, sizes and labels in one place. ADR 0002.
#pragma once

#include <cstddef>
#include <string_view>

namespace set::suite {

inline constexpr std::string_view kEndEntitySignature =
    "ML-DSA-6x5";                                                 // Botan: ML-DSA, parameters 6x5
inline constexpr std::string_view kRootSignature = "ML-DSA-8x7";  // root and brand

inline constexpr std::string_view kKemOid = "1.3.6.1.5.5.7.6.58";  // id-MLKEM768-X25519-SHA3-256
inline constexpr std::size_t kKemPublicKeyBytes = 1184 + 32;
inline constexpr std::size_t kKemCiphertextBytes = 1088 + 32;
inline constexpr std::size_t kKemPrivateKeyBytes = 64 + 32;  // ML-KEM seed d‖z, X25519 scalar
inline constexpr std::size_t kKemSharedSecretBytes = 32;

inline constexpr std::size_t kAeadKeyBytes = 32;
inline constexpr std::size_t kAeadNonceBytes = 12;
inline constexpr std::size_t kAeadTagBytes = 16;

// HPKE identifiers (RFC 9180 §7, and its registry for the KEM).
inline constexpr unsigned kHpkeKem = 0x647A;
inline constexpr unsigned kHpkeKdf = 0x0002;   // HKDF-SHA384
inline constexpr unsigned kHpkeAead = 0x0002;  // AES-256-GCM

// Export labels of protocol §2.
inline constexpr std::string_view kReplyExport = "SET/2 reply";
inline constexpr std::string_view kCardMessageExport = "SET/2 card message";
inline constexpr std::size_t kReplyNonceBytes = 32;

// Of the audit log's chain (docs/audit.md).
inline constexpr std::string_view kAuditLabel = "SET/2 audit";

}  // namespace set::suite
