// PaidHouse: a House with one order that was paid, its resolver running. For tests of what follows an
// authorisation.
#pragma once

#include <thread>

#include "tests/merchant/house.h"

namespace set::merchant::test {

struct PaidHouse : House {
  explicit PaidHouse(OrderTerms terms = {.capture_now = false, .first_charge = {}, .mandate = {}})
      : made(order(std::chrono::hours(1), std::move(terms))) {
    gateway.auth_token = Bytes{42};
    paying.emplace(initiate(made));
    pay(*paying);
    value_of(resolver->start());
  }
  ~PaidHouse() { resolver->stop(); }

  Result<RRPID> want(ItemKind kind, std::string_view sum = "", bool final_capture = false,
                     const std::string& once = "") {
    ItemWish wish{kind, std::nullopt, "", "", final_capture};
    if (!sum.empty()) wish.amount = amount(sum);
    return store.want({made.order.id}, wish, once, shop.rng.make<RRPID>(), system_clock()());
  }
  /// Until the request is decided; ten seconds are a failure.
  RequestOutcome decided(const RRPID& rrpid) {
    for (int i = 0; i < 1000; ++i) {
      auto outcome = value_of(store.outcome(rrpid));
      if (outcome.state != RequestOutcome::State::open) return outcome;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    FAIL("no answer");
    return value_of(store.outcome(rrpid));
  }
  RequestOutcome done(ItemKind kind, std::string_view sum = "", bool final_capture = false) {
    return decided(value_of(want(kind, sum, final_capture)));
  }
  OrderSummary books() { return value_of(store.summarize(made.order.id, system_clock()())); }
  PaymentSummary payment() { return books().payments.front(); }
  PRes inquiry() { return value_of(inquire(paying->draft.ids, shop.cardholder.party)); }

  NewOrder made;
  std::optional<Paying> paying;
};

/// Waits for a state that the resolver brings by itself.
template <class Holds>
bool comes_true(const Holds& holds) {
  for (int i = 0; i < 1000 && !holds(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return holds();
}

}  // namespace set::merchant::test
