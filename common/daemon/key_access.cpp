#include "common/daemon/key_access.h"

#include <CLI/CLI.hpp>

#include "common/crypto/key_file.h"
#include "common/daemon/options.h"

namespace set {
namespace {

std::string custodian_prompt(std::size_t number, const std::string& file) {
  return "Passphrase of custodian " + std::to_string(number) + " for " + file;
}

/// Of `count` custodians: from their files, or asked for one after the other.
Result<std::vector<Passphrase>> read_custodians(const KeySource& source, std::size_t count,
                                                const std::string& name, bool confirm) {
  std::vector<Passphrase> passphrases;
  for (const auto& file : source.custodian_files) {
    passphrases.push_back(TRY(read_passphrase({file, std::nullopt}, "", false)));
  }
  if (!passphrases.empty()) return passphrases;
  for (std::size_t i = 1; i <= count; ++i) {
    passphrases.push_back(TRY(read_passphrase({{}, std::nullopt, source.custodian_option},
                                              custodian_prompt(i, name), confirm)));
  }
  return passphrases;
}

// A file that is not there has none: whoever opens it next says so better, or makes it.
Result<std::size_t> custodians_of(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return std::size_t{0};
  auto needed = KeyFile::custodians_needed(file);
  if (!needed) {
    return failure(needed.error().code, file.string() + ": " + needed.error().detail);
  }
  return needed;
}

}  // namespace

void add_token_options(CLI::App& app, TokenSource& source) {
  auto* module = app.add_option("--pkcs11-module", source.module,
                                "PKCS#11 module (.so) of the token that key files are under")
                     ->type_name(kFile);
  auto* token = app.add_option("--pkcs11-token", source.label, "The token's label, such as set-ca");
  auto* pin = app.add_option("--pin-file", source.pin_file,
                             "File with the token's user PIN, readable by its owner only")
                  ->type_name(kPrivateFile);
  module->needs(token);
  token->needs(module);
  pin->needs(module);
}

void add_key_options(CLI::App& app, KeySource& source) {
  add_passphrase_options(app, source.passphrase);
  app.add_option("--custodian-passphrase-file", source.custodian_files,
                 "File with one custodian's passphrase; repeat it for each custodian")
      ->type_name(kPrivateFile);
  add_token_options(app, source.token);
}

void add_custodian_options(CLI::App& app, CustodianCount& count) {
  auto* custodians = app.add_option("--custodians", count.custodians,
                                    "How many custodians share the keys, 2 to 16");
  auto* threshold =
      app.add_option("--threshold", count.threshold, "How many of them open the key file");
  custodians->needs(threshold);
  threshold->needs(custodians);
}

Result<Pkcs11Token> open_token(const TokenSource& source) {
  const auto module = TRY(Pkcs11Module::load(source.module));
  TRY(module.find(source.label));  // before anybody types a PIN
  const auto pin = TRY(read_passphrase({source.pin_file, std::nullopt, "--pin-file"},
                                       "PIN of the token \"" + source.label + "\"", false));
  return Pkcs11Token::open(module, source.label, pin);
}

Result<KeyAccess> KeyAccess::read(const KeySource& source, const std::filesystem::path& file) {
  KeyAccess access;
  if (!source.token.module.empty()) {
    access.token_ = TRY(open_token(source.token));
    return access;
  }
  const auto name = file.filename().string();
  const std::size_t needed = TRY(custodians_of(file));
  if (needed > 0) {
    access.passphrases_ = TRY(read_custodians(source, needed, name, false));
    access.threshold_ = needed;
    return access;
  }
  CHECK_OR_FAIL(source.custodian_files.empty(), ErrorCode::bad_config,
                file.string() +
                    " has no custodians but one passphrase: give it with "
                    "--passphrase-file");
  access.passphrases_.push_back(
      TRY(read_passphrase(source.passphrase, "Passphrase for " + name, false)));
  return access;
}

Result<KeyAccess> KeyAccess::read_or_new(const KeySource& source,
                                         const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) return read(source, file);
  return read_new(source, {}, "New passphrase for " + file.filename().string());
}

Result<KeyAccess> KeyAccess::read_new(const KeySource& source, const CustodianCount& count,
                                      const std::string& prompt) {
  KeyAccess access;
  if (!source.token.module.empty()) {
    CHECK_OR_FAIL(count.custodians == 0, ErrorCode::invalid_argument,
                  "a key file is under a token or under custodians, not both");
    access.token_ = TRY(open_token(source.token));
    return access;
  }
  if (count.custodians == 0) {
    CHECK_OR_FAIL(source.custodian_files.empty(), ErrorCode::invalid_argument,
                  "--custodian-passphrase-file needs --custodians and --threshold here");
    access.passphrases_.push_back(TRY(read_passphrase(source.passphrase, prompt, true)));
    return access;
  }
  CHECK_OR_FAIL(count.custodians <= kMaxCustodians && count.threshold >= 2 &&
                    count.threshold <= count.custodians,
                ErrorCode::invalid_argument,
                "--custodians takes 2 to 16, --threshold 2 to the number of custodians");
  access.passphrases_ = TRY(read_custodians(source, count.custodians, "the new key file", true));
  CHECK_OR_FAIL(access.passphrases_.size() == count.custodians, ErrorCode::invalid_argument,
                "--custodians " + std::to_string(count.custodians) + " needs " +
                    std::to_string(count.custodians) + " files with passphrases, not " +
                    std::to_string(access.passphrases_.size()));
  access.threshold_ = count.threshold;
  return access;
}

KeyLock KeyAccess::lock() const {
  if (token_) return KeyLock(*token_);
  if (threshold_ > 0) return {passphrases_, threshold_};
  return KeyLock(passphrases_.front());
}

}  // namespace set
