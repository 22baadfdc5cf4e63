// Audit and evidence on the four real programs: three files about one purchase that hold by the root's
// fingerprint alone, logs whose every change is found, and what was refused stands in them.
#include <sqlite3.h>

#include <algorithm>
#include <thread>

#include "common/audit/evidence.h"
#include "tests/scenario/shop_world.h"
#include "tests/scenario/words.h"

using namespace set::test;

namespace {

struct AuditWorld : ShopWorld {
  std::string fingerprint;

  AuditWorld() {
    const auto ca = start_ca();
    start_gateway({}, {"--ca", ca});
    start_merchant({}, {"--ca", ca});
    start_wallet({}, {"--ca", ca});
    const auto trust = set::Trust::parse(read_file(home() / "merchant" / "trust.pem"), "",
                                         set::system_clock()());
    REQUIRE(trust);
    fingerprint = trust->root().thumbprint().hex();
  }

  std::filesystem::path file(const std::string& name) const { return home() / name; }
  Finished verify(const std::filesystem::path& evidence, const std::string& root) {
    return run({"set-ca", "evidence", "verify", evidence, "--root-fingerprint", root, "--json"});
  }
  void export_all(const std::string& xid) {
    ok(set_wallet({"receipt", xid, "--export", file("wallet.evidence")}));
    ok(set_merchant({"evidence", "export", xid, "--out", file("merchant.evidence")}));
    ok(set_gateway({"evidence", "export", xid, "--out", file("gateway.evidence")}));
  }
  /// Runs SQL on a daemon's database, as who has its disk can.
  void tamper(const std::string& database, const std::string& sql) {
    sqlite3* handle = nullptr;
    REQUIRE(sqlite3_open((home() / database).c_str(), &handle) == SQLITE_OK);
    char* message = nullptr;
    const auto done = sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &message);
    INFO((message != nullptr ? message : ""));
    CHECK(done == SQLITE_OK);
    sqlite3_close(handle);
  }
};

std::string flipped(std::string text, std::size_t at, unsigned bit) {
  text[at] = static_cast<char>(static_cast<unsigned char>(text[at]) ^ (1U << bit));
  return text;
}

}  // namespace

TEST_CASE("one purchase, three files of evidence, verified by the root's fingerprint alone") {
  AuditWorld world;
  const auto order = world.paid({"--amount", "90.00 EUR", "--capture", "later"});
  REQUIRE(world.shop({"capture", order, "--amount", "60.00 EUR"}).exit_code == 0);
  REQUIRE(world.shop({"refund", order, "--amount", "5.00 EUR"}).exit_code == 0);
  const auto xid = world.xid(order);
  world.export_all(xid);

  const std::map<std::string, std::vector<std::string>> holds = {
      {"wallet", {"dual signature", "description and amount", "signed what became"}},
      {"merchant",
       {"dual signature", "description and amount", "asked to authorise 90.00 EUR",
        "authorised 90.00 EUR", "requests to capture: 1 in the file, 1 with the gateway's answer",
        "requests to credit: 1 in the file, 1 with the gateway's answer"}},
      {"gateway",
       {"dual signature", "the payment half is the one that was signed", "asked to authorise",
        "authorised 90.00 EUR", "requests to capture: 1 in the file, 1 with the gateway's answer",
        "requests to credit: 1 in the file, 1 with the gateway's answer"}}};
  for (const auto& [who, sentences] : holds) {
    CAPTURE(who);
    const auto evidence = world.file(who + ".evidence");
    const auto verdict = nlohmann::json::parse(ok(world.verify(evidence, world.fingerprint)));
    CHECK(verdict.at("verdict") == "holds");
    CHECK(verdict.at("xid") == xid);
    for (const auto& sentence : sentences) {
      CAPTURE(sentence, verdict.at("holds").dump());
      CHECK(std::ranges::any_of(verdict.at("holds"), [&](const auto& proof) {
        return proof.template get<std::string>().find(sentence) != std::string::npos;
      }));
    }
    // Each signer's certificate stood on a list of that time.
    for (const auto& statement : verdict.at("statements"))
      CHECK(statement.at("not_revoked_by").at("brand_crl_identifier").get<int>() >= 1);
    const auto text = read_file(evidence);
    CHECK(text.find(World::card("approve").number) == std::string::npos);
    // The words and the exit codes of what does not hold.
    refused(world.verify(evidence, std::string(64, '0')), 9, "trust file");
    refused(world.verify(evidence, "abc"), 2, "64 hex digits");
    auto changed = text;
    const auto amount = changed.find("90.00 EUR");
    REQUIRE(amount != std::string::npos);
    changed.replace(amount, 9, "91.00 EUR");
    write_file(world.file("changed"), changed);
    refused(world.verify(world.file("changed"), world.fingerprint), 9, "the text of the file");
  }
  // A capture that the gateway has not answered is counted as that, and not taken for granted.
  world.gateway().kill();
  REQUIRE(world.shop({"capture", order, "--amount", "10.00 EUR", "--wait", "1s"}).exit_code == 8);
  ok(world.set_merchant({"evidence", "export", xid, "--out", world.file("later.evidence").string()}));
  const auto later = nlohmann::json::parse(
      ok(world.verify(world.file("later.evidence"), world.fingerprint)));
  CHECK(std::ranges::count(later.at("holds"),
                           "requests to capture: 2 in the file, 1 with the gateway's answer") == 1);
  // Each program verifies, whoever wrote it.
  const Words everybodys = {"evidence", "verify", world.file("gateway.evidence"), "--root-fingerprint",
                            world.fingerprint, "--json"};
  for (const auto program : {&World::set_wallet, &World::set_merchant, &World::set_gateway})
    CHECK(nlohmann::json::parse(ok((world.*program)(everybodys))).at("verdict") == "holds");
  ok(world.set_wallet({"evidence", "export", xid, "--out", world.file("again.evidence")}));
  ok(world.verify(world.file("again.evidence"), world.fingerprint));
  // The verb may be left out.
  for (const auto program : {&World::set_wallet, &World::set_merchant, &World::set_gateway}) {
    ok((world.*program)({"evidence", xid, "--out", world.file("short.evidence")}));
    ok(world.verify(world.file("short.evidence"), world.fingerprint));
    refused((world.*program)({"evidence"}), 2, "evidence: an XID, or verify FILE");
  }
  // The gateway's file has no order text, and a list without a purchase is none.
  CHECK(read_file(world.file("gateway.evidence")).find("chairs") == std::string::npos);
  refused(world.set_merchant({"evidence", "export", std::string(40, '0')}), 7, "no signed statements");
  refused(world.set_gateway({"evidence", "export", "xyz"}), 2, "40 hex digits");
  refused(world.verify(world.file("nothing"), world.fingerprint), 3, "nothing");
}

TEST_CASE("a flipped bit anywhere in a file of evidence is found and said where") {
  AuditWorld world;
  const auto order = world.paid({"--amount", "12.00 EUR"});
  world.export_all(world.xid(order));
  for (const std::string who : {"wallet", "merchant", "gateway"}) {
    const auto text = read_file(world.file(who + ".evidence"));
    REQUIRE(set::verify_evidence(text, world.fingerprint));
    std::size_t tried = 0;
    // The middle of every value, and a walk over all of it.
    const auto check_flip = [&](std::size_t at) {
      const auto verdict = set::verify_evidence(flipped(text, at, static_cast<unsigned>(at % 7)),
                                                world.fingerprint);
      ++tried;
      CAPTURE(who, at, text.substr(at > 20 ? at - 20 : 0, 40));
      REQUIRE_FALSE(verdict.has_value());
      CHECK(verdict.error().code == set::ErrorCode::verification_failed);
      CHECK_FALSE(verdict.error().detail.empty());
    };
    bool inside = false;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] != '"') continue;
      if (inside && at > begin + 1) check_flip((begin + at) / 2);
      inside = !inside;
      begin = at;
    }
    const auto step = std::max<std::size_t>(text.size() / 50, 1);
    for (std::size_t at = 3; at < text.size(); at += step) check_flip(at);
    CHECK(tried > 100);
  }
}

TEST_CASE("who makes the file anew around something changed is found out all the same") {
  AuditWorld world;
  const auto order = world.paid({"--amount", "12.00 EUR", "--capture", "later"});
  REQUIRE(world.shop({"capture", order}).exit_code == 0);
  world.export_all(world.xid(order));
  const auto other_order = world.paid({"--amount", "12.00 EUR"});
  ok(world.set_merchant({"evidence", world.xid(other_order), "--out", world.file("other.evidence")}));
  const auto parse = [&](const std::string& name) {
    auto evidence = set::detail::parse_evidence(read_file(world.file(name)));
    REQUIRE(evidence);
    return std::move(*evidence);
  };
  const auto other = parse("other.evidence");
  for (const std::string who : {"wallet.evidence", "merchant.evidence", "gateway.evidence"}) {
    CAPTURE(who);
    const auto evidence = parse(who);
    const auto verdict = set::detail::prove(evidence, world.fingerprint);
    REQUIRE(verdict);
    // The forger writes the text as the program would, with its digest.
    const auto check_forged = [&](set::Evidence forged) {
      const auto text = set::detail::evidence_text(forged, *verdict);
      const auto said = set::verify_evidence(text, world.fingerprint);
      REQUIRE_FALSE(said.has_value());
      CHECK(said.error().code == set::ErrorCode::verification_failed);
    };
    const auto each_flip = [&](auto bytes_in) {
      const auto size = bytes_in(const_cast<set::Evidence&>(evidence)).size();
      for (std::size_t i = 0; i < 8 && size > 0; ++i) {
        auto forged = evidence;
        auto& bytes = bytes_in(forged);
        const auto at = i < 2 ? i * (size - 1) : i * size / 8;
        CAPTURE(at, size);
        bytes[at] = static_cast<std::decay_t<decltype(bytes[at])>>(bytes[at] ^ 1);
        check_forged(std::move(forged));
      }
    };
    for (std::size_t i = 0; i < evidence.statements.size(); ++i) {
      CAPTURE(i, evidence.statements[i].message);
      each_flip([i](set::Evidence& e) -> set::Bytes& { return e.statements[i].evidence; });
      each_flip([i](set::Evidence& e) -> set::Bytes& { return e.statements[i].order_half; });
      each_flip([i](set::Evidence& e) -> set::Bytes& { return e.statements[i].payment_half; });
      auto twisted = evidence;
      twisted.statements[i].message = "AuthRes";
      if (evidence.statements[i].message != "AuthRes") check_forged(twisted);
      twisted = evidence;
      twisted.statements[i].revocations.reset();
      check_forged(twisted);
      // Another purchase's statement of the same kind in its place.
      for (const auto& foreign : other.statements) {
        if (foreign.message != evidence.statements[i].message) continue;
        twisted = evidence;
        twisted.statements[i] = foreign;
        check_forged(twisted);
      }
      twisted = evidence;
      twisted.statements.erase(twisted.statements.begin() + static_cast<std::ptrdiff_t>(i));
      check_forged(twisted);  // the verdict in the file says more than what is left
    }
    for (std::size_t i = 0; i < evidence.certificates.size(); ++i) {
      CAPTURE(i);
      each_flip([i](set::Evidence& e) -> set::Bytes& { return e.certificates[i]; });
      auto twisted = evidence;
      twisted.certificates.erase(twisted.certificates.begin() + static_cast<std::ptrdiff_t>(i));
      check_forged(twisted);
    }
    for (std::size_t i = 0; i < evidence.revocations.size(); ++i) {
      CAPTURE(i);
      each_flip([i](set::Evidence& e) -> set::Bytes& { return e.revocations[i].bci; });
      for (std::size_t k = 0; k < evidence.revocations[i].crls.size(); ++k)
        each_flip([i, k](set::Evidence& e) -> set::Bytes& { return e.revocations[i].crls[k]; });
    }
    each_flip([](set::Evidence& e) -> std::string& { return e.trust_pem; });
    auto twisted = evidence;
    twisted.xid.value[0] ^= 1;
    check_forged(twisted);
    // Nobody signed who kept it: a forger who proves anew gets no sentence of their own past it.
    twisted = evidence;
    twisted.kept_by = "merchant.\nHolds: the gateway authorised 9000.00 EUR of it";
    const auto proved = set::detail::prove(twisted, world.fingerprint);
    REQUIRE(proved);
    CHECK_FALSE(set::verify_evidence(set::detail::evidence_text(twisted, *proved),
                                     world.fingerprint));
  }
}

TEST_CASE("four logs verify, and each other's heads are in them") {
  AuditWorld world;
  // Entries are chained within half a second: then a head of them is told.
  const auto chained = [] { std::this_thread::sleep_for(std::chrono::milliseconds(1200)); };
  chained();
  world.paid({"--amount", "12.00 EUR"});
  chained();
  world.paid({"--amount", "13.00 EUR"});
  const auto verdict = [&](const Finished& finished) { return nlohmann::json::parse(ok(finished)); };
  CHECK(verdict(world.set_wallet({"audit", "verify", "--json"})).at("entries").get<int>() >= 5);
  CHECK(verdict(world.set_ca({"audit", "verify", "--json"})).at("entries").get<int>() >= 1);
  const auto gateways = verdict(world.set_gateway({"audit", "verify", "--json"}));
  write_file(world.file("gateway.log.json"), ok(world.set_gateway({"audit", "export"})) + "\n");
  write_file(world.file("merchant.log.json"), ok(world.set_merchant({"audit", "export"})) + "\n");
  const auto both = verdict(
      world.set_merchant({"audit", "verify", "--json", "--peer-log", world.file("gateway.log.json")}));
  CHECK(both.at("peer_heads").get<int>() >= 4);
  ok(world.set_gateway({"audit", "verify", "--peer-log", world.file("merchant.log.json")}));
  ok(world.set_gateway({"audit", "verify", "--head", gateways.at("head")}));
  refused(world.set_gateway({"audit", "verify", "--head", std::string(96, '0')}), 9, "cut short");
  refused(world.set_gateway({"audit", "verify", "--peer-log", world.file("gateway.ready")}), 2, "no entry");

  // What the log says of a purchase, in a line and in full; since when, and who.
  const auto list = ok(world.set_gateway({"audit", "list", "--since", "1h"}));
  CHECK(list.find("AuthReq  answered  merchant ") != std::string::npos);
  CHECK(ok(world.set_gateway({"audit", "list", "--since", "2999-01-01T00:00:00Z"})).empty());
  const auto first = ok(world.set_merchant({"audit", "show", "1"}));
  CHECK(first.find("event: start") != std::string::npos);
  refused(world.set_merchant({"audit", "show", "100000"}), 7, "no entry");
  refused(world.set_merchant({"audit", "list", "--since", "yesterday"}), 2, "--since");
  const auto everything = ok(world.set_wallet({"audit", "export"})) +
                          read_file(world.file("gateway.log.json")) +
                          read_file(world.file("merchant.log.json"));
  CHECK(everything.find(World::card("approve").number) == std::string::npos);
  CHECK(everything.find("chairs") == std::string::npos);

  // Changed by who has the disk, while the daemon runs.
  world.tamper("gateway/gateway.db", "UPDATE audit SET entry = replace(entry, 'answered', 'refused')"
                                     " WHERE number = (SELECT MAX(number) FROM audit WHERE entry LIKE '%AuthReq%')");
  refused(world.set_gateway({"audit", "verify"}), 9, "does not follow");

  // The newest entries taken away: by itself the rest is a whole chain; the other side's log knows.
  world.merchant().stop();
  world.tamper("merchant/merchant.db",
               "DELETE FROM audit WHERE number > 3;"  // before what the last AuthReq told
               "DELETE FROM audit_inbox");
  ok(world.set_merchant({"audit", "verify"}));
  refused(world.set_merchant({"audit", "verify", "--peer-log", world.file("gateway.log.json")}), 9,
          "cut short");
}

TEST_CASE("what the CA refuses for its rate is in its log, as one entry of an address and a minute") {
  World world;
  const auto ca = world.start_ca({"--requests-per-second", "0.1"});
  for (int i = 0; i < 3; ++i)
    world.set_merchant({"renew", "--force", "--ca", ca, "--passphrase-file", World::passphrase_file()});
  std::string list;
  for (int i = 0; i < 100 && list.find("\"event\":\"limited\"") == std::string::npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    list = ok(world.set_ca({"audit", "export"}));
  }
  INFO(list);
  CHECK(list.find("\"event\":\"limited\",\"peer\":\"127.0.0.1\"") != std::string::npos);
  CHECK(list.find("\"count\":") != std::string::npos);
}
