#include "gateway/payment_item.h"

#include <array>

#include "gateway/authorization_reversal.h"
#include "gateway/cap_token.h"
#include "gateway/capture.h"
#include "gateway/credit.h"

namespace set::gateway {
namespace {

// In the order of the enumeration.
constexpr auto kItemKinds = std::to_array<std::string_view>(
    {"capture", "capture_reversal", "credit", "credit_reversal", "lowering", "cancellation"});
static_assert(kItemKinds.size() == 1 + static_cast<int>(ItemKind::cancellation));

}  // namespace

std::string_view name_of(ItemKind kind) { return kItemKinds[static_cast<std::size_t>(kind)]; }

bool moves_money(ItemKind kind) {
  return kind != ItemKind::lowering && kind != ItemKind::cancellation;
}

bool is_reversal(ItemKind kind) {
  return kind == ItemKind::capture_reversal || kind == ItemKind::credit_reversal;
}

std::optional<TokenFault> check_cap_token(const AskedItem& asked, const Standing& standing,
                                          ByteView token_key) {
  if (asked.cap_token.empty()) return TokenFault::missing;
  const auto& terms = standing.terms;
  // "Token authentic, for this M, XID and AuthRRPID" (§3.8) …
  const CapTokenBinding binding{terms.merchant_id, terms.trans_ids.xid, terms.auth_rrpid};
  if (!open_cap_token(token_key, asked.cap_token, binding)) return TokenFault::invalid;
  // … and the one that counts: an AuthRevRes replaces the earlier.
  const auto* live = std::get_if<Live>(&standing.state);
  if (live == nullptr || !equal(asked.cap_token, live->cap_token)) return TokenFault::invalid;
  return std::nullopt;
}

ItemDecision decide_item(const AskedItem& asked, const ItemFacts& facts, const RRPID& request,
                         ByteView token_key, Instant now) {
  switch (asked.kind) {
    case ItemKind::capture:
      return accept_cap_item(asked, facts, request, token_key, now);
    case ItemKind::capture_reversal:
      return accept_cap_rev_item(asked, facts, request, token_key);
    case ItemKind::credit:
      return accept_cred_item(asked, facts, request, token_key);
    case ItemKind::credit_reversal:
      return accept_cred_rev_item(asked, facts, request, token_key);
    case ItemKind::lowering:
    case ItemKind::cancellation:
      break;
  }
  return accept_auth_rev_item(asked, facts, request, token_key);
}

ItemCode refused_by_acquirer(const PaymentItem& item, const ItemFacts& facts, Instant now) {
  const auto* live = facts.standing ? std::get_if<Live>(&facts.standing->state) : nullptr;
  switch (item.asked.kind) {
    case ItemKind::capture:
      // The hold may have ended while the question was under way.
      return live != nullptr && now >= live->hold_expires ? CapCode::auth_expired
                                                          : CapCode::unspecified_failure;
    case ItemKind::lowering:
    case ItemKind::cancellation:
      return AuthRevCode::invalid_transaction;
    case ItemKind::capture_reversal:
    case ItemKind::credit:
    case ItemKind::credit_reversal:
      break;
  }
  return CapRevOrCredCode::unspecified_failure;
}

}  // namespace set::gateway
