// Traces at a collector: what five real processes export of one purchase, and that none of them
// waits for a collector that is not there or says nothing.
#include <algorithm>
#include <array>
#include <chrono>
#include <map>

#include "tests/scenario/figures.h"
#include "tests/scenario/shop_world.h"
#include "tests/support/otlp_receiver.h"
#include "tests/support/test_pans.h"

using namespace set::test;

namespace {

using Spans = std::vector<OtlpReceiver::Span>;

std::vector<std::string> exporting_to(const std::string& endpoint) {
  return {"--otlp-endpoint", endpoint};
}

Finished pay_exporting(ShopWorld& world, const std::string& link, const std::string& endpoint) {
  const auto card = std::to_string(World::card("approve").position);
  return world.set_wallet(
      {"pay", link, "--yes", "--json", "--card", card, "--otlp-endpoint", endpoint});
}

std::string described(const OtlpReceiver::Span& span) {
  return span.service + " " + std::to_string(span.kind) + " " + span.name;
}

/// From this span up to the root of its trace.
std::vector<std::string> way_up(const Spans& spans, const OtlpReceiver::Span& from) {
  std::vector<std::string> out{described(from)};
  for (auto parent = from.parent; !parent.empty();) {
    const auto found = std::ranges::find_if(
        spans, [&](const auto& span) { return span.id == parent && span.trace == from.trace; });
    INFO(out.back() << " has a parent that was not exported");
    REQUIRE(found != spans.end());
    out.push_back(described(*found));
    parent = found->parent;
  }
  return out;
}

const OtlpReceiver::Span& the_one(const Spans& spans, const std::string& description,
                                  const std::string& trace) {
  const auto is_it = [&](const auto& span) {
    return described(span) == description && span.trace == trace;
  };
  INFO(description);
  REQUIRE(std::ranges::count_if(spans, is_it) == 1);
  return *std::ranges::find_if(spans, is_it);
}

template <class Work>
std::chrono::milliseconds time_of(const Work& work) {
  const auto begun = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               begun);
}

std::size_t times_said(const std::filesystem::path& log, const std::string& words) {
  const auto text = read_file(log);
  std::size_t count = 0;
  for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("one purchase is one trace at the collector, from the wallet's command to the bank") {
  OtlpReceiver collector;
  ShopWorld world;
  const auto exporting = exporting_to(collector.endpoint());
  world.start_bank(exporting);
  // As every program of the world is told.
  world.start_gateway({{"OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint()}}, showing());
  world.start_merchant({}, exporting);
  world.start_wallet({}, exporting);
  const auto order = world.made_order({"--amount", "49.95 EUR", "--description", "Three chairs"});
  REQUIRE(pay_exporting(world, order.at("link"), collector.endpoint()).exit_code == 0);
  const auto xid = world.xid(order.at("order"));

  // The command has sent its own at its end.
  const auto pay = [&] {
    const auto spans = collector.spans();
    const auto found = std::ranges::find(spans, "pay", &OtlpReceiver::Span::name);
    REQUIRE(found != spans.end());
    return *found;
  }();
  CHECK(pay.parent.empty());
  CHECK(pay.xid == xid);

  // The daemons within five seconds, without being asked. These are the last of each.
  const auto all_there = [&] {
    const auto spans = collector.spans();
    return std::ranges::all_of(
        std::array{"set-wallet 2 set.v1.WalletService/Confirm",
                   "set-merchant 2 set.v1.MerchantService/Purchase",
                   "set-gateway 2 set.v1.GatewayService/Authorize", "set-bank 2 bank"},
        [&](const std::string& last) {
          return std::ranges::any_of(spans, [&](const auto& span) {
            return described(span) == last && span.trace == pay.trace;
          });
        });
  };
  REQUIRE(collector.wait(all_there));
  const auto figures = series_of(Door(world.home() / "gateway.log").text());
  CHECK(figures.at("set_spans_exported_total") >= 1);

  const auto spans = collector.spans();
  const std::vector<std::string> way = {
      "set-bank 2 bank",
      "set-gateway 2 set.v1.GatewayService/Authorize",
      "set-merchant 3 set.v1.GatewayService/Authorize",
      "set-merchant 2 set.v1.MerchantService/Purchase",
      "set-wallet 3 set.v1.MerchantService/Purchase",
      "set-wallet 2 set.v1.WalletService/Confirm",
      "set-wallet 3 set.v1.WalletService/Confirm",
      "set-wallet 1 pay",
  };
  std::size_t questions = 0;
  for (const auto& span : spans) {
    if (span.service != "set-bank" || span.trace != pay.trace) continue;
    CHECK(way_up(spans, span) == way);
    ++questions;
  }
  CHECK(questions == 2);  // the authorisation, and the capture that goes with it
  // Whoever knew the purchase names it; the bank has only its own numbers.
  for (const auto* of_purchase : {"set-gateway 2 set.v1.GatewayService/Authorize",
                                  "set-merchant 3 set.v1.GatewayService/Authorize",
                                  "set-merchant 2 set.v1.MerchantService/Purchase",
                                  "set-wallet 3 set.v1.MerchantService/Purchase",
                                  "set-wallet 2 set.v1.WalletService/Confirm"}) {
    INFO(of_purchase);
    const auto& span = the_one(spans, of_purchase, pay.trace);
    CHECK(span.xid == xid);
    CHECK(span.code == 0);
    CHECK((span.begun >= pay.begun && span.ended <= pay.ended));
  }
  // All of this trace hang together, and each process's spans are told apart by their id.
  std::map<std::string, int> ids;
  for (const auto& span : spans) {
    CHECK(++ids[span.id] == 1);
    if (span.trace == pay.trace) CHECK(way_up(spans, span).back() == "set-wallet 1 pay");
  }

  const auto text = collector.text();
  for (const auto& card : kScenarioCards) CHECK(text.find(card.number) == std::string::npos);
  for (const auto* personal : {"Alice", "Three chairs", "Corner Shop", "shop-1", "49.95"}) {
    INFO(personal);
    CHECK(text.find(personal) == std::string::npos);
  }
  for (const auto* daemon : {"bank", "gateway", "merchant", "wallet"})
    CHECK(times_said(world.home() / (std::string(daemon) + ".log"), "collector of traces") == 0);
}

TEST_CASE("no purchase and no stop waits for a collector that is away or silent") {
  OtlpReceiver silent;
  std::atomic<bool> held = true;
  silent.set_mood([&](int, httplib::Response&) {
    while (held) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  const auto away = [] {
    const OtlpReceiver gone;
    return gone.endpoint();
  }();
  ShopWorld world;
  world.start_bank(exporting_to(silent.endpoint()));
  world.start_gateway({}, exporting_to(silent.endpoint()));
  world.start_merchant({}, exporting_to(away));
  world.start_wallet({}, exporting_to(away));
  const auto link = [&] { return world.order("12.00 EUR"); };

  const auto plain = link();
  const auto alone = time_of([&] { CHECK(world.pay(plain).exit_code == 0); });
  const auto to_away = link();
  const auto without = time_of([&] {
    const auto paid = pay_exporting(world, to_away, away);
    CHECK(paid.exit_code == 0);
    CHECK(paid.err.find("the collector of traces does not take them") != std::string::npos);
  });
  const auto to_silent = link();
  const auto at_most =
      time_of([&] { CHECK(pay_exporting(world, to_silent, silent.endpoint()).exit_code == 0); });
  INFO(alone.count() << " ms alone, " << without.count() << " ms with one that is away, "
                     << at_most.count() << " ms with a silent one");
  CHECK(without < alone + std::chrono::seconds(2));
  CHECK(at_most < alone + std::chrono::seconds(4));  // a second of it is meant

  const auto merchants_log = world.home() / "merchant.log";
  REQUIRE(log_says(merchants_log, "the collector of traces does not take them"));
  const auto stopping = time_of([&] {
    CHECK(world.gateway().stop() == 0);
    CHECK(world.merchant().stop() == 0);
  });
  CHECK(stopping < std::chrono::seconds(8));
  CHECK(times_said(merchants_log, "the collector of traces does not take them") == 1);
  held = false;
}
