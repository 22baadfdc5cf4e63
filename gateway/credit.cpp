#include "gateway/credit.h"

namespace set::gateway {
namespace {

template <class Req>
Result<AskedRequest> accept_items(const Verified<Req>& request, ByteView baggage, ItemKind kind,
                                  std::string_view name, const Party& self,
                                  const GatewayTerms& gateway, Instant now) {
  TRY(check_merchant(request.signer(), self, gateway));
  auto tokens = TRY(open_cap_token_seq(baggage, request->items.size()));
  auto out = asked_request(request, name, now);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto& item = request->items[i];
    out.items.push_back({.kind = kind,
                         .trans_ids = item.trans_ids,
                         .auth_rrpid = item.auth_rrpid,
                         .reversed = item.reversed,
                         .amount = item.amt,
                         .batch_id = item.new_batch_id,
                         .cap_token = std::move(tokens[i])});
  }
  return out;
}

/// What all three check first.
std::optional<CapRevOrCredCode> objection_to(const AskedItem& asked, const ItemFacts& facts,
                                             ByteView token_key) {
  if (!facts.standing) return CapRevOrCredCode::original_not_found;
  if (!same_purchase(asked.trans_ids, facts.standing->terms.trans_ids) ||
      !std::holds_alternative<Live>(facts.standing->state)) {
    return CapRevOrCredCode::original_not_found;
  }
  if (const auto fault = check_cap_token(asked, *facts.standing, token_key)) {
    return *fault == TokenFault::missing ? CapRevOrCredCode::cap_token_missing
                                         : CapRevOrCredCode::invalid_cap_token;
  }
  if (facts.is_known) return CapRevOrCredCode::duplicate_request;
  return std::nullopt;
}

/// A reversal of `undone`, which `reversed` names.
ItemDecision reverse_item(const AskedItem& asked, const ItemFacts& facts, const RRPID& request,
                          ItemKind undone) {
  const auto& original = facts.original;
  if (!original || original->asked.kind != undone || original->state != ItemState::done) {
    return ItemCode(CapRevOrCredCode::original_not_found);
  }
  if (facts.original_undone) return ItemCode(CapRevOrCredCode::original_processed);
  // "A reversal's amount is all of what is undone" (protocol §9).
  if (asked.amount != original->asked.amount) return ItemCode(CapRevOrCredCode::amount_error);
  auto out = granted<CapRevOrCredCode>(asked, facts, request);
  if (auto* yes = std::get_if<Granted>(&out)) {
    yes->undoes = original->name;
    // "NewBatchID if the item's batch is closed" (§3.8): where it is open, it is taken out of it.
    if (facts.original_batch_is_open) yes->batch_id = original->batch_id;
  }
  return out;
}

ItemDecision reverse_capture(const AskedItem& asked, const ItemFacts& facts, const RRPID& request) {
  auto out = reverse_item(asked, facts, request, ItemKind::capture);
  const auto& live = std::get<Live>(facts.standing->state);
  const bool was_credited = std::holds_alternative<Granted>(out) &&
                            live.captured_minor - live.credited_minor < asked.amount->minor();
  if (was_credited) return ItemCode(CapRevOrCredCode::original_processed);
  return out;
}

template <class Res>
Res make_items_res(const PaymentRequest& request, std::vector<BatchStatus> batches,
                   const Thumbprint& pe_thumb) {
  Res out;
  for (const auto& item : request.items) {
    const bool done = item.state == ItemState::done;
    out.items.push_back({.trans_ids = item.asked.trans_ids,
                         .auth_rrpid = item.asked.auth_rrpid,
                         .reversed = item.asked.reversed,
                         .code = static_cast<CapRevOrCredCode>(item.code.value().number),
                         .actual_amt = done ? item.asked.amount : std::nullopt,
                         .batch_id = done ? item.batch_id : "",
                         .batch_sequence_num = item.batch_sequence_num});
  }
  out.batch_status_seq = std::move(batches);
  out.pe_thumb = pe_thumb;
  return out;
}

}  // namespace

Result<AskedRequest> accept_cap_rev_req(const Verified<CapRevReq>& request, ByteView baggage,
                                        const Party& self, const GatewayTerms& gateway,
                                        Instant now) {
  return accept_items(request, baggage, ItemKind::capture_reversal, "CapRevReq", self, gateway,
                      now);
}

Result<AskedRequest> accept_cred_req(const Verified<CredReq>& request, ByteView baggage,
                                     const Party& self, const GatewayTerms& gateway, Instant now) {
  return accept_items(request, baggage, ItemKind::credit, "CredReq", self, gateway, now);
}

Result<AskedRequest> accept_cred_rev_req(const Verified<CredRevReq>& request, ByteView baggage,
                                         const Party& self, const GatewayTerms& gateway,
                                         Instant now) {
  return accept_items(request, baggage, ItemKind::credit_reversal, "CredRevReq", self, gateway,
                      now);
}

ItemDecision accept_cap_rev_item(const AskedItem& asked, const ItemFacts& facts,
                                 const RRPID& request, ByteView token_key) {
  if (const auto code = objection_to(asked, facts, token_key)) return ItemCode(*code);
  return reverse_capture(asked, facts, request);
}

ItemDecision accept_purged_item(const AskedItem& asked, const ItemFacts& facts,
                                const RRPID& request) {
  if (!facts.standing || !std::holds_alternative<Live>(facts.standing->state)) {
    return ItemCode(CapRevOrCredCode::original_not_found);
  }
  return asked.kind == ItemKind::capture_reversal
             ? reverse_capture(asked, facts, request)
             : reverse_item(asked, facts, request, ItemKind::credit);
}

ItemDecision accept_cred_item(const AskedItem& asked, const ItemFacts& facts, const RRPID& request,
                              ByteView token_key) {
  if (const auto code = objection_to(asked, facts, token_key)) return ItemCode(*code);
  const auto& live = std::get<Live>(facts.standing->state);
  // What is only being captured is not there to be given back.
  if (live.captured_minor == 0) return ItemCode(CapRevOrCredCode::original_not_found);
  // "Credited is at most captured" (protocol §7).
  if (asked.amount->currency() != facts.standing->terms.auth_req_amt.currency() ||
      asked.amount->minor() > live.captured_minor - live.credited_minor) {
    return ItemCode(CapRevOrCredCode::amount_error);
  }
  return granted<CapRevOrCredCode>(asked, facts, request);
}

ItemDecision accept_cred_rev_item(const AskedItem& asked, const ItemFacts& facts,
                                  const RRPID& request, ByteView token_key) {
  if (const auto code = objection_to(asked, facts, token_key)) return ItemCode(*code);
  return reverse_item(asked, facts, request, ItemKind::credit);
}

CapRevRes make_cap_rev_res(const PaymentRequest& request, std::vector<BatchStatus> batches,
                           const Thumbprint& pe_thumb) {
  return make_items_res<CapRevRes>(request, std::move(batches), pe_thumb);
}

CredRes make_cred_res(const PaymentRequest& request, std::vector<BatchStatus> batches,
                      const Thumbprint& pe_thumb) {
  return make_items_res<CredRes>(request, std::move(batches), pe_thumb);
}

CredRevRes make_cred_rev_res(const PaymentRequest& request, std::vector<BatchStatus> batches,
                             const Thumbprint& pe_thumb) {
  return make_items_res<CredRevRes>(request, std::move(batches), pe_thumb);
}

}  // namespace set::gateway
