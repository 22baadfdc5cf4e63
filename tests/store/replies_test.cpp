#include <catch2/catch_template_test_macros.hpp>

#include "common/store/replies.h"
#include "tests/store/databases.h"

namespace set {
namespace {

Database with_replies(const std::string& url) {
  auto database = test::open(url);
  const Migration migration{1, replies::kSchema};
  REQUIRE(database.migrate({&migration, 1}).has_value());
  return database;
}

Digest digest_of(std::uint8_t fill) {
  Digest digest;
  digest.value.fill(fill);
  return digest;
}

const Bytes kPeer(32, 0xAA);
const RRPID kRrpid{{1, 2, 3}};
const StoredReply kReply{digest_of(1), digest_of(2), Bytes{9, 8, 7}};

Result<void> save(Database& database, ByteView peer, const RRPID& rrpid, const StoredReply& reply,
                  Instant now) {
  return database.in_transaction(
      "test", [&](Transaction& t) { return replies::save(t, peer, "AuthReq", rrpid, reply, now); });
}

Result<std::optional<StoredReply>> find(Database& database, ByteView peer, const RRPID& rrpid) {
  return database.in_transaction(
      "test", [&](Transaction& t) { return replies::find(t, peer, "AuthReq", rrpid); });
}

}  // namespace

TEMPLATE_TEST_CASE("a stored answer is found by its request and by its key", "", SET_DATABASES) {
  TestType place;
  auto database = with_replies(place.url());
  REQUIRE(save(database, kPeer, kRrpid, kReply, from_millis(5)).has_value());

  const auto by_request = replies::find_by_request(database, kReply.request_digest);
  REQUIRE((by_request.has_value() && by_request->has_value()));
  CHECK((*by_request)->reply == kReply.reply);

  const auto by_key = find(database, kPeer, kRrpid);
  REQUIRE((by_key.has_value() && by_key->has_value()));
  CHECK((*by_key)->request_digest == kReply.request_digest);
  CHECK((*by_key)->content_digest == kReply.content_digest);
  CHECK((*by_key)->reply == kReply.reply);

  CHECK(!replies::find_by_request(database, digest_of(2))->has_value());
  CHECK(!find(database, {}, kRrpid)->has_value());
  CHECK(!find(database, kPeer, RRPID{})->has_value());
}

TEMPLATE_TEST_CASE("the second answer under one key is a conflict", "", SET_DATABASES) {
  TestType place;
  auto database = with_replies(place.url());
  REQUIRE(save(database, kPeer, kRrpid, kReply, from_millis(5)).has_value());
  const auto second =
      save(database, kPeer, kRrpid, {digest_of(3), digest_of(4), {}}, from_millis(6));
  REQUIRE(!second.has_value());
  CHECK(second.error().code == ErrorCode::conflict);
  CHECK((*find(database, kPeer, kRrpid))->reply == kReply.reply);
  CHECK(save(database, {}, kRrpid, kReply, from_millis(6)).has_value());  // another peer's RRPID
}

TEMPLATE_TEST_CASE("old answers are forgotten, young ones stay", "", SET_DATABASES) {
  TestType place;
  auto database = with_replies(place.url());
  const auto filled = database.in_transaction("test", [&](Transaction& t) -> Result<void> {
    for (std::uint8_t i = 0; i < 250; ++i) {
      for (std::uint8_t j = 0; j < 10; ++j) {
        TRY(replies::save(t, kPeer, "AuthReq", RRPID{{i, j}}, kReply, from_millis(i)));
      }
    }
    return {};
  });
  REQUIRE(filled.has_value());
  CHECK(replies::purge_older_than(database, from_millis(200)) == 2000);
  CHECK(!find(database, kPeer, RRPID{{199, 0}})->has_value());
  CHECK(find(database, kPeer, RRPID{{200, 0}})->has_value());
  CHECK(replies::purge_older_than(database, from_millis(200)) == 0);
}

}  // namespace set
