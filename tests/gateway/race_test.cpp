#include <latch>
#include <thread>

#include "tests/gateway/shop.h"

namespace set::gateway::test {
namespace {

constexpr std::size_t kThreads = 50;

template <class Work>
void at_once(std::size_t threads, const Work& work) {
  std::latch start(static_cast<std::ptrdiff_t>(threads));
  std::vector<std::jthread> running;
  for (std::size_t i = 0; i < threads; ++i) {
    running.emplace_back([&, i] {
      start.arrive_and_wait();
      work(i);
    });
  }
}

}  // namespace

TEST_CASE("of fifty AuthReqs with one PI at once exactly one is approved") {
  World world;
  const auto draft = world.draft();
  const auto pi = world.make_pi(draft);
  std::vector<MadeAuthReq> requests;
  for (std::size_t i = 0; i < kThreads; ++i) requests.push_back(world.make_auth_req(draft, pi));
  std::vector<Result<Bytes>> answers(kThreads, Result<Bytes>(Bytes{}));
  at_once(kThreads, [&](std::size_t i) { answers[i] = world.send(requests[i].wire); });
  std::map<AuthCode, int> codes;
  for (std::size_t i = 0; i < kThreads; ++i) {
    ++codes[value_of(world.open(requests[i], value_of(answers[i]))).message.auth_code];
  }
  CHECK(codes[AuthCode::approved] == 1);
  CHECK(codes[AuthCode::pi_previously_used] == static_cast<int>(kThreads) - 1);
  CHECK(value_of(world.store.list(100)).size() == 1);
}

TEST_CASE("one AuthReq sent fifty times at once is authorised once, with one answer") {
  World world;
  const auto request = world.make_auth_req(world.draft());
  std::vector<Result<Bytes>> answers(kThreads, Result<Bytes>(Bytes{}));
  at_once(kThreads, [&](std::size_t i) { answers[i] = world.send(request.wire); });
  const auto settled = value_of(world.send(request.wire));
  for (const auto& answer : answers) {
    if (answer) {
      CHECK(*answer == settled);
    } else {
      CHECK(answer.error().detail == to_string(ErrorCode::in_progress));
    }
  }
  CHECK(value_of(world.store.list(100)).size() == 1);
  CHECK(value_of(world.open(request, settled)).message.auth_code == AuthCode::approved);
}

TEST_CASE("many purchases at once never exceed the card's limit, and each gets its own place") {
  World world;
  std::vector<MadeAuthReq> requests;
  for (std::size_t i = 0; i < kThreads; ++i) requests.push_back(world.make_auth_req(world.draft()));
  std::vector<Result<Bytes>> answers(kThreads, Result<Bytes>(Bytes{}));
  at_once(kThreads, [&](std::size_t i) { answers[i] = world.send(requests[i].wire); });
  int approved = 0;
  std::set<std::uint32_t> places;
  for (std::size_t i = 0; i < kThreads; ++i) {
    const auto res = value_of(world.open(requests[i], value_of(answers[i]))).message;
    if (res.auth_code != AuthCode::approved) continue;
    ++approved;
    places.insert(res.cap_res->batch_sequence_num);
  }
  CHECK(approved == 20);  // 20 · 49.95 EUR are 999.00 EUR
  CHECK(places.size() == 20);
  CHECK(*places.rbegin() == 20);
}

namespace {

/// Fifty requests at once; how often each code came.
template <class Res, class Code>
std::map<std::string, int> codes_of(Shop& shop, const std::vector<MadeRequest>& requests,
                                    Shop::Rpc rpc, const Code& code) {
  std::vector<Result<Bytes>> answers(requests.size(), Result<Bytes>(Bytes{}));
  at_once(requests.size(), [&](std::size_t i) { answers[i] = shop.send(requests[i], rpc); });
  std::map<std::string, int> out;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto res =
        value_of(shop.template open<Res>(requests[i], value_of(std::move(answers[i]))));
    ++out[std::string(to_string(code(res)))];
  }
  return out;
}

}  // namespace

TEST_CASE("fifty captures, refunds and reversals of one order at once keep its sums") {
  using Codes = std::map<std::string, int>;
  World world;
  Shop shop(world);
  const auto held = shop.authorized("100.00");
  std::vector<MadeRequest> requests;
  for (std::size_t i = 0; i < kThreads; ++i) requests.push_back(shop.capture(held, "7.00"));
  const auto captures = codes_of<CapRes>(shop, requests, &Service::capture, [](const CapRes& res) {
    return res.items.at(0).payload.cap_code;
  });
  CHECK(captures == Codes{{"success", 14}, {"amountError", 36}});  // 14 · 7 = 98
  shop.check_books();

  requests.clear();
  for (std::size_t i = 0; i < kThreads; ++i) requests.push_back(shop.credit(held, "9.00"));
  const auto first_code = [](const auto& res) { return res.items.at(0).code; };
  CHECK(codes_of<CredRes>(shop, requests, &Service::credit, first_code) ==
        Codes{{"success", 10}, {"amountError", 40}});
  shop.check_books();

  // One more capture of what is left, and fifty who undo it.
  const auto last = shop.capture(held, "2.00");
  CHECK(shop.capture_code(last) == CapCode::success);
  requests.clear();
  for (std::size_t i = 0; i < kThreads; ++i) {
    requests.push_back(shop.reverse_capture(held, last.rrpid, "2.00"));
  }
  CHECK(codes_of<CapRevRes>(shop, requests, &Service::reverse_capture, first_code) ==
        Codes{{"success", 1}, {"originalProcessed", 49}});
  shop.check_books();
}

TEST_CASE("captures and cancellations of one authorisation at once: one side wins") {
  World world;
  Shop shop(world);
  const auto held = shop.authorized("100.00");
  std::vector<MadeRequest> captures;
  std::vector<MadeRequest> reversals;
  for (std::size_t i = 0; i < kThreads / 2; ++i) {
    captures.push_back(shop.capture(held, "4.00"));
    reversals.push_back(shop.reverse(held, nullptr));
  }
  std::vector<Result<Bytes>> captured(captures.size(), Result<Bytes>(Bytes{}));
  std::vector<Result<Bytes>> reversed(reversals.size(), Result<Bytes>(Bytes{}));
  at_once(kThreads, [&](std::size_t i) {
    const auto n = i / 2;
    if (i % 2 == 0) {
      captured[n] = shop.send(captures[n], &Service::capture);
    } else {
      reversed[n] = shop.send(reversals[n], &Service::reverse_authorization);
    }
  });
  int captures_done = 0;
  int reversals_done = 0;
  for (std::size_t i = 0; i < captures.size(); ++i) {
    const auto cap = value_of(shop.open<CapRes>(captures[i], value_of(std::move(captured[i]))));
    if (cap.items.at(0).payload.cap_code == CapCode::success) ++captures_done;
    const auto rev =
        value_of(shop.open<AuthRevRes>(reversals[i], value_of(std::move(reversed[i]))));
    if (rev.auth_rev_code == AuthRevCode::approved) ++reversals_done;
  }
  CHECK((captures_done == 0) != (reversals_done == 0));
  CHECK((captures_done == 25 || reversals_done == 25));
  shop.check_books();
}

TEST_CASE("a batch that is closed during captures holds each in exactly one batch") {
  World world;
  Shop shop(world);
  const auto held = shop.authorized("100.00");
  shop.captured(shop.capture(held, "1.00"));
  std::vector<MadeRequest> captures;
  for (std::size_t i = 0; i < kThreads; ++i) captures.push_back(shop.capture(held, "1.00"));
  const auto close = shop.batch(operation_on(BatchOperation::close, batch_id_of(world.now)));
  std::vector<Result<Bytes>> answers(kThreads, Result<Bytes>(Bytes{}));
  Result<Bytes> closed{Bytes{}};
  at_once(kThreads + 1, [&](std::size_t i) {
    if (i == kThreads / 2) {
      closed = shop.send(close, &Service::administer_batch);
    } else {
      const auto n = i > kThreads / 2 ? i - 1 : i;
      answers[n] = shop.send(captures[n], &Service::capture);
    }
  });
  CHECK(value_of(shop.open<BatchAdminRes>(close, value_of(std::move(closed)))).ba_status ==
        BAStatus::success);
  for (std::size_t i = 0; i < kThreads; ++i) {
    const auto res = value_of(shop.open<CapRes>(captures[i], value_of(std::move(answers[i]))));
    CHECK(res.items.at(0).payload.cap_code == CapCode::success);
  }
  value_of(world.service->settle_batches());
  CHECK(count_of(world, "SELECT COUNT(*) FROM payment_items WHERE state = 'done'") == 51);
  CHECK(count_of(world, "SELECT COUNT(*) FROM batches WHERE settlement = 'in_balance'") == 1);
  shop.check_books();
}

}  // namespace set::gateway::test
