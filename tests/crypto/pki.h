// A small SET hierarchy for the tests of this folder: keys are made once per process, certificates
// as each test wants them.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/crypto/certificate.h"
#include "common/crypto/certificate_pem.h"
#include "common/crypto/kem.h"
#include "common/crypto/trust.h"

namespace set::test {

/// The value, or a failed test that says why.
template <class T>
T must(Result<T> result) {
  if (!result) FAIL(to_string(result.error().code) << ": " << result.error().detail);
  return std::move(*result);
}
inline void must(Result<void> result) {
  if (!result) FAIL(to_string(result.error().code) << ": " << result.error().detail);
}

/// The code of a failure; a success fails the test.
template <class T>
ErrorCode code_of(const Result<T>& result) {
  REQUIRE_FALSE(result.has_value());
  INFO(result.error().detail);
  CHECK_FALSE(result.error().detail.empty());
  return result.error().code;
}

inline Instant instant(std::string_view text) { return must(parse_instant(text)); }
inline const Instant kNow = instant("2026-11-22T10:00:00Z");
inline constexpr std::chrono::hours kDay{24};

/// A signature key by name: the same key for the same name during one run.
const SoftwareSigner& signer(const std::string& name,
                             SignatureAlgorithm algorithm = SignatureAlgorithm::ml_dsa_65);
const KemPrivateKey& kem_key(const std::string& name);

/// Templates that the profile accepts; a test changes what it is about.
CertificateTemplate root_template();
CertificateTemplate ca_template(std::vector<Role> roles, const std::string& brand = "Test Brand");
CertificateTemplate end_template(Role role, KeyUse use = KeyUse::signature,
                                 const std::string& brand = "Test Brand");

/// root → brand → [geopolitical] → CCA, MCA, PCA → end entities, all good at kNow.
struct Pki {
  Pki();
  Certificate issue(const CertificateTemplate& contents, ByteView subject_key,
                    const Certificate& issuer, const std::string& issuer_key) const;

  Certificate root, brand, geopolitical, cca, mca, pca;
  Certificate cardholder, merchant, merchant_kem, gateway, gateway_kem, ca_messages, ca_kem;
  std::string transport_root_pem;
  std::string trust_pem;

  std::vector<Certificate> chain() const { return {brand, cca, mca, pca}; }
  Trust trust() const;
};
const Pki& pki();

}  // namespace set::test
