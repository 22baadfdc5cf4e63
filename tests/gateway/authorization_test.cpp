#include "gateway/authorization.h"

#include "gateway/cap_token.h"
#include "tests/gateway/world.h"

namespace set::gateway::test {
namespace {

using Change = std::function<void(World&, Draft&)>;

struct AuthCodeCase {
  const char* name;
  Change change;
  AuthCode expected;
};

void expect(World& world, const AuthCodeCase& wanted) {
  auto draft = world.draft();
  wanted.change(world, draft);
  const auto answered = value_of(world.authorize(draft));
  CHECK(to_string(answered.message.auth_code) == to_string(wanted.expected));
  if (wanted.expected != AuthCode::approved) {
    CHECK_FALSE(answered.message.cap_res);
    CHECK(answered.baggage.cap_token.empty());
  }
}

}  // namespace

TEST_CASE("a correct AuthReq is answered as its one change asks for") {
  const std::vector<AuthCodeCase> cases{
      {"unchanged", [](World&, Draft&) {}, AuthCode::approved},
      {"less than the PI allows", [](World&, Draft& d) { d.auth_req_amt = euro("10.00"); },
       AuthCode::approved},
      {"without LID-M at the merchant's", [](World&, Draft& d) { d.auth_trans_ids.lid_m.reset(); },
       AuthCode::approved},
      {"without a verification value", [](World&, Draft& d) { d.account.cvv.reset(); },
       AuthCode::approved},
      {"another XID", [](World& w, Draft& d) { d.auth_trans_ids.xid = w.rng.make<XID>(); },
       AuthCode::pi_auth_mismatch},
      {"another LID-C", [](World&, Draft& d) { d.auth_trans_ids.lid_c = LIDC{"wallet-2"}; },
       AuthCode::pi_auth_mismatch},
      {"another LID-M", [](World&, Draft& d) { d.auth_trans_ids.lid_m = LIDM{"order-2"}; },
       AuthCode::pi_auth_mismatch},
      {"a PI for another merchant",
       [](World& w, Draft& d) { d.merchant_signature = &w.other_merchant.party->signature->leaf; },
       AuthCode::pi_auth_mismatch},
      {"handed on by another merchant", [](World& w, Draft& d) { d.merchant = &w.other_merchant; },
       AuthCode::pi_auth_mismatch},
      {"another order's HOIData",
       [](World&, Draft& d) { d.change_auth_req = [](AuthReq& a) { a.check_digests->hoi_data.value[0] ^= 1; }; },
       AuthCode::pi_auth_mismatch},
      {"another order's HOD",
       [](World&, Draft& d) { d.change_auth_req = [](AuthReq& a) { a.check_digests->hod2.value[0] ^= 1; }; },
       AuthCode::pi_auth_mismatch},
      {"another PI's HPIData",
       [](World&, Draft& d) { d.change_auth_req = [](AuthReq& a) { a.check_digests->hpi_data.value[0] ^= 1; }; },
       AuthCode::pi_auth_mismatch},
      {"another brand in the PI", [](World&, Draft& d) { d.brand = "Other"; },
       AuthCode::card_merch_brand_mismatch},
      {"past valid-until", [](World& w, Draft& d) { d.valid_until = w.now - Duration(1); },
       AuthCode::invalid_transaction},
      {"on the last millisecond of valid-until", [](World& w, Draft& d) { d.valid_until = w.now; },
       AuthCode::approved},
      {"more to follow", [](World&, Draft& d) { d.subsequent_auth_ind = true; },
       AuthCode::approved},
      {"one cent more than the PI", [](World&, Draft& d) { d.auth_req_amt = euro("49.96"); },
       AuthCode::amount_error},
      {"another currency",
       [](World&, Draft& d) { d.auth_req_amt = value_of(Amount::parse("4995 JPY")); },
       AuthCode::amount_error},
      {"a wrong verification value",
       [](World&, Draft& d) { d.account.cvv = value_of(CardVerificationValue::parse("124")); },
       AuthCode::declined},
      {"more than the card's limit",
       [](World&, Draft& d) { d.purch_amt = d.auth_req_amt = euro("1000.01"); },
       AuthCode::declined},
      {"a card that is always declined", [](World& w, Draft& d) { d = w.draft(kDeclinePan); },
       AuthCode::declined},
      {"a card that is referred", [](World& w, Draft& d) { d = w.draft(kReferralPan); },
       AuthCode::call_issuer},
      {"an expired card", [](World& w, Draft& d) { d = w.draft(kExpiredPan); },
       AuthCode::expired_card},
      {"a slow card", [](World& w, Draft& d) { d = w.draft(kSlowPan); }, AuthCode::approved},
      {"a card without an answer", [](World& w, Draft& d) { d = w.draft(kNoReplyPan); },
       AuthCode::no_reply},
  };
  for (const auto& one : cases) {
    DYNAMIC_SECTION(one.name) {
      World world;
      expect(world, one);
    }
  }
}

TEST_CASE("what cannot be read or proved is answered with SET's Error") {
  struct ErrorCase {
    const char* name;
    Change change;
    ErrorCode expected;
  };
  const std::vector<ErrorCase> cases{
      {"a PI for another gateway",
       [](World& w, Draft& d) {
         d.gateway_key_exchange = &w.other_gateway.party->key_exchange->leaf;
       },
       ErrorCode::invalid_certificate},
      {"a card that is not the certificate's",
       [](World& w, Draft& d) {
         d.account.pan = value_of(Pan::parse(kDeclinePan));
         (void)w;
       },
       ErrorCode::signature_failure},
      {"another expiry than the certificate's",
       [](World&, Draft& d) { d.account.expiry = value_of(CardExpiry::parse("203112")); },
       ErrorCode::signature_failure},
      {"a PI that is none",
       [](World&, Draft& d) { d.change_pi = [](Bytes& pi) {
                                pi = {1, 2, 3};
                              }; },
       ErrorCode::decoding_failure},
      {"a PI with its last bit flipped",
       [](World&, Draft& d) {
         d.change_pi = [](Bytes& bytes) {
           auto pi = value_of(parse_as<wire::PI>(bytes));
           pi.mutable_sealed()->mutable_account()->back() ^= 1;
           bytes = serialize(pi);
         };
       },
       ErrorCode::signature_failure},
      {"a dual signature that was changed",
       [](World&, Draft& d) {
         d.change_pi = [](Bytes& bytes) {
           auto pi = value_of(parse_as<wire::PI>(bytes));
           pi.mutable_pi_tbs()->mutable_signature()->back() ^= 1;
           bytes = serialize(pi);
         };
       },
       ErrorCode::signature_failure},
  };
  for (const auto& one : cases) {
    DYNAMIC_SECTION(one.name) {
      World world;
      auto draft = world.draft();
      one.change(world, draft);
      const auto answered = world.authorize(draft);
      REQUIRE_FALSE(answered);
      CHECK(to_string(answered.error().code) == to_string(one.expected));
      CHECK(value_of(world.store.list(10)).empty());
    }
  }
}

TEST_CASE("a merchant of another acquirer is refused with invalidCertificate") {
  World world({.acquirer_bin = "999999"});
  const auto answered = world.authorize(world.draft());
  REQUIRE_FALSE(answered);
  CHECK(answered.error().code == ErrorCode::invalid_certificate);
}

TEST_CASE("a gateway that does not capture answers a sale with captureNotSupported") {
  World world({.acquirer_bin = std::string(kBin), .capture_now = false});
  auto draft = world.draft();
  CHECK(value_of(world.authorize(draft)).message.auth_code == AuthCode::capture_not_supported);
  draft.capture_now = false;
  CHECK(value_of(world.authorize(draft)).message.auth_code == AuthCode::approved);
}

TEST_CASE("the AuthRes of a sale repeats what it is about and gives the captured item its batch") {
  World world;
  const auto draft = world.draft();
  const auto pi = world.make_pi(draft);
  const auto request = world.make_auth_req(draft, pi);
  const auto answered = value_of(world.open(request, value_of(world.send(request.wire))));
  const auto& res = answered.message;
  CHECK(res.hoi_data == pi.hoi_data);
  CHECK(res.hpi_data == pi.hpi_data);
  CHECK(res.merchant == world.merchant.party->signature->leaf.thumbprint());
  CHECK(res.purch_amt == draft.purch_amt);
  CHECK(res.auth_amt == draft.auth_req_amt);
  CHECK(res.approval_code.size() == 6);
  CHECK(res.pe_thumb == world.gateway.party->key_exchange->leaf.thumbprint());
  REQUIRE(res.cap_res);
  CHECK(res.cap_res->cap_code == CapCode::success);
  CHECK(res.cap_res->cap_amt == draft.auth_req_amt);
  CHECK(res.cap_res->batch_id == batch_id_of(world.now));
  CHECK(res.cap_res->batch_sequence_num == 1);
  const CapTokenBinding binding{"shop-1", draft.trans_ids.xid, request.rrpid};
  const auto token =
      value_of(open_cap_token(world.token_key.reveal(), answered.baggage.cap_token, binding));
  CHECK(token.auth_amt == draft.auth_req_amt);
  CHECK(value_of(world.authorize(world.draft())).message.cap_res->batch_sequence_num == 2);
}

TEST_CASE("an authorisation alone is approved without a capture") {
  World world;
  auto draft = world.draft();
  draft.capture_now = false;
  const auto answered = value_of(world.authorize(draft));
  CHECK(answered.message.auth_code == AuthCode::approved);
  CHECK_FALSE(answered.message.cap_res);
  CHECK_FALSE(answered.baggage.cap_token.empty());
}

TEST_CASE("the amount of a PI is not told to a merchant whom it does not name") {
  World world;
  auto draft = world.draft();
  draft.merchant_signature = &world.other_merchant.party->signature->leaf;
  CHECK_FALSE(value_of(world.authorize(draft)).message.purch_amt);
}

TEST_CASE("a PI pays once") {
  World world;
  const auto draft = world.draft();
  const auto pi = world.make_pi(draft);
  const auto ask = [&] {
    const auto request = world.make_auth_req(draft, pi);
    return value_of(world.open(request, value_of(world.send(request.wire)))).message.auth_code;
  };
  CHECK(ask() == AuthCode::approved);
  CHECK(ask() == AuthCode::pi_previously_used);
}

TEST_CASE("a declined or unanswered PI may come again under a new authRRPID") {
  World world;
  for (const auto pan : {kDeclinePan, kNoReplyPan}) {
    const auto draft = world.draft(pan);
    const auto pi = world.make_pi(draft);
    for (int i = 0; i < 2; ++i) {
      const auto request = world.make_auth_req(draft, pi);
      const auto answered = value_of(world.open(request, value_of(world.send(request.wire))));
      CHECK(answered.message.auth_code != AuthCode::pi_previously_used);
    }
  }
}

TEST_CASE("an unanswered authorisation is reversed and holds nothing") {
  World world;
  auto draft = world.draft(kNoReplyPan);
  draft.purch_amt = draft.auth_req_amt = euro("1000.00");
  CHECK(value_of(world.authorize(draft)).message.auth_code == AuthCode::no_reply);
  CHECK(world.slept == std::vector<Duration>{std::chrono::seconds(5)});
  const auto held = value_of(world.store.database().in_transaction("test", [](Transaction& t) {
    return t.query("SELECT state, captured_minor FROM ledger_holds");
  }));
  REQUIRE(held.size() == 1);
  CHECK(held[0].text(0) == "reversed");
  CHECK(held[0].integer(1) == 0);
}

TEST_CASE("the batch is the day in UTC") {
  CHECK(batch_id_of(value_of(parse_instant("2026-11-22T23:59:59.999Z"))) == "20261122");
}

}  // namespace set::gateway::test
