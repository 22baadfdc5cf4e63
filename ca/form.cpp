#include "ca/form.h"

#include <algorithm>

#include "common/crypto/digest.h"

namespace set::ca {
namespace {

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

RegFormData with_id(RegFormData form) {
  form.reg_form_id = form_id_of(form);
  return form;
}

RegFormData cardholder_form() {
  return with_id({
      .reg_form_id = 0,
      .fields =
          {
              {std::string(kFullNameOid), std::string(kCardholderName), "Name as on the card", 40,
               true, false},
              {"", "email", "E-mail address", 64, false, false, RegFieldType::email},
              {std::string(kTelephoneOid), "telephone", "Telephone number", 20, false, false,
               RegFieldType::telephone},
          },
      .policy_text = std::string(kCardholderPolicy),
  });
}

RegFormData party_form() {
  return with_id({.reg_form_id = 0, .fields = {}, .policy_text = std::string(kPartyPolicy)});
}

const RegFormData& renewal_form(Role role) {
  static const auto cardholder = with_id(
      {.reg_form_id = 0, .fields = {}, .policy_text = std::string(kCardholderPolicy)});
  static const auto party = party_form();
  return role == Role::cardholder ? cardholder : party;
}

/// How well a scope fits: none if not at all; a longer BIN prefix first, then a brand named.
std::optional<std::size_t> fit_of(const FormScope& scope, const FormWish& wish) {
  if (scope.role != wish.role) return std::nullopt;
  std::size_t fit = 0;
  if (!scope.bins.empty()) {
    for (const auto& bin : scope.bins) {
      if (wish.bin.starts_with(bin)) fit = std::max(fit, 2 * bin.size());
    }
    if (fit == 0) return std::nullopt;
  }
  if (scope.brands.empty()) return fit;
  if (std::ranges::find(scope.brands, wish.brand) == scope.brands.end()) return std::nullopt;
  return fit + 1;
}

bool same_tag(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

/// RFC 4647 §3.4: "de-CH-1996" may be "de-CH" or "de"; a single letter goes with what it begins.
std::string_view shortened(std::string_view tag) {
  auto end = tag.rfind('-');
  if (end == std::string_view::npos) return {};
  if (end >= 2 && tag[end - 2] == '-') end -= 2;
  return tag.substr(0, end);
}

}  // namespace

FormBook FormBook::standard() {
  FormBook book;
  book.forms_.push_back({{Role::cardholder, {}, {}}, "en", cardholder_form()});
  for (const Role role : {Role::merchant, Role::gateway}) {
    book.forms_.push_back({{role, {}, {}}, "en", party_form()});
  }
  return book;
}

FormChoice FormBook::choose(const FormWish& wish) const {
  if (wish.renewal) return ChosenForm{&renewal_form(wish.role), true};
  std::optional<std::size_t> best;
  const auto consider = [&](const auto& entries) {
    for (const auto& entry : entries) {
      const auto fit = fit_of(entry.scope, wish);
      if (fit && (!best || *fit > *best)) best = fit;
    }
  };
  consider(forms_);
  consider(referrals_);
  if (!best) return {};
  for (const auto& entry : referrals_) {
    if (fit_of(entry.scope, wish) == best) return &entry.data;
  }
  const auto fits = [&](const FormEntry& entry) { return fit_of(entry.scope, wish) == best; };
  for (auto tag = wish.language; !tag.empty(); tag = shortened(tag)) {
    for (const auto& entry : forms_) {
      if (fits(entry) && same_tag(entry.language, tag)) return ChosenForm{&entry.form, true};
    }
  }
  return ChosenForm{&std::ranges::find_if(forms_, fits)->form, false};
}

std::uint32_t form_id_of(const RegFormData& form) {
  Bytes content;
  const auto put = [&content](std::string_view text) {
    content.push_back(static_cast<std::uint8_t>(text.size() >> 8));
    content.push_back(static_cast<std::uint8_t>(text.size()));
    content.insert(content.end(), text.begin(), text.end());
  };
  for (const auto& field : form.fields) {
    put(field.field_id);
    put(field.field_name);
    put(field.field_desc);
    put(std::to_string(field.field_len));
    put(field.required ? "required" : "");
    put(field.invisible ? "invisible" : "");
    put(std::to_string(static_cast<int>(field.type)));
    put(std::to_string(field.choices.size()));
    for (const auto& choice : field.choices) put(choice);
  }
  put(form.policy_text);
  const auto hash = digest("SET/2 registration form", content);
  std::uint32_t id = 0;
  for (std::size_t i = 0; i < sizeof(id); ++i) id = id << 8 | hash.value[i];
  return id;
}

RegField enrolment_token_field(bool required) {
  return {"",
          "enrolmentToken",
          "Enrolment token, as the authority's operator gave it to you",
          128,
          required,
          true};
}

}  // namespace set::ca
