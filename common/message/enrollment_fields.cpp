#include "common/message/enrollment_fields.h"

namespace set {
namespace {

constexpr std::string_view kRegFieldArc = "2.23.42.2.";
constexpr std::size_t kMaxFieldDescriptionBytes = 256;
constexpr std::size_t kMaxPolicyBytes = 16 * 1024;
constexpr int kMaxChoices = 64;
constexpr int kMaxReferralUrls = 8;
constexpr std::size_t kMaxUrlBytes = 256;

std::string read_url(FieldReader& fields, const std::string& url) {
  fields.require(url.find(' ') == std::string::npos, "a referral's URL has a space");
  return fields.visible(url, 1, kMaxUrlBytes, "ReferralURL");
}

}  // namespace

wire::RequestType to_wire(RequestType type) { return static_cast<wire::RequestType>(type); }

RequestType read_request_type(FieldReader& fields, wire::RequestType type) {
  fields.require(wire::RequestType_IsValid(type) && type != wire::REQUEST_TYPE_UNSPECIFIED,
                 "RequestType is no type that we know");
  return static_cast<RequestType>(type);
}

bool is_for_cardholder(RequestType type) {
  return type == RequestType::card_initial_sig || type == RequestType::card_renewal_sig;
}

wire::IDData to_wire(const IDData& id_data) {
  wire::IDData out;
  if (const auto* merchant = std::get_if<MerchantIDData>(&id_data)) {
    out.set_merchant_bin(merchant->merchant_bin);
    out.set_merchant_id(merchant->merchant_id);
  } else {
    const auto& acquirer = std::get<AcquirerIDData>(id_data);
    out.set_acquirer_bin(acquirer.acquirer_bin);
    out.set_acquirer_business_id(acquirer.business_id);
  }
  return out;
}

IDData read_id_data(FieldReader& fields, const wire::IDData& id_data) {
  const bool merchant = !id_data.merchant_bin().empty() || !id_data.merchant_id().empty();
  if (merchant) {
    fields.require(id_data.acquirer_bin().empty() && id_data.acquirer_business_id().empty(),
                   "IDData is of a merchant or of an acquirer, not of both");
    return MerchantIDData{
        .merchant_bin = fields.bin(id_data.merchant_bin()),
        .merchant_id = fields.visible(id_data.merchant_id(), 1, kMaxIdBytes, "MerchantID"),
    };
  }
  return AcquirerIDData{
      .acquirer_bin = fields.bin(id_data.acquirer_bin()),
      .business_id =
          fields.visible(id_data.acquirer_business_id(), 1, kMaxIdBytes, "AcquirerBusinessID"),
  };
}

std::string read_field_id(FieldReader& fields, const std::string& field_id) {
  fields.require(field_id.empty() || (is_oid(field_id) && field_id.starts_with(kRegFieldArc)),
                 "a field's id is no OID under 2.23.42.2");
  return field_id;
}

wire::RegField to_wire(const RegField& field) {
  wire::RegField out;
  out.set_field_id(field.field_id);
  out.set_field_name(field.field_name);
  out.set_field_desc(field.field_desc);
  out.set_field_len(field.field_len);
  out.set_field_required(field.required);
  out.set_field_invisible(field.invisible);
  out.set_field_type(static_cast<wire::RegFieldType>(field.type));
  for (const auto& choice : field.choices) out.add_choices(choice);
  return out;
}

RegField read_reg_field(FieldReader& fields, const wire::RegField& field) {
  fields.require(!field.field_name().empty(), "a field of a form has no name");
  fields.require(field.field_len() <= kMaxFieldValueBytes, "a field of a form is too long");
  fields.require(wire::RegFieldType_IsValid(field.field_type()),
                 "a field of a form has a type that we do not know");
  const bool choice = field.field_type() == wire::REG_FIELD_TYPE_CHOICE;
  fields.require(choice == !field.choices().empty(), "choices belong to a field of type choice");
  const auto text = [&](const std::string& item) {
    fields.require(!item.empty(), "a choice is empty");
    return fields.text(item, kMaxNameBytes, "Choice");
  };
  return {
      .field_id = read_field_id(fields, field.field_id()),
      .field_name = fields.text(field.field_name(), kMaxNameBytes, "FieldName"),
      .field_desc = fields.text(field.field_desc(), kMaxFieldDescriptionBytes, "FieldDesc"),
      .field_len = field.field_len(),
      .required = field.field_required(),
      .invisible = field.field_invisible(),
      .type = static_cast<RegFieldType>(field.field_type()),
      .choices = fields.list(field.choices(), 0, kMaxChoices, "choices", text),
  };
}

wire::RegFormData to_wire(const RegFormData& form) {
  wire::RegFormData out;
  out.set_reg_form_id(form.reg_form_id);
  for (const auto& field : form.fields) *out.add_fields() = to_wire(field);
  out.set_policy_text(form.policy_text);
  return out;
}

RegFormData read_reg_form(FieldReader& fields, const wire::RegFormData& form) {
  const auto field = [&](const wire::RegField& item) { return read_reg_field(fields, item); };
  return {
      .reg_form_id = form.reg_form_id(),
      .fields = fields.list(form.fields(), 0, kMaxRegFields, "RegFieldSeq", field),
      .policy_text = fields.text(form.policy_text(), kMaxPolicyBytes, "PolicyText"),
  };
}

wire::ReferralData to_wire(const ReferralData& referral) {
  wire::ReferralData out;
  out.set_reason(referral.reason);
  for (const auto& url : referral.urls) out.add_referral_urls(url);
  return out;
}

ReferralData read_referral(FieldReader& fields, const wire::ReferralData& referral) {
  const auto url = [&](const std::string& item) { return read_url(fields, item); };
  return {
      .reason = fields.text(referral.reason(), kMaxNoticeBytes, "Reason"),
      .urls = fields.list(referral.referral_urls(), 0, kMaxReferralUrls, "ReferralURLSeq", url),
  };
}

}  // namespace set
