// What the cardholder sees: text and JSON. Whatever comes from elsewhere is neutralised first, so that
// no order description can move the cursor, hide a line or turn the reading direction. Pure.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "common/base/neutral.h"
#include "set/v1/local.pb.h"

namespace set::wallet {

namespace wire = set::v1;
using Json = nlohmann::ordered_json;

/// "Germany" for 276; "country 999" for what the table has not.
std::string country_name(unsigned iso_3166);

/// The question before the signature.
std::string offer_text(const wire::OfferResponse& offer);
/// The whole of a purchase, after paying and for status.
std::string purchase_text(const wire::Purchase& purchase);
/// One line of `orders`.
std::string purchase_line(const wire::Purchase& purchase);
/// One line of `mandate list`.
std::string mandate_line(const wire::Purchase& purchase);
std::string card_line(const wire::Card& card);
std::string renewal_line(const wire::Card& card);
std::string receipt_text(const wire::VerifyReceiptResponse& receipt);

Json to_json(const wire::Purchase& purchase);
Json to_json(const wire::Card& card);
Json to_json(const wire::VerifyReceiptResponse& receipt);
/// One document, UTF-8 repaired, two spaces of indentation, newline.
std::string dump(const Json& document);

}  // namespace set::wallet
