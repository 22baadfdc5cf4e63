// The flows of AuthRevReq, CapReq, CapRevReq, CredReq and CredRevReq. All items of a request are
// decided and saved before the acquirer hears of one; the answer is a function of what was saved.
#include <set>

#include "common/base/log.h"
#include "common/daemon/instruments.h"
#include "common/store/crash_point.h"
#include "gateway/authorization_reversal.h"
#include "gateway/cap_token.h"
#include "gateway/credit.h"
#include "gateway/service.h"

namespace set::gateway {
namespace {

constexpr std::size_t kMaxStatuses = 16;  // BatchStatusSeq

void log_item(const PaymentItem& item) {
  const LogWord kind{"kind", name_of(item.asked.kind)};
  const auto& xid = item.asked.trans_ids.xid;
  const LogWord outcome{"outcome", item.state == ItemState::done ? "done" : "refused"};
  if (item.asked.amount) {
    log_info("payment", xid, kind, outcome, *item.asked.amount);
  } else {
    log_info("payment", xid, kind, outcome);
  }
}

LabelWord movement_of(ItemKind kind) {
  switch (kind) {
    case ItemKind::capture: return {"captured"};
    case ItemKind::capture_reversal: return {"capture_reversed"};
    case ItemKind::credit: return {"credited"};
    case ItemKind::credit_reversal: return {"credit_reversed"};
    case ItemKind::lowering:
    case ItemKind::cancellation: break;
  }
  return {"authorization_reversed"};
}

void measure_item(const PaymentItem& item) {
  const auto& asked = item.asked;
  // A lowering names what stays held, not what is released.
  metrics::count_item(movement_of(asked.kind), item.state == ItemState::done,
                      moves_money(asked.kind) ? asked.amount : std::nullopt);
}

}  // namespace

template <class Req, class Res, class Accept>
grpc::Status Service::follow(const Caller& caller, const wire::MessageWrapper& in,
                             wire::MessageWrapper& out, const Accept& accept) {
  const auto request_digest = request_bytes_digest(in, caller);
  return handle_owed<Req, Res>(
      caller, in, out, [&](Opened<Req>& opened) -> Result<Reply<Res>> {
        const auto party = parts_.receiver.party();
        const auto asked = TRY(
            accept(opened.message, opened.baggage, *party, parts_.terms(), parts_.receiver.now()));
        for (const auto& item : asked.items) {
          if (item.kind == ItemKind::cancellation) {
            TRY(end_undecided(asked.head.merchant_id, item));
          }
        }
        const auto decide = [&](const AskedItem& item, const ItemFacts& facts,
                                const RRPID& request) {
          return decide_item(item, facts, request, parts_.token_key.reveal(),
                             parts_.receiver.now());
        };
        auto claimed =
            TRY(payments_.claim(asked, request_digest, pending_reply_of(opened.reply), decide,
                                {.statements = {statement_of(opened.message, opened.bag,
                                                             *party->trust)}}));
        for (const auto& item : claimed.items) {
          if (item.state == ItemState::refused) measure_item(item);  // at once: nothing to carry out
        }
        const auto request = TRY(carry_out(std::move(claimed)));
        return answer_to<Res>(request, *party);
      });
}

grpc::Status Service::reverse_authorization(const Caller& caller, const wire::MessageWrapper& in,
                                            wire::MessageWrapper& out) {
  return follow<AuthRevReq, AuthRevRes>(caller, in, out, accept_auth_rev_req);
}
grpc::Status Service::capture(const Caller& caller, const wire::MessageWrapper& in,
                              wire::MessageWrapper& out) {
  return follow<CapReq, CapRes>(caller, in, out, accept_cap_req);
}
grpc::Status Service::reverse_capture(const Caller& caller, const wire::MessageWrapper& in,
                                      wire::MessageWrapper& out) {
  return follow<CapRevReq, CapRevRes>(caller, in, out, accept_cap_rev_req);
}
grpc::Status Service::credit(const Caller& caller, const wire::MessageWrapper& in,
                             wire::MessageWrapper& out) {
  return follow<CredReq, CredRes>(caller, in, out, accept_cred_req);
}
grpc::Status Service::reverse_credit(const Caller& caller, const wire::MessageWrapper& in,
                                     wire::MessageWrapper& out) {
  return follow<CredRevReq, CredRevRes>(caller, in, out, accept_cred_rev_req);
}

Result<void> Service::end_undecided(const std::string& merchant_id, const AskedItem& asked) {
  const auto known = TRY(parts_.store.find(asked.auth_rrpid));
  const auto* waiting = known ? std::get_if<AwaitingAcquirer>(&*known) : nullptr;
  if (waiting == nullptr || waiting->terms.merchant_id != merchant_id) return {};
  const Deciding alone(*this, asked.auth_rrpid);
  CHECK_OR_FAIL(alone, ErrorCode::in_progress, "the AuthReq is being worked on");
  // It may have been decided between the look and the lock.
  const auto still = TRY(parts_.store.find(asked.auth_rrpid));
  if (!std::holds_alternative<AwaitingAcquirer>(still.value())) return {};
  TRY(settle(*waiting, failure(ErrorCode::outcome_unknown, "the merchant cancels it")));
  return {};
}

Result<PaymentRequest> Service::carry_out(PaymentRequest request) {
  crash_point("gateway:items-saved");
  bool waiting = false;
  for (const auto& item : request.items) {
    if (item.state != ItemState::pending) continue;
    // What is on its way already is not waited for again, and does not hold up those behind it.
    if (TRY(parts_.acquirer.is_waiting(*item.name))) {
      waiting = true;
    } else {
      TRY(carry_out(request, item));
    }
  }
  CHECK_OR_FAIL(!waiting, ErrorCode::in_progress, "the acquirer has not answered yet");
  auto settled = TRY(payments_.find(request.key));
  CHECK_OR_FAIL(settled, ErrorCode::internal, "a request is gone");
  return *std::move(settled);
}

Result<void> Service::carry_out(const PaymentRequest& request, const PaymentItem& item) {
  const auto told = tell_acquirer(request, item);
  crash_point("gateway:item-told");
  const bool refused = !told && told.error().code == ErrorCode::conflict;
  // "No answer yet": saved at the acquirer's door, and asked again under the same name.
  CHECK_OR_FAIL(told || told.error().code != ErrorCode::outcome_unknown, ErrorCode::in_progress,
                "the acquirer has not answered yet");
  if (!told && !refused) return failure(told.error());
  const auto now = parts_.receiver.now();
  std::optional<ItemCode> refusal;
  if (refused) {
    refusal = refused_by_acquirer(item, TRY(payments_.facts_of(request, item)), now);
  }
  Bytes cap_token_new;
  if (!refused && item.asked.kind == ItemKind::lowering) {
    cap_token_new =
        make_cap_token(parts_.token_key.reveal(), {*item.asked.amount},
                       {request.merchant_id, item.asked.trans_ids.xid, item.asked.auth_rrpid},
                       parts_.receiver.rng());
  }
  TRY(payments_.settle(*item.name, refusal, cap_token_new, now));
  auto decided = item;
  decided.state = refused ? ItemState::refused : ItemState::done;
  log_item(decided);
  measure_item(decided);
  return {};
}

Result<void> Service::tell_acquirer(const PaymentRequest& request, const PaymentItem& item) {
  const auto& asked = item.asked;
  const auto movement = [&] {
    return AcquirerMovement{*item.name, asked.auth_rrpid, *asked.amount, item.batch_id};
  };
  switch (asked.kind) {
    case ItemKind::capture:
      return parts_.acquirer.capture(movement(), asked.final);
    case ItemKind::capture_reversal:
      return parts_.acquirer.reverse_capture(*item.name, *item.undoes, item.batch_id);
    case ItemKind::credit:
      return parts_.acquirer.credit(movement());
    case ItemKind::credit_reversal:
      return parts_.acquirer.reverse_credit(*item.name, *item.undoes, item.batch_id);
    case ItemKind::lowering:
      return parts_.acquirer.lower(movement());
    case ItemKind::cancellation:
      break;
  }
  // The acquirer was never asked about an AuthReq that never came; and this may be the name of
  // another merchant's, which the cardholder knows too.
  if (!TRY(payments_.facts_of(request, item)).standing) return {};
  return parts_.acquirer.reverse(asked.auth_rrpid);
}

Result<std::vector<BatchStatus>> Service::batch_statuses(const PaymentRequest& request) {
  std::set<std::string> ids;
  for (const auto& item : request.items) {
    if (item.state == ItemState::done && !item.batch_id.empty()) ids.insert(item.batch_id);
  }
  std::vector<BatchStatus> out;
  for (const auto& id : ids) {
    if (out.size() == kMaxStatuses) break;
    const auto batch = TRY(parts_.store.database().in_transaction(
        "gateway:find", [&](Transaction& t) { return batches::find(t, request.merchant_id, id); }));
    if (batch) out.push_back(batch_status_of(*batch));
  }
  return out;
}

template <class Res>
Result<Reply<Res>> Service::answer_to(const PaymentRequest& request, const Party& party) {
  const auto& pe_thumb = party.key_exchange.value().leaf.thumbprint();
  Reply<Res> out;
  out.answer.trans_ids = request.trans_ids;
  if constexpr (std::is_same_v<Res, AuthRevRes>) {
    const auto auth_token = TRY(
        payments_.auth_token_of(request.merchant_id, request.items.at(0).asked.auth_rrpid));
    auto made = make_auth_rev_res(request, auth_token, pe_thumb);
    out.message = std::move(made.message);
    out.answer.baggage = serialize(to_wire(made.baggage));
  } else {
    auto statuses = TRY(batch_statuses(request));
    if constexpr (std::is_same_v<Res, CapRes>) {
      out.message = make_cap_res(request, std::move(statuses), pe_thumb);
    } else if constexpr (std::is_same_v<Res, CapRevRes>) {
      out.message = make_cap_rev_res(request, std::move(statuses), pe_thumb);
    } else if constexpr (std::is_same_v<Res, CredRes>) {
      out.message = make_cred_res(request, std::move(statuses), pe_thumb);
    } else {
      out.message = make_cred_rev_res(request, std::move(statuses), pe_thumb);
    }
  }
  return out;
}

template <class Req, class Res>
Result<void> Service::store_payment_answer(const PaymentStore::Unanswered& unanswered) {
  const auto& key = unanswered.request.key;
  const auto now = parts_.receiver.now();
  const auto party = parts_.receiver.party();
  const auto opened =
      TRY(open_pending_reply(parts_.token_key.reveal(), unanswered.owed.pending, key.rrpid));
  const auto reply = reply_context_of(TRY(PendingReply::from_bytes(opened.reveal())), key.merchant);
  const auto answer = TRY(answer_to<Res>(unanswered.request, *party));
  const auto sealed = TRY(seal_answer_with_evidence(answer.message, answer.answer, reply, *party, now,
                                                    parts_.receiver.rng()));
  const auto proof = proof_of_late_answer<Req>(answer.message, answer.answer.trans_ids, sealed,
                                               unanswered.owed, reply, *party, now);
  return parts_.store.database().in_transaction("gateway:answered", [&](Transaction& t) -> Result<void> {
    TRY(replies::save(t, key.merchant.view(), to_string(Treatment<Req>::info.type), key.rrpid,
                      {unanswered.owed.request_digest, reply.request_digest, sealed.wire}, now));
    return statements::save(t, proof, now);
  });
}

Result<void> Service::resume_payments(Instant received_by) {
  for (const auto& key : TRY(payments_.unfinished(received_by))) {
    auto request = TRY(payments_.find(key));
    const auto carried = carry_out(*std::move(request));
    if (!carried) log_warning("a payment is still open", key.rrpid, carried.error());
  }
  for (const auto& unanswered : TRY(payments_.unanswered(received_by))) {
    const auto& message = unanswered.request.key.message;
    const auto stored =
        message == "AuthRevReq"  ? store_payment_answer<AuthRevReq, AuthRevRes>(unanswered)
        : message == "CapReq"    ? store_payment_answer<CapReq, CapRes>(unanswered)
        : message == "CapRevReq" ? store_payment_answer<CapRevReq, CapRevRes>(unanswered)
        : message == "CredReq"   ? store_payment_answer<CredReq, CredRes>(unanswered)
                                 : store_payment_answer<CredRevReq, CredRevRes>(unanswered);
    if (!stored) {
      log_warning("an answer is still owed", unanswered.request.key.rrpid, stored.error());
    }
  }
  return {};
}

}  // namespace set::gateway
