#include "merchant/credit.h"

#include "merchant/capture.h"

namespace set::merchant {
namespace {

template <class Req>
Result<Request> make_request(const RRPID& rrpid, std::span<const AskedItem> items,
                             const Asking& asking) {
  Req message;
  for (const auto& asked : items) {
    message.items.push_back({.trans_ids = asked.ids,
                             .auth_rrpid = asked.item.auth_rrpid,
                             .reversed = asked.item.reversed,
                             .date = asked.item.date,
                             .amt = asked.item.amount});
  }
  const auto baggage = cap_token_baggage(items);
  return seal_request(message,
                      {.self = asking.merchant,
                       .recipient = &asking.gateway.key_exchange.leaf,
                       .rrpid = rrpid,
                       .trans_ids = std::nullopt,
                       .now = asking.now,
                       .baggage = baggage},
                      asking.rng);
}

template <class Res>
Result<std::vector<ItemOutcome>> accept_answer(std::span<const AskedItem> items,
                                               const OpenedAnswer<Res>& answer,
                                               const GatewayCertificates& gateway) {
  TRY(check_same_gateway(answer.message.signer(), gateway));
  const auto& answered = answer.message->items;
  // "An answer has the items of its request in their order, each with its ids" (protocol §9).
  CHECK_OR_FAIL(answered.size() == items.size(), ErrorCode::wrapper_msg_mismatch,
                "the answer has more or fewer items than were asked");
  std::vector<ItemOutcome> out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto& got = answered[i];
    const auto& asked = items[i].item;
    CHECK_OR_FAIL(same_purchase(got.trans_ids, items[i].ids) &&
                      got.auth_rrpid == asked.auth_rrpid && got.reversed == asked.reversed,
                  ErrorCode::wrapper_msg_mismatch,
                  "an item of the answer is about something else than was asked");
    CHECK_OR_FAIL(!got.actual_amt || *got.actual_amt == asked.amount,
                  ErrorCode::wrapper_msg_mismatch,
                  "the gateway moved another amount than was asked for");
    out.push_back({got.auth_rrpid, got.code == CapRevOrCredCode::success,
                   std::string(to_string(got.code)), got.batch_id, got.batch_sequence_num});
  }
  return out;
}

}  // namespace

Result<Request> make_cap_rev_req(const RRPID& rrpid, std::span<const AskedItem> items,
                                 const Asking& asking) {
  return make_request<CapRevReq>(rrpid, items, asking);
}
Result<Request> make_cred_req(const RRPID& rrpid, std::span<const AskedItem> items,
                              const Asking& asking) {
  return make_request<CredReq>(rrpid, items, asking);
}
Result<Request> make_cred_rev_req(const RRPID& rrpid, std::span<const AskedItem> items,
                                  const Asking& asking) {
  return make_request<CredRevReq>(rrpid, items, asking);
}

Result<std::vector<ItemOutcome>> accept_cap_rev_res(std::span<const AskedItem> items,
                                                    const OpenedAnswer<CapRevRes>& answer,
                                                    const GatewayCertificates& gateway) {
  return accept_answer(items, answer, gateway);
}
Result<std::vector<ItemOutcome>> accept_cred_res(std::span<const AskedItem> items,
                                                 const OpenedAnswer<CredRes>& answer,
                                                 const GatewayCertificates& gateway) {
  return accept_answer(items, answer, gateway);
}
Result<std::vector<ItemOutcome>> accept_cred_rev_res(std::span<const AskedItem> items,
                                                     const OpenedAnswer<CredRevRes>& answer,
                                                     const GatewayCertificates& gateway) {
  return accept_answer(items, answer, gateway);
}

}  // namespace set::merchant
