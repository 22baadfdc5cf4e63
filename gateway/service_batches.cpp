// The flow of BatchAdminReq, and what batches need beside serving: the end of the day, and the
// acquirer's word about what is closed.
#include <algorithm>

#include "common/base/log.h"
#include "common/store/crash_point.h"
#include "gateway/credit.h"
#include "gateway/service.h"

namespace set::gateway {

grpc::Status Service::administer_batch(const Caller& caller, const wire::MessageWrapper& in,
                                       wire::MessageWrapper& out) {
  const auto request_digest = request_bytes_digest(in, caller);
  return handle<BatchAdminReq, BatchAdminRes>(
      parts_.receiver, caller, in, out,
      [&](Opened<BatchAdminReq>& opened) { return administer(opened, request_digest); });
}

Result<Reply<BatchAdminRes>> Service::administer(const Opened<BatchAdminReq>& opened,
                                                 const Digest& request_digest) {
  const auto party = parts_.receiver.party();
  const auto& request = opened.message;
  const auto& leaf = party->key_exchange.value().leaf;
  const auto objection = TRY(accept_batch_admin_req(request, *party, parts_.terms));
  auto operated = BatchStore::Opened{objection, request->batch_id};
  if (objection == BAStatus::success) operated = TRY(operate(opened, request_digest));
  crash_point("gateway:batch-operated");
  const auto& merchant_id = request.signer().merchant_data()->merchant_id;
  auto batch = TRY(batches_.find(merchant_id, operated.batch_id));
  const bool was_closed = batch && batch->closed && batch->settlement == Settlement::none;
  if (was_closed && batch->pending == 0) {
    const auto reconciled = reconcile(*batch);
    // The acquirer is asked again later; the batch is closed all the same.
    if (!reconciled) log_warning("a batch is not settled yet", reconciled.error());
    batch = TRY(batches_.find(merchant_id, operated.batch_id));
  }
  if (!batch && operated.status == BAStatus::success) {
    operated.status = BAStatus::unknown_batch_id;
  }
  log_info("batch", operated.status);
  return Reply<BatchAdminRes>{.message = make_batch_admin_res(*request, operated.status, batch,
                                                              leaf.brand(), leaf.thumbprint()),
                              .answer = {.trans_ids = std::nullopt, .baggage = {}, .enclosed = {}}};
}

Result<BatchStore::Opened> Service::operate(const Opened<BatchAdminReq>& opened,
                                            const Digest& request_digest) {
  const auto& request = opened.message;
  const auto& rrpid = request.head().rrpid;
  const auto& merchant_id = request.signer().merchant_data()->merchant_id;
  const auto now = parts_.receiver.now();
  if (!request->operation) return BatchStore::Opened{BAStatus::success, request->batch_id};
  switch (*request->operation) {
    case BatchOperation::open:
      return batches_.open(merchant_id, request->batch_id, rrpid, now);
    case BatchOperation::close: {
      const auto closed =
          TRY(batches_.close(merchant_id, request->batch_id, ClosedBy::merchant, rrpid, now));
      return BatchStore::Opened{closed, request->batch_id};
    }
    case BatchOperation::purge:
      break;
  }
  const auto batch = TRY(batches_.find(merchant_id, request->batch_id));
  if (!batch) return BatchStore::Opened{BAStatus::unknown_batch_id, ""};
  const auto purged = TRY(purge(opened, *batch, request_digest));
  return BatchStore::Opened{purged, request->batch_id};
}

Result<BAStatus> Service::purge(const Opened<BatchAdminReq>& opened, const Batch& batch,
                                const Digest& request_digest) {
  // "Purge: batch open …, drop items" (§3.10). Each is undone at the acquirer as by CredRevReq or
  // CapRevReq: credits first, for a capture that was credited stays.
  bool all_done = true;
  for (const auto undone : {ItemKind::credit, ItemKind::capture}) {
    const auto purged = TRY(purge_kind(opened, batch, undone, request_digest));
    if (!purged) return BAStatus::batch_id_unavailable;
    all_done = all_done && std::ranges::all_of(purged->items, [](const auto& item) {
                 return item.state == ItemState::done;
               });
  }
  // What was credited from another batch stays, and the answer's totals show it.
  return all_done ? BAStatus::success : BAStatus::unspecified_failure;
}

Result<std::optional<PaymentRequest>> Service::purge_kind(const Opened<BatchAdminReq>& opened,
                                                          const Batch& batch, ItemKind undone,
                                                          const Digest& request_digest) {
  const bool credits = undone == ItemKind::credit;
  auto asked =
      asked_request(opened.message, credits ? "BatchAdminReq, credits" : "BatchAdminReq, captures",
                    parts_.receiver.now());
  // A repeat whose answer was lost goes on where it stopped.
  if (batch.closed && !TRY(payments_.find(asked.head.key))) return std::nullopt;
  for (auto& item : TRY(payments_.movements_in(batch.merchant_id, batch.batch_id, undone))) {
    auto reversal = std::move(item.asked);
    reversal.kind = credits ? ItemKind::credit_reversal : ItemKind::capture_reversal;
    reversal.final = false;
    asked.items.push_back(std::move(reversal));
  }
  auto claimed =
      TRY(payments_.claim(asked, request_digest, std::nullopt,
                          [](const AskedItem& item, const ItemFacts& facts, const RRPID& request) {
                            return accept_purged_item(item, facts, request);
                          }));
  return TRY(carry_out(std::move(claimed)));
}

Result<void> Service::reconcile(const Batch& batch) {
  bool in_balance = true;
  for (const auto& of_currency : TRY(batches_.reconciliations(batch))) {
    const auto answer = TRY(parts_.acquirer.reconcile(of_currency));
    in_balance = in_balance && answer.in_balance;
  }
  if (!in_balance) log_error("the acquirer's totals of a batch are not ours");
  return batches_.settle(batch, in_balance);
}

Result<void> Service::settle_batches() {
  const auto now = parts_.receiver.now();
  if (parts_.close_daily) {
    const auto today = end_of_day(now) - std::chrono::hours(24);
    for (const auto& batch : TRY(batches_.open_since(today))) {
      TRY(batches_.close(batch.merchant_id, batch.batch_id, ClosedBy::acquirer, std::nullopt, now));
    }
  }
  for (const auto& batch : TRY(batches_.unsettled())) {
    const auto reconciled = reconcile(batch);
    if (!reconciled) log_warning("a batch is not settled yet", reconciled.error());
  }
  return {};
}

}  // namespace set::gateway
