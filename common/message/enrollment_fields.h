// Parts that the messages of registration share: request types, identities, forms.
// Internal to common/message.
#pragma once

#include "common/message/enrollment.h"
#include "common/message/fields.h"

namespace set {

inline constexpr int kMaxRegFields = 32;
inline constexpr std::size_t kMaxFieldValueBytes = 1024;
inline constexpr std::size_t kMaxPublicKeyBytes = 4096;  // SubjectPublicKeyInfo; ML-DSA-87 has 2614

wire::RequestType to_wire(RequestType type);
RequestType read_request_type(FieldReader& fields, wire::RequestType type);
bool is_for_cardholder(RequestType type);

wire::IDData to_wire(const IDData& id_data);
IDData read_id_data(FieldReader& fields, const wire::IDData& id_data);

/// An OID of SET's registration fields, 2.23.42.2.n, or empty.
std::string read_field_id(FieldReader& fields, const std::string& field_id);
wire::RegField to_wire(const RegField& field);
RegField read_reg_field(FieldReader& fields, const wire::RegField& field);

wire::RegFormData to_wire(const RegFormData& form);
wire::ReferralData to_wire(const ReferralData& referral);
RegFormData read_reg_form(FieldReader& fields, const wire::RegFormData& form);
ReferralData read_referral(FieldReader& fields, const wire::ReferralData& referral);

/// RegFormRes and Me-AqCInitRes have this choice under the same names.
template <class Wire>
void write_form(const RegFormOrReferral& choice, Wire& out) {
  if (const auto* form = std::get_if<RegFormData>(&choice)) {
    *out.mutable_reg_form() = to_wire(*form);
  } else {
    *out.mutable_referral() = to_wire(std::get<ReferralData>(choice));
  }
}

template <class Wire>
RegFormOrReferral read_form(FieldReader& fields, const Wire& wire) {
  if (wire.has_reg_form()) return read_reg_form(fields, wire.reg_form());
  fields.require(wire.has_referral(), "RegFormOrReferral is missing");
  return read_referral(fields, wire.referral());
}

inline bool is_form(const RegFormOrReferral& choice) {
  return std::holds_alternative<RegFormData>(choice);
}

}  // namespace set
