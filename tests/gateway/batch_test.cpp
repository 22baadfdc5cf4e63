// Batches: who opens and closes them, what counts in them, and both ways of reconciling.
#include <set>

#include <catch2/generators/catch_generators.hpp>

#include "tests/gateway/shop.h"

namespace set::gateway::test {
namespace {

struct Batches {
  World world;
  Shop shop{world};
  std::string today = batch_id_of(world.now);

  BatchAdminRes operate(BatchOperation operation, const std::string& id) {
    return shop.operated(operation, id);
  }
  std::string status(BatchOperation operation, const std::string& id) {
    return std::string(to_string(operate(operation, id).ba_status));
  }
};

}  // namespace

TEST_CASE_METHOD(Batches, "a merchant has one open batch, whose name it may choose once") {
  CHECK(status(BatchOperation::open, "week-47") == "success");
  CHECK(status(BatchOperation::open, "week-48") == "batchAlreadyOpen");
  const auto held = shop.authorized("10.00");
  CHECK(shop.captured(shop.capture(held, "1.00")).batch_id == "week-47");
  CHECK(shop.capture_code(shop.capture(held, "1.00", false, "week-48")) == CapCode::batch_unknown);
  CHECK(status(BatchOperation::close, "week-47") == "success");
  CHECK(status(BatchOperation::close, "week-47") == "batchIDUnavailable");
  CHECK(status(BatchOperation::close, "week-49") == "unknownBatchID");
  CHECK(status(BatchOperation::open, "week-47") == "batchIDUnavailable");
  CHECK(shop.capture_code(shop.capture(held, "1.00", false, "week-47")) == CapCode::batch_closed);
  CHECK(shop.captured(shop.capture(held, "1.00")).batch_id == today);
  shop.check_books();
}

TEST_CASE_METHOD(Batches, "a repeated operation whose answer was lost succeeds again") {
  for (const auto operation : {BatchOperation::open, BatchOperation::close}) {
    const auto made = shop.batch(operation_on(operation, "b"));
    const auto once = value_of(shop.send(made, &Service::administer_batch));
    value_of(world.store.database().in_transaction(
        "test", [](Transaction& t) { return t.execute("DELETE FROM replies"); }));
    const auto again = value_of(shop.send(made, &Service::administer_batch));
    CHECK(value_of(shop.open<BatchAdminRes>(made, again)).ba_status == BAStatus::success);
  }
}

TEST_CASE_METHOD(Batches, "brands and BINs that are not ours are refused before anything is done") {
  const auto ask = [&](const BrandAndBIN& asked) {
    auto request = operation_on(BatchOperation::open, "b");
    request.brands_and_bins.push_back(asked);
    return shop.administered(request).ba_status;
  };
  CHECK(ask({"Other", ""}) == BAStatus::brand_not_supported);
  CHECK(ask({std::string(kBrand), "999999"}) == BAStatus::unknown_bin);
  CHECK(count_of(world, "SELECT COUNT(*) FROM batches") == 0);
}

TEST_CASE_METHOD(Batches, "totals, pages and settlement of a batch, and a merchant who disagrees") {
  const auto held = shop.authorized("100.00");
  for (int i = 0; i < 5; ++i) shop.captured(shop.capture(held, "10.00"));
  const auto undone = shop.capture(held, "5.00");
  shop.captured(undone);
  shop.capture_reversed(shop.reverse_capture(held, undone.rrpid, "5.00"));
  shop.credited(shop.credit(held, "7.50"));

  auto question = page_of_batch(today, 0, 4);
  question.return_batch_summary = true;
  const auto first = shop.administered(question);
  CHECK(first.ba_status == BAStatus::success);
  const auto totals = first.batch_status.value().totals.at(0);
  CHECK(totals.debit_count == 5);
  CHECK(totals.debit_total == euro("50.00"));
  CHECK(totals.credit_count == 1);
  CHECK(totals.credit_total == euro("7.50"));
  CHECK(first.transmission_status == TransmissionStatus::pending);
  CHECK(first.settlement_info.empty());
  REQUIRE(first.trans_details);
  CHECK(first.trans_details->items.size() == 4);
  CHECK(first.trans_details->next_starting_point == 5);
  const auto second = shop.administered(page_of_batch(today, 5, 4));
  REQUIRE(second.trans_details.value().items.size() == 2);
  CHECK(second.trans_details->next_starting_point == 0);
  CHECK(second.trans_details->items[1].amount_type == AmountType::credit);
  CHECK(shop.administered(page_of_batch(today, 99, 4)).ba_status ==
        BAStatus::unknown_starting_point);

  const auto closed = operate(BatchOperation::close, today);
  CHECK(closed.batch_status.value().closed_when.value().by == ClosedBy::merchant);
  CHECK(closed.transmission_status == TransmissionStatus::completed_successfully);
  REQUIRE(closed.settlement_info.size() == 1);
  CHECK(closed.settlement_info[0].amount == euro("42.50"));
  CHECK(closed.settlement_info[0].amount_type == AmountType::credit);

  auto theirs = about_batch(today);
  theirs.batch_status = *closed.batch_status;
  CHECK(shop.administered(theirs).ba_status == BAStatus::success);
  theirs.batch_status->totals[0].debit_total = euro("50.01");
  const auto answer = shop.administered(theirs);
  CHECK(answer.ba_status == BAStatus::totals_out_of_balance);
  CHECK(answer.batch_status.value().totals == closed.batch_status->totals);  // ours comes back
  theirs = about_batch(today);
  theirs.trans_details = *second.trans_details;
  CHECK(shop.administered(theirs).ba_status == BAStatus::success);
  theirs.trans_details->items[0].transaction_amt = euro("10.01");
  CHECK(shop.administered(theirs).ba_status == BAStatus::totals_out_of_balance);
}

TEST_CASE_METHOD(Batches, "an item is undone in another batch as money that moves the other way") {
  const auto held = shop.authorized("100.00");
  const auto capture = shop.capture(held, "30.00");
  shop.captured(capture);
  operate(BatchOperation::close, today);
  operate(BatchOperation::open, "next");
  const auto undone = shop.capture_reversed(shop.reverse_capture(held, capture.rrpid, "30.00"));
  CHECK(undone.batch_id == "next");
  const auto totals = operate(BatchOperation::close, "next").batch_status.value().totals;
  REQUIRE(totals.size() == 1);
  CHECK(totals[0].debit_count == 0);
  CHECK(totals[0].credit_total == euro("30.00"));
  CHECK(count_of(world, "SELECT COUNT(*) FROM batches WHERE settlement = 'in_balance'") == 2);
  shop.check_books();
}

TEST_CASE_METHOD(Batches, "a purge undoes what is in the open batch, at the bank too") {
  const auto held = shop.authorized("100.00");
  shop.captured(shop.capture(held, "30.00"));
  shop.captured(shop.capture(held, "20.00"));
  shop.credited(shop.credit(held, "5.00"));
  CHECK(operate(BatchOperation::purge, today).batch_status.value().totals.empty());
  CHECK(count_of(world, "SELECT SUM(captured_minor) FROM ledger_holds") == 0);
  CHECK(shop.capture_code(shop.capture(held, "100.00")) == CapCode::success);
  operate(BatchOperation::close, today);
  CHECK(status(BatchOperation::purge, today) == "batchIDUnavailable");
  CHECK(status(BatchOperation::purge, "none") == "unknownBatchID");
  shop.check_books();
}

TEST_CASE_METHOD(Batches,
                 "a day's batch is closed by the acquirer when the day is over, if asked to") {
  const auto held = shop.authorized("100.00");
  shop.captured(shop.capture(held, "30.00"));
  value_of(world.service->settle_batches());
  CHECK(count_of(world, "SELECT COUNT(*) FROM batches WHERE state = 'open'") == 1);
  Service daily({.receiver = world.receiver,
                 .store = world.store,
                 .acquirer = world.acquirer,
                 .token_key = world.token_key,
                 .terms = world.terms,
                 .close_daily = true});
  value_of(daily.settle_batches());
  CHECK(count_of(world, "SELECT COUNT(*) FROM batches WHERE state = 'open'") == 1);
  world.now = end_of_day(world.now);
  value_of(daily.settle_batches());
  const auto seen = shop.summary(today).batch_status.value();
  CHECK(seen.closed_when.value().by == ClosedBy::acquirer);
  CHECK(count_of(world, "SELECT COUNT(*) FROM batches WHERE settlement = 'in_balance'") == 1);
}

TEST_CASE_METHOD(Batches, "a bank whose book differs rejects the batch") {
  const auto held = shop.authorized("100.00");
  shop.captured(shop.capture(held, "30.00"));
  value_of(world.store.database().in_transaction("test", [](Transaction& t) {
    return t.execute("UPDATE ledger_entries SET amount_minor = amount_minor + 1");
  }));
  const auto closed = operate(BatchOperation::close, today);
  CHECK(closed.transmission_status == TransmissionStatus::batch_rejected_by_acquirer);
  CHECK(closed.settlement_info.empty());
}

TEST_CASE_METHOD(Batches, "items that the bank refused are a page of their own") {
  std::vector<RRPID> refused;
  for (int i = 0; i < 3; ++i) {
    const auto held = shop.authorized("100.00");
    // The bank lets go of it by itself: the gateway grants what the bank then refuses.
    value_of(world.acquirer.reverse(held.auth_rrpid));
    CHECK(shop.capture_code(shop.capture(held, "10.00")) == CapCode::unspecified_failure);
    refused.push_back(held.auth_rrpid);
  }
  shop.captured(shop.capture(shop.authorized("5.00"), "5.00"));
  auto question = page_of_batch(today, 0, 2);
  question.return_transaction_detail->errors_only = true;
  const auto first = shop.administered(question);
  REQUIRE(first.trans_details);
  REQUIRE(first.trans_details->items.size() == 2);
  const auto& item = first.trans_details->items.at(0);
  CHECK(item.transaction_status == TransactionStatus::unspecified_failure);
  CHECK(item.transaction_amt == euro("10.00"));
  CHECK(item.batch_sequence_num == 0);
  CHECK(first.trans_details->next_starting_point == 3);
  question.return_transaction_detail->starting_point = 3;
  const auto last = shop.administered(question);
  CHECK(last.trans_details.value().items.size() == 1);
  CHECK(last.trans_details->next_starting_point == 0);
  question.return_transaction_detail->starting_point = 4;
  CHECK(shop.administered(question).ba_status == BAStatus::unknown_starting_point);
  std::set<RRPID> seen;
  for (const auto& page : {*first.trans_details, *last.trans_details}) {
    for (const auto& failed : page.items) seen.insert(failed.auth_rrpid);
  }
  CHECK(seen == std::set<RRPID>(refused.begin(), refused.end()));
  // They count nowhere.
  CHECK(shop.summary(today).batch_status.value().totals.at(0).debit_total == euro("5.00"));
}

TEST_CASE_METHOD(Batches,
                 "an operation whose answer was lost is answered however late, and never as if it "
                 "had not been done") {
  const auto held = shop.authorized("100.00");
  shop.captured(shop.capture(held, "30.00"));
  shop.credited(shop.credit(held, "10.00"));
  const auto operation = GENERATE(BatchOperation::purge, BatchOperation::close);
  const auto made = shop.batch(operation_on(operation, today));
  value_of(shop.send(made, &Service::administer_batch));
  // The process dies before the answer is stored.
  value_of(world.store.database().in_transaction("test", [](Transaction& t) {
    return t.execute("DELETE FROM replies WHERE message = 'BatchAdminReq'");
  }));
  world.now += std::chrono::minutes(6);
  const auto owed = shop.send(made, &Service::administer_batch);
  REQUIRE_FALSE(owed);
  CHECK(owed.error().detail == "in_progress");
  value_of(world.service->resume());
  const auto answer = value_of(shop.open<BatchAdminRes>(
      made, value_of(shop.send(made, &Service::administer_batch))));
  CHECK(answer.ba_status == BAStatus::success);
  const bool closed = operation == BatchOperation::close;
  CHECK(answer.batch_status.value().closed_when.has_value() == closed);
  CHECK(answer.batch_status->totals.empty() == !closed);
  // Once it is stored, nothing is kept of the request.
  value_of(world.service->resume());
  CHECK(count_of(world, "SELECT COUNT(*) FROM batch_requests") == 0);
  shop.check_books();
}

TEST_CASE_METHOD(Batches, "a bank that is away is asked about one batch, and not about each") {
  class Away final : public Acquirer {
   public:
    int asked = 0;
    Result<AcquirerAnswer> authorize(const AcquirerRequest&) override { return away(); }
    Result<AcquirerAnswer> authorize_subsequent(const AcquirerSubsequent&) override {
      return away();
    }
    Result<std::optional<AcquirerAnswer>> inquire(const RRPID&) override { return away(); }
    Result<void> reverse(const RRPID&) override { return away(); }
    Result<void> lower(const AcquirerMovement&) override { return away(); }
    Result<void> capture(const AcquirerMovement&, bool) override { return away(); }
    Result<void> reverse_capture(const AcquirerName&, const AcquirerName&,
                                 const std::string&) override {
      return away();
    }
    Result<void> credit(const AcquirerMovement&) override { return away(); }
    Result<void> reverse_credit(const AcquirerName&, const AcquirerName&,
                                const std::string&) override {
      return away();
    }
    Result<AcquirerReconciled> reconcile(const AcquirerReconciliation&) override {
      ++asked;
      return away();
    }

   private:
    static tl::unexpected<Error> away() { return failure(ErrorCode::peer_unavailable, "away"); }
  } bank;
  for (const auto* id : {"one", "two", "three"}) {
    operate(BatchOperation::open, id);
    shop.captured(shop.capture(shop.authorized("5.00"), "5.00"));
    value_of(world.store.database().in_transaction("test", [&](Transaction& t) {
      return t.execute(
          "UPDATE batches SET state = 'closed', closed_at = 1, closed_by = 'merchant' "
          "WHERE batch_id = $1",
          {id});
    }));
  }
  const auto service = world.service_with(bank);
  value_of(service->settle_batches());
  CHECK(bank.asked == 1);
  value_of(world.service->settle_batches());
  CHECK(count_of(world, "SELECT COUNT(*) FROM batches WHERE settlement = 'in_balance'") == 3);
}

}  // namespace set::gateway::test
