// Every request is in the log of whoever it came to, answered, repeated or refused; what was signed is
// kept beside it; and what cannot be recorded is not answered.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>

#include "common/audit/proof.h"
#include "common/crypto/digest.h"
#include "tests/flow/stage.h"

using namespace set;
using namespace set::flow;

namespace {

std::vector<std::string> log_of(Stage& stage, MessageType door) {
  std::vector<std::string> out;
  AuditChain chain;
  const auto read = audit::for_each_record(
      stage.database(door), 0, [&](const AuditRecord& record) -> Result<void> {
        out.push_back(record.entry);
        return chain.accept(record);
      });
  INFO((read ? "" : read.error().detail));
  REQUIRE(read);
  return out;
}

std::size_t with(const std::vector<std::string>& log, std::string_view name, std::string_view value) {
  return static_cast<std::size_t>(std::ranges::count_if(
      log, [&](const auto& entry) { return field_of(entry, name) == value; }));
}

std::size_t rows(Stage& stage, MessageType door, std::string_view sql) {
  const auto row = stage.database(door).in_transaction(
      "test", [&](Transaction& t) { return t.query_one(sql); });
  REQUIRE((row && *row));
  return static_cast<std::size_t>((*row)->integer(0));
}

void change(Stage& stage, MessageType door, std::string_view sql) {
  REQUIRE(stage.database(door).in_transaction("test", [&](Transaction& t) -> Result<void> {
    TRY(t.execute(sql));
    return {};
  }));
}

}  // namespace

TEST_CASE("a request of every kind has its entry, with the digests of what was said") {
  for (const auto pair : kAllPairs) {
    Stage stage;
    const auto exchange = stage.begin(pair);
    CAPTURE(std::string(name_of(pair)));
    const auto door = exchange.request.type;
    const auto before = log_of(stage, door);
    const auto answer = stage.answer(exchange);
    const auto log = log_of(stage, door);
    // Beside the request's own: what the CA issues, what the merchant asks of its gateway.
    REQUIRE(log.size() > before.size());
    const auto found = std::ranges::find_if(log.rbegin(), log.rend(), [](const auto& entry) {
      return field_of(entry, "event") == "request";
    });
    REQUIRE(found != log.rend());
    CHECK(field_of(*found, "message") == to_string(door));
    CHECK(field_of(*found, "rrpid") == exchange.sent->pending.rrpid.hex());
    CHECK(field_of(*found, "statement") == exchange.sent->pending.request_digest.hex());
    CHECK(field_of(*found, "answer") == wrapper_digest(answer).hex());
    CHECK_FALSE(field_of(*found, "outcome").empty());
    CHECK(field_of(*found, "request").size() == 96);
    const bool by_party = exchange.request.signer == SignedBy::merchant;
    CHECK(field_of(*found, "signer").starts_with("merchant ") == by_party);
  }
}

TEST_CASE("repeats and refusals are in the log, too") {
  Stage stage;
  const auto exchange = stage.begin(Pair::auth);
  const auto door = exchange.request.type;
  const auto first = stage.answer(exchange);
  CHECK(stage.answer(exchange) == first);
  auto spoilt = exchange.sent->wire;
  spoilt[spoilt.size() - 1] ^= 1;
  stage.deliver(door, spoilt);
  auto log = log_of(stage, door);
  std::erase_if(log, [](const auto& entry) { return field_of(entry, "message") != "AuthReq"; });
  CHECK(with(log, "outcome", "answered") == 1);
  CHECK(with(log, "outcome", "repeated") == 1);
  CHECK(with(log, "outcome", "signatureFailure") == 1);
}

TEST_CASE("noise is bounded: beyond its budget it is counted") {
  Stage stage;
  const auto exchange = stage.begin(Pair::auth);
  const auto door = exchange.request.type;
  for (int i = 0; i < 700; ++i) {
    auto spoilt = exchange.sent->wire;
    spoilt[spoilt.size() - 1 - static_cast<std::size_t>(i % 200)] ^= 1;
    stage.deliver(door, spoilt);
  }
  // 500 at once and 5 a second of the stage's time, which goes on by 10 ms with each.
  const auto written = with(log_of(stage, door), "event", "request");
  CHECK(written >= 500);
  CHECK(written <= 550);
}

TEST_CASE("what cannot be recorded is not answered, and nothing is lost when it can be again") {
  for (const auto pair : {Pair::pinit, Pair::preq, Pair::auth, Pair::cap, Pair::pcert, Pair::party_cert}) {
    Stage stage;
    const auto exchange = stage.begin(pair);
    CAPTURE(std::string(name_of(pair)));
    const auto door = exchange.request.type;
    change(stage, door, "ALTER TABLE audit_inbox RENAME TO lost");
    const auto silent = stage.deliver(door, exchange.sent->wire);
    CHECK(silent.status.error_code() == grpc::StatusCode::UNAVAILABLE);
    CHECK(silent.answer.empty());
    change(stage, door, "ALTER TABLE lost RENAME TO audit_inbox");
    CHECK(word_of(exchange.accept(stage.answer(exchange))) == kAccepted);
  }
}

TEST_CASE("signed statements of a purchase are kept by both sides, once, and no card number with them") {
  Stage stage;
  const auto exchange = stage.begin(Pair::cap);
  const auto door = exchange.request.type;
  stage.answer(exchange);
  stage.answer(exchange);
  const auto kept = [&](std::string_view message) {
    return rows(stage, door,
                "SELECT COUNT(*) FROM statements WHERE message = '" + std::string(message) + "'");
  };
  CHECK(kept("PReq") == 1);
  CHECK(kept("AuthReq") == 1);
  CHECK(kept("AuthRes") == 1);
  CHECK(kept("CapReq") == 1);
  CHECK(kept("CapRes") == 1);
  CHECK(rows(stage, door, "SELECT COUNT(*) FROM statements WHERE payment_half IS NOT NULL") == 1);
  CHECK(rows(stage, door, "SELECT COUNT(DISTINCT xid) FROM statement_purchases") == 1);
  const auto shop = wire::MESSAGE_TYPE_P_REQ;
  CHECK(rows(stage, shop, "SELECT COUNT(*) FROM statements WHERE order_half IS NOT NULL") >= 1);
}

TEST_CASE("the head of the sender's log goes along in what it signs") {
  Stage stage;
  // What goes along is what the party's keeper has told.
  const auto head = std::make_shared<CurrentAuditHead>();
  Party merchant = *stage.merchant();
  merchant.audit_head = head;
  const auto header_with = [&] {
    return request_header(Treatment<PCertReq>::info,
                          {.self = merchant,
                           .recipient = &stage.gateway()->key_exchange->leaf,
                           .rrpid = {},
                           .trans_ids = std::nullopt,
                           .now = stage.now()},
                          false);
  };
  CHECK(header_with().audit_head().empty());
  head->set(sha384(view_of("a head")));
  CHECK(header_with().audit_head() == sha384(view_of("a head")).str());
}
