// Split shipment, instalments and recurring payments: an AuthToken stands in for the PI, once, and
// the gateway holds the limits that the cardholder signed. And AcqCardMsg, which comes along.
#include <thread>

#include "common/message/card_message.h"
#include "tests/gateway/shop.h"

namespace set::gateway::test {
namespace {

constexpr auto kDays = std::chrono::hours(24);

struct Mandates {
  explicit Mandates(GatewayTerms terms = {.acquirer_bin = std::string(kBin)})
      : world(std::move(terms)) {}

  /// The first charge, by PI.
  HeldPayment begun(const std::optional<InstallRecurData>& mandate, std::string_view purch_amt,
                    std::string_view first) {
    auto draft = world.draft();
    draft.purch_amt = euro(purch_amt);
    draft.auth_req_amt = euro(first);
    draft.install_recur = mandate;
    draft.capture_now = false;
    draft.subsequent_auth_ind = true;
    auto out = shop.approved(draft);
    REQUIRE_FALSE(out.auth_token.empty());
    return out;
  }
  Draft next_draft(const HeldPayment& last, std::string_view amount,
                   const std::optional<InstallRecurData>& mandate) {
    auto draft = world.draft();
    draft.trans_ids = draft.auth_trans_ids = last.trans_ids;
    draft.auth_req_amt = euro(amount);
    draft.install_recur = mandate;
    draft.capture_now = false;
    draft.subsequent_auth_ind = true;
    draft.change_auth_req = [](AuthReq& req) { req.check_digests.reset(); };
    draft.change_pi = [token = last.auth_token](Bytes& pi) { pi = make_token_pi(token); };
    return draft;
  }
  Answered charge(const Draft& draft) {
    const MadePI none{{}, {}, {}, {}, {}};
    const auto request = world.make_auth_req(draft, none);
    last_rrpid = request.rrpid;
    return value_of(world.open(request, value_of(world.send(request.wire))));
  }
  /// A further charge by AuthToken; takes over the new one.
  std::string charge(HeldPayment& last, std::string_view amount,
                     const std::optional<InstallRecurData>& mandate) {
    const auto answered = charge(next_draft(last, amount, mandate));
    if (answered.message.auth_code == AuthCode::approved) {
      CHECK(answered.message.hpi_data == last.message.hpi_data);
      CHECK(answered.message.hoi_data == last.message.hoi_data);
      last = {last.trans_ids, last_rrpid, answered.baggage.cap_token, answered.baggage.auth_token,
              answered.message};
    }
    return std::string(to_string(answered.message.auth_code));
  }

  World world;
  Shop shop{world};
  RRPID last_rrpid;
};

}  // namespace

TEST_CASE_METHOD(Mandates, "a split shipment is authorised part by part, up to the PI's amount") {
  auto last = begun(std::nullopt, "100.00", "40.00");
  const auto first = last;
  CHECK(charge(last, "35.00", std::nullopt) == "approved");
  CHECK_FALSE(last.auth_token == first.auth_token);
  CHECK(charge(last, "25.01", std::nullopt) == "amountError");
  CHECK(charge(last, "25.00", std::nullopt) == "approved");
  auto used = first;
  CHECK(charge(used, "1.00", std::nullopt) == "piPreviouslyUsed");
  // Each has its own CapToken.
  CHECK(shop.capture_code(shop.capture(first, "40.00")) == CapCode::success);
  CHECK(shop.capture_code(shop.capture(last, "25.00")) == CapCode::success);
  shop.check_books();
}

TEST_CASE_METHOD(Mandates,
                 "a subscription is charged no sooner, no later and no higher than signed") {
  const InstallRecurData monthly{.terms = Recurring{30, world.now + 100 * kDays},
                                 .max_amt = euro("10.00")};
  auto last = begun(monthly, "120.00", "10.00");
  CHECK(charge(last, "10.00", monthly) == "recurringTooSoon");
  world.now += 30 * kDays;
  CHECK(charge(last, "10.01", monthly) == "amountError");
  CHECK(charge(last, "10.00", std::nullopt) == "installRecurMismatch");
  auto other = monthly;
  other.max_amt = euro("11.00");
  CHECK(charge(last, "10.00", other) == "installRecurMismatch");
  CHECK(charge(last, "9.00", monthly) == "approved");
  CHECK(charge(last, "9.00", monthly) == "recurringTooSoon");
  world.now += 71 * kDays;
  CHECK(charge(last, "9.00", monthly) == "recurringExpired");
  shop.check_books();
}

TEST_CASE_METHOD(Mandates,
                 "no more instalments than were agreed, but a cancelled one does not count") {
  const InstallRecurData two{.terms = InstallTotalTrans{2}, .max_amt = euro("10.00")};
  auto last = begun(two, "20.00", "10.00");
  CHECK(charge(last, "10.00", two) == "approved");
  CHECK(charge(last, "10.00", two) == "recurringExpired");
  auto cancelled = last;
  CHECK(shop.reversed(shop.reverse(cancelled, nullptr), cancelled) == AuthRevCode::approved);
  CHECK(cancelled.auth_token == last.auth_token);  // the purchase goes on
  CHECK(charge(last, "10.00", two) == "approved");
  shop.check_books();
}

TEST_CASE_METHOD(Mandates, "an AuthToken that no mandate gives an end has one all the same") {
  auto last = begun(std::nullopt, "100.00", "40.00");
  world.now += 179 * kDays;
  CHECK(charge(last, "10.00", std::nullopt) == "approved");
  world.now += kDays;  // counted from the first approval
  CHECK(charge(last, "10.00", std::nullopt) == "invalidTransaction");
  shop.check_books();
}

TEST_CASE_METHOD(Mandates, "a declined charge leaves its AuthToken as it was") {
  auto last = begun(std::nullopt, "2000.00", "900.00");
  CHECK(charge(last, "200.00", std::nullopt) == "declined");  // the card has 1000 EUR
  CHECK(charge(last, "100.00", std::nullopt) == "approved");
  shop.check_books();
}

TEST_CASE_METHOD(Mandates, "an AuthToken is for one merchant and one purchase") {
  auto last = begun(std::nullopt, "100.00", "40.00");
  auto other_purchase = last;
  other_purchase.trans_ids.xid = world.rng.make<XID>();
  const auto of_other = world.make_auth_req(next_draft(other_purchase, "1.00", std::nullopt),
                                            MadePI{{}, {}, {}, {}, {}});
  const auto answer = world.open(of_other, value_of(world.send(of_other.wire)));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::signature_failure);
  auto draft = next_draft(last, "1.00", std::nullopt);
  draft.merchant = &world.other_merchant;
  const auto stolen = world.make_auth_req(draft, MadePI{{}, {}, {}, {}, {}});
  CHECK_FALSE(world.open(stolen, value_of(world.send(stolen.wire))));
  CHECK(charge(last, "60.00", std::nullopt) == "approved");
}

TEST_CASE_METHOD(Mandates, "of many charges by one AuthToken at once exactly one is approved") {
  const auto last = begun(std::nullopt, "100.00", "10.00");
  std::vector<MadeAuthReq> requests;
  for (int i = 0; i < 20; ++i) {
    requests.push_back(
        world.make_auth_req(next_draft(last, "10.00", std::nullopt), MadePI{{}, {}, {}, {}, {}}));
  }
  std::vector<Result<Bytes>> answers(requests.size(), Result<Bytes>(Bytes{}));
  {
    std::vector<std::jthread> running;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      running.emplace_back([&, i] { answers[i] = world.send(requests[i].wire); });
    }
  }
  int approved = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto res = value_of(world.open(requests[i], value_of(std::move(answers[i])))).message;
    if (res.auth_code == AuthCode::approved) {
      ++approved;
    } else {
      CHECK(res.auth_code == AuthCode::pi_previously_used);
    }
  }
  CHECK(approved == 1);
  shop.check_books();
}

TEST_CASE(
    "the acquirer's word comes to the cardholder alone, with an approval and with a referral") {
  Mandates mandates({.acquirer_bin = std::string(kBin),
                     .message_of_day = "Thank you for paying with OpenSET",
                     .customer_service = "+49 30 1234567"});
  auto& world = mandates.world;
  const auto word_of = [&](const Draft& draft) {
    const auto pi = world.make_pi(draft);
    const auto request = world.make_auth_req(draft, pi);
    const auto answered = value_of(world.open(request, value_of(world.send(request.wire))));
    return value_of(open_card_message(pi.card_message_key, answered.baggage.acq_card_msg,
                                      {draft.trans_ids.xid, request.rrpid}));
  };
  CHECK(word_of(world.draft()).text == "Thank you for paying with OpenSET");
  const auto referral = word_of(world.draft(kReferralPan));
  CHECK(referral.code == AcqCardCode::call_customer_service);
  CHECK(referral.phone == "+49 30 1234567");
}

}  // namespace set::gateway::test
