#include "common/sandbox/card_file.h"

#include "tests/ca/ca_world.h"

namespace set::ca::test {

namespace {

const std::string kGood = "[[card]]\nnumber = \"" + std::string(kApprovePan) + R"("
name = "Alice Example"
expiry = "2030-12"
verification = "123"
limits = ["1000.00 EUR", "150000 JPY"]
)";

}  // namespace

TEST_CASE("the card file of this repository loads and has every behaviour") {
  const auto file = must(CardFile::load(sandbox_cards_path()));
  CHECK(file.cards().size() >= 6);
  CHECK(file.serves_bin("400000"));
  CHECK_FALSE(file.serves_bin("555555"));
  for (const auto behaviour :
       {CardBehaviour::approve, CardBehaviour::decline, CardBehaviour::referral,
        CardBehaviour::expired, CardBehaviour::slow, CardBehaviour::no_reply}) {
    const bool there =
        std::ranges::any_of(file.cards(), [&](const auto& c) { return c.behaviour == behaviour; });
    CHECK(there);
  }
}

TEST_CASE("a card is found by its number and compared field by field") {
  const auto file = must(CardFile::parse(kGood));
  const auto* found = file.find(must(Pan::parse(kApprovePan)));
  REQUIRE(found != nullptr);
  CHECK(found->behaviour == CardBehaviour::approve);
  CHECK(found->limit_in(must(Currency::from_code("EUR")))->minor() == 100'000);
  CHECK(found->limit_in(must(Currency::from_code("JPY")))->minor() == 150'000);
  CHECK_FALSE(found->limit_in(must(Currency::from_code("USD"))));
  CHECK(found->expiry_fits(must(CardExpiry::parse("12/30"))));
  CHECK_FALSE(found->expiry_fits(must(CardExpiry::parse("11/30"))));
  CHECK(found->verification_fits(must(CardVerificationValue::parse("123"))));
  CHECK_FALSE(found->verification_fits(must(CardVerificationValue::parse("1234"))));
  CHECK_FALSE(found->verification_fits(std::nullopt));
  CHECK(found->name_fits("ALICE  example "));
  CHECK_FALSE(found->name_fits("Alice"));
  CHECK(file.find(must(Pan::parse(kDeclinePan))) == nullptr);
}

TEST_CASE("a malformed card file is refused with its line") {
  const auto [text, word] = GENERATE(Catch::Generators::table<std::string, std::string>({
      {"card = 3", "no [[card]]"},
      {"", "no [[card]]"},
      {"[[card]\n", "line 1"},
      {"colour = 1\n" + kGood, "unknown key"},
      {kGood + "colour = 1\n", "unknown key"},
      {kGood + "behaviour = \"melt\"\n", "behaviour"},
      {kGood + "limit = \"5.00 EUR\"\n", "two limits"},
      {kGood + kGood, "twice"},
      {"[[card]]\nnumber = \"4000000000000003\"\nexpiry = \"2030-12\"\nverification = \"123\"\n",
       "line 1"},
      {"[[card]]\nnumber = 4\n", "text in quotes"},
  }));
  const auto result = CardFile::parse(text);
  CHECK(code_of(result) == ErrorCode::bad_config);
  INFO(result.error().detail);
  CHECK(result.error().detail.find(word) != std::string::npos);
}

TEST_CASE("a card file that is not there is named") {
  const auto result = CardFile::load("/nowhere/cards.toml");
  CHECK(code_of(result) == ErrorCode::bad_config);
  CHECK(result.error().detail.find("/nowhere/cards.toml") != std::string::npos);
}

}  // namespace set::ca::test
