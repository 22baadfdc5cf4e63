#include "deploy/sandbox/script.h"

#include <algorithm>
#include <array>

#include "common/daemon/files.h"

// As in common/sandbox/card_file.cpp: errors as values, from the header alone.
#undef TOML_HEADER_ONLY
#undef TOML_SHARED_LIB
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace set::bank {
namespace {

using iso8583::ResponseCode;

constexpr std::size_t kMaxScriptBytes = 1 << 20;
constexpr Duration kSlow = std::chrono::seconds(2);
constexpr Duration kLate = std::chrono::seconds(8);

// In the order of the enumeration.
constexpr auto kActions = std::to_array<std::string_view>(
    {"approve", "decline", "referral", "expired", "partial", "slow", "silent", "duplicate", "late",
     "partial_bytes", "garbled", "close"});
static_assert(kActions.size() == 1 + static_cast<int>(Action::close));

tl::unexpected<Error> malformed(const toml::node& where, std::string_view what) {
  return failure(ErrorCode::bad_config,
                 "line " + std::to_string(where.source().begin.line) + ": " + std::string(what));
}

Result<std::string> text_of(const toml::node& node) {
  const auto text = node.value_exact<std::string>();
  if (!text) return malformed(node, "a text in quotes is needed here");
  return *text;
}

Result<std::int64_t> count_of(const toml::node& node) {
  const auto count = node.value_exact<std::int64_t>();
  if (!count || *count < 0) return malformed(node, "a number from 0 up is needed here");
  return *count;
}

template <class T>
Result<T> parsed(const toml::node& where, Result<T> value) {
  if (!value) return malformed(where, value.error().detail);
  return value;
}

Result<Action> action_of(const toml::node& node) {
  const auto text = TRY(text_of(node));
  const auto found = std::ranges::find(kActions, text);
  if (found == kActions.end()) return malformed(node, "\"do\" is nothing that the bank can do");
  return static_cast<Action>(found - kActions.begin());
}

Result<void> read_key(Rule& rule, std::string_view key, const toml::node& node) {
  if (key == "after") {
    rule.after = TRY(count_of(node));
    return {};
  }
  if (key == "times") {
    rule.times = TRY(count_of(node));
    return {};
  }
  if (key == "do") {
    rule.action = TRY(action_of(node));
    return {};
  }
  const auto text = TRY(text_of(node));
  if (key == "message") {
    rule.type = text;
    const auto* known = iso8583::required_elements(text);
    if (known == nullptr || !iso8583::is_request(text) || text[3] != '0') {
      return malformed(node, "\"message\" is the type of a request, such as \"0100\"");
    }
  } else if (key == "card") {
    rule.last_four = text;
    if (text.size() != 4) return malformed(node, "\"card\" is a card's last four digits");
  } else if (key == "amount") {
    rule.amount = TRY(parsed(node, Amount::parse(text)));
  } else if (key == "merchant") {
    rule.merchant = text;
  } else if (key == "code") {
    rule.code = TRY(parsed(node, iso8583::parse_response_code(text)));
    if (to_string(rule.code) != text) return malformed(node, "the bank has no such response code");
  } else if (key == "delay") {
    rule.delay = TRY(parsed(node, parse_duration(text)));
  } else if (key == "partial") {
    rule.partial = TRY(parsed(node, Amount::parse(text)));
  } else {
    return malformed(node, "unknown key \"" + std::string(key) + "\"");
  }
  return {};
}

Result<Rule> rule_of(const toml::node& node) {
  const auto* table = node.as_table();
  if (table == nullptr) return malformed(node, "a rule is a table");
  if (!table->contains("do")) return malformed(node, "a rule has no \"do\"");
  Rule rule;
  for (const auto& [key, value] : *table) TRY(read_key(rule, key.str(), value));
  if (rule.action == Action::referral) rule.code = ResponseCode::call_issuer;
  if (rule.action == Action::expired) rule.code = ResponseCode::expired_card;
  if (rule.action == Action::decline && rule.code == ResponseCode::approved) {
    return malformed(node, "a decline has another code than 00");
  }
  if (rule.action == Action::partial && !rule.partial) {
    return malformed(node, "a partial approval needs \"partial\", an amount");
  }
  if (rule.delay == Duration::zero()) rule.delay = rule.action == Action::late ? kLate : kSlow;
  return rule;
}

bool fits(const Rule& rule, const iso8583::Message& request) {
  if (!rule.type.empty() && rule.type.substr(0, 3) != request.mti.substr(0, 3)) return false;
  if (!rule.last_four.empty()) {
    if (!request.pan || !request.pan->reveal().ends_with(rule.last_four)) return false;
  }
  if (rule.amount) {
    const auto amount = iso8583::amount_of(request);
    if (!amount || *amount != *rule.amount) return false;
  }
  return rule.merchant.empty() || rule.merchant == merchant_of(request);
}

}  // namespace

std::string_view to_string(Action action) { return kActions[static_cast<std::size_t>(action)]; }

std::string merchant_of(const iso8583::Message& request) {
  if (const auto whole = request.more(iso8583::kMerchantID); !whole.empty()) {
    return std::string(whole);
  }
  std::string out(request.at(iso8583::kMerchant));
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

Script::Script(std::vector<Rule> rules) {
  for (auto& rule : rules) rules_.push_back({std::move(rule)});
}

Result<std::vector<Rule>> Script::parse(std::string_view toml) {
  const auto result = toml::parse(toml);
  if (!result) {
    const auto line = std::to_string(result.error().source().begin.line);
    return failure(ErrorCode::bad_config,
                   "line " + line + ": " + std::string(result.error().description()));
  }
  for (const auto& [key, node] : result.table()) {
    if (key.str() != "rule") return malformed(node, "a scenario has [[rule]]s and nothing else");
  }
  const auto* list = result.table()["rule"].as_array();
  CHECK_OR_FAIL(list != nullptr && !list->empty(), ErrorCode::bad_config,
                "there is no [[rule]] in it");
  std::vector<Rule> out;
  for (const auto& node : *list) out.push_back(TRY(rule_of(node)));
  return out;
}

Result<std::vector<Rule>> Script::load(const std::filesystem::path& path) {
  const auto text = TRY(read_text_file(path, kMaxScriptBytes));
  auto rules = parse(text);
  if (!rules) return failure(ErrorCode::bad_config, path.string() + ": " + rules.error().detail);
  return rules;
}

std::optional<Rule> Script::rule_for(const iso8583::Message& request) {
  const std::lock_guard lock(mutex_);
  for (auto& [rule, seen] : rules_) {
    if (!fits(rule, request)) continue;
    const auto count = seen++;
    if (count < rule.after) continue;
    if (rule.times && count >= rule.after + *rule.times) continue;
    return rule;
  }
  return std::nullopt;
}

}  // namespace set::bank
