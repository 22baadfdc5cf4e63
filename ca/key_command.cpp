#include "ca/key_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "common/crypto/key_file.h"

namespace set::ca {
namespace {

void line(const std::string& text) { fmt::print(stdout, "{}\n", text); }

/// Which lock comes next: exactly what the verb says.
Result<KeyAccess> next_access(const KeyOptions& options) {
  if (options.verb == KeyVerb::custodians) {
    return KeyAccess::read_new({{}, options.next.custodian_files, {}}, options.count, "");
  }
  const auto prompt = "New passphrase for " + options.file.filename().string();
  return KeyAccess::read_new(options.next, {}, prompt);
}

Result<void> lock_anew(const KeyOptions& options) {
  const auto present = TRY(KeyAccess::read(options.present, options.file));
  auto opened = KeyFile::open(options.file, present.lock());
  if (!opened) {
    return failure(opened.error().code, options.file.string() + ": " + opened.error().detail);
  }
  const auto next = TRY(next_access(options));
  TRY(opened->lock_anew(next.lock(), Argon2Cost{}, Rng::system()));
  line(options.file.string() + " is under its new lock. Copies of it are still under the old one.");
  return {};
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

Result<void> doctor_token(const KeyOptions& options, const Pkcs11Module& module) {
  const auto slot = TRY(module.find(options.next.token.label));
  for (const auto& mechanism : TRY(module.mechanisms(slot.id))) {
    line(fmt::format("  {:<24} {:<4} {}", mechanism.name, yes_or_no(mechanism.there),
                     mechanism.use));
  }
  if (options.next.token.pin_file.empty()) {
    line("PIN: not tried, since no --pin-file was given");
    return {};
  }
  const auto token = TRY(open_token(options.next.token));
  line("PIN: right");
  line(token.has_wrapping_key() ? "key for key files: there"
                                : "key for key files: none yet; `set-ca hsm init-key` makes it");
  line(std::string("ML-DSA in the token: ") +
       (token.can_sign() ? "yes" : "no (PKCS#11 3.2); signature keys stay in key files"));
  return {};
}

Result<void> doctor(const KeyOptions& options) {
  const auto& source = options.next.token;
  const auto module = TRY(Pkcs11Module::load(source.module));
  line("module: " + source.module.string());
  line("  " + TRY(module.description()));
  const auto slots = TRY(module.slots());
  if (slots.empty()) line("no slots: is the reader connected, is the module configured?");
  for (const auto& slot : slots) {
    line("slot " + std::to_string(slot.id) + ": " + words_about(slot));
  }
  return source.label.empty() ? Result<void>() : doctor_token(options, module);
}

Result<void> init_key(const KeyOptions& options) {
  auto token = TRY(open_token(options.next.token));
  TRY(token.make_wrapping_key(Rng::system()));
  line("The token \"" + options.next.token.label +
       "\" has its key for key files: AES-256, sensitive, not extractable. Whoever loses the token "
       "loses the key files: let the token's own tool make a backup of it.");
  return {};
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
  app.add_option("--file", options.file, "the key file, such as ca/keys.set")->required();
  add_passphrase_options(app, options.present.passphrase);
  app.add_option("--custodian-passphrase-file", options.present.custodian_files,
                 "present custodian's passphrase; repeat it for each of them");
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
                        "a new custodian's passphrase; repeat it for each of them");
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
      ->needs(label);
  auto& init = add_key_app(hsm, options, KeyVerb::hsm_init_key, "init-key",
                        "Makes the key in the token that key files are under");
  add_token_options(init, options.next.token);
  init.get_option("--pkcs11-module")->required();
  return hsm;
}

Result<void> run_key(const KeyOptions& options) {
  switch (options.verb) {
    case KeyVerb::passwd:
    case KeyVerb::custodians:
    case KeyVerb::token:
      return lock_anew(options);
    case KeyVerb::hsm_doctor:
      return doctor(options);
    case KeyVerb::hsm_init_key:
      return init_key(options);
  }
  return {};
}

}  // namespace set::ca
