#include "ca/approval.h"

#include <algorithm>
#include <optional>

namespace set::ca {
namespace {

std::optional<Role> role_from(std::string_view word) {
  for (const Role role : {Role::cardholder, Role::merchant, Role::gateway}) {
    if (to_string(role) == word) return role;
  }
  return std::nullopt;
}

std::optional<Approval> approval_from(Role role, std::string_view word) {
  if (word == "operator") return Approval::by_operator;
  // A merchant that nobody vouches for is no merchant; a cardholder has no token.
  if (word == "auto" && role == Role::cardholder) return Approval::automatic;
  if (word == "token" && role != Role::cardholder) return Approval::token;
  return std::nullopt;
}

}  // namespace

Result<ApprovalRules> ApprovalRules::parse(const std::vector<std::string>& rules) {
  ApprovalRules out;
  for (const std::string_view rule : rules) {
    const auto equals = std::min(rule.find('='), rule.size());
    const auto who = rule.substr(0, equals);
    const auto colon = std::min(who.find(':'), who.size());
    const auto bin = who.substr(std::min(colon + 1, who.size()));
    const auto role = role_from(who.substr(0, colon));
    const auto approval =
        role ? approval_from(*role, rule.substr(std::min(equals + 1, rule.size()))) : std::nullopt;
    const bool digits = bin.size() <= 6 && std::ranges::all_of(bin, [](char c) {
                          return c >= '0' && c <= '9';
                        });
    CHECK_OR_FAIL(approval && digits && (colon == who.size() || !bin.empty()),
                  ErrorCode::invalid_argument,
                  "--approval is cardholder[:BIN]=auto|operator, merchant[:BIN]=token|operator or "
                  "gateway[:BIN]=token|operator");
    out.rules_.push_back({*role, std::string(bin), *approval});
  }
  return out;
}

Approval ApprovalRules::choose(Role role, std::string_view bin) const {
  const Rule* best = nullptr;
  for (const auto& rule : rules_) {
    const bool fits = rule.role == role && bin.starts_with(rule.bin);
    if (fits && (best == nullptr || rule.bin.size() > best->bin.size())) best = &rule;
  }
  if (best != nullptr) return best->approval;
  return role == Role::cardholder ? Approval::automatic : Approval::token;
}

}  // namespace set::ca
