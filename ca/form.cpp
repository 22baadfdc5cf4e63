#include "ca/form.h"

#include <algorithm>

namespace set::ca {
namespace {

constexpr std::uint32_t kCardholderFormId = 1;
constexpr std::uint32_t kPartyFormId = 2;
constexpr std::string_view kFullNameOid = "2.23.42.2.0";
constexpr std::string_view kTelephoneOid = "2.23.42.2.9";

constexpr std::string_view kCardholderPolicy =
    "This certificate binds a key in your wallet to a payment card, without showing the card's "
    "number. "
    "Keep the wallet's passphrase to yourself. This authority is a sandbox: it certifies public "
    "test "
    "cards only, and nothing that is bought with them is paid.";
constexpr std::string_view kPartyPolicy =
    "The certificates show merchant or gateway under the name that the authority's operator wrote "
    "into "
    "the enrolment token. Keep the keys where only the daemon can read them. This authority is a "
    "sandbox.";

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(
      utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// What is wrong with a field's answers, or nothing.
std::string_view fault_of(const RegField& field, const std::vector<RegFormAnswer>& answers) {
  const auto fits = [&](const RegFormAnswer& answer) {
    return answer.field_name == field.field_name;
  };
  const auto count = std::ranges::count_if(answers, fits);
  if (count > 1) return "is answered twice";
  if (count == 0) return field.required ? "is required" : "";
  const auto& answer = *std::ranges::find_if(answers, fits);
  if (!answer.field_id.empty() && answer.field_id != field.field_id) return "has another id";
  if (answer.field_value.empty()) return field.required ? "is required" : "";
  if (characters(answer.field_value) > field.field_len) return "is too long";
  return "";
}

}  // namespace

RegFormData cardholder_form() {
  return {
      .reg_form_id = kCardholderFormId,
      .fields =
          {
              {std::string(kFullNameOid), std::string(kCardholderName), "Name as on the card", 40,
               true, false},
              {"", "email", "E-mail address", 64, false, false},
              {std::string(kTelephoneOid), "telephone", "Telephone number", 20, false, false},
          },
      .policy_text = std::string(kCardholderPolicy),
  };
}

bool has_form_in(std::string_view language) {
  const auto primary = language.substr(0, language.find('-'));
  return primary == "en" || primary == "EN" || primary == "En";
}

RegFormData party_form() {
  return {.reg_form_id = kPartyFormId, .fields = {}, .policy_text = std::string(kPartyPolicy)};
}

RegField enrolment_token_field() {
  return {"",
          "enrolmentToken",
          "Enrolment token, as the authority's operator gave it to you",
          128,
          true,
          true};
}

FormFaults check_answers(const RegFormData& form, const std::vector<RegFormAnswer>& answers) {
  FormFaults faults;
  unsigned number = 0;
  for (const auto& field : form.fields) {
    ++number;
    const auto fault = fault_of(field, answers);
    if (!fault.empty()) faults.items.push_back({number, std::string(fault)});
  }
  faults.stray = std::ranges::any_of(answers, [&](const RegFormAnswer& answer) {
    return std::ranges::find(form.fields, answer.field_name, &RegField::field_name) ==
           form.fields.end();
  });
  return faults;
}

std::string_view answer_of(const std::vector<RegFormAnswer>& answers, std::string_view field_name) {
  const auto found = std::ranges::find(answers, field_name, &RegFormAnswer::field_name);
  return found == answers.end() ? std::string_view() : std::string_view(found->field_value);
}

}  // namespace set::ca
