// The books as a reader of the event feed alone would keep them, against the merchant's own.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "tests/scenario/shop_world.h"
#include "tests/support/webhook_receiver.h"

namespace set::test {

/// `set-merchant event list --json` with these, parsed.
inline std::vector<nlohmann::json> events_of(World& world, std::vector<std::string> flags = {}) {
  flags.insert(flags.begin(), {"event", "list", "--json"});
  const auto shown = world.set_merchant(flags);
  INFO(shown.err);
  REQUIRE(shown.exit_code == 0);
  std::vector<nlohmann::json> out;
  std::istringstream lines(shown.out);
  for (std::string line; std::getline(lines, line);) out.push_back(nlohmann::json::parse(line));
  return out;
}

/// The numbers of the events that a receiver got, as they came.
inline std::vector<std::int64_t> numbers_of(const std::vector<WebhookReceiver::Got>& all) {
  std::vector<std::int64_t> out;
  for (const auto& got : all) out.push_back(nlohmann::json::parse(got.body).at("sequence").get<std::int64_t>());
  return out;
}
inline std::set<std::int64_t> distinct_numbers_of(const std::vector<WebhookReceiver::Got>& all) {
  const auto numbers = numbers_of(all);
  return {numbers.begin(), numbers.end()};
}

/// Numbers without a gap; each order's state, captures and refunds are what `order list --json` says.
inline void check_events_are_the_books(const std::vector<nlohmann::json>& events, const nlohmann::json& orders) {
  struct OrderTold {
    std::string state;
    std::int64_t captured = 0, credited = 0;
  };
  std::map<std::string, OrderTold> told;
  std::int64_t sequence = events.empty() ? 0 : events.front().at("sequence").get<std::int64_t>() - 1;
  for (const auto& event : events) {
    CHECK(event.at("sequence") == ++sequence);
    CHECK(event.at("version") == 1);
    const std::string type = event.at("type");
    const auto& data = event.at("data");
    if (!data.contains("order")) continue;
    auto& order = told[data.at("order")];
    if (type.starts_with("order.")) order.state = data.at("state");
    const auto minor = [&]() -> std::int64_t { return data.at("amount").at("minor"); };
    if (type == "capture.done") order.captured += minor();
    if (type == "capture.voided") order.captured -= minor();
    if (type == "refund.done") order.credited += minor();
    if (type == "refund.voided") order.credited -= minor();
  }
  CHECK(orders.size() == told.size());
  for (const auto& order : orders) {
    const std::string number = order.at("order");
    INFO(number);
    CHECK(told[number].state == order.at("state"));
    CHECK(told[number].captured == minor_of(order.at("captured")));
    CHECK(told[number].credited == minor_of(order.at("credited")));
  }
}

}  // namespace set::test
