// A small PKI for tests: root → brand → CCA, MCA, PCA, the CA's own message keys and the transport
// root, with parties issued in memory in a millisecond or two each. Made once per process and
// cached. Valid around the real time, so that TLS takes its certificates too.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/daemon/identity.h"
#include "common/message/account.h"
#include "common/message/party.h"
#include "tests/support/test_pans.h"

namespace set::test {

inline constexpr std::string_view kBrand = "OpenSET";
inline constexpr std::string_view kBin = "400000";

/// Public test numbers, all of BIN 400000 and in deploy/sandbox/cards.toml with expiry 2030-12 and
/// verification value 123.
inline constexpr std::string_view kApprovePan = kScenarioCards[0].number;
inline constexpr std::string_view kDeclinePan = kScenarioCards[1].number;
inline constexpr std::string_view kReferralPan = kScenarioCards[2].number;
inline constexpr std::string_view kExpiredPan = kScenarioCards[3].number;
inline constexpr std::string_view kSlowPan = kScenarioCards[4].number;
inline constexpr std::string_view kNoReplyPan = kScenarioCards[5].number;
inline constexpr std::string_view kExpiry = "203012";
inline constexpr std::string_view kVerification = "123";
inline constexpr std::string_view kCardholderName = "Alice Example";

/// A cardholder with a certificate, and the secrets of its card.
struct TestCardholder {
  Party party;  ///< trust, signer, signature
  std::string pan;
  std::string expiry;  ///< YYYYMM
  SecretBytes card_secret;
  SecretBytes pan_secret;

  /// A fresh PANData for a PI, with EXNonce and verification value.
  PANData pan_data(Rng& rng) const;
};

/// A merchant or gateway with everything that its directory holds.
struct TestParty {
  std::shared_ptr<const Party> party;
  TlsIdentity tls() const;  ///< a copy of the key, for credentials
  /// For Identity::save.
  NewIdentity identity() const;

  std::string tls_chain_pem, tls_key_pem, tls_root_pem;
  SecretBytes signature_key, key_exchange_key;  // as in NewIdentity
  std::string trust_pem;
};

class TestPki {
 public:
  static const TestPki& get();  ///< the cached one; brand kBrand

  /// Another hierarchy with a root of its own.
  static TestPki make(std::string_view brand, Instant now, Rng& rng);
  TestPki(TestPki&&) noexcept;
  ~TestPki();

  Instant now() const;  ///< when it was made; certificates are valid from 5 minutes before
  std::shared_ptr<const Trust> trust() const;
  const std::string& trust_pem() const;
  std::string root_fingerprint() const;
  const std::string& brand() const;
  /// The CA daemon's own party: signs CardCInitRes, CertRes …, opens CertReq.
  std::shared_ptr<const Party> ca() const;

  TestCardholder cardholder(std::string_view pan = kApprovePan,
                            std::string_view expiry = kExpiry) const;
  TestParty merchant(std::string_view id = "shop-1", std::string_view name = "Test Shop",
                     std::vector<std::string> hosts = {"localhost", "127.0.0.1"}) const;
  TestParty gateway(std::string_view id = "gateway-1",
                    std::vector<std::string> hosts = {"localhost", "127.0.0.1"}) const;
  /// The TLS certificate of a party by name.
  TlsIdentity tls(const PartyName& party,
                  std::vector<std::string> hosts = {"localhost", "127.0.0.1"}) const;

  /// Certificates that no honest CA would issue, for negative tests: `contents` as they are, signed
  /// by the CA named "root", "brand", "cca", "mca" or "pca". The chain has the issuers.
  Result<Chain> issue(const CertificateTemplate& contents, ByteView public_key,
                      std::string_view ca) const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit TestPki(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Card and TLS texts from deploy/sandbox/cards.toml's path in this source tree.
std::string sandbox_cards_path();

}  // namespace set::test
