// Registration forms and their answers: one check for both ends. The wallet and the enrolling
// daemons run it before they send, the CA when the CertReq comes (set-1997 §3.1, step 5 of "CA's
// checks in order"). Pure; any thread.
#pragma once

#include <string_view>

#include "common/message/enrollment.h"

namespace set {

/// What is wrong with a value of this field, as the end of a sentence that begins with the field's
/// name; empty = nothing.
std::string_view fault_of(const RegField& field, std::string_view value);

/// Every fault, one item each: missing, answered twice, with another id, too long, wrongly typed,
/// and answers to no field, which are numbered after the fields by their place among the answers.
/// At most 32.
std::vector<FailedItem> failed_items(const RegFormData& form,
                                     const std::vector<RegFormAnswer>& answers);

/// The value given for a field, empty if none.
std::string_view answer_of(const std::vector<RegFormAnswer>& answers, std::string_view field_name);

/// "text", "digits", "date", "e-mail", "telephone", "choice": the words of form files and prompts.
std::string_view to_string(RegFieldType type);

}  // namespace set
