// What an order tells the issuer beside the amount, from what a person or a cart writes: billing
// address (AVS), market data, merchant group and category (set-1997 §3.6, AuthReqPayload). Pure; any
// thread.
#pragma once

#include <string>

#include "common/message/authorization.h"

namespace set::merchant {

/// As `order create` and cart.json have them; empty or 0 = not given.
struct WrittenDetails {
  struct Address {
    std::string street = {}, city = {}, state = {}, postal_code = {};
    std::string country = {};  ///< ISO 3166, three digits

    bool empty() const { return *this == Address{}; }
    bool operator==(const Address&) const = default;
  } address;
  struct Market {
    std::string name = {};   ///< "hotel", "auto" or "transport"
    unsigned days = 0;       ///< of the stay or rental, 1 to 99
    unsigned prestige = 0;   ///< of a hotel: 100, 500 or 1000

    bool empty() const { return *this == Market{}; }
    bool operator==(const Market&) const = default;
  } market;
  std::string merch_group = {};     ///< SET's word, "lodging"
  std::string merch_cat_code = {};  ///< four digits
  std::string special_processing = {};  ///< "directMarketing" or "preferredCustomer"
  bool card_suspect = false;            ///< the shop suspects the card: CardSuspect
  bool request_card_type = false;
};

/// invalid_argument: one sentence about what does not fit.
Result<AuthReqDetails> make_details(const WrittenDetails& written);

/// For people: "hotel, 3 days, prestige 500".
std::string describe(const MarketSpecAuthData& market);

}  // namespace set::merchant
