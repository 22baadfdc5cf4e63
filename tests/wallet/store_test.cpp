#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <catch2/catch_test_macros.hpp>

#include "tests/wallet/stage.h"

namespace set::wallet::test {
namespace {

namespace fs = std::filesystem;

SecretBytes fixed_key() {
  const Bytes key(32, 7);
  return SecretBytes::copy_of(key);
}

Store memory_store() { return must(Store::open("sqlite::memory:", AtRest(fixed_key()), Rng::system())); }

std::int64_t put_card(Store& store) {
  const auto& stage = Stage::get();
  return must(store.insert(stage.card_secrets(), stage.cardholder_chain, stage.trust(), stage.now));
}

/// An order of its own XID.
SignedOrder put_order(Store& store, std::uint8_t fill) {
  auto& stage = Stage::get();
  stage.next_xid = xid_of(fill);
  const auto offered = must(stage.offered());
  must(store.insert(offered, stage.now));
  auto order = must(make_preq(offered, stage.cardholder.pan_data(Rng::system()),
                              stage.cardholder.card_secret.reveal(), stage.cardholder.party, stage.now,
                              Rng::system()));
  must(store.advance(offered, order));
  return order;
}

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Packed digits, from either end.
std::string bcd(std::string digits) {
  if (digits.size() % 2 != 0) digits += 'f';
  return string_of(must(from_hex(digits)));
}

std::string base64(std::string_view text, std::size_t drop) {
  // base64url of the number at each of the three alignments, without what depends on its neighbours
  auto encoded = to_base64url(view_of(std::string(drop, 'x') + std::string(text)));
  const auto skip = drop == 0 ? std::size_t{0} : std::size_t{4};
  return encoded.substr(skip, encoded.size() - skip - 4);
}

}  // namespace

TEST_CASE("a card comes back from the store ready to pay") {
  auto store = memory_store();
  const auto& stage = Stage::get();
  CHECK(put_card(store) == 1);
  CHECK(put_card(store) == 2);
  const auto card = must(store.find_card(2, stage.now));
  CHECK(card.secrets.pan.reveal() == set::test::kApprovePan);
  CHECK(card.certificate.leaf.thumbprint() == stage.cardholder_chain.leaf.thumbprint());
  CHECK(card.certificate.issuers.size() == stage.cardholder_chain.issuers.size());
  CHECK(card.party.trust->root().thumbprint() == stage.trust().root().thumbprint());
  CHECK(must(store.cards(stage.now)).size() == 2);
  const auto missing = store.find_card(3, stage.now);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::not_found);
}

TEST_CASE("a purchase goes through its states once") {
  auto store = memory_store();
  const auto& stage = Stage::get();
  put_card(store);
  const auto order = put_order(store, 1);
  const auto& offer = order.next.order.offer;
  const auto lid_c = offer.trans_ids.lid_c;

  CHECK(std::holds_alternative<AwaitingPRes>(must(store.find(lid_c))));
  CHECK(store.advance(Offered{offer}, order).error().code == ErrorCode::conflict);

  const auto first = must(store.take_outbound(lid_c));
  const auto second = must(store.take_outbound(lid_c));
  CHECK(first.preq == order.message.wire);
  CHECK(second.preq == first.preq);
  CHECK(first.sends == 1);
  CHECK(second.sends == 2);
  CHECK(second.pending.rrpid == order.message.pending.rrpid);
  CHECK(same_secret(second.pending.key->secret.reveal(), order.message.pending.key->secret.reveal()));

  must(store.advance(Ordered{order.next.order}));
  CHECK(must(store.unanswered()).size() == 1);
  CHECK(store.advance(Rejected{order.next.order, ErrorCode::unknown_xid}).error().code == ErrorCode::conflict);
  const auto completed = std::get<Completed>(must(stage.answered(order)));
  must(store.advance(completed));
  CHECK(must(store.unanswered()).empty());
  CHECK(store.advance(completed).error().code == ErrorCode::conflict);
  CHECK(store.take_outbound(lid_c).error().code == ErrorCode::conflict);

  const auto found = std::get<Completed>(must(store.find(offer.trans_ids.xid)));
  CHECK(found.outcome.approved());
  CHECK(found.outcome.evidence == completed.outcome.evidence);
  CHECK(verify_receipt(found, stage.cardholder_chain, stage.trust()));
  CHECK(must(store.purchases()).size() == 1);
  CHECK(must(store.find_signed(stage.link().merchant, stage.link().order)).size() == 1);
}

TEST_CASE("an order has one open purchase, and may be tried again after a refusal") {
  auto store = memory_store();
  auto& stage = Stage::get();
  put_card(store);
  const auto first = put_order(store, 1);
  stage.next_xid = xid_of(2);
  const auto offered = must(stage.offered());
  must(store.insert(offered, stage.now));
  const auto second = must(make_preq(offered, stage.cardholder.pan_data(Rng::system()),
                                     stage.cardholder.card_secret.reveal(), stage.cardholder.party,
                                     stage.now, Rng::system()));
  CHECK(store.advance(offered, second).error().code == ErrorCode::conflict);
  must(store.advance(Rejected{first.next.order, ErrorCode::message_too_old}));
  CHECK(std::get<Rejected>(must(store.find(first.next.order.offer.trans_ids.lid_c))).code ==
        ErrorCode::message_too_old);
  must(store.advance(offered, second));
}

TEST_CASE("the database file holds no card number and no secret in any form") {
  const auto directory = fs::temp_directory_path() / ("set-wallet-store-" + std::to_string(::getpid()));
  fs::create_directories(directory);
  fs::permissions(directory, fs::perms::owner_all);
  const auto& stage = Stage::get();
  const auto secrets = stage.card_secrets();
  Bytes reply_key;
  {
    auto store = must(Store::open("sqlite:" + (directory / "wallet.db").string(), AtRest(fixed_key()),
                                  Rng::system()));
    put_card(store);
    const auto order = put_order(store, 3);
    reply_key = bytes_of(order.message.pending.key->secret.reveal());
  }
  std::string all;
  for (const auto& file : fs::directory_iterator(directory)) all += slurp(file.path());
  REQUIRE(all.size() > 10'000);
  const std::string pan(secrets.pan.reveal());
  std::vector<std::string> forbidden = {pan, to_hex(view_of(pan)), bcd(pan), bcd("0" + pan),
                                        base64(pan, 0), base64(pan, 1), base64(pan, 2)};
  for (const ByteView secret : {secrets.pan_secret.reveal(), secrets.card_secret.reveal(),
                                secrets.key.reveal(), ByteView(reply_key)}) {
    forbidden.push_back(string_of(secret));
    forbidden.push_back(to_hex(secret));
  }
  for (const auto& text : forbidden) {
    REQUIRE(text.size() >= 8);
    CHECK(all.find(text) == std::string::npos);
  }
  // Another key does not open it, and says so.
  const Bytes other(32, 8);
  auto store = must(Store::open("sqlite:" + (directory / "wallet.db").string(),
                                AtRest(SecretBytes::copy_of(other)), Rng::system()));
  CHECK(store.find_card(1, stage.now).error().code == ErrorCode::bad_config);
  fs::remove_all(directory);
}

}  // namespace set::wallet::test
