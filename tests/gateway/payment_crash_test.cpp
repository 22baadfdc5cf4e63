// What happens when the gateway dies, or the bank is silent, between two steps of a capture, credit
// or reversal: it is done once, and the merchant's repeated bytes find one answer.
#include "tests/gateway/shop.h"

namespace set::gateway::test {
namespace {

/// A bank behind a door that can be shut: before it hears a question, or before its answer is
/// heard.
class Door final : public Acquirer {
 public:
  enum class State { open, deaf, mute, dying };
  explicit Door(Acquirer& bank) : bank_(bank) {}
  State state = State::open;

  Result<AcquirerAnswer> authorize(const AcquirerRequest& request) override {
    auto answer = bank_.authorize(request);
    if (state == State::dying) return failure(ErrorCode::storage_unavailable, "died");
    return answer;
  }
  Result<AcquirerAnswer> authorize_subsequent(const AcquirerSubsequent& request) override {
    return bank_.authorize_subsequent(request);
  }
  Result<std::optional<AcquirerAnswer>> inquire(const RRPID& auth_rrpid) override {
    return bank_.inquire(auth_rrpid);
  }
  Result<void> reverse(const RRPID& auth_rrpid) override {
    return through([&] { return bank_.reverse(auth_rrpid); });
  }
  Result<void> lower(const AcquirerMovement& movement) override {
    return through([&] { return bank_.lower(movement); });
  }
  Result<void> capture(const AcquirerMovement& movement, bool final) override {
    return through([&] { return bank_.capture(movement, final); });
  }
  Result<void> reverse_capture(const AcquirerName& name, const AcquirerName& captured,
                               const std::string& batch_id) override {
    return through([&] { return bank_.reverse_capture(name, captured, batch_id); });
  }
  Result<void> credit(const AcquirerMovement& movement) override {
    return through([&] { return bank_.credit(movement); });
  }
  Result<void> reverse_credit(const AcquirerName& name, const AcquirerName& credited,
                              const std::string& batch_id) override {
    return through([&] { return bank_.reverse_credit(name, credited, batch_id); });
  }
  Result<AcquirerReconciled> reconcile(const AcquirerReconciliation& batch) override {
    return bank_.reconcile(batch);
  }

 private:
  template <class Ask>
  Result<void> through(const Ask& ask) {
    if (state == State::dying) return failure(ErrorCode::storage_unavailable, "died");
    if (state != State::deaf) {
      auto answer = ask();
      if (state == State::open) return answer;
    }
    return failure(ErrorCode::outcome_unknown, "no answer yet");
  }
  Acquirer& bank_;
};

struct Behind {
  World world;
  Shop shop{world};
  Door door{world.acquirer};
  std::unique_ptr<Service> service = world.service_with(door);
  HeldPayment held = shop.authorized("100.00");

  /// Sends through the door; false: the merchant is told to come again.
  bool goes(const MadeRequest& request, Shop::Rpc rpc) {
    const auto answer = shop.send(request, rpc, service.get());
    if (!answer && door.state != Door::State::dying) {
      CHECK(answer.error().detail == to_string(ErrorCode::in_progress));
    }
    return answer.has_value();
  }
  void lose_replies() {
    value_of(world.store.database().in_transaction(
        "test", [](Transaction& t) { return t.execute("DELETE FROM replies"); }));
  }
  std::int64_t pending() {
    return count_of(world, "SELECT COUNT(*) FROM payment_items WHERE state = 'pending'");
  }
};

}  // namespace

TEST_CASE_METHOD(Behind, "a capture without an answer is carried on, once, whoever asks again") {
  const auto request = shop.capture(held, "60.00");
  for (const auto state : {Door::State::deaf, Door::State::mute, Door::State::dying}) {
    door.state = state;
    CHECK_FALSE(goes(request, &Service::capture));
    CHECK(pending() == 1);
  }
  // Set aside: neither captured nor free.
  CHECK(shop.capture_code(shop.capture(held, "40.01")) == CapCode::amount_error);
  CHECK(shop.credited(shop.credit(held, "1.00")).code == CapRevOrCredCode::original_not_found);
  door.state = Door::State::open;
  SECTION("the merchant's repeat") {}
  SECTION("a start-up, for a repeat that comes late") {
    value_of(service->resume());
    CHECK(pending() == 0);
    world.now += std::chrono::hours(1);
  }
  CHECK(shop.capture_code(request) == CapCode::success);
  CHECK(count_of(world, "SELECT SUM(captured_minor) FROM ledger_holds") == 6000);
  shop.check_books();
}

TEST_CASE_METHOD(Behind,
                 "late repeated bytes of what is still open do not sound as if it never was") {
  const auto request = shop.capture(held, "60.00");
  door.state = Door::State::mute;
  CHECK_FALSE(goes(request, &Service::capture));
  world.now += std::chrono::hours(1);
  CHECK_FALSE(goes(request, &Service::capture));  // in_progress, not messageTooOld
  door.state = Door::State::open;
  value_of(service->resume());
  CHECK(shop.capture_code(request) == CapCode::success);
}

TEST_CASE_METHOD(Behind,
                 "every follow-up survives a crash behind the bank and the loss of its answer") {
  const auto capture = shop.capture(held, "60.00");
  shop.captured(capture);
  auto credit = shop.credit(held, "10.00");
  const auto credited = credit.rrpid;
  struct Step {
    const char* name;
    MadeRequest request;
    Shop::Rpc rpc;
  };
  std::vector<Step> steps;
  steps.push_back({"credit", std::move(credit), &Service::credit});
  steps.push_back(
      {"credit reversal", shop.reverse_credit(held, credited, "10.00"), &Service::reverse_credit});
  steps.push_back({"capture reversal", shop.reverse_capture(held, capture.rrpid, "60.00"),
                   &Service::reverse_capture});
  steps.push_back({"lowering", shop.reverse(held, "50.00"), &Service::reverse_authorization});
  steps.push_back(
      {"cancellation", shop.reverse(held, nullptr, false), &Service::reverse_authorization});
  for (const auto& step : steps) {
    INFO(step.name);
    door.state = Door::State::mute;
    CHECK_FALSE(goes(step.request, step.rpc));
    door.state = Door::State::open;
    REQUIRE(goes(step.request, step.rpc));
    lose_replies();
    REQUIRE(goes(step.request, step.rpc));
    CHECK(pending() == 0);
    shop.check_books();
  }
  CHECK(count_of(world, "SELECT COUNT(*) FROM ledger_entries") == 5);
  CHECK(count_of(world, "SELECT SUM(authorized_minor) FROM pis") == 0);
}

TEST_CASE_METHOD(Behind, "what the bank refuses is as it was before, with a code") {
  // The bank's hold ends before the gateway's own date says so.
  value_of(world.store.database().in_transaction("test", [](Transaction& t) {
    return t.execute("UPDATE ledger_holds SET hold_expires = 1");
  }));
  CHECK(shop.capture_code(shop.capture(held, "60.00", true)) == CapCode::unspecified_failure);
  value_of(world.store.database().in_transaction("test", [&](Transaction& t) {
    return t.execute("UPDATE ledger_holds SET hold_expires = $1",
                     {world.now + std::chrono::hours(1)});
  }));
  CHECK(shop.capture_code(shop.capture(held, "100.00")) == CapCode::success);
  shop.check_books();
}

TEST_CASE_METHOD(Behind, "a batch is settled only when everything in it is known") {
  shop.captured(shop.capture(held, "10.00"));
  door.state = Door::State::mute;
  const auto request = shop.capture(held, "20.00");
  CHECK_FALSE(goes(request, &Service::capture));
  const auto closed = shop.operated(BatchOperation::close, batch_id_of(world.now));
  CHECK(closed.ba_status == BAStatus::success);
  CHECK(closed.transmission_status == TransmissionStatus::pending);
  door.state = Door::State::open;
  CHECK(shop.captured(request).batch_id == batch_id_of(world.now));
  value_of(service->settle_batches());
  const auto settled = shop.summary(batch_id_of(world.now));
  CHECK(settled.transmission_status == TransmissionStatus::completed_successfully);
  CHECK(settled.batch_status.value().totals.at(0).debit_total == euro("30.00"));
}

TEST_CASE_METHOD(Behind, "an AuthReq that the process died over is ended by its cancellation") {
  auto draft = world.draft();
  const auto request = world.make_auth_req(draft);
  auto waiting = held;
  // The claim is saved; its flow is gone.
  door.state = Door::State::dying;
  CHECK_FALSE(world.send_to(*service, request.wire));
  waiting.trans_ids = draft.trans_ids;
  waiting.auth_rrpid = request.rrpid;
  CHECK(shop.reversed(shop.reverse(waiting, nullptr, false), waiting) == AuthRevCode::approved);
  CHECK(value_of(world.open(request, value_of(world.send(request.wire)))).message.auth_code ==
        AuthCode::no_reply);
  shop.check_books();
}

}  // namespace set::gateway::test
