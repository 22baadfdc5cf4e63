// CA and merchant whose key files are under a PKCS#11 token (SoftHSM2), and what an operator is told
// when PIN, module, token or key are wrong.
#include <catch2/catch_test_macros.hpp>

#include <thread>

#include "tests/crypto/softhsm.h"
#include "tests/scenario/words.h"
#include "tests/scenario/world.h"

using namespace set::test;
namespace fs = std::filesystem;

namespace {

struct Place {
  fs::path home;
  Environment environment;

  Place() {
    char folder[] = "/tmp/openset-token.XXXXXX";
    home = ::mkdtemp(folder);
    environment = {{"SOFTHSM2_CONF", softhsm_conf(home)}};
    for (const char* label : {kTokenLabel, "another"}) {
      REQUIRE(std::system(softhsm_init(home / "softhsm2.conf", label).c_str()) == 0);
    }
    secret("pin", kTokenPin);
    secret("wrong-pin", "0000");
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { fs::remove_all(home); }

  void secret(const std::string& name, const std::string& text) const {
    write_secret(home / name, text + "\n");
  }
  Finished run(const Words& words) const { return set::test::run(words, environment); }
  Words token(const std::string& label = kTokenLabel, const std::string& pin = "pin") const {
    return {"--pkcs11-module", kSoftHsm, "--pkcs11-token", label, "--pin-file", home / pin};
  }
};

bool wait_for_line(const fs::path& log, const std::string& words) {
  for (int i = 0; i < 400; ++i) {
    if (read_file(log).find(words) != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  return false;
}

}  // namespace

TEST_CASE("key files under a token: CA and merchant, and every way to get it wrong") {
  const Place place;
  const auto ca_dir = (place.home / "ca").string();
  const auto cards = (fs::path(SET_SOURCE_DIR) / "deploy/sandbox/cards.toml").string();

  const auto seen = ok(place.run(Words{"set-ca", "hsm", "doctor"} + place.token()));
  for (const char* words : {"module: ", "slot ", kTokenLabel, "CKM_AES_GCM", "PIN: right", "none yet", "CKM_ML_DSA"}) {
    INFO(seen);
    CHECK(seen.find(words) != std::string::npos);
  }
  const Words init{"set-ca", "init", "--brand", "Demo", "--dir", ca_dir};
  refused(place.run(init + place.token()), 3, "hsm init-key");
  ok(place.run(Words{"set-ca", "hsm", "init-key"} + place.token()));
  refused(place.run(Words{"set-ca", "hsm", "init-key"} + place.token()), 7, "already");
  refused(place.run(Words{"set-ca", "hsm", "doctor"} + place.token(kTokenLabel, "wrong-pin")), 3, "CKR_PIN_INCORRECT");

  fs::remove_all(ca_dir);
  const auto fingerprint = ok(place.run(init + place.token()));
  const Words serve{"set-ca", "serve", "--dir", ca_dir, "--cards", cards, "--listen", "127.0.0.1:0", "--http-listen",
                    "127.0.0.1:0"};
  refused(place.run(serve + place.token(kTokenLabel, "wrong-pin")), 3, "CKR_PIN_INCORRECT");
  refused(place.run(serve + Words{"--passphrase-file", place.home / "pin"}), 3, "--pkcs11-module");
  refused(place.run(serve + place.token("no such token")), 3, "no token with the label");
  refused(place.run(serve + place.token("another")), 3, "right token");
  refused(place.run(serve + Words{"--pkcs11-module", "/nowhere.so", "--pkcs11-token", "x"}), 3, "no such file");
  refused(place.run(serve + Words{"--pkcs11-module", cards, "--pkcs11-token", "x"}), 3, "no shared library");

  auto ca = Process::start(serve + place.token() + Words{"--ready-file", place.home / "ca.ready"}, place.environment,
                           place.home / "ca.out", place.home / "ca.log");
  const auto at = wait_ready(place.home / "ca.ready", ca, place.home / "ca.log");
  place.secret("token", ok(place.run({"set-ca", "token", "create", "--dir", ca_dir, "--role", "merchant", "--name", "Shop",
                                      "--bin", "400000", "--id", "shop-1", "--host", "localhost"})));
  const auto shop = (place.home / "shop").string();
  ok(place.run(Words{"set-merchant", "enroll", "--accept-policy", "--dir", shop, "--ca", at.at(0), "--trust",
                     "http://" + at.at(1) + "/trust.pem", "--root-fingerprint", fingerprint, "--token-file",
                     place.home / "token", "--bin", "400000", "--id", "shop-1", "--host", "localhost"} + place.token()));
  const Words sell{"set-merchant", "serve", "--dir", shop, "--listen", "127.0.0.1:0", "--gateway", "127.0.0.1:9"};
  refused(place.run(sell + place.token(kTokenLabel, "wrong-pin")), 3, "CKR_PIN_INCORRECT");
  auto merchant = Process::start(sell + place.token(), place.environment, place.home / "shop.out", place.home / "shop.log");
  // It has its keys, and looks for its gateway with them.
  CHECK(wait_for_line(place.home / "shop.log", "waiting for the gateway"));
  CHECK(merchant.stop() == 0);

  // The key goes away: what is under it is useless.
  CHECK(ca.stop() == 0);
  fs::remove_all(place.home / "tokens");
  fs::create_directory(place.home / "tokens");
  REQUIRE(std::system(softhsm_init(place.home / "softhsm2.conf", kTokenLabel).c_str()) == 0);
  refused(place.run(serve + place.token()), 3, "right token");
}
