// The registration forms and the check of their answers (set-1997 §3.1, RegTemplate). Pure.
#pragma once

#include <optional>
#include <string_view>

#include "common/message/enrollment.h"

namespace set::ca {

inline constexpr std::string_view kCardholderName = "cardholderName";

/// The cardholder's form for cards of one of our BINs, in English, the one language there is.
RegFormData cardholder_form();
bool has_form_in(std::string_view language);

/// Merchants and gateways have no fields to fill, only the token to present.
RegFormData party_form();
RegField enrolment_token_field();

/// Why answers do not fit the form; empty = they do.
struct FormFaults {
  std::vector<FailedItem> items;  ///< numbered from 1 by the form's fields
  bool stray = false;             ///< an answer to no field of the form
  bool any() const { return stray || !items.empty(); }
};
FormFaults check_answers(const RegFormData& form, const std::vector<RegFormAnswer>& answers);

/// The value given for a field, empty if none.
std::string_view answer_of(const std::vector<RegFormAnswer>& answers, std::string_view field_name);

}  // namespace set::ca
