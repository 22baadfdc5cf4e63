// Resolver, what follows an authorisation: reversals, captures, credits; and batches.
#include <algorithm>

#include "common/daemon/instruments.h"
#include "common/store/crash_point.h"
#include "merchant/authorization_reversal.h"
#include "merchant/capture.h"
#include "merchant/credit.h"
#include "merchant/resolver_ask.h"

namespace set::merchant {
namespace {

// The merchant's own account of a batch, for the gateway to compare.
BatchStatus own_status(const BatchSummary& batch, Instant now) {
  auto opened = batch.told ? batch.told->open_date : now;
  for (const auto& line : batch.lines) opened = std::min(opened, line.item.date);
  return {batch.id, batch.told ? batch.told->open_date : opened, std::nullopt,
          totals_of(batch.lines)};
}

std::vector<XID> purchases_of(const OpenRequest& open) {
  std::vector<XID> out;
  for (const auto& item : open.items) out.push_back(item.ids.xid);
  return out;
}

LabelWord movement_of(ItemKind kind) {
  switch (kind) {
    case ItemKind::capture: return {"captured"};
    case ItemKind::capture_reversal: return {"capture_reversed"};
    case ItemKind::credit: return {"credited"};
    case ItemKind::credit_reversal: return {"credit_reversed"};
    case ItemKind::reversal: break;
  }
  return {"authorization_reversed"};
}

void measure_items(std::span<const AskedItem> asked, std::span<const ItemOutcome> outcomes) {
  for (const auto& outcome : outcomes) {
    const auto found =
        std::ranges::find(asked, outcome.auth_rrpid, [](const auto& a) { return a.item.auth_rrpid; });
    if (found == asked.end()) continue;
    metrics::count_item(movement_of(found->item.kind), outcome.done, found->item.amount);
  }
}

bool is_open_since(const BatchSummary& batch, Instant limit) {
  if (batch.told) return !batch.told->closed_when && batch.told->open_date < limit;
  return std::ranges::any_of(batch.lines,
                             [&](const BatchLine& line) { return line.item.date < limit; });
}

}  // namespace

Result<void> Resolver::follow_up(OpenRequest open) {
  if (open.message == wire::MESSAGE_TYPE_AUTH_REV_REQ)
    return settle_items<AuthRevRes>(std::move(open), make_auth_rev_req, accept_auth_rev_res);
  if (open.message == wire::MESSAGE_TYPE_CAP_REQ)
    return settle_items<CapRes>(std::move(open), make_cap_req, accept_cap_res);
  if (open.message == wire::MESSAGE_TYPE_CAP_REV_REQ)
    return settle_items<CapRevRes>(std::move(open), make_cap_rev_req, accept_cap_rev_res);
  if (open.message == wire::MESSAGE_TYPE_CRED_REQ)
    return settle_items<CredRes>(std::move(open), make_cred_req, accept_cred_res);
  if (open.message == wire::MESSAGE_TYPE_CRED_REV_REQ)
    return settle_items<CredRevRes>(std::move(open), make_cred_rev_req, accept_cred_rev_res);
  CHECK_OR_FAIL(open.message == wire::MESSAGE_TYPE_BATCH_ADMIN_REQ, ErrorCode::internal,
                "an open request is of no kind that we ask");
  return settle_batch(std::move(open));
}

Result<void> Resolver::refuse(const RRPID& rrpid, MessageType answer, ErrorCode code) {
  const auto now = parts_.clock();
  return parts_.store.refuse(rrpid, to_string(code), now,
                             told_entry(answer, rrpid, to_string(code), now));
}

Party Resolver::signer_of(const OpenRequest& open) {
  return signing_as(*parts_.party(), open.signed_as, parts_.clock());
}

// Saved before they are sent: after a crash the same bytes are sent again.
template <class Make>
Result<Request> Resolver::stored_bytes(OpenRequest& open, const Party& self, const Make& make) {
  if (open.request) return std::move(*open.request);
  auto request = TRY(make());
  const auto& signer = self.signature.value().leaf.thumbprint();
  const auto now = parts_.clock();
  const auto proof = proof_of_request(open.message, request, self, purchases_of(open), now);
  TRY(parts_.store.save_bytes(open.rrpid, request, signer, now, proof));
  crash_point("merchant:follow-up-saved");
  return request;
}

template <class Res>
Result<void> Resolver::settle_items(OpenRequest open, MakeItems make, AcceptItems<Res> accept) {
  const auto gateway = TRY(certificates());
  const auto self = signer_of(open);
  const auto make_bytes = [&] {
    return make(open.rrpid, open.items, Asking{self, *gateway, parts_.clock(), parts_.rng});
  };
  const auto request = TRY(stored_bytes(open, self, make_bytes));
  const auto answer = TRY(ask<Res>(self, open.rrpid, request, purchases_of(open),
                                   kResolverDeadline, make_bytes));
  crash_point("merchant:follow-up-answered");
  if (const auto* refused = std::get_if<Refused>(&answer))
    return refuse(open.rrpid, Treatment<Res>::info.type, refused->code);
  const auto* opened = std::get_if<OpenedAnswer<Res>>(&answer);
  if (opened == nullptr) return {};
  const auto outcomes = TRY(accept(open.items, *opened, *gateway));
  std::vector<BatchStatus> batches;
  if constexpr (requires { opened->message->batch_status_seq; })
    batches = opened->message->batch_status_seq;
  const auto now = parts_.clock();
  const bool all_done = std::ranges::all_of(outcomes, &ItemOutcome::done);
  TRY(parts_.store.settle(open.rrpid, outcomes, batches, opened->message.evidence(), now,
                          proof_of_answer(*opened, known_issuers(), *self.trust,
                                          all_done ? "done" : "refused in part or whole", now)));
  measure_items(open.items, outcomes);
  for (const auto& outcome : outcomes) {
    log_info("item decided", open.message, outcome.auth_rrpid,
             LogWord{"state", outcome.done ? "done" : "refused"});
  }
  note_certificate(opened->message->pe_thumb);
  return {};
}

Result<void> Resolver::settle_batch(OpenRequest open) {
  const auto gateway = TRY(certificates());
  const auto self = signer_of(open);
  const auto make_bytes = [&]() -> Result<Request> {
    std::optional<BatchStatus> own;
    const auto now = parts_.clock();
    // To close is to reconcile: the sums of this moment, when all that was due is sent.
    if (open.batch.operation == BatchOperation::close)
      own = own_status(TRY(parts_.store.find_batch(open.batch.batch_id)), now);
    return make_batch_admin_req(open.rrpid, open.batch, own,
                                Asking{self, *gateway, now, parts_.rng});
  };
  const bool first_page = open.purge && open.batch.starting_point == 0;
  if (first_page && !open.request &&
      !TRY(parts_.store.mark_purgeable(*open.purge, open.batch.batch_id))) {
    log_info("a purge waits for what was under way", *open.purge);
    return {};
  }
  const auto request = TRY(stored_bytes(open, self, make_bytes));
  const auto answer =
      TRY(ask<BatchAdminRes>(self, open.rrpid, request, {}, kResolverDeadline, make_bytes));
  if (const auto* refused = std::get_if<Refused>(&answer))
    return refuse(open.rrpid, wire::MESSAGE_TYPE_BATCH_ADMIN_RES, refused->code);
  const auto* opened = std::get_if<OpenedAnswer<BatchAdminRes>>(&answer);
  if (opened == nullptr) return {};
  const auto told = TRY(accept_batch_admin_res(open.batch, *opened, *gateway));
  const auto now = parts_.clock();
  TRY(parts_.store.settle(
      open.rrpid, told, opened->message.evidence(), now, parts_.rng.make<RRPID>(),
      proof_of_answer(*opened, known_issuers(), *self.trust, to_string(told.ba_status), now)));
  log_info("batch told", open.rrpid, told.ba_status);
  note_certificate(told.pe_thumb);
  return {};
}

// Each batch that was open at the hour, once that day.
void Resolver::close_batches() {
  const auto close_at = parts_.close_batches_at();
  if (!close_at) return;
  const auto now = parts_.clock();
  const auto hour = std::chrono::floor<std::chrono::days>(now) + *close_at;
  if (now < hour) return;
  if (batches_closed_on_ != hour) {
    batches_closed_on_ = hour;
    batches_closed_.clear();
    batches_left_ = true;
  }
  if (!batches_left_) return;
  const auto batches = parts_.store.list_batches();
  if (!batches) {
    log_error("cannot look for open batches", batches.error());
    return;
  }
  for (const auto& batch : *batches) {
    if (batches_closed_.contains(batch.id) || !is_open_since(batch, hour)) continue;
    BatchAsked asked{.batch_id = batch.id, .operation = BatchOperation::close};
    const auto wanted = parts_.store.want(asked, parts_.rng.make<RRPID>(), now);
    if (wanted) batches_closed_.insert(batch.id);
    return;  // one question at a time; if another one is open, this one comes later
  }
  batches_left_ = false;
}

}  // namespace set::merchant
