// What follows an authorisation, step by step: each code where it belongs, and the books of gateway
// and bank equal after each.
#include "gateway/cap_token.h"
#include "tests/gateway/shop.h"

namespace set::gateway::test {
namespace {

struct FollowUps {
  World world;
  Shop shop{world};
  HeldPayment held = shop.authorized("100.00");

  /// Captures, and returns the name of it.
  RRPID captured(std::string_view amount, bool final = false) {
    const auto request = shop.capture(held, amount, final);
    const auto payload = shop.captured(request);
    REQUIRE(to_string(payload.cap_code) == "success");
    CHECK(payload.cap_amt == euro(amount));
    return request.rrpid;
  }
  std::int64_t authorized_in_all() {
    return count_of(world, "SELECT SUM(authorized_minor) FROM pis");
  }
};

}  // namespace

TEST_CASE_METHOD(FollowUps, "one authorisation is captured in parts until nothing is left") {
  CHECK(shop.captured(shop.capture(held, "60.00")).batch_sequence_num == 1);
  CHECK(shop.capture_code(shop.capture(held, "40.01")) == CapCode::amount_error);
  CHECK(shop.captured(shop.capture(held, "40.00")).batch_sequence_num == 2);
  CHECK(shop.capture_code(shop.capture(held, "0.01")) == CapCode::duplicate_request);
  CHECK(authorized_in_all() == 10000);
  shop.check_books();
}

TEST_CASE_METHOD(FollowUps, "a final capture releases the rest") {
  captured("30.00");
  captured("20.00", true);
  CHECK(shop.capture_code(shop.capture(held, "10.00")) == CapCode::duplicate_request);
  CHECK(authorized_in_all() == 5000);
  shop.check_books();
}

TEST_CASE_METHOD(FollowUps,
                 "each item of a CapReq is answered by its own code, in the order asked") {
  auto other = shop.authorized("50.00");
  CapReq req;
  Bytes forged = held.cap_token;
  forged.back() ^= 1;
  struct Row {
    TransIDs trans_ids;
    RRPID auth_rrpid;
    const char* amount;
    Bytes token;
    CapCode expected;
  };
  auto third = shop.authorized("50.00");
  third.trans_ids.lid_c = LIDC{"wallet-2"};
  auto stranger = third.trans_ids;
  stranger.xid = world.rng.make<XID>();
  const std::vector<Row> rows{
      {held.trans_ids, held.auth_rrpid, "10.00", {}, CapCode::cap_token_missing},
      {other.trans_ids, other.auth_rrpid, "10.00", other.cap_token, CapCode::success},
      {held.trans_ids, world.rng.make<RRPID>(), "10.00", held.cap_token, CapCode::unknown_xid},
      {stranger, third.auth_rrpid, "10.00", third.cap_token, CapCode::unknown_xid},
      {third.trans_ids, third.auth_rrpid, "10.00", third.cap_token, CapCode::unknown_lid},
  };
  CapTokenSeq tokens;
  for (const auto& row : rows) {
    req.items.push_back({.trans_ids = row.trans_ids,
                         .auth_rrpid = row.auth_rrpid,
                         .cap_date = world.now,
                         .cap_req_amt = euro(row.amount)});
    tokens.cap_tokens.push_back(row.token);
  }
  const auto request = shop.make(req, serialize(to_wire(tokens)));
  const auto res =
      value_of(shop.open<CapRes>(request, value_of(shop.send(request, &Service::capture))));
  REQUIRE(res.items.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    INFO("item " << i);
    CHECK(to_string(res.items[i].payload.cap_code) == to_string(rows[i].expected));
    CHECK(res.items[i].auth_rrpid == rows[i].auth_rrpid);
  }
  REQUIRE(res.batch_status_seq.size() == 1);
  CHECK(res.batch_status_seq[0].totals.at(0).debit_total == euro("10.00"));
  auto with_forged = held;
  with_forged.cap_token = forged;
  CHECK(shop.capture_code(shop.capture(with_forged, "1.00")) == CapCode::invalid_cap_token);
  with_forged.cap_token = other.cap_token;
  CHECK(shop.capture_code(shop.capture(with_forged, "1.00")) == CapCode::invalid_cap_token);
  shop.check_books();
}

TEST_CASE_METHOD(FollowUps, "an authorisation whose time is over is not captured") {
  world.now += std::chrono::hours(7 * 24);
  CHECK(shop.capture_code(shop.capture(held, "1.00")) == CapCode::auth_expired);
}

TEST_CASE_METHOD(FollowUps, "another currency than the authorisation's is an amountError") {
  CapReq req;
  req.items.push_back({.trans_ids = held.trans_ids,
                       .auth_rrpid = held.auth_rrpid,
                       .cap_date = world.now,
                       .cap_req_amt = value_of(Amount::parse("100 JPY"))});
  const auto request = shop.make(req, serialize(to_wire(CapTokenSeq{{held.cap_token}})));
  CHECK(shop.capture_code(request) == CapCode::amount_error);
}

TEST_CASE_METHOD(FollowUps, "a repeated CapReq gets the same bytes and captures once") {
  const auto request = shop.capture(held, "60.00");
  const auto first = value_of(shop.send(request, &Service::capture));
  CHECK(value_of(shop.send(request, &Service::capture)) == first);
  CHECK(count_of(world, "SELECT SUM(captured_minor) FROM ledger_holds") == 6000);
}

TEST_CASE_METHOD(FollowUps, "a capture is undone once, in its own batch, and may be made again") {
  const auto capture = captured("60.00", true);
  CHECK(shop.capture_reversed(shop.reverse_capture(held, capture, "59.99")).code ==
        CapRevOrCredCode::amount_error);
  CHECK(shop.capture_reversed(shop.reverse_capture(held, world.rng.make<RRPID>(), "60.00")).code ==
        CapRevOrCredCode::original_not_found);
  const auto undone = shop.capture_reversed(shop.reverse_capture(held, capture, "60.00"));
  CHECK(to_string(undone.code) == "success");
  CHECK(undone.reversed == capture);
  CHECK(undone.actual_amt == euro("60.00"));
  CHECK(shop.capture_reversed(shop.reverse_capture(held, capture, "60.00")).code ==
        CapRevOrCredCode::original_processed);
  shop.check_books();
  captured("25.00");
  CHECK(shop.capture_code(shop.capture(held, "35.01")) == CapCode::amount_error);
  shop.check_books();
}

TEST_CASE_METHOD(FollowUps,
                 "credits are at most what was captured, also after the batch was closed") {
  CHECK(shop.credited(shop.credit(held, "1.00")).code == CapRevOrCredCode::original_not_found);
  const auto capture = captured("60.00");
  const auto batch_id = batch_id_of(world.now);
  CHECK(shop.operated(BatchOperation::close, batch_id).ba_status == BAStatus::success);
  const auto credit = shop.credit(held, "20.00");
  const auto given = shop.credited(credit);
  CHECK(to_string(given.code) == "success");
  CHECK(given.batch_id == batch_id + "-2");
  CHECK(shop.credited(shop.credit(held, "40.01")).code == CapRevOrCredCode::amount_error);
  // What went back cannot be taken off once more.
  CHECK(shop.capture_reversed(shop.reverse_capture(held, capture, "60.00")).code ==
        CapRevOrCredCode::original_processed);
  CHECK(to_string(shop.credit_reversed(shop.reverse_credit(held, credit.rrpid, "20.00")).code) ==
        "success");
  CHECK(shop.credit_reversed(shop.reverse_credit(held, credit.rrpid, "20.00")).code ==
        CapRevOrCredCode::original_processed);
  CHECK(to_string(shop.credited(shop.credit(held, "60.00")).code) == "success");
  shop.check_books();
}

TEST_CASE_METHOD(FollowUps, "an authorisation is lowered, with a new token that alone counts") {
  const auto old = held;
  CHECK(shop.reversed(shop.reverse(held, "100.00"), held) == AuthRevCode::amount_error);
  CHECK(shop.reversed(shop.reverse(held, "40.00", false), held) == AuthRevCode::missing_cap_token);
  CHECK(shop.reversed(shop.reverse(held, "40.00"), held) == AuthRevCode::approved);
  CHECK_FALSE(held.cap_token == old.cap_token);
  const CapTokenBinding binding{"shop-1", held.trans_ids.xid, held.auth_rrpid};
  const auto token = value_of(open_cap_token(world.token_key.reveal(), held.cap_token, binding));
  CHECK(token.auth_amt == euro("40.00"));
  CHECK(shop.capture_code(shop.capture(old, "10.00")) == CapCode::invalid_cap_token);
  CHECK(shop.capture_code(shop.capture(held, "40.01")) == CapCode::amount_error);
  CHECK(authorized_in_all() == 4000);
  captured("30.00");
  CHECK(shop.reversed(shop.reverse(held, "29.99"), held) == AuthRevCode::amount_error);
  CHECK(shop.reversed(shop.reverse(held, nullptr), held) == AuthRevCode::invalid_transaction);
  CHECK(shop.reversed(shop.reverse(held, "30.00"), held) == AuthRevCode::approved);
  CHECK(shop.capture_code(shop.capture(held, "0.01")) == CapCode::duplicate_request);
  shop.check_books();
}

TEST_CASE_METHOD(FollowUps,
                 "a cancelled authorisation holds nothing, and cancelling again is no harm") {
  auto gone = held;
  CHECK(shop.reversed(shop.reverse(gone, nullptr), gone) == AuthRevCode::approved);
  CHECK(gone.cap_token.empty());
  CHECK(shop.capture_code(shop.capture(held, "1.00")) == CapCode::invalid_auth_data);
  auto again = held;
  CHECK(shop.reversed(shop.reverse(again, nullptr), again) == AuthRevCode::approved);
  CHECK(authorized_in_all() == 0);
  CHECK(count_of(world, "SELECT COUNT(*) FROM ledger_holds WHERE state = 'reversed'") == 1);
  shop.check_books();
}

TEST_CASE("a PI whose authorisation was cancelled may come again") {
  World world;
  Shop shop(world);
  auto draft = world.draft();
  draft.capture_now = false;
  const auto pi = world.make_pi(draft);
  const auto ask = [&] {
    const auto request = world.make_auth_req(draft, pi);
    const auto answered = value_of(world.open(request, value_of(world.send(request.wire))));
    return std::pair(request.rrpid, answered);
  };
  const auto [rrpid, first] = ask();
  CHECK(ask().second.message.auth_code == AuthCode::pi_previously_used);
  HeldPayment held{draft.trans_ids, rrpid, first.baggage.cap_token, {}, first.message};
  CHECK(shop.reversed(shop.reverse(held, nullptr), held) == AuthRevCode::approved);
  CHECK(ask().second.message.auth_code == AuthCode::approved);
}

TEST_CASE("an AuthReq that was cancelled before it came is refused") {
  World world;
  Shop shop(world);
  auto draft = world.draft();
  const auto request = world.make_auth_req(draft);
  HeldPayment never{draft.trans_ids, request.rrpid, {}, {}, {}};
  CHECK(shop.reversed(shop.reverse(never, "1.00", false), never) == AuthRevCode::missing_cap_token);
  CHECK(shop.reversed(shop.reverse(never, nullptr, false), never) == AuthRevCode::approved);
  const auto answered = value_of(world.open(request, value_of(world.send(request.wire))));
  CHECK(answered.message.auth_code == AuthCode::invalid_transaction);
}

TEST_CASE("a sale whose AuthRes was lost is cancelled with its capture; one that is known is not") {
  World world;
  Shop shop(world);
  auto lost = shop.approved(world.draft());
  auto known = lost;
  CHECK(shop.reversed(shop.reverse(known, nullptr), known) == AuthRevCode::invalid_transaction);
  CHECK(shop.reversed(shop.reverse(lost, nullptr, false), lost) == AuthRevCode::approved);
  CHECK(count_of(world, "SELECT SUM(captured_minor) FROM ledger_holds") == 0);
  const auto status = shop.operated(BatchOperation::close, batch_id_of(world.now));
  CHECK(status.batch_status.value().totals.empty());
  CHECK(status.transmission_status == TransmissionStatus::completed_successfully);
  shop.check_books();
}

TEST_CASE("another merchant's authorisation is nobody's business") {
  World world;
  Shop shop(world);
  const auto held = shop.authorized("100.00");
  CapReq req;
  req.items.push_back({.trans_ids = held.trans_ids,
                       .auth_rrpid = held.auth_rrpid,
                       .cap_date = world.now,
                       .cap_req_amt = euro("1.00")});
  const auto request =
      value_of(seal_request(req,
                            {.self = *world.other_merchant.party,
                             .recipient = &world.gateway.party->key_exchange->leaf,
                             .rrpid = world.rng.make<RRPID>(),
                             .trans_ids = std::nullopt,
                             .now = world.now,
                             .baggage = serialize(to_wire(CapTokenSeq{{held.cap_token}}))},
                            world.rng));
  wire::MessageWrapper out;
  REQUIRE(world.service->capture(std::nullopt, value_of(parse_wrapper(request.wire)), out).ok());
  const auto envelope = value_of(read_envelope(out, world.now));
  const auto res =
      value_of(Opener::answer<CapRes>(envelope, request.pending, *world.other_merchant.party,
                                      {.brand = std::string(kBrand)}, world.now));
  CHECK(res.message->items.at(0).payload.cap_code == CapCode::unknown_xid);
}

TEST_CASE("who knows the name of another merchant's sale cannot cancel it") {
  World world;
  Shop shop(world);
  const auto held = shop.approved(world.draft());
  // The other merchant has a batch of the same name.
  auto own = world.draft();
  own.merchant = &world.other_merchant;
  own.merchant_signature = &world.other_merchant.party->signature->leaf;
  REQUIRE(value_of(world.authorize(own)).message.auth_code == AuthCode::approved);
  const auto captured = count_of(world, "SELECT SUM(captured_minor) FROM ledger_holds");

  AuthRevReq req{};
  req.auth_rrpid = held.auth_rrpid;
  const auto request =
      value_of(seal_request(req,
                            {.self = *world.other_merchant.party,
                             .recipient = &world.gateway.party->key_exchange->leaf,
                             .rrpid = world.rng.make<RRPID>(),
                             .trans_ids = held.trans_ids,
                             .now = world.now,
                             .baggage = serialize(to_wire(AuthRevReqBaggage{}))},
                            world.rng));
  wire::MessageWrapper out;
  REQUIRE(world.service
              ->reverse_authorization(std::nullopt, value_of(parse_wrapper(request.wire)), out)
              .ok());
  CHECK(count_of(world, "SELECT COUNT(*) FROM ledger_holds WHERE state = 'reversed'") == 0);
  CHECK(count_of(world, "SELECT SUM(captured_minor) FROM ledger_holds") == captured);
  CHECK(count_of(world, "SELECT COUNT(*) FROM payment_items WHERE undoes IS NOT NULL") == 0);
  shop.check_books();
}

}  // namespace set::gateway::test
