#include "tests/gateway/shop.h"

namespace set::gateway::test {
namespace {

template <class Req>
Req items_about(const HeldPayment& of, const std::optional<RRPID>& reversed, Instant now,
                std::string_view amount) {
  Req out;
  out.items.push_back({.trans_ids = of.trans_ids,
                       .auth_rrpid = of.auth_rrpid,
                       .reversed = reversed,
                       .date = now,
                       .amt = euro(amount)});
  return out;
}

Bytes tokens_of(const HeldPayment& of) { return serialize(to_wire(CapTokenSeq{{of.cap_token}})); }

}  // namespace

HeldPayment Shop::authorized(std::string_view amount) {
  auto draft = world_.draft();
  draft.purch_amt = draft.auth_req_amt = euro(amount);
  draft.capture_now = false;
  return approved(draft);
}

HeldPayment Shop::approved(const Draft& draft) {
  const auto request = world_.make_auth_req(draft);
  auto answered = value_of(world_.open(request, value_of(world_.send(request.wire))));
  REQUIRE(to_string(answered.message.auth_code) == "approved");
  return {draft.trans_ids, request.rrpid, answered.baggage.cap_token, answered.baggage.auth_token,
          answered.message};
}

MadeRequest Shop::capture(const HeldPayment& of, std::string_view amount, bool final,
                          const std::string& batch_id) {
  CapReq out;
  out.items.push_back({.trans_ids = of.trans_ids,
                       .auth_rrpid = of.auth_rrpid,
                       .cap_date = world_.now,
                       .cap_req_amt = euro(amount),
                       .final_capture = final});
  if (!batch_id.empty()) {
    SaleDetail detail{};
    detail.batch_id = batch_id;
    out.items.back().sale_detail = detail;
  }
  return make(out, tokens_of(of));
}

MadeRequest Shop::credit(const HeldPayment& of, std::string_view amount) {
  return make(items_about<CredReq>(of, std::nullopt, world_.now, amount), tokens_of(of));
}
MadeRequest Shop::reverse_capture(const HeldPayment& of, const RRPID& reversed,
                                  std::string_view amount) {
  return make(items_about<CapRevReq>(of, reversed, world_.now, amount), tokens_of(of));
}
MadeRequest Shop::reverse_credit(const HeldPayment& of, const RRPID& reversed,
                                 std::string_view amount) {
  return make(items_about<CredRevReq>(of, reversed, world_.now, amount), tokens_of(of));
}

MadeRequest Shop::reverse(const HeldPayment& of, const char* amount, bool with_token) {
  AuthRevReq out{.auth_rrpid = of.auth_rrpid,
                 .auth_new_amt = amount != nullptr ? std::optional(euro(amount)) : std::nullopt,
                 .auth_ret_num = "ret-1",
                 .thumbs = {}};
  const AuthRevReqBaggage baggage{with_token ? of.cap_token : Bytes{}};
  return make(out, serialize(to_wire(baggage)), of.trans_ids);
}

Result<Bytes> Shop::send(const MadeRequest& request, Rpc rpc, Service* to) {
  wire::MessageWrapper out;
  auto& service = to != nullptr ? *to : *world_.service;
  const auto status = (service.*rpc)(std::nullopt, value_of(parse_wrapper(request.wire)), out);
  if (!status.ok()) return failure(ErrorCode::peer_unavailable, status.error_message());
  return serialize(out);
}

CapResPayload Shop::captured(const MadeRequest& request) {
  return value_of(open<CapRes>(request, value_of(send(request, &Service::capture))))
      .items.at(0)
      .payload;
}
CapRevOrCredResItem Shop::credited(const MadeRequest& request) {
  return value_of(open<CredRes>(request, value_of(send(request, &Service::credit)))).items.at(0);
}
CapRevOrCredResItem Shop::capture_reversed(const MadeRequest& request) {
  return value_of(open<CapRevRes>(request, value_of(send(request, &Service::reverse_capture))))
      .items.at(0);
}
CapRevOrCredResItem Shop::credit_reversed(const MadeRequest& request) {
  return value_of(open<CredRevRes>(request, value_of(send(request, &Service::reverse_credit))))
      .items.at(0);
}

AuthRevCode Shop::reversed(const MadeRequest& request, HeldPayment& of) {
  Bytes baggage;
  const auto res = value_of(open<AuthRevRes>(
      request, value_of(send(request, &Service::reverse_authorization)), &baggage));
  CHECK(res.auth_rrpid == of.auth_rrpid);
  CHECK(res.auth_ret_num == "ret-1");
  if (res.auth_rev_code == AuthRevCode::approved) {
    const auto tokens = value_of(from_wire(value_of(parse_as<wire::AuthRevResBaggage>(baggage))));
    of.cap_token = tokens.cap_token_new;
    of.auth_token = tokens.auth_token_new;
  }
  return res.auth_rev_code;
}

MadeRequest Shop::batch(const BatchAdminReq& request) { return make(request, {}); }

BatchAdminRes Shop::administered(const BatchAdminReq& request) {
  const auto made = batch(request);
  return value_of(open<BatchAdminRes>(made, value_of(send(made, &Service::administer_batch))));
}

BatchAdminRes Shop::operated(BatchOperation operation, const std::string& batch_id) {
  return administered(operation_on(operation, batch_id));
}

BatchAdminRes Shop::summary(const std::string& batch_id) {
  auto request = about_batch(batch_id);
  request.return_batch_summary = true;
  return administered(request);
}

BatchAdminReq about_batch(const std::string& batch_id) {
  BatchAdminReq out;
  out.batch_id = batch_id;
  return out;
}

BatchAdminReq operation_on(BatchOperation operation, const std::string& batch_id) {
  auto out = about_batch(batch_id);
  out.operation = operation;
  return out;
}

BatchAdminReq page_of_batch(const std::string& batch_id, std::uint32_t from,
                            std::uint32_t at_most) {
  auto out = about_batch(batch_id);
  ReturnTransactionDetail detail;
  detail.starting_point = from;
  detail.maximum_items = at_most;
  out.return_transaction_detail = detail;
  return out;
}

void Shop::check_books() {
  // Of each authorisation.
  CHECK(count_of(world_,
                 "SELECT COUNT(*) FROM authorizations a JOIN ledger_holds h ON h.name = "
                 "a.auth_rrpid WHERE a.standing <> 'none' AND (a.captured_minor <> "
                 "h.captured_minor OR a.credited_minor <> h.credited_minor OR a.capturing_minor <> "
                 "0)") == 0);
  // Of each PI.
  CHECK(count_of(world_,
                 "SELECT COUNT(*) FROM pis p WHERE p.state <> 'in_progress' AND p.authorized_minor "
                 "<> (SELECT COALESCE(SUM(a.authorized_minor), 0) FROM authorizations a WHERE "
                 "a.hpi_data = p.hpi_data)") == 0);
  // Of each batch, by kind.
  CHECK(count_of(world_,
                 "SELECT COUNT(*) FROM batches b WHERE EXISTS (SELECT kind, currency, "
                 "SUM(amount_minor), COUNT(*) FROM payment_items i WHERE i.batch_id = b.batch_id "
                 "AND i.merchant_id = b.merchant_id AND i.state = 'done' GROUP BY kind, currency "
                 "EXCEPT SELECT kind, currency, SUM(amount_minor), COUNT(*) FROM ledger_entries e "
                 "WHERE e.batch_id = b.batch_id AND e.merchant_id = b.merchant_id GROUP BY kind, "
                 "currency)") == 0);
}

std::int64_t count_of(World& world, std::string_view sql) {
  return value_of(world.store.database().in_transaction(
                      "test", [&](Transaction& t) { return t.query_one(sql); }))
      ->integer(0);
}

}  // namespace set::gateway::test
