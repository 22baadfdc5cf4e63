// The ceremony as an operator does it: root and brand in one folder, the online CA in another, and
// nothing between them but the files that are carried. Then everybody enrols, somebody buys, and the
// root rolls over while the daemons run.
#include <catch2/catch_test_macros.hpp>

#include <sstream>
#include <thread>

#include "tests/scenario/words.h"
#include "tests/scenario/world.h"
#include "tests/support/test_pans.h"

using namespace set::test;
namespace fs = std::filesystem;

namespace {

std::size_t count(const std::string& text, const std::string& word) {
  std::size_t found = 0;
  for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++found;
  return found;
}

/// Two machines, a stick, and whoever registers.
class Places {
 public:
  Places() {
    char folder[] = "/tmp/openset-ceremony.XXXXXX";
    home_ = ::mkdtemp(folder);
    for (const char* who : {"anna", "bert", "carl", "daemon"}) {
      write_secret(at(who), std::string("the passphrase of ") + who + "\n");
    }
    fs::create_directory(at("stick"));
  }
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;
  ~Places() { fs::remove_all(home_); }

  fs::path at(const std::string& name) const { return home_ / name; }
  Words custodians(const Words& who) const {
    Words out;
    for (const auto& name : who) out = out + Words{"--custodian-passphrase-file", at(name)};
    return out;
  }
  Words daemon() const { return {"--passphrase-file", at("daemon")}; }
  Finished safe(const std::string& verb, const Words& who, const Words& more = {}) const {
    return run(Words{"set-ca", "ceremony", verb, "--dir", at("safe")} + custodians(who) + more);
  }
  Finished online(const std::string& verb, const Words& more) const {
    return run(Words{"set-ca", "ceremony", verb, "--dir", at("online")} + daemon() + more);
  }

 private:
  fs::path home_;
};

const Words kTwo{"anna", "carl"};

/// Root, brand and a geopolitical CA in the safe; returns the root's fingerprint.
std::string make_safe(const Places& places) {
  const auto fingerprint = ok(places.safe("root", {"anna", "bert", "carl"},
                                          {"--custodians", "3", "--threshold", "2"}));
  CHECK(fingerprint.size() == 64);
  refused(places.safe("brand", {"bert"}, {"--brand", "Demo"}), 3, "2 of its 3 custodians");
  ok(places.safe("brand", kTwo, {"--brand", "Demo", "--geopolitical", "Europe"}));
  refused(places.safe("brand", kTwo, {"--brand", "Demo"}), 7, "already");
  return fingerprint;
}

/// Keys, request, answer, and what does not go in between.
void make_online(const Places& places, const std::string& fingerprint) {
  const auto request = places.at("stick/request.json"), answer = places.at("stick/answer.json");
  const auto shown = ok(places.online("request", {"--brand", "Demo", "--out", request}));

  auto changed = read_file(request);
  const auto at = changed.find("BEGIN CERTIFICATE") + 100;
  changed[at] = changed[at] == 'A' ? 'B' : 'A';
  write_file(places.at("stick/changed.json"), changed);
  refused(places.safe("sign", kTwo, {"--request", places.at("stick/changed.json"), "--out", answer}),
          9, "was changed");
  refused(places.safe("sign", {"anna", "anna"}, {"--request", request, "--out", answer}), 3,
          "custodians");
  refused(places.safe("rollover", kTwo, {"--out", answer}), 7, "sign");

  const auto signed_out =
      nlohmann::json::parse(ok(places.safe("sign", kTwo, {"--json", "--request", request, "--out", answer})));
  CHECK(signed_out.at("request_fingerprint") == shown);
  CHECK(signed_out.at("root_fingerprint") == fingerprint);

  const Words with{"--root-fingerprint", fingerprint};
  refused(places.online("install", Words{"--answer", answer, "--root-fingerprint", std::string(64, '0')}),
          9, "fingerprint");
  refused(places.online("install", Words{"--answer", request} + with), 9, "not an OpenSET ceremony answer");
  refused(places.online("install", Words{"--answer", answer}), 2, "--root-fingerprint");
  CHECK_FALSE(fs::exists(places.at("online/ca.json")));
  ok(places.online("install", Words{"--answer", answer} + with));
  refused(places.online("install", Words{"--answer", answer} + with), 7, "already");
  for (const auto& entry : fs::directory_iterator(places.at("online"))) {
    const auto name = entry.path().filename().string();
    CHECK((name.find("keys.set") == std::string::npos || name == "keys.set"));
  }
}

/// The daemons of this brand.
struct Town {
  const Places& places;
  std::optional<Process> ca, gateway, merchant, wallet, second_wallet;
  Words flags;
  std::string merchant_address;

  Process start(const Words& argv, const std::string& name, const Environment& extra = {}) const {
    auto words = argv + places.daemon() + Words{"--ready-file", places.at(name + ".ready")};
    return Process::start(words, extra, places.at(name + ".out"), places.at(name + ".log"));
  }
  Words addresses(const std::string& name, Process& process) const {
    return wait_ready(places.at(name + ".ready"), process, places.at(name + ".log"));
  }
  static std::string cards() { return fs::path(SET_SOURCE_DIR) / "deploy/sandbox/cards.toml"; }

  void start_ca(const std::string& fingerprint) {
    ca = start({"set-ca", "serve", "--dir", places.at("online"), "--listen", "127.0.0.1:0",
                "--http-listen", "127.0.0.1:0", "--cards", cards()}, "ca");
    const auto at = addresses("ca", *ca);
    flags = {"--ca", at.at(0), "--trust", "http://" + at.at(1) + "/trust.pem", "--root-fingerprint", fingerprint};
  }
  void enrol(const std::string& role, const std::string& id) const {
    const auto token = places.at(role + ".token");
    write_secret(token, ok(run({"set-ca", "token", "create", "--dir", places.at("online"), "--role", role, "--name",
                              "Corner Shop", "--bin", "400000", "--id", id, "--host", "localhost", "--host", "127.0.0.1"})));
    ok(run(Words{"set-" + role, "enroll", "--accept-policy", "--dir", places.at(role), "--token-file", token, "--bin", "400000", "--id", id,
                 "--host", "localhost", "--host", "127.0.0.1"} + places.daemon() + flags));
  }
  void start_shop() {
    gateway = start({"set-gateway", "serve", "--dir", places.at("gateway"), "--listen", "127.0.0.1:0", "--cards",
                     cards(), "--trust-every", "1s", "--revocation-every", "500ms"}, "gateway");
    const auto at = addresses("gateway", *gateway).at(0);
    merchant = start({"set-merchant", "serve", "--dir", places.at("merchant"), "--listen", "127.0.0.1:0", "--gateway",
                      at, "--trust-every", "1s", "--revocation-every", "500ms"}, "merchant");
    merchant_address = addresses("merchant", *merchant).at(0);
  }
  Process start_wallet(const std::string& name, const Words& with, std::size_t which) const {
    const Environment home{{"SET_WALLET_HOME", places.at(name)}};
    auto process = start({"set-wallet", "serve", "--revocation-age", "0s"}, name, home);
    addresses(name, process);
    const auto& card = kScenarioCards[which];
    write_secret(places.at("card.toml"), "number = \"" + std::string(card.number) + "\"\nexpiry = \"" + card.expiry +
                                           "\"\nverification = \"" + card.verification +
                                           "\"\n[form]\ncardholderName = \"Alice Example\"\n");
    ok(run(Words{"set-wallet", "card", "add", "--accept-policy", "--card-file", places.at("card.toml")} + with, home));
    fs::remove(places.at("card.toml"));
    return process;
  }
  Finished buy(const std::string& wallet_name) const {
    const auto link = ok(run({"set-merchant", "order", "create", "--dir", places.at("merchant"), "--amount",
                              "49.95 EUR", "--description", "One espresso machine"}));
    return run({"set-wallet", "pay", link, "--yes", "--json"}, {{"SET_WALLET_HOME", places.at(wallet_name)}});
  }
};

bool wait_for_roots(const fs::path& trust, std::size_t certificates) {
  for (int i = 0; i < 300; ++i) {
    if (count(read_file(trust), "BEGIN CERTIFICATE") == certificates) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

}  // namespace

TEST_CASE("ceremony, enrolment, a purchase; then the root rolls over while everybody is running") {
  const Places places;
  const auto fingerprint = make_safe(places);
  make_online(places, fingerprint);

  Town town{places, {}, {}, {}, {}, {}, {}, {}};
  town.start_ca(fingerprint);
  town.enrol("gateway", "gateway-1");
  town.enrol("merchant", "shop-1");
  town.start_shop();
  town.wallet = town.start_wallet("wallet", town.flags, 0);
  const auto first = town.buy("wallet");
  INFO(first.err);
  REQUIRE(first.exit_code == 0);
  CHECK(count(read_file(places.at("merchant/signature.pem")), "BEGIN CERTIFICATE") == 4);  // with the GCA's

  // A root that nobody announced is not taken, whoever brings it.
  const Words alone{"--passphrase-file", places.at("daemon")};
  const auto other = [&](const std::string& verb, const Words& more) {
    return ok(run(Words{"set-ca", "ceremony", verb, "--dir", places.at("other")} + alone + more));
  };
  other("root", {});
  other("brand", {"--brand", "Demo"});
  other("sign", {"--request", places.at("stick/request.json"), "--out", places.at("stick/other.json")});
  other("rollover", {"--out", places.at("stick/other-rollover.json")});
  refused(places.online("install", {"--answer", places.at("stick/other-rollover.json")}), 9, "successor");

  const auto successor = ok(places.safe("rollover", kTwo, {"--out", places.at("stick/rollover.json")}));
  CHECK(successor != fingerprint);
  CHECK(ok(places.online("install", {"--answer", places.at("stick/rollover.json")})) == successor);
  // Two roots, transport root, its cross-certificate, the brand under the new root.
  CHECK(wait_for_roots(places.at("gateway/trust.pem"), 5));
  CHECK(wait_for_roots(places.at("merchant/trust.pem"), 5));

  // Who trusts by the new fingerprint alone buys from those who enrolled under the old one.
  auto new_flags = town.flags;
  new_flags.back() = successor;
  town.second_wallet = town.start_wallet("second", new_flags, 0);
  const auto second = town.buy("second");
  INFO(second.err);
  CHECK(second.exit_code == 0);
  const auto third = town.buy("wallet");
  INFO(third.err);
  CHECK(third.exit_code == 0);

  // The successor's successor, of a safe whose custodians have changed.
  ok(places.safe("rollover", kTwo, {"--out", places.at("stick/again.json")}));
  ok(places.online("install", {"--answer", places.at("stick/again.json")}));
  CHECK(wait_for_roots(places.at("merchant/trust.pem"), 7));

  // The safe revokes an operating CA; everybody below it is told within the usual time.
  const auto list = places.at("stick/gca.crl");
  const auto revoke = [&](const std::string& certificate) {
    return places.safe("revoke", kTwo, {"--json", "--certificate", places.at("online/" + certificate), "--reason",
                                        "cACompromise", "--out", list});
  };
  refused(places.safe("revoke", kTwo, {"--certificate", places.at("merchant/signature.pem"), "--out", list}), 9,
          "neither the brand nor the geopolitical CA");
  const auto revoked = nlohmann::json::parse(ok(revoke("mca.pem")));
  CHECK(revoked.at("issuer") == "gca");
  CHECK(revoked.at("entries") == 1);
  CHECK(nlohmann::json::parse(ok(revoke("mca.pem"))) == revoked);  // once more is no failure
  const auto import = [&] { return run({"set-ca", "crl", "import", "--dir", places.at("online"), list}); };
  ok(import());
  refused(import(), 7, "known already");
  CHECK(log_says(places.at("merchant.log"), "our own certificate is not good any more"));
  CHECK(town.buy("wallet").exit_code != 0);
  // Nobody would hear of a list that revokes the key which tells of it.
  ok(revoke("bci.pem"));
  refused(import(), 7, "make the online CA anew");
}

TEST_CASE("the lock of a key file changes, and the old one opens it no more") {
  const Places places;
  ok(run(Words{"set-ca", "ceremony", "root", "--dir", places.at("safe")} + places.daemon()));
  const auto file = places.at("safe/root-1.keys.set");
  const auto key = [&](const std::string& verb, const Words& more) {
    return run(Words{"set-ca", "key", verb, "--file", file} + more);
  };
  refused(key("passwd", {"--passphrase-file", places.at("anna"), "--new-passphrase-file", places.at("bert")}), 3,
          "passphrase");
  ok(key("passwd", {"--passphrase-file", places.at("daemon"), "--new-passphrase-file", places.at("bert")}));
  refused(key("passwd", {"--passphrase-file", places.at("daemon"), "--new-passphrase-file", places.at("bert")}), 3,
          "passphrase");
  refused(key("custodians", {"--passphrase-file", places.at("bert"), "--custodians", "2", "--threshold", "2",
                             "--new-custodian-passphrase-file", places.at("anna")}),
          2, "needs 2");
  ok(key("custodians", {"--passphrase-file", places.at("bert"), "--custodians", "2", "--threshold", "2",
                        "--new-custodian-passphrase-file", places.at("anna"), "--new-custodian-passphrase-file",
                        places.at("carl")}));
  refused(key("passwd", {"--custodian-passphrase-file", places.at("anna"), "--new-passphrase-file", places.at("bert")}),
          3, "2 of its 2 custodians");
  ok(key("passwd", {"--custodian-passphrase-file", places.at("anna"), "--custodian-passphrase-file", places.at("carl"),
                    "--new-passphrase-file", places.at("bert")}));
}

TEST_CASE("a brand is revoked by its roots: everybody is told, nobody is certified, a new brand follows") {
  const Places places;
  const auto fingerprint = make_safe(places);
  make_online(places, fingerprint);
  Town town{places, {}, {}, {}, {}, {}, {}, {}};
  town.start_ca(fingerprint);
  town.enrol("gateway", "gateway-1");
  town.enrol("merchant", "shop-1");
  town.start_shop();
  town.wallet = town.start_wallet("wallet", town.flags, 0);
  REQUIRE(town.buy("wallet").exit_code == 0);
  // Two roots have certified the brand.
  ok(places.safe("rollover", kTwo, {"--out", places.at("stick/rollover.json")}));
  ok(places.online("install", {"--answer", places.at("stick/rollover.json")}));
  REQUIRE(wait_for_roots(places.at("merchant/trust.pem"), 5));

  const auto lists = places.at("stick/roots.crl");
  const auto revoke = [&](const Words& certificates) {
    Words named;
    for (const auto& certificate : certificates) named = named + Words{"--certificate", places.at(certificate)};
    return places.safe("revoke", kTwo, named + Words{"--json", "--reason", "cACompromise", "--out", lists});
  };
  refused(revoke({"online/brand.pem", "online/mca.pem"}), 2, "by itself");
  ok(run(Words{"set-ca", "init", "--dir", places.at("other"), "--brand", "Demo"} + places.daemon()));
  refused(revoke({"other/brand.pem"}), 9, "not the brand");
  const auto revoked = nlohmann::json::parse(ok(revoke({"online/brand.pem"})));
  CHECK(revoked.at("issuer") == "root");
  CHECK(revoked.at("entries") == 2);
  CHECK(nlohmann::json::parse(ok(revoke({"online/brand.pem"}))) == revoked);

  const auto import = [&] { return run({"set-ca", "crl", "import", "--dir", places.at("online"), lists}); };
  ok(import());
  refused(import(), 7, "known already");
  CHECK(log_says(places.at("ca.log"), "the root has revoked this CA's brand"));
  CHECK(log_says(places.at("merchant.log"), "our own certificate is not good any more"));
  CHECK(log_says(places.at("gateway.log"), "our own certificate is not good any more"));
  const auto bought = town.buy("wallet");
  INFO(bought.err);
  CHECK(bought.exit_code == 5);
  // What a daemon has heard it knows over a restart of everybody, without any BCI.
  town.ca->kill();
  town.merchant->kill();
  town.start_ca(fingerprint);
  const auto late = run(Words{"set-wallet", "card", "add", "--accept-policy", "--card-file", places.at("card.toml")} +
                            town.flags, {{"SET_WALLET_HOME", places.at("wallet")}});
  CHECK(late.exit_code != 0);
  town.merchant = town.start({"set-merchant", "serve", "--dir", places.at("merchant"), "--listen", "127.0.0.1:0",
                              "--gateway", "127.0.0.1:9", "--revocation-every", "500ms"}, "merchant");
  CHECK(town.buy("wallet").exit_code != 0);

  // The safe certifies for a revoked brand no more; a new one takes its place under the same root.
  refused(places.safe("sign", kTwo, {"--request", places.at("stick/request.json"), "--out", places.at("stick/a.json")}),
          7, "is revoked");
  refused(places.safe("rollover", kTwo, {"--out", places.at("stick/r.json")}), 7, "");
  ok(places.safe("brand", kTwo, {"--brand", "Demo"}));
  CHECK(fs::exists(places.at("safe/revoked-brand-1/brand.keys.set")));
  const auto online = [&](const std::string& verb, const Words& more) {
    return run(Words{"set-ca", "ceremony", verb, "--dir", places.at("second-online")} + places.daemon() + more);
  };
  ok(online("request", {"--brand", "Demo", "--out", places.at("stick/request2.json")}));
  ok(places.safe("sign", kTwo, {"--request", places.at("stick/request2.json"), "--out", places.at("stick/answer2.json")}));
  ok(online("install", {"--answer", places.at("stick/answer2.json"), "--root-fingerprint", fingerprint}));
  ok(run(Words{"set-ca", "crl", "publish", "--dir", places.at("second-online")} + places.daemon()));

  // All of it is in the record, which nobody changes unseen.
  const auto log = [&] { return run({"set-ca", "ceremony", "log", "--json", "--dir", places.at("safe")}); };
  std::string verbs;
  std::istringstream lines(ok(log()));
  for (std::string line; std::getline(lines, line);)
    verbs += nlohmann::json::parse(line).at("verb").get<std::string>() + " ";
  CHECK(verbs == "root brand sign rollover revoke revoke brand sign ");
  auto text = read_file(places.at("safe/ceremony.log"));
  const auto at = text.find("cACompromise") == text.npos ? text.find("thumbprint") + 16 : 0;
  text[at] = text[at] == 'a' ? 'b' : 'a';
  write_file(places.at("safe/ceremony.log"), text);
  refused(log(), 9, "no root here has signed it");
}
