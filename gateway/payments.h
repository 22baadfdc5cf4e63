// How an authorisation is shown to the gateway's operator: as JSON and as a line. Pure.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "gateway/payment_item.h"

namespace set::gateway {

/// {"xid", "auth_rrpid", "merchant_id", "state", "auth_code", "requested", "captured", "at"
/// …}: names that stay; what a state does not have is null.
nlohmann::json payment_json(const Payment& payment);
/// "2026-11-22T10:00:00.000Z  captured  approved  49.95 EUR  shop-1  XID".
std::string payment_line(const Payment& payment);

/// A purchase: {"xid", "merchant_id", "captured", "credited", "authorizations": […],
/// "items": […]}; the sums are what stands now, null where it is nothing.
nlohmann::json purchase_json(const std::vector<Payment>& payments,
                             const std::vector<PaymentItem>& items);
nlohmann::json item_json(const PaymentItem& item);
std::string item_line(const PaymentItem& item);

}  // namespace set::gateway
