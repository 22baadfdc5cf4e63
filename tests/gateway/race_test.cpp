#include <latch>
#include <thread>

#include "tests/gateway/world.h"

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

}  // namespace set::gateway::test
