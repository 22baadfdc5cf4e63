#include "merchant/details.h"

#include <fmt/format.h>

namespace set::merchant {
namespace {

constexpr unsigned kMaxMarketDays = 99;  // SET's Duration

Result<AVSData> avs_data_of(const WrittenDetails::Address& address) {
  CHECK_OR_FAIL(!address.country.empty(), ErrorCode::invalid_argument,
                "a billing address needs its country, three digits of ISO 3166 such as 276");
  CHECK_OR_FAIL(!address.street.empty() || !address.postal_code.empty(),
                ErrorCode::invalid_argument,
                "a billing address has a street or a postal code: they are what is compared");
  return AVSData{.street_address = address.street,
                 .country = address.country,
                 .city = address.city,
                 .state_province = address.state,
                 .postal_code = address.postal_code};
}

Result<MarketSpecAuthData> market_of(const WrittenDetails::Market& market) {
  const bool transport = market.name == "transport";
  const bool hotel = market.name == "hotel";
  CHECK_OR_FAIL(transport || hotel || market.name == "auto", ErrorCode::invalid_argument,
                "the market is hotel, auto or transport");
  CHECK_OR_FAIL(hotel || market.prestige == 0, ErrorCode::invalid_argument,
                "only a hotel has a prestige programme");
  if (transport) {
    CHECK_OR_FAIL(market.days == 0, ErrorCode::invalid_argument, "a journey has no days here");
    return MarketSpecAuthData(MarketTransportAuth{});
  }
  CHECK_OR_FAIL(market.days >= 1 && market.days <= kMaxMarketDays, ErrorCode::invalid_argument,
                "a stay or rental lasts 1 to 99 days");
  if (hotel) return MarketSpecAuthData(MarketHotelAuth{market.days, market.prestige});
  return MarketSpecAuthData(MarketAutoAuth{market.days});
}

}  // namespace

Result<AuthReqDetails> make_details(const WrittenDetails& written) {
  AuthReqDetails out;
  out.merch_cat_code = written.merch_cat_code;
  out.request_card_type = written.request_card_type;
  if (!written.address.empty()) out.avs_data = TRY(avs_data_of(written.address));
  if (!written.market.empty()) out.market_data = TRY(market_of(written.market));
  if (!written.special_processing.empty()) {
    const bool preferred = written.special_processing == "preferredCustomer";
    CHECK_OR_FAIL(preferred || written.special_processing == "directMarketing",
                  ErrorCode::invalid_argument,
                  "the special processing is directMarketing or preferredCustomer");
    out.special_processing =
        preferred ? SpecialProcessing::preferred_customer : SpecialProcessing::direct_marketing;
  }
  if (written.card_suspect) out.card_suspect = CardSuspect::unspecified_reason;
  if (!written.merch_group.empty()) {
    const auto group = parse_merch_group(written.merch_group);
    CHECK_OR_FAIL(group, ErrorCode::invalid_argument, "the merchant group: " + group.error().detail);
    out.merch_group = *group;
  }
  // The rest is as the message has it: lengths, characters, digits.
  auto checked = from_wire(to_wire(out));
  CHECK_OR_FAIL(checked, ErrorCode::invalid_argument, checked.error().detail);
  return checked;
}

std::string describe(const MarketSpecAuthData& market) {
  if (const auto* hotel = std::get_if<MarketHotelAuth>(&market)) {
    const auto stay = fmt::format("hotel, {} days", hotel->duration);
    return hotel->prestige == 0 ? stay : fmt::format("{}, prestige {}", stay, hotel->prestige);
  }
  if (const auto* rental = std::get_if<MarketAutoAuth>(&market))
    return fmt::format("auto, {} days", rental->duration);
  return "transport";
}

}  // namespace set::merchant
