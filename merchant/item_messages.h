// What the messages about items share at the merchant: CapReq, CapRevReq, CredReq, CredRevReq and
// their answers (set-1997 §3.8; protocol §9). Internal to capture.cpp and credit.cpp.
#pragma once

#include "common/message/capture.h"
#include "common/message/credit.h"
#include "common/message/open.h"
#include "merchant/gateway_certificate.h"
#include "merchant/item_state.h"

namespace set::merchant {

/// The request with one CapToken for each item beside it.
template <class Req>
Result<Request> seal_items(const Req& message, const RRPID& rrpid, std::span<const AskedItem> items,
                           const Asking& asking) {
  CapTokenSeq tokens;
  for (const auto& asked : items) tokens.cap_tokens.push_back(asked.cap_token);
  const auto baggage = serialize(to_wire(tokens));
  return seal_request(message,
                      {.self = asking.merchant,
                       .recipient = &asking.gateway.key_exchange.leaf,
                       .rrpid = rrpid,
                       .trans_ids = std::nullopt,
                       .now = asking.now,
                       .baggage = baggage},
                      asking.rng);
}

/// One answered item, whichever message it stands in.
struct AnsweredItem {
  const TransIDs& ids;
  std::optional<RRPID> reversed;
  std::optional<Amount> amount;
  ItemOutcome outcome;
};
inline AnsweredItem answered_item(const CapResItem& item) {
  const auto& payload = item.payload;
  return {item.trans_ids, std::nullopt, payload.cap_amt,
          {item.auth_rrpid, payload.cap_code == CapCode::success,
           std::string(to_string(payload.cap_code)), payload.batch_id,
           payload.batch_sequence_num}};
}
inline AnsweredItem answered_item(const CapRevOrCredResItem& item) {
  return {item.trans_ids, item.reversed, item.actual_amt,
          {item.auth_rrpid, item.code == CapRevOrCredCode::success,
           std::string(to_string(item.code)), item.batch_id, item.batch_sequence_num}};
}

/// "An answer has the items of its request in their order, each with its ids" (protocol §9).
template <class Res>
Result<std::vector<ItemOutcome>> accept_items(std::span<const AskedItem> items,
                                              const OpenedAnswer<Res>& answer,
                                              const GatewayCertificates& gateway) {
  TRY(check_same_gateway(answer.message.signer(), gateway));
  const auto& answered = answer.message->items;
  CHECK_OR_FAIL(answered.size() == items.size(), ErrorCode::wrapper_msg_mismatch,
                "the answer has more or fewer items than were asked");
  std::vector<ItemOutcome> out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto got = answered_item(answered[i]);
    const auto& asked = items[i].item;
    CHECK_OR_FAIL(same_purchase(got.ids, items[i].ids) &&
                      got.outcome.auth_rrpid == asked.auth_rrpid && got.reversed == asked.reversed,
                  ErrorCode::wrapper_msg_mismatch,
                  "an item of the answer is about something else than was asked");
    CHECK_OR_FAIL(!got.amount || *got.amount == asked.amount, ErrorCode::wrapper_msg_mismatch,
                  "the gateway moved another amount than was asked for");
    out.push_back(std::move(got.outcome));
  }
  return out;
}

}  // namespace set::merchant
