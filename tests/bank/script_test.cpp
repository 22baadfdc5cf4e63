#include "deploy/sandbox/script.h"

#include <catch2/generators/catch_generators.hpp>

#include "tests/iso8583/samples.h"

namespace set::bank::test {

using namespace set::iso8583::test;  // NOLINT: test support is one vocabulary

TEST_CASE("a rule fits by type, card, amount and merchant, and counts") {
  Script script(must(Script::parse(R"(
[[rule]]
message = "0100"
card = "1111"
amount = "49.95 EUR"
merchant = "a-shop-with-a-long-name"
after = 1
times = 2
do = "silent"

[[rule]]
message = "0420"
do = "slow"
delay = "100ms"
)")));
  const auto fitting = iso8583::test::authorization();
  CHECK_FALSE(script.rule_for(fitting));
  auto other = iso8583::test::authorization();
  other.additional.erase("04");
  CHECK_FALSE(script.rule_for(other));
  CHECK_FALSE(script.rule_for(iso8583::test::authorization(set::test::kMastercard)));
  for (int i = 0; i < 2; ++i) CHECK(script.rule_for(fitting)->action == Action::silent);
  CHECK_FALSE(script.rule_for(fitting));
  CHECK(script.rule_for(following("0421"))->delay == std::chrono::milliseconds(100));
  CHECK_FALSE(script.rule_for(following("0220")));
}

TEST_CASE("the scenarios that come along are well-formed") {
  for (const auto* name : {"silent", "late", "rough"}) {
    CHECK_FALSE(must(Script::load(std::string(SET_SOURCE_DIR) + "/deploy/sandbox/scenarios/" +
                                  name + ".toml"))
                    .empty());
  }
}

TEST_CASE("a malformed scenario is refused with line and reason") {
  const auto [text, sentence] = GENERATE(table<std::string, std::string>({
      {"", "there is no [[rule]] in it"},
      {"[[rule]]\n", "line 1: a rule has no \"do\""},
      {"[[rule]]\ndo = \"dance\"\n", "line 2: \"do\" is nothing that the bank can do"},
      {"[[rule]]\ndo = \"silent\"\ntimes = -1\n", "line 3: a number from 0 up is needed here"},
      {"[[rule]]\ndo = \"silent\"\nwhen = \"now\"\n", "line 3: unknown key \"when\""},
      {"[[rule]]\ndo = \"decline\"\ncode = \"00\"\n", "line 1: a decline has another code than 00"},
      {"[[rule]]\ndo = \"decline\"\ncode = \"59\"\n", "line 3: the bank has no such response code"},
      {"[[rule]]\ndo = \"partial\"\n", "line 1: a partial approval needs \"partial\", an amount"},
      {"[[rule]]\ndo = \"silent\"\nmessage = \"0110\"\n",
       "line 3: \"message\" is the type of a request, such as \"0100\""},
      {"[[rule]]\ndo = \"silent\"\ncard = \"11111\"\n",
       "line 3: \"card\" is a card's last four digits"},
      {"rules = 1\n", "line 1: a scenario has [[rule]]s and nothing else"},
  }));
  const auto parsed = Script::parse(text);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == ErrorCode::bad_config);
  CHECK(parsed.error().detail == sentence);
}

}  // namespace set::bank::test
