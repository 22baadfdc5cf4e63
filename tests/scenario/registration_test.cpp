// Registration on the real programs: an operator decides later, forms and referrals, what the CA's
// operator looks at afterwards.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "tests/scenario/world.h"
#include "tests/support/test_pans.h"

namespace fs = std::filesystem;
using namespace set::test;

namespace {

const std::string kSandbox = std::string(SET_SOURCE_DIR) + "/deploy/sandbox/";

/// The template's CA, served with forms and with operators who decide about merchants and cards.
class Registry {
 public:
  Registry() {
    char folder[] = "/tmp/openset-registry.XXXXXX";
    home_ = ::mkdtemp(folder);
    fs::copy(enrolled_template() / "ca", home_ / "ca",
             fs::copy_options::recursive | fs::copy_options::skip_symlinks);
    fs::remove(home_ / "ca" / "health.sock");
    serve_ca();
  }
  ~Registry() {
    wallet_.reset();
    ca_.reset();
    fs::remove_all(home_);
  }

  void serve_ca(const Environment& extra = {}) {
    ca_.reset();
    fs::remove(home_ / "ca.ready");
    const auto listen = addresses_.empty() ? std::string("127.0.0.1:0") : addresses_.at(0);
    const auto http = addresses_.empty() ? std::string("127.0.0.1:0") : addresses_.at(1);
    ca_ = Process::start({"set-ca", "serve", "--dir", home_ / "ca", "--listen", listen,
                          "--http-listen", http, "--cards", kSandbox + "cards.toml", "--forms",
                          kSandbox + "forms.toml", "--approval", "merchant=operator", "--approval",
                          "cardholder=operator", "--ask-again", "200ms", "--passphrase-file",
                          World::passphrase_file(), "--ready-file", home_ / "ca.ready"},
                         extra, home_ / "ca.out", home_ / "ca.log");
    addresses_ = wait_ready(home_ / "ca.ready", *ca_, home_ / "ca.log");
  }
  void serve_wallet() {
    wallet_.reset();
    fs::remove(home_ / "wallet.ready");
    wallet_ = Process::start({"set-wallet", "serve", "--passphrase-file", World::passphrase_file(),
                              "--ready-file", home_ / "wallet.ready"},
                             wallet_home(), home_ / "wallet.out", home_ / "wallet.log");
    wait_ready(home_ / "wallet.ready", *wallet_, home_ / "wallet.log");
  }

  Finished set_ca(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "set-ca");
    arguments.insert(arguments.end(), {"--dir", home_ / "ca"});
    return run(arguments);
  }
  std::vector<std::string> enroll_arguments(const std::string& id,
                                            const std::vector<std::string>& more) {
    std::vector<std::string> out = {"set-merchant", "enroll", "--accept-policy", "--dir", home_ / id, "--bin", "400000",
                                    "--id", id, "--host", "localhost", "--passphrase-file",
                                    World::passphrase_file()};
    out.insert(out.end(), more.begin(), more.end());
    return with_ca(std::move(out));
  }
  Finished enroll(const std::string& id, const std::vector<std::string>& more = {}) {
    return run(enroll_arguments(id, more));
  }
  Finished add_card(const std::string& number, const std::string& form) {
    write_file(home_ / "card.toml", "number = \"" + number +
                                        "\"\nexpiry = \"2030-12\"\nverification = \"123\"\n[form]\n" +
                                        form);
    return run(with_ca({"set-wallet", "card", "add", "--accept-policy", "--card-file", home_ / "card.toml"}),
               wallet_home());
  }
  std::string only_waiting() {
    const auto listed = set_ca({"requests", "list", "--json"});
    const auto requests = nlohmann::json::parse(listed.out);
    INFO(listed.out);
    REQUIRE(requests.size() == 1);
    return requests[0]["id"];
  }
  std::size_t certificates_of(const std::string& party) {
    return nlohmann::json::parse(set_ca({"certs", "list", "--party", party, "--json"}).out).size();
  }
  const fs::path& home() const { return home_; }

 private:
  Environment wallet_home() const { return {{"SET_WALLET_HOME", home_ / "wallet"}}; }
  std::vector<std::string> with_ca(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--ca", addresses_.at(0), "--trust",
                                       "http://" + addresses_.at(1) + "/trust.pem",
                                       "--root-fingerprint", fingerprint()});
    return arguments;
  }
  std::string fingerprint() const {
    const auto shown = run({"set-ca", "certs", "list", "--role", "rca", "--json", "--dir", home_ / "ca"});
    return nlohmann::json::parse(shown.out).at(0).at("thumbprint");
  }

  fs::path home_;
  std::vector<std::string> addresses_;
  std::optional<Process> ca_, wallet_;
};

void check(const Finished& finished, int exit_code, const std::string& says = "") {
  INFO(finished.out);
  INFO(finished.err);
  CHECK(finished.exit_code == exit_code);
  CHECK((finished.out + finished.err).find(says) != std::string::npos);
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

}  // namespace

TEST_CASE("a merchant without a token waits for the operator, across restarts, and is certified once") {
  Registry world;
  check(world.enroll("corner", {"--field", "name=Corner", "--field", "country=DEU"}), 2,
        "must be digits only");
  check(world.enroll("corner", {"--field", "shoe=43"}), 2, "\"shoe\" is no field of the form");
  const std::vector<std::string> fields = {"--field", "name=Corner", "--field", "trade=goods"};
  check(world.enroll("corner", fields), 8, "has not decided yet");
  const auto id = world.only_waiting();
  check(world.set_ca({"requests", "show", id}), 0, "trade: goods");
  check(world.set_ca({"requests", "approve", id}), 2, "--city");
  world.serve_ca();  // the CA is started again
  check(world.enroll("corner", fields), 8, "has not decided yet");
  check(world.set_ca({"requests", "approve", id, "--city", "Berlin", "--country", "276"}), 0, "approved");
  check(world.set_ca({"requests", "approve", id, "--city", "Berlin", "--country", "276"}), 7);
  // It dies while it issues, before and after the certificates are recorded: made once, none lost.
  world.serve_ca({{"SET_CRASH_AT", "before-commit:ca:certified"}});
  check(world.enroll("corner", fields), 4);
  CHECK(world.certificates_of("400000/corner") == 0);
  world.serve_ca({{"SET_CRASH_AT", "after-commit:ca:certified"}});
  check(world.enroll("corner", fields), 4);
  CHECK(world.certificates_of("400000/corner") == 3);
  world.serve_ca();
  check(world.enroll("corner", fields), 0, "Enrolled Corner");
  check(world.set_ca({"requests", "list"}), 0);
  check(world.set_ca({"requests", "list", "--all"}), 0, "issued");

  // What the operator looks at afterwards.
  const auto listed = world.set_ca({"certs", "list", "--party", "400000/corner", "--json"});
  const auto certificates = nlohmann::json::parse(listed.out);
  REQUIRE(certificates.size() == 3);
  const std::string thumbprint = certificates[1]["thumbprint"];
  const auto shown = world.set_ca({"certs", "show", thumbprint});
  check(shown, 0, "Corner");
  CHECK(lines(shown.out) == 5);
  check(world.set_ca({"certs", "show", thumbprint, "--full"}), 0, "issuer");
  const auto pem = world.set_ca({"certs", "show", "400000/corner", "--pem"});
  write_file(world.home() / "corner.pem", pem.out);
  check(world.set_ca({"certs", "lint", "400000/corner"}), 0, "rules");
  check(world.set_ca({"certs", "show", "nobody"}), 7);
  const auto csv = world.set_ca({"certs", "list", "--role", "merchant", "--state", "valid", "--csv"});
  CHECK(csv.out.starts_with("thumbprint,kind,role,"));
  check(world.set_ca({"certs", "list", "--expiring-within", "8d", "--role", "merchant"}), 0, "tls");
  const auto verified = world.set_ca({"audit", "verify", "--json"});
  check(verified, 0);
  const std::string head = nlohmann::json::parse(verified.out)["head"];
  check(world.set_ca({"audit", "verify", "--head", head}), 0);
  check(world.set_ca({"audit", "verify", "--head", std::string(96, '0')}), 9);
  check(world.set_ca({"audit", "list"}), 0, "decided");
}

TEST_CASE("a merchant that waits is told the operator's no, and why") {
  Registry world;
  // No longer than it has time: the next run goes on with what was asked.
  check(run(world.enroll_arguments("corner", {"--wait", "--timeout", "3s"})), 8, "not decided");
  auto waiting = Process::start(world.enroll_arguments("corner", {"--wait"}), {},
                                world.home() / "enroll.out", world.home() / "enroll.log");
  std::string id;
  for (int i = 0; i < 1000 && id.empty(); ++i) {
    const auto listed = nlohmann::json::parse(world.set_ca({"requests", "list", "--json"}).out);
    if (!listed.empty()) id = listed[0]["id"];
  }
  REQUIRE_FALSE(id.empty());
  check(world.set_ca({"requests", "reject", id, "--as", "acquirer", "--reason", "Unknown shop."}), 0);
  CHECK(waiting.wait(std::chrono::seconds(60)) == 5);
  CHECK(read_file(world.home() / "enroll.log").find("Unknown shop.") != std::string::npos);
}

TEST_CASE("a card waits for the operator, across a restart of the wallet; wrong fields and referrals are said") {
  Registry world;
  world.serve_wallet();
  const auto& card = World::card("approve");
  check(world.add_card(card.number, "cardholderName = \"Alice Example\"\nemail = \"nonsense\"\nshoe = \"43\"\n"),
        2, "email is no e-mail address\nshoe is no field of the form");
  check(world.add_card(card.number, "email = \"a@b.example\"\n"), 2, "cardholderName is required");
  check(world.add_card(std::string(kMastercard), "cardholderName = \"Alice Example\"\n"), 7,
        "https://issuer.example/set");

  const std::string form = "cardholderName = \"Alice Example\"\n";
  check(world.add_card(card.number, form), 8, "has not decided yet");
  world.serve_wallet();
  check(world.add_card(card.number, form), 8, "has not decided yet");
  const auto id = world.only_waiting();
  const auto shown = world.set_ca({"requests", "show", id, "--json"});
  CHECK(shown.out.find(card.number) == std::string::npos);
  check(world.set_ca({"requests", "approve", id}), 0);
  check(world.add_card(card.number, form), 0, "Demo");
  check(world.add_card(card.number, form), 7);  // it is in the wallet now

  const auto& other = World::card("decline");
  check(world.add_card(other.number, form), 8);
  check(world.set_ca({"requests", "reject", world.only_waiting(), "--as", "issuer"}), 0);
  check(world.add_card(other.number, form), 6);
  const auto log = world.set_ca({"audit", "list"});
  CHECK(log.out.find(card.number) == std::string::npos);
  CHECK(log.out.find("rejectedByIssuer") != std::string::npos);
}
