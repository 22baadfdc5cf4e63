#include "ca/key_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "common/crypto/key_file.h"
#include "common/crypto/stored_signer.h"
#include "common/daemon/options.h"

namespace set::ca {
namespace {

using KeyJson = nlohmann::ordered_json;

/// Lines for people as they come, or one JSON document at the end.
class KeyReport {
 public:
  explicit KeyReport(bool json) : json_(json) {}

  void say(const std::string& text) const {
    if (!json_) fmt::print(stdout, "{}\n", text);
  }
  KeyJson& document() { return document_; }
  Result<void> finish() const {
    if (json_) {
      fmt::print(stdout, "{}\n",
                 document_.dump(2, ' ', false, KeyJson::error_handler_t::replace));
    }
    return {};
  }

 private:
  bool json_;
  KeyJson document_ = KeyJson::object();
};

/// Which lock comes next: exactly what the verb says.
Result<KeyAccess> next_access(const KeyOptions& options) {
  if (options.verb == KeyVerb::custodians) {
    return KeyAccess::read_new(
        {{}, options.next.custodian_files, {}, "--new-custodian-passphrase-file"}, options.count, "");
  }
  const auto prompt = "New passphrase for " + options.file.filename().string();
  return KeyAccess::read_new(options.next, {}, prompt);
}

/// A key that lives in a token goes with no file: what names it opens nothing under another lock.
Result<void> check_keys_follow(const KeyFile& file, const KeyOptions& options) {
  for (const auto& name : file.names()) {
    const auto entry = TRY(file.get(name));
    CHECK_OR_FAIL(!StoredSigner::names_token_key(entry.reveal()), ErrorCode::conflict,
                  options.file.string() + ": the key \"" + name +
                      "\" lives in the token, so the file stays under it");
  }
  return {};
}

Result<void> lock_anew(const KeyOptions& options, KeyReport& report) {
  const auto present = TRY(KeyAccess::read(options.present, options.file));
  auto opened = KeyFile::open(options.file, present.lock());
  if (!opened) {
    return failure(opened.error().code, options.file.string() + ": " + opened.error().detail);
  }
  TRY(check_keys_follow(*opened, options));
  const auto next = TRY(next_access(options));
  TRY(opened->lock_anew(next.lock(), Argon2Cost{}, Rng::system()));
  report.say(options.file.string() +
             " is under its new lock. Copies of it are still under the old one.");
  report.document() = {{"file", options.file.string()}, {"locked_anew", true}};
  return report.finish();
}

const char* yes_or_no(bool yes) { return yes ? "yes" : "no"; }

std::string words_about(const Pkcs11Module::Slot& slot) {
  if (!slot.has_token) return "no token";
  if (!slot.is_initialised) return "a token that is not initialised: give it a label and a PIN";
  std::string text = "token \"" + slot.label + "\", " + slot.model + ", serial " + slot.serial;
  if (!slot.has_pin) text += ", without a user PIN: set one";
  if (slot.pin_is_locked) text += ", its PIN is locked: the security officer unlocks it";
  return text;
}

Result<void> doctor_token(const KeyOptions& options, const Pkcs11Module& module,
                          KeyReport& report) {
  const auto slot = TRY(module.find(options.next.token.label));
  for (const auto& mechanism : TRY(module.mechanisms(slot.id))) {
    report.say(fmt::format("  {:<24} {:<4} {}", mechanism.name, yes_or_no(mechanism.there),
                           mechanism.use));
    report.document()["mechanisms"].push_back(
        {{"name", mechanism.name}, {"there", mechanism.there}, {"use", mechanism.use}});
  }
  report.document()["pin"] = nullptr;
  if (options.next.token.pin_file.empty()) {
    report.say("PIN: not tried, since no --pin-file was given");
    return {};
  }
  const auto token = TRY(open_token(options.next.token));
  report.say("PIN: right");
  report.say(token.has_wrapping_key()
                 ? "key for key files: there"
                 : "key for key files: none yet; `set-ca hsm init-key` makes it");
  report.say(std::string("ML-DSA in the token: ") +
             (token.can_sign() ? "yes" : "no (PKCS#11 3.2); signature keys stay in key files"));
  report.document().update({{"pin", "right"},
                            {"wrapping_key", token.has_wrapping_key()},
                            {"signs_ml_dsa", token.can_sign()}});
  return {};
}

Result<void> doctor(const KeyOptions& options, KeyReport& report) {
  const auto& source = options.next.token;
  const auto module = TRY(Pkcs11Module::load(source.module));
  const auto description = TRY(module.description());
  report.say("module: " + source.module.string());
  report.say("  " + description);
  const auto slots = TRY(module.slots());
  if (slots.empty()) report.say("no slots: is the reader connected, is the module configured?");
  auto list = KeyJson::array();
  for (const auto& slot : slots) {
    report.say("slot " + std::to_string(slot.id) + ": " + words_about(slot));
    list.push_back({{"id", slot.id},
                    {"token", slot.has_token ? KeyJson(slot.label) : KeyJson()},
                    {"says", words_about(slot)}});
  }
  report.document() = {{"module", source.module.string()},
                       {"description", description},
                       {"slots", std::move(list)}};
  if (!source.label.empty()) TRY(doctor_token(options, module, report));
  return report.finish();
}

Result<void> init_key(const KeyOptions& options, KeyReport& report) {
  auto token = TRY(open_token(options.next.token));
  TRY(token.make_wrapping_key(Rng::system()));
  const auto& label = options.next.token.label;
  report.say("The token \"" + label +
             "\" has its key for key files: AES-256, sensitive, not extractable. Whoever loses the "
             "token loses the key files: let the token's own tool make a backup of it.");
  report.document() = {{"token", label}, {"wrapping_key", true}};
  return report.finish();
}

CLI::App& add_key_app(CLI::App& under, KeyOptions& options, KeyVerb verb, const char* name,
                   const char* description) {
  auto& app = *under.add_subcommand(name, description);
  app.callback([&options, verb] { options.verb = verb; });
  return app;
}

CLI::App& add_key_verb(CLI::App& under, KeyOptions& options, KeyVerb verb, const char* name,
                       const char* description) {
  auto& app = add_key_app(under, options, verb, name, description);
  app.add_option("--file", options.file, "the key file, such as ca/keys.set")
      ->required()
      ->type_name(kFile);
  add_passphrase_options(app, options.present.passphrase);
  app.add_option("--custodian-passphrase-file", options.present.custodian_files,
                 "present custodian's passphrase; repeat it for each of them")
      ->type_name(kPrivateFile);
  return app;
}

}  // namespace

CLI::App& add_key(CLI::App& app, KeyOptions& options) {
  auto& key = *app.add_subcommand("key", "What opens a key file");
  key.require_subcommand(1);
  auto& passwd = add_key_verb(key, options, KeyVerb::passwd, "passwd",
                              "One new passphrase instead of what opens the file now");
  add_token_options(passwd, options.present.token);
  add_passphrase_options(passwd, options.next.passphrase, "new-passphrase");
  auto& custodians = add_key_verb(key, options, KeyVerb::custodians, "custodians",
                                  "k of n custodians, each with a passphrase of their own");
  add_token_options(custodians, options.present.token);
  add_custodian_options(custodians, options.count);
  custodians.get_option("--custodians")->required();
  custodians.add_option("--new-custodian-passphrase-file", options.next.custodian_files,
                        "a new custodian's passphrase; repeat it for each of them")
      ->type_name(kPrivateFile);
  auto& token = add_key_verb(key, options, KeyVerb::token, "token",
                             "A PKCS#11 token instead of what opens the file now");
  add_token_options(token, options.next.token);
  token.get_option("--pkcs11-module")->required();
  return key;
}

CLI::App& add_hsm(CLI::App& app, KeyOptions& options) {
  auto& hsm = *app.add_subcommand("hsm", "The PKCS#11 token that key files are under");
  hsm.require_subcommand(1);
  auto& doctor = add_key_app(hsm, options, KeyVerb::hsm_doctor, "doctor",
                          "Shows module, slots, tokens, mechanisms, and what is wrong");
  doctor.add_option("--pkcs11-module", options.next.token.module, "PKCS#11 module (.so)")
      ->required();
  auto* label = doctor.add_option("--pkcs11-token", options.next.token.label, "the token's label");
  doctor.add_option("--pin-file", options.next.token.pin_file, "file with its user PIN")
      ->type_name(kPrivateFile)
      ->needs(label);
  auto& init = add_key_app(hsm, options, KeyVerb::hsm_init_key, "init-key",
                        "Makes the key in the token that key files are under");
  add_token_options(init, options.next.token);
  init.get_option("--pkcs11-module")->required();
  return hsm;
}

Result<void> run_key(const KeyOptions& options, bool json) {
  KeyReport report(json);
  switch (options.verb) {
    case KeyVerb::passwd:
    case KeyVerb::custodians:
    case KeyVerb::token:
      return lock_anew(options, report);
    case KeyVerb::hsm_doctor:
      return doctor(options, report);
    case KeyVerb::hsm_init_key:
      return init_key(options, report);
  }
  return {};
}

}  // namespace set::ca
