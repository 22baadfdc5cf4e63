// What happens when the gateway dies between two steps: the state is as it was saved, and a service
// that starts over it, or the merchant's repeated bytes, come to one and the same answer.
#include "tests/gateway/world.h"

namespace set::gateway::test {
namespace {

/// The process dies in front of the acquirer, or right behind it: the flow ends in an Error.
class DyingAcquirer final : public Acquirer {
 public:
  DyingAcquirer(Acquirer& real, bool asks) : real_(real), asks_(asks) {}
  Result<AcquirerAnswer> authorize(const AcquirerRequest& request) override {
    if (asks_) (void)real_.authorize(request);
    return died();
  }
  Result<std::optional<AcquirerAnswer>> inquire(const RRPID&) override { return std::nullopt; }
  Result<void> reverse(const RRPID&) override { return {}; }
  Result<AcquirerAnswer> authorize_subsequent(const AcquirerSubsequent&) override { return died(); }
  // What follows an authorisation that never ended is never asked.
  Result<void> lower(const AcquirerMovement&) override { return died(); }
  Result<void> capture(const AcquirerMovement&, bool) override { return died(); }
  Result<void> reverse_capture(const AcquirerName&, const AcquirerName&,
                               const std::string&) override {
    return died();
  }
  Result<void> credit(const AcquirerMovement&) override { return died(); }
  Result<void> reverse_credit(const AcquirerName&, const AcquirerName&,
                              const std::string&) override {
    return died();
  }
  Result<AcquirerReconciled> reconcile(const AcquirerReconciliation&) override { return died(); }

 private:
  static tl::unexpected<Error> died() { return failure(ErrorCode::storage_unavailable, "died"); }
  Acquirer& real_;
  bool asks_;
};

MadeAuthReq send_and_die(World& world, const Draft& draft, bool asks) {
  auto request = world.make_auth_req(draft);
  DyingAcquirer dying(world.acquirer, asks);
  const auto service = world.service_with(dying);
  CHECK_FALSE(world.send_to(*service, request.wire));
  CHECK(value_of(world.store.awaiting_acquirer(world.now)).size() == 1);
  return request;
}

AuthRes answer_to(World& world, const MadeAuthReq& request) {
  return value_of(world.open(request, value_of(world.send(request.wire)))).message;
}

std::int64_t held_minor(World& world) {
  return value_of(world.store.database().in_transaction(
                      "test",
                      [](Transaction& t) {
                        return t.query_one("SELECT COALESCE(SUM(held_minor), 0) FROM ledger_holds");
                      }))
      ->integer(0);
}

void lose_replies(World& world) {
  value_of(world.store.database().in_transaction(
      "test", [](Transaction& t) { return t.execute("DELETE FROM replies"); }));
}

/// The draft's AuthReq under a name that was used before, dated now.
MadeAuthReq under_the_name(World& world, const RRPID& rrpid, const Draft& draft, const MadePI& pi) {
  const AuthReq auth_req{.check_digests = CheckDigests{pi.hoi_data, pi.hod, pi.hpi_data},
                         .auth_req_amt = draft.auth_req_amt,
                         .thumbs = {},
                         .capture_now = draft.capture_now,
                         .auth_ret_num = ""};
  auto request = value_of(seal_request(auth_req,
                                       {.self = *world.merchant.party,
                                        .recipient = &world.gateway.party->key_exchange->leaf,
                                        .rrpid = rrpid,
                                        .trans_ids = draft.trans_ids,
                                        .now = world.now,
                                        .baggage = pi.pi},
                                       world.rng));
  return {std::move(request.wire), std::move(request.pending), rrpid, world.merchant.party};
}

}  // namespace

TEST_CASE("the same AuthReq sent twice gets the same bytes and is authorised once") {
  World world;
  const auto request = world.make_auth_req(world.draft());
  const auto first = value_of(world.send(request.wire));
  CHECK(value_of(world.send(request.wire)) == first);
  world.now += std::chrono::hours(3);
  CHECK(value_of(world.send(request.wire)) == first);
  CHECK(held_minor(world) == 4995);
}

TEST_CASE("a merchant's repeat decides an authorisation that died after the acquirer was asked") {
  World world;
  const auto request = send_and_die(world, world.draft(), true);
  CHECK(answer_to(world, request).auth_code == AuthCode::approved);
  CHECK(held_minor(world) == 4995);
}

TEST_CASE("a merchant's repeat decides an authorisation that died before the acquirer was asked") {
  World world;
  const auto request = send_and_die(world, world.draft(), false);
  CHECK(answer_to(world, request).auth_code == AuthCode::approved);
  CHECK(held_minor(world) == 4995);
}

TEST_CASE("a start-up takes over the acquirer's answer, and late repeated bytes find it") {
  World world;
  const auto request = send_and_die(world, world.draft(), true);
  world.now += std::chrono::hours(1);  // far beyond the window
  value_of(world.service->resume());
  CHECK(value_of(world.store.awaiting_acquirer(world.now)).empty());
  const auto res = answer_to(world, request);
  CHECK(res.auth_code == AuthCode::approved);
  CHECK(res.cap_res);
  CHECK(held_minor(world) == 4995);
}

TEST_CASE(
    "what the acquirer was never asked waits for a repeat, then ends, and the PI may come again") {
  World world;
  const auto draft = world.draft();
  const auto pi = world.make_pi(draft);
  const auto request = world.make_auth_req(draft, pi);
  DyingAcquirer dying(world.acquirer, false);
  CHECK_FALSE(world.send_to(*world.service_with(dying), request.wire));
  value_of(world.service->resume());
  CHECK(value_of(world.store.awaiting_acquirer(world.now)).size() == 1);  // it may be repeated yet
  world.now += std::chrono::minutes(10);
  value_of(world.service->resume());
  CHECK(answer_to(world, request).auth_code == AuthCode::no_reply);
  CHECK(held_minor(world) == 0);
  CHECK(answer_to(world, world.make_auth_req(draft, pi)).auth_code == AuthCode::approved);
}

TEST_CASE("a start-up reverses what a silent acquirer may have approved") {
  World world;
  const auto request = send_and_die(world, world.draft(kNoReplyPan), true);
  CHECK(held_minor(world) == 4995);
  value_of(world.service->resume());
  CHECK(answer_to(world, request).auth_code == AuthCode::no_reply);
  CHECK(held_minor(world) == 0);
}

TEST_CASE("an answer lost between decision and storage is made again from the state") {
  World world;
  const auto request = world.make_auth_req(world.draft());
  const auto first = answer_to(world, request);
  lose_replies(world);
  SECTION("by the merchant's repeat") {}
  SECTION("by a start-up, for a repeat that comes late") {
    value_of(world.service->resume());
    world.now += std::chrono::hours(1);
  }
  const auto second = answer_to(world, request);
  CHECK(second.approval_code == first.approval_code);
  CHECK(second.auth_date == first.auth_date);
  CHECK(second.cap_res->batch_sequence_num == first.cap_res->batch_sequence_num);
  CHECK(held_minor(world) == 4995);
}

TEST_CASE("what is being worked on is left alone by the resolver beside a serving gateway") {
  World world;
  send_and_die(world, world.draft(), true);
  value_of(world.service->resume(std::chrono::minutes(1)));
  CHECK(value_of(world.store.awaiting_acquirer(world.now)).size() == 1);
  world.now += std::chrono::minutes(1);
  value_of(world.service->resume(std::chrono::minutes(1)));
  CHECK(value_of(world.store.awaiting_acquirer(world.now)).empty());
}

TEST_CASE("an authRRPID of another AuthReq is refused, even when its answer was lost") {
  World world;
  auto draft = world.draft();
  const auto pi = world.make_pi(draft);
  const auto request = world.make_auth_req(draft, pi);
  value_of(world.send(request.wire));
  lose_replies(world);
  draft.auth_req_amt = euro("1.00");
  const auto made = under_the_name(world, request.rrpid, draft, pi);
  const auto answered = world.open(made, value_of(world.send(made.wire)));
  REQUIRE_FALSE(answered);
  CHECK(answered.error().code == ErrorCode::bad_message_header);
}

TEST_CASE("once its answer is forgotten an AuthReq is too old, and its name stays used") {
  World world;
  const auto draft = world.draft();
  const auto pi = world.make_pi(draft);
  const auto request = world.make_auth_req(draft, pi);
  REQUIRE(answer_to(world, request).auth_code == AuthCode::approved);
  value_of(world.service->resume());
  world.now += std::chrono::minutes(10);
  REQUIRE(value_of(replies::purge_older_than(world.store.database(), world.now)) == 1);
  const auto late = world.open(request, value_of(world.send(request.wire)));
  REQUIRE_FALSE(late);
  CHECK(late.error().code == ErrorCode::message_too_old);  // not in_progress for ever
  // The date is part of what is signed: under a fresh one it is another request.
  const auto dated_now = under_the_name(world, request.rrpid, draft, pi);
  const auto again = world.open(dated_now, value_of(world.send(dated_now.wire)));
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::bad_message_header);
  CHECK(held_minor(world) == 4995);
}

TEST_CASE("an old AuthReq whose answer is still owed does not sound as if it never was") {
  World world;
  const auto request = send_and_die(world, world.draft(), true);
  world.now += std::chrono::minutes(10);
  const auto late = world.send(request.wire);
  REQUIRE_FALSE(late);
  CHECK(late.error().detail == to_string(ErrorCode::in_progress));
}

TEST_CASE("reply keys are forgotten once their answers are stored") {
  World world;
  value_of(world.authorize(world.draft()));
  value_of(world.authorize(world.draft()));
  CHECK(value_of(world.store.unanswered(world.now)).empty());
  const auto kept = value_of(world.store.database().in_transaction("test", [](Transaction& t) {
    return t.query("SELECT 1 FROM authorizations WHERE pending_reply IS NOT NULL");
  }));
  CHECK(kept.empty());
}

}  // namespace set::gateway::test
