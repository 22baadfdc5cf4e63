// How a CA of many certificates behaves: set_revocation_bench [ISSUED [REVOKED]], by default
// 200,000 issued and 20,000 revoked. Makes a database in a temporary directory (about 1.7 GB,
// removed at the end), then measures start-up, issuing, revoking, building and publishing the
// lists, what of that a party does, and the size of what travels. Prints; asserts nothing.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "ca/issuance.h"
#include "ca/profile.h"
#include "ca/publication.h"
#include "ca/store.h"
#include "common/base/assert.h"
#include "tests/support/pki.h"

namespace set::ca {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

constexpr int kBatch = 2000;
constexpr int kIssuesMeasured = 200;
constexpr int kLookups = 1000;

template <class T>
T must(Result<T> result) {
  if (!result) std::fprintf(stderr, "%s\n", result.error().detail.c_str());
  SET_ASSERT(result.has_value());
  return std::move(*result);
}
void must(Result<void> result) {
  if (!result) std::fprintf(stderr, "%s\n", result.error().detail.c_str());
  SET_ASSERT(result.has_value());
}

double ms_since(Steady::time_point begun) {
  return std::chrono::duration<double, std::milli>(Steady::now() - begun).count();
}

void say(const char* what, double ms) { std::printf("%-58s %10.2f ms\n", what, ms); }

LoadedCa load(Hierarchy& h, std::shared_ptr<const Trust> trust, Rng& rng) {
  auto party = std::make_shared<const Party>(Party{
      std::move(trust), std::make_shared<const StoredSigner>(std::move(h.messages.signature)),
      h.messages.signature_chain,
      std::make_shared<const KemPrivateKey>(std::move(h.messages.key_exchange)),
      h.messages.key_exchange_chain});
  return LoadedCa{
      {"OpenSET", {"localhost"}, "http://localhost:7702"},
      std::move(h.operating),
      std::move(h.bci),
      {{"root", h.root.certificate, h.crls.roots.front()}, {"brand", h.brand.certificate, h.crls.brand}},
      std::move(h.transport),
      std::move(party),
      rng.secret(32),
      {}};
}

/// Certificates as the table has them, of real size; only their names and numbers differ.
void fill(Store& store, const Certificate& like, int issued, Instant now, Rng& rng) {
  for (int done = 0; done < issued; done += kBatch) {
    std::vector<IssuedRecord> records;
    for (int i = done; i < std::min(done + kBatch, issued); ++i) {
      auto record = record_of(like, "");
      record.thumbprint = rng.make<Thumbprint>();
      record.serial = to_hex(rng.bytes(16));
      record.key_digest = rng.make<Digest>();
      records.push_back(std::move(record));
    }
    must(store.insert_own(records, now));
  }
}

void revoke_many(Store& store, int revoked, Instant now) {
  must(store.database().in_transaction("bench:revoke", [&](Transaction& t) -> Result<void> {
    TRY(t.execute(
        "UPDATE certificates SET state = 'revoked', revoked_at = $1, revocation_reason = 1"
        " WHERE thumbprint IN (SELECT thumbprint FROM certificates WHERE role ="
        " 'cardholder' LIMIT $2)",
        {now, revoked}));
    TRY(t.execute("UPDATE crls SET wanted = wanted + 1 WHERE issuer = 'cca'"));
    return {};
  }));
}

Certificate issue_one(const LoadedCa& ca, const SoftwareSigner& key, Instant now, Rng& rng) {
  const auto& cca = ca.authorities.cca;
  const auto contents =
      cardholder_profile({ca.settings.brand, ca.settings.public_url}, to_hex(rng.bytes(32)),
                         "Sandbox Bank", now + kYear, cca.certificate, now);
  return must(issue(must(prepare(contents, key.public_key(), cca, now)), rng));
}

void run(int issued, int revoked, const fs::path& directory) {
  auto& rng = Rng::system();
  const auto clock = system_clock();
  const auto now = clock();
  auto h = must(make_hierarchy({"OpenSET", "http://localhost:7702"}, now, rng));
  const auto trust_pem = h.trust_pem;
  const auto brand = h.brand.certificate;
  const auto trust = std::make_shared<const Trust>(must(Trust::parse(trust_pem, "", now)));
  const auto ca = load(h, trust, rng);
  const auto key = SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_65, rng);
  const auto leaf = issue_one(ca, key, now, rng);
  const auto url = "sqlite:" + (directory / "ca.db").string();

  const auto measure_issuing = [&](Store& store, const char* what) {
    const auto begun = Steady::now();
    for (int i = 0; i < kIssuesMeasured; ++i) {
      auto record = record_of(issue_one(ca, key, now, rng), "");
      record.key_digest = rng.make<Digest>();  // the key is the same; a CA would say no
      must(store.insert_own({record}, now));
    }
    say(what, ms_since(begun) / kIssuesMeasured);
  };
  {
    auto store = must(Store::open(url));
    measure_issuing(store, "issue and record one certificate, empty database");
    auto begun = Steady::now();
    fill(store, leaf, issued, now, rng);
    say("(filling the database)", ms_since(begun));
    measure_issuing(store, "issue and record one certificate, full database");
    RevocationStore revocations(store.database());
    Publisher publisher({ca, store.database(), {}, clock});
    must(publisher.start());
    revoke_many(store, revoked, now);
    begun = Steady::now();
    must(publisher.publish_if_due());
    say("build, sign, store and verify the long list and the BCI", ms_since(begun));
    must(store.insert_own({record_of(leaf, "")}, now));
    begun = Steady::now();
    must(revocations.revoke({ByThumbprint{leaf.thumbprint()}, RevocationReason::key_compromise},
                            now));
    say("revoke one more", ms_since(begun));
    begun = Steady::now();
    must(publisher.publish_if_due());
    say("publish it", ms_since(begun));
    begun = Steady::now();
    for (int i = 0; i < 100; ++i) SET_ASSERT(!must(publisher.publish_if_due()));
    say("look whether there is something to publish", ms_since(begun) / 100);
    begun = Steady::now();
    must(store.purge(now));
    say("purge", ms_since(begun));
  }
  {
    const auto begun = Steady::now();
    auto store = must(Store::open(url));
    must(store.purge(now));
    Publisher publisher({ca, store.database(), {}, clock});
    must(publisher.start());
    say("start: open, purge, take up what was published", ms_since(begun));
  }
  const auto set = trust->revocation().of("OpenSET");
  const auto* list = set->find(must(key_id_of(ca.authorities.cca.certificate)));
  std::printf("list: %zu entries, %zu octets; BCI: %zu octets\n", list->size(), list->der().size(),
              set->bci.size());
  auto begun = Steady::now();
  auto party_list = must(Crl::parse(list->der()));
  say("a party: parse the long list", ms_since(begun));
  begun = Steady::now();
  must(party_list.verify(ca.authorities.cca.certificate));
  say("a party: verify its signature", ms_since(begun));
  const auto party = must(Trust::parse(trust_pem, "", now));
  wire::CertificateBag bag;
  add_revocations(bag, *set, {}, 64 << 20);
  begun = Steady::now();
  must(adopt_revocations(bag, party, now));
  say("a party: parse, verify and adopt BCI and five lists", ms_since(begun));

  const std::vector<Certificate> issuers{ca.authorities.cca.certificate, brand};
  const Expected expected{Role::cardholder, KeyUse::signature, "OpenSET"};
  const auto other = issue_one(ca, key, now, rng);
  begun = Steady::now();
  must(party.verify(other, issuers, expected, now));
  say("Trust: verify a path for the first time", ms_since(begun));
  begun = Steady::now();
  for (int i = 0; i < kLookups; ++i) must(party.verify(other, issuers, expected, now));
  say("Trust: again, remembered", ms_since(begun) / kLookups);
  begun = Steady::now();
  for (int i = 0; i < kLookups; ++i) SET_ASSERT(!list->find(other));
  say("look up one certificate in the long list", ms_since(begun) / kLookups);
  SET_ASSERT(!party.verify(leaf, issuers, expected, now));
}

}  // namespace
}  // namespace set::ca

int main(int argc, char** argv) {
  std::string pattern = (std::filesystem::temp_directory_path() / "set-bench-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return 1;
  set::ca::run(argc > 1 ? std::atoi(argv[1]) : 200'000, argc > 2 ? std::atoi(argv[2]) : 20'000,
               pattern);
  std::filesystem::remove_all(pattern);
  return 0;
}
