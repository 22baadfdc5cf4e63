// What `certs list` and `certs show` read: filters, pages, names.
#include "ca/store.h"

#include <set>

#include "tests/ca/ca_world.h"
#include "tests/support/databases.h"

namespace set::ca::test {

namespace {

const Instant kListedAt = from_millis(1'900'000'000'000);
constexpr Duration kDay = std::chrono::hours(24);

struct Shelf {
  Store store = must(Store::open(test::database_url()));
  Rng rng = Rng::seeded(11);

  void add(const std::string& role, const std::string& party, Duration ends, int number,
           const std::string& brand = "OpenSET") {
    std::vector<IssuedRecord> records;
    for (int i = 0; i < number; ++i) {
      records.push_back({"set", role, party, rng.make<Thumbprint>(), to_hex(rng.bytes(16)),
                         "O=" + brand + ", OU=, CN=x", kListedAt - kDay, kListedAt + ends,
                         rng.make<Digest>(), Bytes{1}});
    }
    must(store.insert_own(records, kListedAt));
  }
  std::vector<StoredCertificate> all(const CertificateFilter& filter, int page = 3) {
    std::vector<StoredCertificate> out;
    while (true) {
      const auto* last = out.empty() ? nullptr : &out.back();
      const StoredCertificate copy = last != nullptr ? *last : StoredCertificate{};
      const auto next =
          must(store.certificates(filter, last != nullptr ? &copy : nullptr, page, kListedAt));
      out.insert(out.end(), next.begin(), next.end());
      if (next.size() < static_cast<std::size_t>(page)) return out;
    }
  }
};

}  // namespace

TEST_CASE_METHOD(Shelf, "pages hold each certificate once, by the end of its validity") {
  add("cardholder", "", 10 * kDay, 7);  // all end at one instant
  add("merchant", "400000/shop-1", 5 * kDay, 3);
  add("gateway", "400000/gw", 20 * kDay, 1);
  const auto listed = all({});
  CHECK(listed.size() == 11);
  std::set<std::string> seen;
  for (const auto& certificate : listed) seen.insert(certificate.thumbprint.hex());
  CHECK(seen.size() == 11);
  CHECK(std::ranges::is_sorted(listed, {}, &StoredCertificate::not_after));
}

TEST_CASE_METHOD(Shelf, "filters") {
  add("cardholder", "", 10 * kDay, 2);
  add("merchant", "400000/shop-1", 5 * kDay, 3);
  add("merchant", "400000/shop-2", -kDay, 1);
  add("merchant", "400000/shop-3", 40 * kDay, 1, "Open");
  must(store.database().in_transaction("test", [](Transaction& t) -> Result<void> {
    TRY(t.execute("UPDATE certificates SET state = 'revoked' WHERE party_id = '400000/shop-3'"));
    return {};
  }));
  using State = CertificateState;
  CHECK(all({.role = "merchant", .brand = "", .party = "", .state = {}, .expiring_within = {}}).size() == 5);
  CHECK(all({.role = "", .brand = "", .party = "400000/shop-1", .state = {}, .expiring_within = {}}).size() == 3);
  CHECK(all({.role = "", .brand = "", .party = "", .state = State::expired, .expiring_within = {}}).size() == 1);
  CHECK(all({.role = "", .brand = "", .party = "", .state = State::revoked, .expiring_within = {}}).size() == 1);
  CHECK(all({.role = "", .brand = "", .party = "", .state = State::valid, .expiring_within = {}}).size() == 5);
  CHECK(all({.role = "", .brand = "", .party = "", .state = {}, .expiring_within = 7 * kDay}).size() == 3);
  CHECK(all({.role = "", .brand = "Open", .party = "", .state = {}, .expiring_within = {}}).size() == 1);
  CHECK(all({.role = "", .brand = "OpenSET", .party = "", .state = {}, .expiring_within = {}}).size() == 6);
  CHECK(all({.role = "merchant", .brand = "OpenSET", .party = "", .state = State::valid, .expiring_within = 30 * kDay})
            .size() == 3);
}

TEST_CASE_METHOD(Shelf, "a certificate is found by thumbprint, serial and party") {
  add("merchant", "400000/shop-1", 5 * kDay, 2);
  const auto one = all({}).front();
  CHECK(must(store.find_certificates(one.thumbprint.hex())).size() == 1);
  CHECK(must(store.find_certificates(one.serial)).size() == 1);
  CHECK(must(store.find_certificates("400000/shop-1")).size() == 2);
  CHECK(must(store.find_certificates("' OR 1=1 --")).empty());
  CHECK(must(store.find_certificates("")).empty());
}

}  // namespace set::ca::test
