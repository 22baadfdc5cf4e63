// A CA on loopback in this process, and helpers that speak to it: for registration_test and
// accept_test.
#pragma once

#include <atomic>
#include <filesystem>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "ca/service.h"
#include "common/daemon/server.h"
#include "common/enrollment/register.h"
#include "tests/support/databases.h"
#include "tests/support/pki.h"

namespace set::ca::test {

using namespace set::test;

template <class T>
T must(Result<T> result) {
  if (!result)
    FAIL("unexpected error: " << to_string(result.error().code) << ": " << result.error().detail);
  return std::move(*result);
}
inline void must(Result<void> result) {
  if (!result)
    FAIL("unexpected error: " << to_string(result.error().code) << ": " << result.error().detail);
}

template <class T>
ErrorCode code_of(const Result<T>& result) {
  REQUIRE_FALSE(result.has_value());
  return result.error().code;
}

/// A directory of mode 0700 that goes when the test does.
struct TemporaryDirectory {
  std::filesystem::path path;
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "set-ca-test-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

/// A hierarchy as the daemon would have loaded it; root and brand key stay in `h`.
inline LoadedCa loaded(Hierarchy& h, std::string_view brand, Instant now) {
  auto& rng = Rng::system();
  auto trust = std::make_shared<const Trust>(must(Trust::parse(h.trust_pem, "", now)));
  auto party = std::make_shared<const Party>(
      Party{trust, std::make_shared<const StoredSigner>(std::move(h.messages.signature)),
            h.messages.signature_chain,
            std::make_shared<const KemPrivateKey>(std::move(h.messages.key_exchange)),
            h.messages.key_exchange_chain});
  return LoadedCa{{std::string(brand), {"localhost", "127.0.0.1"}, ""},
                  std::move(h.operating),
                  std::move(h.bci),
                  {{"root", h.root.certificate, h.crls.roots.front()}, {"brand", h.brand.certificate, h.crls.brand}},
                  std::move(h.transport),
                  std::move(party),
                  rng.secret(32),
                  {}};
}

inline LoadedCa make_ca(std::string_view brand = kBrand) {
  const auto now = system_clock()();
  auto h = must(make_hierarchy({std::string(brand), ""}, now, Rng::system()));
  return loaded(h, brand, now);
}

inline CardToRegister card(std::string_view pan = kApprovePan, std::string_view expiry = kExpiry,
                           std::string_view cvv = kVerification) {
  return {must(Pan::parse(pan)), must(CardExpiry::parse(expiry)),
          must(CardVerificationValue::parse(cvv))};
}

inline FillForm answers(std::string name = std::string(set::test::kCardholderName)) {
  return [name](const RegFormData& form,
                const std::vector<FailedItem>&) -> Result<std::vector<RegFormAnswer>> {
    return answers_by_name(form, {{"cardholderName", name}});
  };
}

/// As run() does in a daemon: before anything in this process uses TLS.
inline const bool kTls13 = (require_tls13(), true);

/// One CA behind a real gRPC server with TLS.
struct CaWorld {
  LoadedCa ca = make_ca();
  Issuer issuer{must(CardFile::load(sandbox_cards_path()))};
  Store store = must(Store::open(test::database_url()));
  std::atomic<std::int64_t> shift_ms = 0;  ///< turns the CA's clock
  Clock clock = [this] { return system_clock()() + Duration(shift_ms.load()); };
  Service service;
  Server server = start();
  std::shared_ptr<const Trust> trust = ca.party->trust;
  CaClient client = CaClient::connect(server.address(), *trust);
  Rng& rng = Rng::system();

  /// `adjust` changes what the service is made of: forms, approval, limits.
  explicit CaWorld(const std::function<void(ServiceParts&)>& adjust = {})
      : service(parts(adjust)) {}

  ServiceParts parts(const std::function<void(ServiceParts&)>& adjust) {
    ServiceParts out{.ca = ca, .issuer = issuer, .store = store, .clock = clock,
                     .rng = Rng::system()};
    if (adjust) adjust(out);
    return out;
  }

  Server start() {
    const auto tls = must(make_tls_identity(ca, system_clock()(), Rng::system()));
    auto started =
        must(Server::start({.listen = must(ListenAddress::parse("127.0.0.1:0")),
                            .credentials = server_credentials(tls, ClientCertificate::optional),
                            .services = {&service}}));
    started.set_serving(true);
    return started;
  }

  Result<RegisteredCard> register_card(const CardToRegister& to_register,
                                       FillForm fill = answers()) {
    return register_cardholder(client, trust, to_register, {"", "en", std::move(fill)},
                               system_clock(), rng);
  }

  TokenRecord token_record(Role role = Role::merchant) const {
    TokenRecord record;
    record.role = role;
    record.name = "Corner Shop";
    record.bin = kBin;
    record.id = role == Role::merchant ? "shop-1" : "gateway-1";
    record.city = "Berlin";
    record.country = 276;
    record.hosts = {"localhost", "127.0.0.1"};
    record.created_at = system_clock()();
    record.expires_at = record.created_at + std::chrono::hours(1);
    return record;
  }
  Secret<std::string> token(TokenRecord record) {
    auto made = must(make_token(std::move(record), rng));
    must(store.insert(made.record));
    return std::move(made.token);
  }
  static PartyToEnroll party(Role role = Role::merchant) {
    return {role,
            "",
            std::string(kBin),
            role == Role::merchant ? "shop-1" : "gateway-1",
            {"localhost"}};
  }
  Result<PartyCertified> enroll(const PartyToEnroll& party, const Secret<std::string>& token,
                                const std::filesystem::path& directory,
                                const EnrollmentOptions& options = {}) {
    return enroll_party(client, *trust, party, token, directory,
                        Passphrase(std::string("passphrase")), system_clock(), rng, options);
  }
};

}  // namespace set::ca::test
