// A card on its way from the terminal to the database: the file, the sealed entry, at rest.
#include <catch2/catch_test_macros.hpp>

#include "tests/wallet/stage.h"
#include "wallet/at_rest.h"
#include "wallet/card_entry.h"
#include "wallet/card_file.h"

namespace set::wallet::test {

TEST_CASE("a card file is read") {
  auto spaced = std::string(set::test::kApprovePan);
  for (const std::size_t at : {12U, 8U, 4U}) spaced.insert(at, " ");
  const auto file = must(parse_card_file("# my card\r\n"
                                         "number = \"" + spaced + "\"  # a comment\n"
                                         "expiry = '2030-12'\n"
                                         "verification = \"123\"\n"
                                         "name = \"Alice Example\"\n"
                                         "\n"
                                         "[form]\n"
                                         "\"e-mail\" = \"alice@example.org\""));
  CHECK(file.card.pan.reveal() == set::test::kApprovePan);
  CHECK(file.card.expiry.reveal() == "203012");
  CHECK(file.card.cvv->reveal() == "123");
  CHECK(file.form == std::vector<std::pair<std::string, std::string>>{{"cardholderName", "Alice Example"},
                                                                      {"e-mail", "alice@example.org"}});
}

TEST_CASE("a card file that is not understood is refused by its line, without its text") {
  for (const char* text : {"number = 4000", "number = \"4000\\u0030\"", "nummer = \"1\"",
                           "number \"4000\"", "number = \"4000", "expiry = \"2030-12\" x",
                           "expiry = \"2030-12\"\nexpiry = \"2030-12\"", "[other]"}) {
    const auto file = parse_card_file(text);
    REQUIRE_FALSE(file);
    CHECK(file.error().code == ErrorCode::invalid_argument);
    CHECK(file.error().detail.starts_with("line "));
    CHECK(file.error().detail.find("4000") == std::string::npos);
  }
  CHECK_FALSE(parse_card_file("expiry = \"2030-12\""));
  CHECK_FALSE(parse_card_file("number = \"400000000000\"\nexpiry = \"2030-12\""));
  CHECK_FALSE(parse_card_file(""));
}

TEST_CASE("an entered card opens for the daemon's key only") {
  auto& rng = Rng::system();
  const auto key = KemPrivateKey::generate(rng);
  const auto other = KemPrivateKey::generate(rng);
  const auto card = [] {
    return EnteredCard{must(Pan::parse(set::test::kApprovePan)), must(CardExpiry::parse("2030-12")),
                       must(CardVerificationValue::parse("123"))};
  };
  const auto entry = must(seal_card(card(), key.public_key().raw(), rng));
  const auto opened = must(open_card(entry, key));
  CHECK(opened.pan.reveal() == set::test::kApprovePan);
  CHECK(opened.cvv->reveal() == "123");
  CHECK_FALSE(open_card(entry, other));
  CHECK_FALSE(open_cvv(entry, key));

  const auto cvv = must(seal_cvv(*card().cvv, key.public_key().raw(), rng));
  CHECK(must(open_cvv(cvv, key)).reveal() == "123");
  CHECK_FALSE(open_card(cvv, key));
}

TEST_CASE("what is at rest opens with its key and for its purpose only") {
  auto& rng = Rng::system();
  const auto secret = rng.secret(32);
  const AtRest at_rest(secret.clone());
  const AtRest other(rng.secret(32));
  auto sealed = at_rest.seal("card", view_of("hello"), rng);
  CHECK(string_of(must(at_rest.open("card", sealed)).reveal()) == "hello");
  CHECK_FALSE(at_rest.open("pending 01", sealed));
  CHECK_FALSE(other.open("card", sealed));
  CHECK_FALSE(at_rest.open("card", ByteView(sealed).first(10)));
  sealed.back() ^= 1;
  CHECK_FALSE(at_rest.open("card", sealed));
}

TEST_CASE("a card's secrets come back from their bytes, and only from exactly those") {
  const auto& stage = Stage::get();
  const auto secrets = stage.card_secrets();
  const auto bytes = to_bytes(secrets);
  const auto again = must(card_secrets_from_bytes(bytes.reveal()));
  CHECK(again.pan.reveal() == secrets.pan.reveal());
  CHECK(again.expiry.reveal() == secrets.expiry.reveal());
  CHECK(same_secret(again.pan_secret.reveal(), secrets.pan_secret.reveal()));
  CHECK(same_secret(again.card_secret.reveal(), secrets.card_secret.reveal()));
  CHECK(same_secret(again.key.reveal(), secrets.key.reveal()));
  CHECK_FALSE(card_secrets_from_bytes(bytes.reveal().first(50)));

  const auto stranger = stage.pki.cardholder();
  CHECK_FALSE(make_card(1, stage.card_secrets(), stranger.party.signature.value(), stage.pki.trust()));
  CHECK(make_card(1, stage.card_secrets(), stage.cardholder_chain, stage.pki.trust()));
}

}  // namespace set::wallet::test
