#include <botan/certstor.h>
#include <botan/pkcs8.h>
#include <botan/x509path.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "pki.h"

namespace set::test {
namespace {

struct Issued {
  TlsKey key;
  std::string pem;
};

TlsTemplate ca_contents() {
  return {.organization = "OpenSET Test",
          .organizational_unit = "Transport",
          .common_name = "Transport Root",
          .hosts = {},
          .is_ca = true,
          .not_before = kNow - kDay,
          .not_after = kNow + 365 * kDay};
}

TlsTemplate daemon_contents() {
  return {.organization = "Test Brand",
          .organizational_unit = "Test Bank",
          .common_name = "gateway-1",
          .hosts = {"localhost", "pay.example", "127.0.0.1", "::1"},
          .is_ca = false,
          .not_before = kNow - std::chrono::minutes(5),
          .not_after = kNow + 7 * kDay};
}

Issued self_signed() {
  auto key = TlsKey::generate(Rng::system());
  auto pem = must(
      issue_tls_certificate(ca_contents(), key.public_key, "", key.private_key_pem, Rng::system()));
  return {std::move(key), std::move(pem)};
}

Botan::X509_Certificate read(const std::string& pem) {
  return Botan::X509_Certificate(view_of(pem));
}

}  // namespace

TEST_CASE("a daemon's TLS certificate: names, addresses, purposes, path") {
  const auto root = self_signed();
  const auto key = TlsKey::generate(Rng::system());
  const auto pem = must(issue_tls_certificate(daemon_contents(), key.public_key, root.pem,
                                              root.key.private_key_pem, Rng::system()));
  const auto x509 = read(pem);
  const auto& names = x509.subject_alt_name();
  CHECK(names.dns() == std::set<std::string>{"localhost", "pay.example"});
  CHECK(names.ipv4_address() == std::set<std::uint32_t>{0x7f000001});
  CHECK(names.ipv6_address().size() == 1);
  CHECK(x509.has_ex_constraint("PKIX.ServerAuth"));
  CHECK(x509.has_ex_constraint("PKIX.ClientAuth"));
  CHECK_FALSE(x509.is_CA_cert());

  const auto result = Botan::x509_path_validate(x509, Botan::Path_Validation_Restrictions(),
                                                Botan::Certificate_Store_In_Memory(read(root.pem)),
                                                "pay.example", Botan::Usage_Type::TLS_SERVER_AUTH,
                                                std::chrono::floor<std::chrono::seconds>(kNow));
  CHECK(result.result_string() == "Verified");

  const auto facts = must(tls_certificate_facts(pem));
  CHECK(facts.organization == "Test Brand");
  CHECK(facts.organizational_unit == "Test Bank");
  CHECK(facts.common_name == "gateway-1");
  CHECK(facts.not_before == kNow - std::chrono::minutes(5));
  CHECK(facts.not_after == kNow + 7 * kDay);
  CHECK(facts.fingerprint_hex.size() == 64);
  CHECK(key.private_key_pem.reveal().starts_with(std::string("-----BEGIN ") + "PRIVATE KEY-----"));
}

TEST_CASE("a client has no server's purpose") {
  const auto root = self_signed();
  const auto key = TlsKey::generate(Rng::system());
  auto contents = daemon_contents();
  contents.hosts.clear();
  const auto x509 = read(must(issue_tls_certificate(contents, key.public_key, root.pem,
                                                    root.key.private_key_pem, Rng::system())));
  CHECK_FALSE(x509.has_ex_constraint("PKIX.ServerAuth"));
  CHECK(x509.has_ex_constraint("PKIX.ClientAuth"));
  CHECK_FALSE(x509.subject_alt_name().has_items());
}

TEST_CASE("what is no TLS certificate is not issued") {
  const auto root = self_signed();
  const auto leaf_key = TlsKey::generate(Rng::system());
  const auto leaf = must(issue_tls_certificate(daemon_contents(), leaf_key.public_key, root.pem,
                                               root.key.private_key_pem, Rng::system()));
  const auto refused = [](const TlsTemplate& contents, ByteView key, std::string_view issuer,
                          const Secret<std::string>& issuer_key) {
    CHECK(code_of(issue_tls_certificate(contents, key, issuer, issuer_key, Rng::system())) ==
          ErrorCode::invalid_argument);
  };
  auto ends_early = daemon_contents();
  ends_early.not_after = ends_early.not_before;
  refused(ends_early, leaf_key.public_key, root.pem, root.key.private_key_pem);
  auto nameless = daemon_contents();
  nameless.organization.clear();
  nameless.common_name.clear();
  refused(nameless, leaf_key.public_key, root.pem, root.key.private_key_pem);
  auto long_host = daemon_contents();
  long_host.hosts = {std::string(254, 'x')};
  refused(long_host, leaf_key.public_key, root.pem, root.key.private_key_pem);
  for (const char* host : {"not a host", "", "pay.example:8443", "::zz", "https://pay.example"}) {
    auto no_host = daemon_contents();
    no_host.hosts = {host};
    refused(no_host, leaf_key.public_key, root.pem, root.key.private_key_pem);
  }

  refused(daemon_contents(), signer("a").public_key(), root.pem, root.key.private_key_pem);
  refused(daemon_contents(), {}, root.pem, root.key.private_key_pem);
  refused(daemon_contents(), leaf_key.public_key, root.pem, leaf_key.private_key_pem);
  refused(daemon_contents(), leaf_key.public_key, leaf, leaf_key.private_key_pem);
  refused(daemon_contents(), leaf_key.public_key, "", root.key.private_key_pem);
  refused(daemon_contents(), leaf_key.public_key, root.pem, Secret<std::string>("no key"));
  CHECK(code_of(issue_tls_certificate(daemon_contents(), leaf_key.public_key, "no PEM",
                                      root.key.private_key_pem, Rng::system())) ==
        ErrorCode::decoding_failure);
  CHECK(code_of(tls_certificate_facts("no PEM")) == ErrorCode::decoding_failure);
}

TEST_CASE("OpenSSL, which gRPC uses, accepts key and certificates") {
  if (std::system("openssl version >/dev/null 2>&1") != 0) SKIP("the openssl command is not there");
  std::string pattern = (std::filesystem::temp_directory_path() / "set-tls-XXXXXX").string();
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  const std::filesystem::path folder = pattern;
  const auto root = self_signed();
  const auto key = TlsKey::generate(Rng::system());
  std::ofstream(folder / "root.pem") << root.pem;
  std::ofstream(folder / "key.pem") << key.private_key_pem.reveal();
  std::ofstream(folder / "leaf.pem") << must(issue_tls_certificate(
      daemon_contents(), key.public_key, root.pem, root.key.private_key_pem, Rng::system()));

  const auto run = [&](const std::string& command) {
    const std::string line = "cd '" + folder.string() + "' && " + command + " >/dev/null 2>&1";
    return std::system(line.c_str()) == 0;
  };
  const std::string verify = "openssl verify -x509_strict -CAfile root.pem -attime " +
                             std::to_string(to_millis(kNow) / 1000) + " ";
  CHECK(run(verify + "-purpose sslserver -verify_hostname pay.example leaf.pem"));
  CHECK(run(verify + "-purpose sslserver -verify_ip 127.0.0.1 leaf.pem"));
  CHECK(run(verify + "-purpose sslserver -verify_ip ::1 leaf.pem"));
  CHECK(run(verify + "-purpose sslclient leaf.pem"));
  CHECK_FALSE(run(verify + "-purpose sslserver -verify_hostname other.example leaf.pem"));
  CHECK_FALSE(run(verify + "-purpose sslserver -verify_ip 127.0.0.2 leaf.pem"));
  CHECK(run("openssl pkey -in key.pem -check -noout"));
  CHECK(run("openssl pkey -in key.pem -pubout -out a.pem"));
  CHECK(run("openssl x509 -in leaf.pem -pubkey -noout -out b.pem"));
  CHECK(run("cmp a.pem b.pem"));
  std::filesystem::remove_all(folder);
}

}  // namespace set::test
