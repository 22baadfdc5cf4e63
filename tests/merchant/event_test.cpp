// What an event says: the documentation's examples are the program's own.
#include <fstream>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

#include "tests/merchant/event_samples.h"
#include "tests/merchant/shop.h"

using namespace set;
using namespace set::merchant;
using namespace set::merchant::test;

namespace {

using Json = nlohmann::ordered_json;

/// The JSON examples of docs/events.md, by type.
std::map<std::string, Json> documented() {
  std::ifstream page(std::string(SET_SOURCE_DIR) + "/docs/events.md");
  REQUIRE(page.good());
  std::map<std::string, Json> out;
  std::string block;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line == "```json") {
      inside = true;
      block.clear();
    } else if (inside && line == "```") {
      inside = false;
      const auto json = Json::parse(block);
      const std::string type = json.at("type");
      INFO(type);
      CHECK(out.emplace(type, json).second);
    } else if (inside) {
      block += line + "\n";
    }
  }
  return out;
}

}  // namespace

TEST_CASE("docs/events.md shows every type of event as the program writes it") {
  auto shown = documented();
  const auto samples = sample_events();
  for (const auto& event : samples) {
    const std::string type(to_string(event.type));
    const auto body = Json::parse(event.body);
    INFO(type << " is to be shown as\n" << body.dump());
    CHECK(body.at("type") == type);
    CHECK(body.at("sequence") == event.sequence);
    CHECK(body.at("id") == event.id);
    REQUIRE(shown.contains(type));
    CHECK(shown.at(type).dump() == body.dump());
    shown.erase(type);
  }
  CHECK(shown.empty());
  CHECK(samples.size() == event_types().size());
}

TEST_CASE("events have names of their own, and the same content has the same one") {
  const auto once = sample_events();
  const auto twice = sample_events();
  std::set<std::string> ids;
  for (std::size_t i = 0; i < once.size(); ++i) {
    CHECK(once[i].body == twice[i].body);
    CHECK(once[i].id.starts_with("evt_"));
    CHECK(once[i].id.size() == 36);
    ids.insert(once[i].id);
    // What a receiver signs over has "." between its parts.
    CHECK(once[i].id.find('.') == std::string::npos);
    CHECK(value_of(parse_event_type(to_string(once[i].type))) == once[i].type);
  }
  CHECK(ids.size() == once.size());
  const EventDraft draft{EventType::webhook_test, from_millis(0), "{}"};
  CHECK(numbered(draft, 1).id != numbered(draft, 2).id);
}

TEST_CASE("a filter wants what it names, and refuses what is no type") {
  const auto all = value_of(EventFilter::parse({}));
  CHECK(all.wants(EventType::order_paid));
  CHECK(all.str().empty());
  const auto some = value_of(EventFilter::parse({"order.paid", "refund.*"}));
  CHECK(some.wants(EventType::order_paid));
  CHECK(some.wants(EventType::refund_voided));
  CHECK_FALSE(some.wants(EventType::order_created));
  CHECK_FALSE(some.wants(EventType::capture_done));
  const auto again = value_of(EventFilter::from_text(some.str()));
  CHECK(again.str() == some.str());
  CHECK(again.wants(EventType::refund_done));
  for (const auto* word : {"order", "order.", "order.pai", "*", "", "refund*", "nothing.*"}) {
    INFO(word);
    const auto refused = EventFilter::parse({word});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::invalid_argument);
  }
}
