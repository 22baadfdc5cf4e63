#include "merchant/capture.h"

namespace set::merchant {

Bytes cap_token_baggage(std::span<const AskedItem> items) {
  CapTokenSeq tokens;
  for (const auto& asked : items) tokens.cap_tokens.push_back(asked.cap_token);
  return serialize(to_wire(tokens));
}

Result<Request> make_cap_req(const RRPID& rrpid, std::span<const AskedItem> items,
                             const Asking& asking) {
  CapReq message;
  for (const auto& asked : items) {
    message.items.push_back({.trans_ids = asked.ids,
                             .auth_rrpid = asked.item.auth_rrpid,
                             .cap_date = asked.item.date,
                             .cap_req_amt = asked.item.amount,
                             .final_capture = asked.item.final_capture});
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

Result<std::vector<ItemOutcome>> accept_cap_res(std::span<const AskedItem> items,
                                                const OpenedAnswer<CapRes>& answer,
                                                const GatewayCertificates& gateway) {
  TRY(check_same_gateway(answer.message.signer(), gateway));
  const auto& answered = answer.message->items;
  // "An answer has the items of its request in their order, each with its ids" (protocol §9).
  CHECK_OR_FAIL(answered.size() == items.size(), ErrorCode::wrapper_msg_mismatch,
                "the CapRes has more or fewer items than were asked");
  std::vector<ItemOutcome> out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto& [ids, auth_rrpid, payload] = answered[i];
    CHECK_OR_FAIL(same_purchase(ids, items[i].ids) && auth_rrpid == items[i].item.auth_rrpid,
                  ErrorCode::wrapper_msg_mismatch,
                  "an item of the CapRes is of another authorisation");
    CHECK_OR_FAIL(!payload.cap_amt || *payload.cap_amt == items[i].item.amount,
                  ErrorCode::wrapper_msg_mismatch,
                  "the gateway captured another amount than was asked for");
    out.push_back({auth_rrpid, payload.cap_code == CapCode::success,
                   std::string(to_string(payload.cap_code)), payload.batch_id,
                   payload.batch_sequence_num});
  }
  return out;
}

}  // namespace set::merchant
