// Which form, and who decides.
#include "ca/approval.h"
#include "ca/form.h"
#include "common/daemon/files.h"
#include "tests/ca/ca_world.h"

namespace set::ca::test {

namespace {

constexpr std::string_view kFile = R"(
[[form]]
role = "cardholder"
language = "en"
policy = "all cards"
  [[form.field]]
  name = "cardholderName"
  length = 40
  required = true

[[form]]
role = "cardholder"
bins = ["40"]
language = "en"
policy = "cards 40"
  [[form.field]]
  name = "cardholderName"
  length = 40
  required = true

[[form]]
role = "cardholder"
bins = ["40"]
language = "de"
policy = "Karten 40"
  [[form.field]]
  name = "cardholderName"
  length = 40
  required = true

[[form]]
role = "cardholder"
bins = ["40"]
brands = ["Example"]
language = "fr-CH"
policy = "cartes 40"
  [[form.field]]
  name = "cardholderName"
  length = 40
  required = true

[[referral]]
role = "cardholder"
bins = ["4099", "55"]
reason = "not here"
urls = ["https://issuer.example"]
)";

/// The policy text, "!" before it if the language does not fit; the reason of a referral.
std::string chosen(const FormBook& book, const FormWish& wish) {
  const auto choice = book.choose(wish);
  if (const auto* referral = std::get_if<const ReferralData*>(&choice)) return (*referral)->reason;
  const auto* form = std::get_if<ChosenForm>(&choice);
  if (form == nullptr) return "none";
  return (form->language_fits ? "" : "!") + form->form->policy_text;
}

}  // namespace

TEST_CASE("a form is chosen by BIN, brand and language") {
  const auto book = must(FormBook::parse(kFile));
  struct Case {
    const char *bin, *brand, *language, *expected;
  };
  static constexpr Case kCases[] = {
      {"411111", "OpenSET", "en", "all cards"},
      {"411111", "OpenSET", "en-GB", "all cards"},
      {"411111", "OpenSET", "EN", "all cards"},
      {"411111", "OpenSET", "de", "!all cards"},
      {"400000", "OpenSET", "en", "cards 40"},
      {"400000", "OpenSET", "de-CH-1996", "Karten 40"},
      {"400000", "OpenSET", "de-x-private", "Karten 40"},
      {"400000", "OpenSET", "fr", "!cards 40"},
      {"400000", "Example", "fr-CH", "cartes 40"},
      {"400000", "Example", "fr", "!cartes 40"},  // a longer tag is not the shorter one
      {"409912", "OpenSET", "en", "not here"},
      {"555555", "OpenSET", "en", "not here"},
  };
  for (const auto& [bin, brand, language, expected] : kCases) {
    INFO(bin << " " << brand << " " << language);
    CHECK(chosen(book, {Role::cardholder, bin, brand, language}) == expected);
  }
}

TEST_CASE("a role without a form in the file has the built-in one") {
  const auto book = must(FormBook::parse(kFile));
  for (const Role role : {Role::merchant, Role::gateway}) {
    const auto choice = book.choose({role, "400000", "OpenSET", "en"});
    REQUIRE(std::holds_alternative<ChosenForm>(choice));
    CHECK(std::get<ChosenForm>(choice).form->fields.empty());
  }
}

TEST_CASE("the id of a form changes with anything in it") {
  RegFormData form{0, {{"", "a", "b", 3, true, false}}, "policy"};
  const auto id = form_id_of(form);
  const auto changed = [&](auto change) {
    auto other = form;
    change(other);
    return form_id_of(other) != id;
  };
  CHECK(form_id_of(form) == id);
  CHECK(changed([](auto& f) { f.policy_text = "other"; }));
  CHECK(changed([](auto& f) { f.fields[0].field_name = "c"; }));
  CHECK(changed([](auto& f) { f.fields[0].field_len = 4; }));
  CHECK(changed([](auto& f) { f.fields[0].required = false; }));
  CHECK(changed([](auto& f) { f.fields[0].invisible = true; }));
  CHECK(changed([](auto& f) { f.fields[0].type = RegFieldType::digits; }));
  CHECK(changed([](auto& f) { f.fields[0].choices = {"x"}; }));
  CHECK(changed([](auto& f) { f.fields.push_back(f.fields[0]); }));
}

TEST_CASE("a form file that is wrong is refused with its line") {
  struct Case {
    const char* text;
    const char* says;
  };
  static constexpr Case kCases[] = {
      {"[[form]]\nrole = ", "line 2"},
      {"[[form]]\nrole = \"bank\"\nlanguage = \"en\"\npolicy = \"p\"", "role is"},
      {"[[form]]\nrole = \"merchant\"\nlanguage = \"en\"", "\"policy\" is missing"},
      {"[[form]]\nrole = \"merchant\"\nlanguage = \"e\"\npolicy = \"p\"", "language is a tag"},
      {"[[form]]\nrole = \"merchant\"\nbins = [\"4x\"]\nlanguage = \"en\"\npolicy = \"p\"", "BIN"},
      {"[[form]]\nrole = \"merchant\"\nbins = \"40\"\nlanguage = \"en\"\npolicy = \"p\"", "list"},
      {"[[form]]\nrole = \"merchant\"\nlanguage = \"en\"\npolicy = \"p\"\ncolour = 1", "unknown key"},
      {"[[form]]\nrole = \"cardholder\"\nlanguage = \"en\"\npolicy = \"p\"", "cardholderName"},
      {"[[form]]\nrole = \"merchant\"\nlanguage = \"en\"\npolicy = \"p\"\n[[form.field]]\nname = \"a\"",
       "\"length\""},
      {"[[form]]\nrole = \"merchant\"\nlanguage = \"en\"\npolicy = \"p\"\n[[form.field]]\nname = "
       "\"a\"\nlength = 3\ntype = \"shoe\"",
       "type is one of"},
      {"[[form]]\nrole = \"merchant\"\nlanguage = \"en\"\npolicy = \"p\"\n[[form.field]]\nname = "
       "\"a\"\nlength = 3\ntype = \"choice\"",
       "choices belong"},
      {"[[form]]\nrole = \"merchant\"\nlanguage = \"en\"\npolicy = \"p\"\n[[form.field]]\nname = "
       "\"a\"\nlength = 3\nid = \"1.2.3\"",
       "OID"},
      {"[[form]]\nrole = \"merchant\"\nlanguage = \"en\"\npolicy = \"p\"\n[[form.field]]\nname = "
       "\"a\"\nlength = 3\n[[form.field]]\nname = \"a\"\nlength = 3",
       "twice"},
      {"[[referral]]\nrole = \"merchant\"\nreason = \"r\"\nurls = [\"a b\"]", "URLs"},
      {"forms = 1", "unknown key"},
  };
  for (const auto& [text, says] : kCases) {
    INFO(text);
    const auto book = FormBook::parse(text);
    REQUIRE_FALSE(book.has_value());
    CHECK(book.error().code == ErrorCode::bad_config);
    INFO(book.error().detail);
    CHECK(book.error().detail.find(says) != std::string::npos);
  }
}

TEST_CASE("the sandbox's form file is taken") {
  const auto path = std::filesystem::path(sandbox_cards_path()).parent_path() / "forms.toml";
  const auto book = must(FormBook::parse(must(read_text_file(path))));
  CHECK(std::holds_alternative<const ReferralData*>(
      book.choose({Role::cardholder, "555555", "OpenSET", "en"})));
  CHECK(std::get<ChosenForm>(book.choose({Role::cardholder, "400000", "OpenSET", "de-AT"}))
            .language_fits);
}

TEST_CASE("who decides is a matter of role and BIN") {
  const auto rules =
      must(ApprovalRules::parse({"merchant=operator", "merchant:4111=token", "cardholder:40=operator"}));
  CHECK(rules.choose(Role::merchant, "400000") == Approval::by_operator);
  CHECK(rules.choose(Role::merchant, "411111") == Approval::token);
  CHECK(rules.choose(Role::cardholder, "400000") == Approval::by_operator);
  CHECK(rules.choose(Role::cardholder, "411111") == Approval::automatic);
  CHECK(rules.choose(Role::gateway, "400000") == Approval::token);
  for (const auto* bad : {"", "merchant", "merchant=", "merchant=auto", "cardholder=token",
                          "merchant:=token", "merchant:4x=token", "merchant:4000001=token", "bca=operator"}) {
    INFO(bad);
    CHECK(code_of(ApprovalRules::parse({bad})) == ErrorCode::invalid_argument);
  }
}

}  // namespace set::ca::test
