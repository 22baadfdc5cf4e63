// The merchant's half of purchase, check by check (set-1997 §3.3 to §3.5).
#include <catch2/generators/catch_generators.hpp>

#include "tests/merchant/shop.h"

using namespace set;
using namespace set::merchant;
using namespace set::merchant::test;

TEST_CASE("a PInitReq with the order secret begins a purchase with fresh ids") {
  Shop shop;
  const auto order = shop.make_order();
  const auto first = shop.initiate(order);
  const auto second = shop.initiate(order);
  CHECK(first.ids.xid != second.ids.xid);
  CHECK(first.chall_m != second.chall_m);
  CHECK(first.ids.lid_m == order.order.id);
  const auto pinit_res = make_pinit_res(first);
  CHECK(pinit_res.order_description == order.order.description);
  CHECK(pinit_res.purch_amt == order.order.amount);
  CHECK(pinit_res.chall_c == first.chall_c);
  CHECK(pinit_res.pe_thumb == shop.gateway.party->key_exchange->leaf.thumbprint());
}

TEST_CASE("without an order that can be paid, or its secret, there is one answer: unknownLID") {
  Shop shop;
  const auto order = shop.make_order();
  const Seller parts{*shop.merchant.party, shop.gateway_certificates};
  const auto opened = shop.open_pinit_req(order);
  const auto wrong_secret = shop.open_pinit_req(
      order, [&](PInitReq& message) { message.order_secret = shop.rng.make<OrderSecret>(); });
  const auto refused = [&](const std::optional<Order>& found, bool taken,
                           const Opened<PInitReq>& message, Instant now) {
    const auto accepted = accept_pinit_req(found, taken, message.message, parts, now, shop.rng);
    REQUIRE_FALSE(accepted);
    CHECK(accepted.error().code == ErrorCode::unknown_lid);
  };
  refused(std::nullopt, false, opened, shop.now);
  refused(order.order, false, wrong_secret, shop.now);
  refused(order.order, true, opened, shop.now);
  refused(order.order, false, opened, order.order.expires_at + Duration(1));
}

TEST_CASE("another brand is not taken") {
  Shop shop;
  const auto order = shop.make_order();
  const auto opened =
      shop.open_pinit_req(order, [](PInitReq& message) { message.brand = "Other"; });
  const auto accepted =
      accept_pinit_req(order.order, false, opened.message,
                       {*shop.merchant.party, shop.gateway_certificates}, shop.now, shop.rng);
  REQUIRE_FALSE(accepted);
  CHECK(accepted.error().code == ErrorCode::unspecified_failure);
}

TEST_CASE("a correct PReq is ordered, with its evidence and the gateway's PI") {
  Shop shop;
  const auto purchase = shop.initiate(shop.make_order());
  const auto preq = shop.make_preq(shop.draft(purchase));
  const auto opened = shop.open_preq(preq.request);
  auto outcome = value_of(accept_preq(purchase, opened, *shop.merchant.party, shop.now));
  REQUIRE(std::holds_alternative<Ordered>(outcome));
  const auto& order = std::get<Ordered>(outcome);
  CHECK(order.preq.hoi_data == preq.hoi_data);
  CHECK(order.preq.hpi_data == preq.hpi_data);
  CHECK(order.preq.cardholder == shop.cardholder.party.signature->leaf.thumbprint());
  const auto pi = value_of(open_pi(order.pi, *shop.gateway.party, shop.now));
  CHECK(pi.head.hod == order.hod);
  CHECK(pi.hoi_data == order.preq.hoi_data);
}

TEST_CASE("a PReq that is not of this purchase is refused with an Error") {
  Shop shop;
  struct Row {
    const char* why;
    std::function<void(Draft&)> change;
    ErrorCode code;
  };
  const auto row = GENERATE_REF(
      Row{"another XID", [&](Draft& d) { d.ids.xid = shop.rng.make<XID>(); },
          ErrorCode::unknown_xid},
      Row{"another LID-C", [](Draft& d) { d.ids.lid_c = LIDC{"other"}; }, ErrorCode::unknown_lid},
      Row{"another LID-M", [](Draft& d) { d.ids.lid_m = LIDM{"other"}; }, ErrorCode::unknown_lid},
      Row{"no LID-M", [](Draft& d) { d.ids.lid_m = std::nullopt; }, ErrorCode::unknown_lid},
      Row{"another date", [](Draft& d) { d.ids.preq_date += Duration(1); },
          ErrorCode::wrapper_msg_mismatch},
      Row{"another Chall-M", [&](Draft& d) { d.chall_m = shop.rng.make<Challenge>(); },
          ErrorCode::challenge_mismatch},
      Row{"another Chall-C", [&](Draft& d) { d.chall_c = shop.rng.make<Challenge>(); },
          ErrorCode::challenge_mismatch},
      Row{"another merchant",
          [&](Draft& d) { d.merchant_signature = &shop.other_merchant.party->signature->leaf; },
          ErrorCode::thumbs_mismatch},
      Row{"another gateway",
          [&](Draft& d) { d.gateway_key_exchange = &shop.other_gateway.party->key_exchange->leaf; },
          ErrorCode::thumbs_mismatch},
      Row{"another brand than the certificate's", [](Draft& d) { d.brand = "Other"; },
          ErrorCode::signature_failure});
  INFO(row.why);
  const auto purchase = shop.initiate(shop.make_order());
  auto draft = shop.draft(purchase);
  row.change(draft);
  const auto outcome = accept_preq(purchase, shop.open_preq(draft), *shop.merchant.party, shop.now);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == row.code);
}

TEST_CASE("a PReq for another order than was offered is answered with orderRejected") {
  Shop shop;
  struct Row {
    const char* why;
    std::function<void(Draft&)> change;
    Duration later = Duration(0);
  };
  const auto row = GENERATE_REF(
      Row{"another description", [](Draft& d) { d.description += "s"; }},
      Row{"another amount", [](Draft& d) { d.purch_amt = amount("49.94 EUR"); }},
      Row{"another currency", [](Draft& d) { d.purch_amt = amount("49.95 USD"); }},
      Row{"no longer valid", [&](Draft& d) { d.valid_until = shop.now - Duration(1); }},
      Row{"the offer is over", [&](Draft& d) { d.valid_until += std::chrono::hours(1); },
          std::chrono::hours(1) + Duration(1)});
  INFO(row.why);
  const auto purchase = shop.initiate(shop.make_order());
  auto draft = shop.draft(purchase);
  row.change(draft);
  const auto outcome = value_of(
      accept_preq(purchase, shop.open_preq(draft), *shop.merchant.party, shop.now + row.later));
  REQUIRE(std::holds_alternative<Rejected>(outcome));
  const auto pres = make_pres(std::get<Rejected>(outcome), {}, purchase.chall_c);
  CHECK(pres.completion_code == CompletionCode::order_rejected);
  CHECK(pres.payloads.empty());
  CHECK(pres.hoi_data);
}

TEST_CASE("a card of another BIN than PInitReq said is rejected") {
  Shop shop;
  const auto order = shop.make_order();
  const auto opened = shop.open_pinit_req(order, [](PInitReq& message) { message.bin = "411111"; });
  const auto purchase = value_of(accept_pinit_req(order.order, false, opened.message,
                                                  {*shop.merchant.party, shop.gateway_certificates},
                                                  shop.now, shop.rng));
  const auto outcome = value_of(
      accept_preq(purchase, shop.open_preq(shop.draft(purchase)), *shop.merchant.party, shop.now));
  CHECK(std::holds_alternative<Rejected>(outcome));
}

TEST_CASE("an order half that was exchanged does not fit the signature") {
  Shop shop;
  const auto purchase = shop.initiate(shop.make_order());
  auto opened = shop.open_preq(shop.draft(purchase));
  opened.baggage = shop.open_preq(shop.draft(purchase)).baggage;  // same order, another salt
  const auto outcome = accept_preq(purchase, opened, *shop.merchant.party, shop.now);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == ErrorCode::signature_failure);
}

TEST_CASE("a PRes tells the state and nothing more") {
  Shop shop;
  const auto purchase = shop.initiate(shop.make_order());
  const auto order = shop.take(purchase);
  const auto auth_rrpid = shop.rng.make<RRPID>();
  const Authorized authorized{
      auth_rrpid, purchase.order.amount, shop.now, "A1B2C3", {}, {}, Bytes{7}, {}};
  const auto pres_of = [&](Authorization authorization) {
    return make_pres(order, std::span(&authorization, 1), purchase.chall_c);
  };
  CHECK(make_pres(purchase, {}, purchase.chall_c).completion_code ==
        CompletionCode::order_not_received);
  CHECK_FALSE(make_pres(purchase, {}, purchase.chall_c).hoi_data);

  const auto waiting = pres_of(
      value_of(make_auth_req(order, first_authorization(order.initiated.order, auth_rrpid),
                             *shop.merchant.party, shop.gateway_certificates, shop.now, shop.rng)));
  CHECK(waiting.completion_code == CompletionCode::order_received);
  CHECK(waiting.payloads.empty());
  CHECK(waiting.gateway == purchase.gateway);

  const auto approved = pres_of(authorized);
  CHECK(approved.completion_code == CompletionCode::authorization_performed);
  CHECK(approved.payloads.at(0).auth_status.auth_code == AuthCode::approved);
  CHECK_FALSE(approved.payloads.at(0).cap_status);
  CHECK(approved.payloads.at(0).acq_card_msg == Bytes{7});

  const auto captured = pres_of(Captured{authorized, purchase.order.amount, shop.now});
  CHECK(captured.completion_code == CompletionCode::capture_performed);
  CHECK(captured.payloads.at(0).cap_status->cap_amt == purchase.order.amount);

  const auto declined = pres_of(Declined{auth_rrpid, AuthCode::call_issuer, shop.now, {}, {}});
  CHECK(declined.completion_code == CompletionCode::authorization_performed);
  CHECK(declined.payloads.at(0).auth_status.auth_code == AuthCode::call_issuer);
  CHECK_FALSE(declined.payloads.at(0).auth_status.auth_amt);

  Captured refunded{authorized, purchase.order.amount, shop.now};
  refunded.credits.assign(kMaxCredStatuses + 6, {amount("0.01 EUR"), shop.now});
  const auto credited = pres_of(refunded);
  CHECK(credited.completion_code == CompletionCode::credit_performed);
  CHECK(credited.payloads.at(0).cred_status_seq.size() == kMaxCredStatuses);
  CHECK(credited.payloads.at(0).cap_status->cap_amt == purchase.order.amount);

  const auto reversed = pres_of(Reversed{auth_rrpid, AuthCode::no_reply, shop.now});
  CHECK(reversed.completion_code == CompletionCode::authorization_performed);
  CHECK(reversed.payloads.at(0).auth_status.auth_code == AuthCode::no_reply);
  CHECK_FALSE(reversed.payloads.at(0).auth_status.auth_amt);

  const auto given_up = pres_of(GivenUp{{auth_rrpid, purchase.order.amount}});
  CHECK(given_up.completion_code == CompletionCode::order_received);
  for (const auto& pres : {waiting, approved, captured, declined, credited, reversed, given_up})
    CHECK(from_wire(to_wire(pres)));
}

TEST_CASE("a PRes has a payload for each authorisation that is decided, oldest first") {
  Shop shop;
  const auto purchase = shop.initiate(shop.make_order());
  const auto order = shop.take(purchase);
  std::vector<Authorization> authorizations;
  std::vector<RRPID> names;
  for (int i = 0; i < kMaxPResPayloads + 2; ++i) {
    names.push_back(shop.rng.make<RRPID>());
    authorizations.emplace_back(
        Authorized{names.back(), amount("1.00 EUR"), shop.now, "A1B2C3", {}, {}, {}, {}});
  }
  authorizations.emplace_back(GivenUp{{shop.rng.make<RRPID>(), amount("1.00 EUR")}});
  const auto pres = make_pres(order, authorizations, purchase.chall_c);
  REQUIRE(pres.payloads.size() == kMaxPResPayloads);  // the youngest of them
  CHECK(pres.payloads.front().auth_rrpid == names.at(2));
  CHECK(pres.payloads.back().auth_rrpid == names.back());
  CHECK(from_wire(to_wire(pres)));
}

TEST_CASE("a mandate is offered, and taken only as it was offered") {
  Shop shop;
  auto made = shop.make_order("120.00 EUR");
  const InstallRecurData mandate{InstallTotalTrans{12}, amount("10.00 EUR")};
  made.order.terms = {true, amount("10.00 EUR"), mandate};
  const auto purchase = shop.initiate(made);
  CHECK(make_pinit_res(purchase).install_recur == mandate);
  auto draft = shop.draft(purchase);
  CHECK(std::holds_alternative<Ordered>(
      value_of(accept_preq(purchase, shop.open_preq(draft), *shop.merchant.party, shop.now))));
  const auto changed =
      GENERATE_REF(std::optional<InstallRecurData>(),
                   std::optional(InstallRecurData{InstallTotalTrans{13}, amount("10.00 EUR")}),
                   std::optional(InstallRecurData{InstallTotalTrans{12}, amount("9.00 EUR")}),
                   std::optional(InstallRecurData{Recurring{30, shop.now}, amount("10.00 EUR")}));
  draft.install_recur = changed;
  CHECK(std::holds_alternative<Rejected>(
      value_of(accept_preq(purchase, shop.open_preq(draft), *shop.merchant.party, shop.now))));
}

TEST_CASE("only the cardholder of the PReq may ask how it stands") {
  Shop shop;
  const auto purchase = shop.initiate(shop.make_order());
  const auto order = shop.take(purchase);
  const auto chall_c2 = shop.rng.make<Challenge>();
  const auto ask = [&](const PurchaseState& state, const TransIDs& ids, const Party& who) {
    return accept_inq_req(state, shop.open_inq_req(shop.make_inq_req(ids, chall_c2, who)).message);
  };
  CHECK(ask(order, purchase.ids, shop.cardholder.party));
  CHECK(ask(purchase, purchase.ids, shop.cardholder.party));
  const auto stranger = ask(order, purchase.ids, shop.other_cardholder.party);
  REQUIRE_FALSE(stranger);
  CHECK(stranger.error().code == ErrorCode::unknown_xid);
  auto other_ids = purchase.ids;
  other_ids.lid_c = LIDC{"other"};
  CHECK(ask(order, other_ids, shop.cardholder.party).error().code == ErrorCode::unknown_lid);
  CHECK(make_inq_res(purchase, {}, {chall_c2, {}}).state.chall_c == chall_c2);
}
