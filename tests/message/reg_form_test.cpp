// The one check of a form's answers, which both ends run.
#include "common/message/reg_form.h"

#include <catch2/catch_test_macros.hpp>

namespace set {

namespace {

RegField a_field(RegFieldType type, unsigned length = 40, bool required = true) {
  RegField out{"2.23.42.2.0", "a", "", length, required, false, type};
  if (type == RegFieldType::choice) out.choices = {"goods", "travel"};
  return out;
}

RegFormData two_fields() {
  return {1,
          {{"2.23.42.2.0", "name", "", 8, true, false},
           {"", "mail", "", 20, false, false, RegFieldType::email}},
          ""};
}

std::vector<unsigned> failed_numbers(const std::vector<RegFormAnswer>& answers) {
  std::vector<unsigned> out;
  for (const auto& item : failed_items(two_fields(), answers)) out.push_back(item.item_number);
  return out;
}

using Numbers = std::vector<unsigned>;

}  // namespace

TEST_CASE("a value must be of its field's type") {
  struct Case {
    RegFieldType type;
    const char* value;
    bool fits;
  };
  static constexpr Case kCases[] = {
      {RegFieldType::text, "Zoë, 2nd floor", true},
      {RegFieldType::digits, "0123", true},
      {RegFieldType::digits, "12a", false},
      {RegFieldType::digits, "-1", false},
      {RegFieldType::date, "2024-02-29", true},
      {RegFieldType::date, "2023-02-29", false},
      {RegFieldType::date, "2023-13-01", false},
      {RegFieldType::date, "2023-1-1", false},
      {RegFieldType::date, "01.02.2023", false},
      {RegFieldType::date, "2023-02-011", false},
      {RegFieldType::email, "a.b+c@d.example", true},
      {RegFieldType::email, "@d.example", false},
      {RegFieldType::email, "a@b@c.example", false},
      {RegFieldType::email, "a@example", false},
      {RegFieldType::email, "a b@c.example", false},
      {RegFieldType::email, "a@c.example.", false},
      {RegFieldType::email, "a", false},
      {RegFieldType::telephone, "+49 (30) 123-45", true},
      {RegFieldType::telephone, "12", false},
      {RegFieldType::telephone, "call me", false},
      {RegFieldType::choice, "travel", true},
      {RegFieldType::choice, "Travel", false},
      {RegFieldType::choice, "other", false},
  };
  for (const auto& [type, value, fits] : kCases) {
    INFO(to_string(type) << " " << value);
    CHECK(fault_of(a_field(type), value).empty() == fits);
  }
}

TEST_CASE("length counts characters, and an empty value is none") {
  CHECK(fault_of(a_field(RegFieldType::text, 3), "äöü").empty());
  CHECK(fault_of(a_field(RegFieldType::text, 3), "äöüa") == "is too long");
  CHECK(fault_of(a_field(RegFieldType::date), "") == "is required");
  CHECK(fault_of(a_field(RegFieldType::date, 10, false), "").empty());
}

TEST_CASE("failed items are named one by one") {
  CHECK(failed_numbers({{"name", "2.23.42.2.0", "Alice"}}) == Numbers{});
  CHECK(failed_numbers({{"name", "", "Alice"}, {"mail", "", "a@b.example"}}) == Numbers{});
  CHECK(failed_numbers({}) == Numbers{1});                                             // missing
  CHECK(failed_numbers({{"name", "", ""}}) == Numbers{1});                             // empty
  CHECK(failed_numbers({{"name", "", "Alexandra"}}) == Numbers{1});                    // too long
  CHECK(failed_numbers({{"name", "2.23.42.2.1", "Alice"}}) == Numbers{1});             // another id
  CHECK(failed_numbers({{"name", "", "A"}, {"name", "", "B"}}) == Numbers{1});         // twice
  CHECK(failed_numbers({{"name", "", "A"}, {"mail", "", "nonsense"}}) == Numbers{2});  // wrongly typed
  // Extra: after the two fields, by its place among the answers.
  CHECK(failed_numbers({{"name", "", "A"}, {"shoe", "", "43"}}) == Numbers{4});
  CHECK(failed_numbers({{"shoe", "", "43"}, {"mail", "", "x"}}) == Numbers{1, 2, 3});
}

TEST_CASE("no more items are named than a CertRes can") {
  std::vector<RegFormAnswer> many(40, {"unknown", "", "x"});
  CHECK(failed_items(two_fields(), many).size() == 32);
}

}  // namespace set
