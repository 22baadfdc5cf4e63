// A scenario file: what the simulated bank is to do out of the ordinary, by card, amount, merchant,
// type of message and count. TOML; the file's form is in docs/iso8583.md. Parsing is pure; a Script
// counts, and is asked from any thread.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/amount.h"
#include "common/iso8583/message.h"

namespace set::bank {

enum class Action {
  approve,        ///< whatever the account says
  decline,        ///< with `code`
  referral,       ///< 01
  expired,        ///< 54
  partial,        ///< approves `partial` instead of what was asked
  slow,           ///< answers after `delay`
  silent,         ///< never answers
  duplicate,      ///< answers twice
  late,           ///< answers after `delay`, which is meant to be too late
  partial_bytes,  ///< half the answer, a pause of `delay`, the rest
  garbled,        ///< bytes that are no message
  close,          ///< closes the connection instead of answering
};
std::string_view to_string(Action action);

struct Rule {
  // What it is about; what is left out fits everything.
  std::string type;       ///< "0100"; a repeat is as what it repeats
  std::string last_four;  ///< of the card
  std::optional<Amount> amount;
  std::string merchant;
  std::int64_t after = 0;             ///< lets so many pass first
  std::optional<std::int64_t> times;  ///< and is spent after so many

  Action action = Action::approve;
  iso8583::ResponseCode code = iso8583::ResponseCode::declined;
  Duration delay{};
  std::optional<Amount> partial;
};

class Script {
 public:
  Script() = default;
  explicit Script(std::vector<Rule> rules);

  /// bad_config with line and reason.
  static Result<std::vector<Rule>> parse(std::string_view toml);
  static Result<std::vector<Rule>> load(const std::filesystem::path& path);

  /// The first rule that fits this request and is neither waiting nor spent. Counts.
  std::optional<Rule> rule_for(const iso8583::Message& request);

 private:
  struct Counted {
    Rule rule;
    std::int64_t seen = 0;
  };
  std::mutex mutex_;
  std::vector<Counted> rules_;
};

/// The merchant's whole name: subelement 04 of element 48, or element 42 without its blanks.
std::string merchant_of(const iso8583::Message& request);

}  // namespace set::bank
