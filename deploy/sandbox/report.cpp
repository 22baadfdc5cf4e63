#include "deploy/sandbox/report.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/sandbox/ledger.h"

namespace set::bank {
namespace {

using nlohmann::json;

// Names of messages are acquirer/time/STAN/RRN (key_of); people look for the RRN.
constexpr std::size_t kRrnDigits = 12;

Result<Currency> currency_of(const Row& row, std::size_t column) {
  return Currency::from_number(static_cast<unsigned>(row.integer(column)));
}

json json_of(const CountAndSum& sum) { return {{"number", sum.number}, {"minor", sum.minor}}; }

std::string text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object()) {
    return fmt::format("{} ({})", value.at("minor").get<std::int64_t>(),
                       value.at("number").get<std::int64_t>());
  }
  return value.dump();
}

}  // namespace

Result<json> accounts_json(Database& database, Instant now) {
  return database.in_transaction("bank:show", [&](Transaction& t) -> Result<json> {
    const auto rows = TRY(t.query(
        "SELECT a.last_four, a.currency, a.limit_minor, a.behaviour, "
        "COALESCE(SUM(CASE WHEN h.state = 'held' AND h.hold_expires > $1 THEN h.held_minor - "
        "h.captured_minor ELSE 0 END), 0), COALESCE(SUM(h.captured_minor), 0), "
        "COALESCE(SUM(h.credited_minor), 0) FROM accounts a LEFT JOIN ledger_holds h ON "
        "h.card_index = a.card_index AND h.currency = a.currency GROUP BY a.card_index, "
        "a.currency, a.last_four, a.limit_minor, a.behaviour ORDER BY a.last_four, a.currency",
        {now}));
    auto out = json::array();
    for (const auto& row : rows) {
      const auto currency = TRY(currency_of(row, 1));
      const auto used = row.integer(4) + row.integer(5) - row.integer(6);
      out.push_back({{"card", row.text(0)},
                     {"currency", currency.code()},
                     {"limit_minor", row.integer(2)},
                     {"held_minor", row.integer(4)},
                     {"captured_minor", row.integer(5)},
                     {"credited_minor", row.integer(6)},
                     {"available_minor", row.integer(2) - used},
                     {"behaviour", row.text(3)}});
    }
    return out;
  });
}

Result<json> entries_json(Database& database, std::int64_t at_most) {
  return database.in_transaction("bank:show", [&](Transaction& t) -> Result<json> {
    const auto rows = TRY(t.query(
        "SELECT e.number, e.kind, (SELECT MAX(a.last_four) FROM accounts a WHERE a.card_index = "
        "h.card_index), e.merchant_id, e.batch_id, e.currency, e.amount_minor, e.hold, "
        "e.posted_at FROM ledger_entries e JOIN ledger_holds h ON h.name = e.hold ORDER BY "
        "e.number DESC LIMIT $1",
        {at_most}));
    auto out = json::array();
    for (const auto& row : rows) {
      const auto amount = TRY(Amount::make(TRY(currency_of(row, 5)), row.integer(6)));
      const auto name = string_of(row.blob(7));
      out.push_back({{"number", row.integer(0)},
                     {"kind", row.text(1)},
                     {"card", row.is_null(2) ? json() : json(row.text(2))},
                     {"merchant_id", row.text(3)},
                     {"batch_id", row.text(4)},
                     {"currency", amount.currency().code()},
                     {"amount_minor", amount.minor()},
                     {"amount", set::to_string(amount)},
                     {"rrn", name.substr(name.size() - std::min(name.size(), kRrnDigits))},
                     {"at", set::to_string(row.instant(8))}});
    }
    return out;
  });
}

Result<json> batches_json(Database& database, std::int64_t at_most) {
  return database.in_transaction("bank:show", [&](Transaction& t) -> Result<json> {
    const auto rows =
        TRY(t.query("SELECT DISTINCT merchant_id, batch_id, currency FROM ledger_entries WHERE "
                    "kind <> 'lowering' ORDER BY merchant_id, batch_id, currency LIMIT $1",
                    {at_most}));
    auto out = json::array();
    for (const auto& row : rows) {
      const auto currency = TRY(currency_of(row, 2));
      const auto totals = TRY(Ledger::totals(t, row.text(0), row.text(1), currency));
      out.push_back({{"merchant_id", row.text(0)},
                     {"batch_id", row.text(1)},
                     {"currency", currency.code()},
                     {"debits", json_of(totals.debits)},
                     {"debit_reversals", json_of(totals.debit_reversals)},
                     {"credits", json_of(totals.credits)},
                     {"credit_reversals", json_of(totals.credit_reversals)},
                     {"net_minor", totals.net_minor()}});
    }
    return out;
  });
}

std::string table_of(const json& objects) {
  if (objects.empty()) return "nothing there yet\n";
  std::vector<std::vector<std::string>> lines(1);
  for (const auto& [name, value] : objects.front().items()) lines.front().push_back(name);
  for (const auto& object : objects) {
    auto& line = lines.emplace_back();
    for (const auto& [name, value] : object.items()) line.push_back(text_of(value));
  }
  std::vector<std::size_t> widths(lines.front().size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string out;
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += fmt::format("{:<{}}", line[i], widths[i] + 2);
    }
    out += text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

Result<void> reset(Database& database) {
  return database.in_transaction("bank:reset", [](Transaction& t) -> Result<void> {
    // Reversals refer to what they reverse.
    TRY(t.execute("DELETE FROM ledger_entries WHERE reverses IS NOT NULL"));
    TRY(t.execute("DELETE FROM ledger_entries"));
    TRY(t.execute("DELETE FROM ledger_holds"));
    TRY(t.execute("DELETE FROM ledger_cancelled"));
    TRY(t.execute("DELETE FROM answers"));
    return {};
  });
}

}  // namespace set::bank
