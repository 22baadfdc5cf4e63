#include "common/message/reg_form.h"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace set {
namespace {

constexpr std::size_t kMaxItems = 32;  // as many as a CertRes may name
constexpr std::ptrdiff_t kFewestTelephoneDigits = 3;

bool is_decimal(char c) { return c >= '0' && c <= '9'; }

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(
      utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

int number_of(std::string_view digits) {
  int number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

bool is_date(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-dd";
  const auto fits = [](char c, char shape) { return shape == 'd' ? is_decimal(c) : c == shape; };
  if (!std::ranges::equal(text, kShape, fits)) return false;
  const std::chrono::year_month_day day{
      std::chrono::year(number_of(text.substr(0, 4))),
      std::chrono::month(static_cast<unsigned>(number_of(text.substr(5, 2)))),
      std::chrono::day(static_cast<unsigned>(number_of(text.substr(8, 2))))};
  return day.ok();
}

// The shape only: whether somebody reads there, a letter to the address would show.
bool is_email(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos || at == 0) return false;
  const auto domain = text.substr(at + 1);
  const auto domain_character = [](char c) {
    return is_decimal(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-';
  };
  const bool visible = std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
  return visible && domain.find('.') != std::string_view::npos && !domain.starts_with('.') &&
         !domain.ends_with('.') && std::ranges::all_of(domain, domain_character);
}

bool is_telephone(std::string_view text) {
  constexpr std::string_view kOthers = " +-./()";
  const auto allowed = [&](char c) {
    return is_decimal(c) || kOthers.find(c) != std::string_view::npos;
  };
  return std::ranges::all_of(text, allowed) &&
         std::ranges::count_if(text, is_decimal) >= kFewestTelephoneDigits;
}

std::string_view fault_of_type(const RegField& field, std::string_view value) {
  switch (field.type) {
    case RegFieldType::text:
      return "";
    case RegFieldType::digits:
      return std::ranges::all_of(value, is_decimal) ? "" : "must be digits only";
    case RegFieldType::date:
      return is_date(value) ? "" : "must be a date such as 2031-12-31";
    case RegFieldType::email:
      return is_email(value) ? "" : "is no e-mail address";
    case RegFieldType::telephone:
      return is_telephone(value) ? "" : "is no telephone number";
    case RegFieldType::choice:
      break;
  }
  const bool chosen = std::ranges::find(field.choices, value) != field.choices.end();
  return chosen ? "" : "must be one of the choices";
}

/// Of a field and everything that was answered.
std::string_view fault_among(const RegField& field, const std::vector<RegFormAnswer>& answers) {
  const auto fits = [&](const RegFormAnswer& answer) {
    return answer.field_name == field.field_name;
  };
  const auto count = std::ranges::count_if(answers, fits);
  if (count > 1) return "is answered twice";
  if (count == 0) return field.required ? "is required" : "";
  const auto& answer = *std::ranges::find_if(answers, fits);
  if (!answer.field_id.empty() && answer.field_id != field.field_id) return "has another id";
  return fault_of(field, answer.field_value);
}

}  // namespace

std::string_view fault_of(const RegField& field, std::string_view value) {
  if (value.empty()) return field.required ? "is required" : "";
  if (characters(value) > field.field_len) return "is too long";
  return fault_of_type(field, value);
}

std::vector<FailedItem> failed_items(const RegFormData& form,
                                     const std::vector<RegFormAnswer>& answers) {
  std::vector<FailedItem> items;
  unsigned number = 0;
  const auto add = [&](std::string_view fault) {
    ++number;
    if (!fault.empty() && items.size() < kMaxItems) items.push_back({number, std::string(fault)});
  };
  for (const auto& field : form.fields) add(fault_among(field, answers));
  for (const auto& answer : answers) {
    const bool known = std::ranges::find(form.fields, answer.field_name, &RegField::field_name) !=
                       form.fields.end();
    add(known ? "" : "is no field of the form");
  }
  return items;
}

std::string_view answer_of(const std::vector<RegFormAnswer>& answers, std::string_view field_name) {
  const auto found = std::ranges::find(answers, field_name, &RegFormAnswer::field_name);
  return found == answers.end() ? std::string_view() : std::string_view(found->field_value);
}

std::string_view to_string(RegFieldType type) {
  constexpr std::string_view kWords[] = {"text",  "digits",    "date",
                                         "e-mail", "telephone", "choice"};
  return kWords[static_cast<std::size_t>(type)];
}

}  // namespace set
