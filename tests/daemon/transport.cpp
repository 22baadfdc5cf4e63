#include "tests/daemon/transport.h"

#include <cstdlib>

#include "common/crypto/certificate.h"

namespace set::test {
namespace {

// As run() does for a daemon; a child may ask to go without, to see what happens then.
[[maybe_unused]] const bool kRequired = [] {
  require_tls13();
  if (std::getenv("SET_TEST_WITHOUT_REQUIRE_TLS13") != nullptr) {
    ::unsetenv("GRPC_SSL_CIPHER_SUITES");
  }
  return true;
}();

Instant now() { return system_clock()(); }

}  // namespace

TransportRoot::TransportRoot(const std::string& name) {
  auto key = TlsKey::generate(Rng::system());
  const TlsTemplate contents{.organization = "OpenSET Test",
                             .organizational_unit = "Transport",
                             .common_name = name,
                             .hosts = {},
                             .is_ca = true,
                             .not_before = now() - std::chrono::hours(10 * 24),
                             .not_after = now() + std::chrono::hours(100 * 24)};
  pem =
      must(issue_tls_certificate(contents, key.public_key, "", key.private_key_pem, Rng::system()));
  key_pem = std::move(key.private_key_pem);
}

TlsIdentity TransportRoot::issue(const std::string& unit, const std::string& common_name,
                                 std::vector<std::string> hosts, Duration until) const {
  auto key = TlsKey::generate(Rng::system());
  const TlsTemplate contents{.organization = "OpenSET Test",
                             .organizational_unit = unit,
                             .common_name = common_name,
                             .hosts = std::move(hosts),
                             .is_ca = false,
                             .not_before = now() - std::chrono::minutes(5),
                             .not_after = now() + until};
  TlsIdentity identity;
  identity.chain_pem =
      must(issue_tls_certificate(contents, key.public_key, pem, key_pem, Rng::system()));
  identity.private_key_pem = std::move(key.private_key_pem);
  identity.root_pem = pem;
  return identity;
}

const TransportRoot& transport_root() {
  static const TransportRoot root("Transport Root");
  return root;
}

const TransportRoot& other_transport_root() {
  static const TransportRoot root("Another Root");
  return root;
}

}  // namespace set::test
