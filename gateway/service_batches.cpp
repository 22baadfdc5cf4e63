// The flow of BatchAdminReq, and what batches need beside serving: the end of the day, and the
// acquirer's word about what is closed.
#include <algorithm>
#include <tuple>

#include "common/base/log.h"
#include "common/store/crash_point.h"
#include "gateway/cap_token.h"
#include "gateway/credit.h"
#include "gateway/service.h"

namespace set::gateway {

grpc::Status Service::administer_batch(const Caller& caller, const wire::MessageWrapper& in,
                                       wire::MessageWrapper& out) {
  const auto request_digest = request_bytes_digest(in, caller);
  return handle_owed<BatchAdminReq, BatchAdminRes>(
      caller, in, out,
      [&](Opened<BatchAdminReq>& opened) { return administer(opened, request_digest); });
}

Result<Reply<BatchAdminRes>> Service::administer(const Opened<BatchAdminReq>& opened,
                                                 const Digest& request_digest) {
  const auto party = parts_.receiver.party();
  const auto& message = opened.message;
  const auto objection = TRY(accept_batch_admin_req(message, *party, parts_.terms()));
  const BatchRequest request{.merchant = message.signer().thumbprint(),
                             .rrpid = message.head().rrpid,
                             .merchant_id = message.signer().merchant_data()->merchant_id,
                             .content_digest = message.content_digest(),
                             .received_at = parts_.receiver.now(),
                             .message = *message};
  // Whoever only asks may ask again; an operation that was done must not be lost with its answer.
  if (objection == BAStatus::success && message->operation) {
    TRY(batches_.claim(request, {request_digest, pending_reply_of(opened.reply)}));
  }
  return answer_batch(request, request_digest, objection);
}

Result<Reply<BatchAdminRes>> Service::answer_batch(const BatchRequest& request,
                                                   const Digest& request_digest,
                                                   BAStatus objection) {
  const auto party = parts_.receiver.party();
  const auto& leaf = party->key_exchange.value().leaf;
  const auto& merchant_id = request.merchant_id;
  auto operated = BatchStore::Opened{objection, request.message.batch_id};
  if (objection == BAStatus::success) operated = TRY(operate(request, request_digest));
  crash_point("gateway:batch-operated");
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
  return Reply<BatchAdminRes>{
      .message = make_batch_admin_res(request.message, operated.status, batch, leaf.brand(),
                                      leaf.thumbprint()),
      .answer = {.trans_ids = std::nullopt, .baggage = {}, .enclosed = {}}};
}

Result<BatchStore::Opened> Service::operate(const BatchRequest& request,
                                            const Digest& request_digest) {
  const auto& [batch_id, operation] = std::tie(request.message.batch_id, request.message.operation);
  const auto& merchant_id = request.merchant_id;
  const auto now = parts_.receiver.now();
  if (!operation) return BatchStore::Opened{BAStatus::success, batch_id};
  switch (*operation) {
    case BatchOperation::open:
      return batches_.open(merchant_id, batch_id, request.rrpid, now);
    case BatchOperation::close: {
      const auto closed =
          TRY(batches_.close(merchant_id, batch_id, ClosedBy::merchant, request.rrpid, now));
      return BatchStore::Opened{closed, batch_id};
    }
    case BatchOperation::purge:
      break;
  }
  const auto batch = TRY(batches_.find(merchant_id, batch_id));
  if (!batch) return BatchStore::Opened{BAStatus::unknown_batch_id, ""};
  const auto purged = TRY(purge(request, *batch, request_digest));
  return BatchStore::Opened{purged, batch_id};
}

Result<BAStatus> Service::purge(const BatchRequest& request, const Batch& batch,
                                const Digest& request_digest) {
  // "Purge: batch open …, drop items" (§3.10). Each is undone at the acquirer as by CredRevReq or
  // CapRevReq: credits first, for a capture that was credited stays.
  bool all_done = true;
  for (const auto undone : {ItemKind::credit, ItemKind::capture}) {
    const auto purged = TRY(purge_kind(request, batch, undone, request_digest));
    if (!purged) return BAStatus::batch_id_unavailable;
    all_done = all_done && std::ranges::all_of(purged->items, [](const auto& item) {
                 return item.state == ItemState::done;
               });
  }
  // What was credited from another batch stays, and the answer's totals show it.
  return all_done ? BAStatus::success : BAStatus::unspecified_failure;
}

Result<std::optional<PaymentRequest>> Service::purge_kind(const BatchRequest& request,
                                                          const Batch& batch, ItemKind undone,
                                                          const Digest& request_digest) {
  const bool credits = undone == ItemKind::credit;
  AskedRequest asked;
  asked.head = {
      .key = {.merchant = request.merchant,
              .message = credits ? "BatchAdminReq, credits" : "BatchAdminReq, captures",
              .rrpid = request.rrpid},
      .merchant_id = request.merchant_id,
      .content_digest = request.content_digest,
      .trans_ids = std::nullopt,
      .auth_ret_num = "",
      .received_at = request.received_at,
      .items = {}};
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
                          [](const AskedItem& item, const ItemFacts& facts, const RRPID& rrpid) {
                            return accept_purged_item(item, facts, rrpid);
                          }));
  return TRY(carry_out(std::move(claimed)));
}

Result<void> Service::store_batch_answer(const BatchStore::Unanswered& unanswered) {
  const auto& [request, owed] = unanswered;
  const auto now = parts_.receiver.now();
  const auto party = parts_.receiver.party();
  const auto opened =
      TRY(open_pending_reply(parts_.token_key.reveal(), owed.pending, request.rrpid));
  const auto reply =
      reply_context_of(TRY(PendingReply::from_bytes(opened.reveal())), request.merchant);
  const auto answer = TRY(answer_batch(request, owed.request_digest, BAStatus::success));
  const auto sealed = TRY(seal_answer_with_evidence(answer.message, answer.answer, reply, *party, now,
                                                    parts_.receiver.rng()));
  const auto proof = proof_of_late_answer<BatchAdminReq>(answer.message, std::nullopt, sealed, owed,
                                                         reply, *party, now);
  return parts_.store.database().in_transaction("gateway:answered", [&](Transaction& t) -> Result<void> {
    TRY(replies::save(t, request.merchant.view(),
                      to_string(Treatment<BatchAdminReq>::info.type), request.rrpid,
                      {owed.request_digest, reply.request_digest, sealed.wire}, now));
    return statements::save(t, proof, now);
  });
}

Result<void> Service::resume_batches(Instant received_by) {
  for (const auto& unanswered : TRY(batches_.unanswered(received_by))) {
    const auto stored = store_batch_answer(unanswered);
    if (!stored) {
      log_warning("an answer is still owed", unanswered.request.rrpid, stored.error());
    }
  }
  return {};
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
  if (parts_.close_daily()) {
    const auto today = end_of_day(now) - std::chrono::hours(24);
    for (const auto& batch : TRY(batches_.open_since(today))) {
      TRY(batches_.close(batch.merchant_id, batch.batch_id, ClosedBy::acquirer, std::nullopt, now));
    }
  }
  for (const auto& batch : TRY(batches_.unsettled())) {
    const auto reconciled = reconcile(batch);
    if (reconciled) continue;
    log_warning("a batch is not settled yet", reconciled.error());
    // With the acquirer away each of the others would only wait as long.
    if (reconciled.error().code == ErrorCode::peer_unavailable) break;
  }
  return {};
}

}  // namespace set::gateway
