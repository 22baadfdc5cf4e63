#include "merchant/authorization_reversal.h"

namespace set::merchant {
namespace {

// None: nothing stays, the authorisation is cancelled.
Result<std::optional<Amount>> new_amount(const AskedItem& asked) {
  const auto left = asked.authorized.minor() - asked.item.amount.minor();
  if (left == 0) return std::optional<Amount>();
  return std::optional<Amount>(TRY(Amount::make(asked.authorized.currency(), left)));
}

Result<const AskedItem*> only_item(std::span<const AskedItem> items) {
  CHECK_OR_FAIL(items.size() == 1, ErrorCode::internal, "a reversal is about one authorisation");
  return &items.front();
}

}  // namespace

Result<Request> make_auth_rev_req(const RRPID& rrpid, std::span<const AskedItem> items,
                                  const Asking& asking) {
  const auto& asked = *TRY(only_item(items));
  const AuthRevReq message{asked.item.auth_rrpid, TRY(new_amount(asked)), "", {}};
  const auto baggage = serialize(to_wire(AuthRevReqBaggage{asked.cap_token}));
  return seal_request(message,
                      {.self = asking.merchant,
                       .recipient = &asking.gateway.key_exchange.leaf,
                       .rrpid = rrpid,
                       .trans_ids = asked.ids,
                       .now = asking.now,
                       .baggage = baggage},
                      asking.rng);
}

Result<std::vector<ItemOutcome>> accept_auth_rev_res(std::span<const AskedItem> items,
                                                     const OpenedAnswer<AuthRevRes>& answer,
                                                     const GatewayCertificates& gateway) {
  const auto& asked = *TRY(only_item(items));
  const auto& auth_rev_res = answer.message;
  TRY(check_same_gateway(auth_rev_res.signer(), gateway));
  const auto& ids = auth_rev_res.head().trans_ids;
  CHECK_OR_FAIL(
      ids && same_purchase(*ids, asked.ids) && auth_rev_res->auth_rrpid == asked.item.auth_rrpid,
      ErrorCode::wrapper_msg_mismatch, "the AuthRevRes is of another authorisation");
  auto baggage = TRY(from_wire(TRY(parse_as<wire::AuthRevResBaggage>(answer.baggage))));
  ItemOutcome outcome{asked.item.auth_rrpid, auth_rev_res->auth_rev_code == AuthRevCode::approved,
                      std::string(to_string(auth_rev_res->auth_rev_code))};
  if (outcome.done) {
    CHECK_OR_FAIL(auth_rev_res->auth_new_amt == TRY(new_amount(asked)),
                  ErrorCode::wrapper_msg_mismatch,
                  "the gateway left another amount authorised than was asked for");
    outcome.cap_token_new = std::move(baggage.cap_token_new);
    outcome.auth_token_new = std::move(baggage.auth_token_new);
  }
  return std::vector{std::move(outcome)};
}

}  // namespace set::merchant
