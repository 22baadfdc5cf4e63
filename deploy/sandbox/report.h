// The bank's books for its operator: accounts, entries, and sums per merchant and batch, as JSON
// whose names stay and as lines. Called by main, also beside a running `serve`.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/store/database.h"

namespace set::bank {

/// [{"card", "currency", "limit_minor", "held_minor", "captured_minor", "credited_minor",
/// "available_minor", "behaviour"}]; "card" is its last four digits.
Result<nlohmann::json> accounts_json(Database& database, Instant now);
/// [{"number", "kind", "card", "merchant_id", "batch_id", "currency", "amount_minor", "amount",
/// "rrn", "at"}], newest first, at most so many; kinds as in common/sandbox/ledger_schema.h.
Result<nlohmann::json> entries_json(Database& database, std::int64_t at_most);
/// [{"merchant_id", "batch_id", "currency", "debits", "debit_reversals", "credits",
/// "credit_reversals": {"number", "minor"}, "net_minor"}], at most so many.
Result<nlohmann::json> batches_json(Database& database, std::int64_t at_most);

/// A table: the objects' values under their names, or one sentence if there are none.
std::string table_of(const nlohmann::json& objects);

/// Forgets holds, entries and answers; accounts stay. A question that comes again is a new one.
Result<void> reset(Database& database);

}  // namespace set::bank
