// What the operator's commands share: the database beside a running daemon, and the fields of
// orders and payments as JSON, each named in one place. Called by *_command.cpp; one thread.
#pragma once

#include <functional>

#include <nlohmann/json.hpp>

#include "merchant/config.h"
#include "merchant/store.h"

namespace set::merchant {

using Json = nlohmann::ordered_json;

void print(const Json& json);
Result<Database> open_database(const Config& config);

/// null for none.
Json to_json(const std::optional<Amount>& amount);
Json to_json(const ItemLine& line);
Json to_json(const PaymentSummary& payment);
Json to_json(const OrderSummary& order);
/// {"capture", "first_charge", "mandate"}
Json terms_json(const Order& order);
Json to_json(const BatchTotals& totals);

/// Looks until the request is decided or `wait` is over; the daemon does the work.
Result<RequestOutcome> wait_for(Store& store, const RRPID& rrpid, Duration wait);

}  // namespace set::merchant
