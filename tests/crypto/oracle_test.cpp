// The same suite by other people: HPKE of npm's @hpke/core and @hpke/hybridkem-x-wing, ML-DSA of
// @noble/post-quantum. Asked through tests/oracle/oracle.mjs; skipped where node or the modules
// are not there (tests/run installs them).
#include <unistd.h>

#include <cstdlib>

#include "common/crypto/hpke.h"
#include "common/crypto/suite.h"
#include "vector_files.h"

namespace set::test {
namespace {

namespace fs = std::filesystem;

/// The folder with node_modules, or a skipped test.
fs::path oracle_folder() {
  const char* given = std::getenv("SET_ORACLE_DIR");
  const fs::path folder =
      given != nullptr && *given != '\0' ? fs::path(given) : fs::path(SET_ORACLE_SOURCE);
  if (!fs::exists(folder / "node_modules"))
    SKIP("no oracle: " << folder.string() << " has no node_modules");
  if (std::system("node --version >/dev/null 2>&1") != 0) SKIP("no oracle: node is not there");
  return folder;
}

std::string quoted(const fs::path& path) {
  REQUIRE(path.string().find('\'') == std::string::npos);
  return "'" + path.string() + "'";
}

/// The oracle's answers, one for each command; an error of its own fails the test.
Json ask(const Json& commands) {
  const auto folder = oracle_folder();
  const auto work = fs::temp_directory_path() / ("set-oracle-" + std::to_string(::getpid()));
  fs::create_directories(work);
  std::ofstream(work / "commands") << commands;
  const auto script = fs::path(SET_ORACLE_SOURCE) / "oracle.mjs";
  const std::string line = "node " + quoted(script) + " " + quoted(folder) + " <" +
                           quoted(work / "commands") + " >" + quoted(work / "answers");
  const int status = std::system(line.c_str());
  std::ifstream file(work / "answers");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  fs::remove_all(work);
  REQUIRE(status == 0);
  const Json answers = Json::parse(text);
  for (const auto& answer : answers) {
    INFO(answer.value("error", ""));
    REQUIRE_FALSE(answer.contains("error"));
  }
  return answers;
}

Json hex_json(std::string_view text) { return to_hex(view_of(text)); }

const std::string_view kInfo = "SET/2 PIDualSignedTBE";
const std::string_view kBody = "the body at sequence 0";
const std::string_view kAccount = "the account block at sequence 1";

Json wanted_exports() {
  return Json::array({{{"label", hex_json(suite::kReplyExport)}, {"size", 32}},
                      {{"label", hex_json(suite::kCardMessageExport)}, {"size", 32}}});
}

void check_exports(const HpkeContext& context, const Json& answer) {
  const auto& exported = answer.at("exports");
  CHECK(exported.at(0) == to_hex(context.export_secret(suite::kReplyExport, 32).reveal()));
  CHECK(exported.at(1) == to_hex(context.export_secret(suite::kCardMessageExport, 32).reveal()));
}

}  // namespace

TEST_CASE("the oracle speaks our suite", "[oracle]") {
  const auto answer = ask(Json::array({{{"op", "suite"}}})).at(0);
  CHECK(answer.at("kem") == suite::kHpkeKem);
  CHECK(answer.at("kdf") == suite::kHpkeKdf);
  CHECK(answer.at("aead") == suite::kHpkeAead);
}

TEST_CASE("the oracle seals two messages in one context, we open them", "[oracle]") {
  const Bytes seed = Rng::system().bytes(32);
  const auto key = must(KemPrivateKey::from_x_wing_seed(seed));
  const Json command = {
      {"op", "hpke_seal"},
      {"public_key", to_hex(key.public_key().raw())},
      {"info", hex_json(kInfo)},
      {"messages", Json::array({{{"aad", hex_json("header")}, {"plaintext", hex_json(kBody)}},
                                {{"aad", hex_json("")}, {"plaintext", hex_json(kAccount)}}})},
      {"exports", wanted_exports()}};
  const auto answer = ask(Json::array({command})).at(0);

  auto context = must(hpke_receiver(key, hex_of(answer, "enc"), view_of(kInfo)));
  const auto ciphertext = [&](std::size_t i) {
    return must(from_hex(answer.at("ciphertexts").at(i).get<std::string>()));
  };
  CHECK(string_of(must(context.open(view_of("header"), ciphertext(0))).reveal()) == kBody);
  CHECK(string_of(must(context.open({}, ciphertext(1))).reveal()) == kAccount);
  check_exports(context, answer);
}

TEST_CASE("we seal two messages in one context, the oracle opens them", "[oracle]") {
  const Bytes seed = Rng::system().bytes(32);
  const auto key = must(KemPrivateKey::from_x_wing_seed(seed));
  auto sender = must(hpke_sender(key.public_key(), view_of(kInfo), Rng::system()));
  const Bytes body = sender.context.seal(view_of("header"), view_of(kBody));
  const Bytes account = sender.context.seal({}, view_of(kAccount));
  const Json command = {
      {"op", "hpke_open"},
      {"seed", to_hex(seed)},
      {"enc", to_hex(sender.encapsulated)},
      {"info", hex_json(kInfo)},
      {"messages", Json::array({{{"aad", hex_json("header")}, {"ciphertext", to_hex(body)}},
                                {{"aad", ""}, {"ciphertext", to_hex(account)}}})},
      {"exports", wanted_exports()}};
  const auto answer = ask(Json::array({command})).at(0);
  CHECK(answer.at("plaintexts").at(0) == hex_json(kBody));
  CHECK(answer.at("plaintexts").at(1) == hex_json(kAccount));
  check_exports(sender.context, answer);
}

TEST_CASE("node's own HKDF and AES open our sealed reply", "[oracle]") {
  const Bytes secret = Rng::system().bytes(32), encapsulated = Rng::system().bytes(1120);
  const Bytes reply =
      seal_reply(secret, encapsulated, view_of("header"), view_of(kBody), Rng::system());
  const Json command = {{"op", "open_reply"},
                        {"secret", to_hex(secret)},
                        {"enc", to_hex(encapsulated)},
                        {"aad", hex_json("header")},
                        {"reply", to_hex(reply)}};
  const auto answers = ask(Json::array({command}));
  CHECK(answers.at(0).at("plaintext") == hex_json(kBody));
}

TEST_CASE("the oracle's ML-DSA and ours verify each other", "[oracle]") {
  const auto algorithms = {std::pair{SignatureAlgorithm::ml_dsa_65, "ML-DSA-65"},
                           std::pair{SignatureAlgorithm::ml_dsa_87, "ML-DSA-87"}};
  for (const auto& [algorithm, name] : algorithms) {
    const auto& ours = signer(std::string("oracle ") + name, algorithm);
    const Bytes signature = must(ours.sign(view_of("ours")));
    const Bytes raw(ours.public_key().begin() + 22, ours.public_key().end());  // after the header
    REQUIRE(ml_dsa_spki(raw, algorithm) == ours.public_key());
    const auto verify = [&](std::string_view message) {
      return Json{{"op", "ml_dsa_verify"},
                  {"algorithm", name},
                  {"public_key", to_hex(raw)},
                  {"message", hex_json(message)},
                  {"signature", to_hex(signature)}};
    };
    const auto answers = ask(Json::array({verify("ours"),
                                          verify("another"),
                                          {{"op", "ml_dsa_sign"},
                                           {"algorithm", name},
                                           {"seed", to_hex(Rng::system().bytes(32))},
                                           {"message", hex_json("theirs")}}}));
    CHECK(answers.at(0).at("valid") == true);
    CHECK(answers.at(1).at("valid") == false);

    const Bytes spki = ml_dsa_spki(hex_of(answers.at(2), "public_key"), algorithm);
    const Bytes theirs = hex_of(answers.at(2), "signature");
    must(verify_signature(spki, view_of("theirs"), theirs));
    CHECK(code_of(verify_signature(spki, view_of("ours"), theirs)) == ErrorCode::signature_failure);
  }
}

}  // namespace set::test
