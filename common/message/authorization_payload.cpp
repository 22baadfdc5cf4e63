#include "common/message/authorization_payload.h"

#include <array>

#include "common/message/payment_fields.h"

namespace set {
namespace {

constexpr std::size_t kMerchCatCodeDigits = 4;
constexpr std::size_t kCountryDigits = 3;
constexpr std::size_t kMaxAddressBytes = 128;
constexpr std::size_t kMaxPostalCodeBytes = 14;
constexpr std::uint32_t kMaxDays = 99;
constexpr std::array<std::uint32_t, 4> kPrestige{0, 100, 500, 1000};

wire::AVSData to_wire(const AVSData& data) {
  wire::AVSData out;
  out.set_street_address(data.street_address);
  out.set_country(data.country);
  out.set_city(data.city);
  out.set_state_province(data.state_province);
  out.set_postal_code(data.postal_code);
  return out;
}

AVSData read_avs_data(FieldReader& fields, const wire::AVSData& data) {
  return {
      .street_address = fields.text(data.street_address(), kMaxAddressBytes, "StreetAddress"),
      .country = fields.digits(data.country(), kCountryDigits, "CountryCode"),
      .city = fields.text(data.city(), kMaxNameBytes, "City"),
      .state_province = fields.text(data.state_province(), kMaxNameBytes, "StateProvince"),
      .postal_code = fields.visible(data.postal_code(), 0, kMaxPostalCodeBytes, "PostalCode"),
  };
}

void write_market(const MarketAutoAuth& data, wire::MarketSpecAuthData& out) {
  out.mutable_auto_auth()->set_duration(data.duration);
}
void write_market(const MarketHotelAuth& data, wire::MarketSpecAuthData& out) {
  out.mutable_hotel()->set_duration(data.duration);
  out.mutable_hotel()->set_prestige(data.prestige);
}
void write_market(const MarketTransportAuth&, wire::MarketSpecAuthData& out) {
  out.mutable_transport();
}

MarketSpecAuthData read_market(FieldReader& fields, const wire::MarketSpecAuthData& data) {
  if (data.has_auto_auth()) {
    return MarketAutoAuth{fields.number(data.auto_auth().duration(), 1, kMaxDays, "Duration")};
  }
  if (data.has_hotel()) {
    const auto prestige = data.hotel().prestige();
    fields.require(std::ranges::find(kPrestige, prestige) != kPrestige.end(),
                   "Prestige is none of SET's amounts");
    return MarketHotelAuth{fields.number(data.hotel().duration(), 1, kMaxDays, "Duration"),
                           prestige};
  }
  fields.require(data.has_transport(), "MarketSpecAuthData is of no market");
  return MarketTransportAuth{};
}

/// MerchGroup's own numbers begin with 1, so they travel as they are.
std::optional<MerchGroup> read_merch_group(FieldReader& fields, std::uint32_t number) {
  if (number == 0) return std::nullopt;
  return static_cast<MerchGroup>(
      fields.number(number, 1, static_cast<std::uint32_t>(MerchGroup::other), "MerchGroup"));
}

}  // namespace

namespace {

void write_details(const AuthReqDetails& details, wire::AuthReqPayload& out) {
  out.set_merch_cat_code(details.merch_cat_code);
  if (details.avs_data) *out.mutable_avs_data() = to_wire(*details.avs_data);
  if (details.special_processing) {
    out.set_special_processing(code_to_wire(*details.special_processing));
  }
  if (details.card_suspect) out.set_card_suspect(code_to_wire(*details.card_suspect));
  out.set_request_card_type_ind(details.request_card_type);
  if (details.market_data) {
    std::visit([&](const auto& data) { write_market(data, *out.mutable_market_spec_auth_data()); },
               *details.market_data);
  }
  if (details.merch_group) out.set_merch_group(static_cast<std::uint32_t>(*details.merch_group));
}

AuthReqDetails read_details(FieldReader& fields, const wire::AuthReqPayload& payload) {
  AuthReqDetails out;
  if (!payload.merch_cat_code().empty()) {
    out.merch_cat_code =
        fields.digits(payload.merch_cat_code(), kMerchCatCodeDigits, "MerchCatCode");
  }
  if (payload.has_avs_data()) out.avs_data = read_avs_data(fields, payload.avs_data());
  out.special_processing = fields.code_if_any(
      payload.special_processing(), SpecialProcessing::preferred_customer, "SpecialProcessing");
  out.card_suspect =
      fields.code_if_any(payload.card_suspect(), CardSuspect::unspecified_reason, "CardSuspect");
  out.request_card_type = payload.request_card_type_ind();
  if (payload.has_market_spec_auth_data()) {
    out.market_data = read_market(fields, payload.market_spec_auth_data());
  }
  out.merch_group = read_merch_group(fields, payload.merch_group());
  return out;
}

}  // namespace

wire::AuthReqPayload to_wire(const AuthReqDetails& details) {
  wire::AuthReqPayload out;
  write_details(details, out);
  return out;
}

Result<AuthReqDetails> from_wire(const wire::AuthReqPayload& payload) {
  FieldReader fields;
  auto out = read_details(fields, payload);
  return fields.finish(std::move(out));
}

void write_auth_req_payload(const AuthReq& message, wire::AuthReqPayload& out) {
  write_details(message.details, out);
  out.set_subsequent_auth_ind(message.subsequent_auth_ind);
  *out.mutable_auth_req_amt() = to_wire(message.auth_req_amt);
  write_install_recur(message.install_recur, out);
}

void read_auth_req_payload(FieldReader& fields, const wire::AuthReqPayload& payload, AuthReq& out) {
  out.details = read_details(fields, payload);
  out.subsequent_auth_ind = payload.subsequent_auth_ind();
  out.install_recur =
      read_install_recur(fields, payload.has_install_recur_data(), payload.install_recur_data());
}

}  // namespace set
