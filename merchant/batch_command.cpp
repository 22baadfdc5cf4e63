#include "merchant/batch_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/crypto/random.h"
#include "merchant/command_output.h"

namespace set::merchant {
namespace {

using merchant::to_json;  // beside those that follow

std::optional<BatchOperation> operation_of(Command command) {
  if (command == Command::batch_open) return BatchOperation::open;
  if (command == Command::batch_close) return BatchOperation::close;
  if (command == Command::batch_purge) return BatchOperation::purge;
  return std::nullopt;
}

// Of those that are not closed the youngest, or the youngest of all.
Result<std::string> batch_id(Store& store, const std::string& given, bool open_only) {
  if (!given.empty()) return given;
  std::string last;
  for (const auto& batch : TRY(store.list_batches())) {
    const bool closed = batch.told && batch.told->closed_when;
    if (!closed || !open_only) last = batch.id;
  }
  CHECK_OR_FAIL(!last.empty(), ErrorCode::not_found, "no open batch is known; name one");
  return last;
}

Result<BatchAdminRes> ask(Store& store, const BatchAsked& asked, Duration wait) {
  const auto rrpid = TRY(store.want(asked, Rng::system().make<RRPID>(), system_clock()()));
  auto outcome = TRY(wait_for(store, rrpid, wait));
  CHECK_OR_FAIL(
      outcome.state != RequestOutcome::State::open, ErrorCode::outcome_unknown,
      "no answer yet; it is asked for until there is one, as long as set-merchant serves");
  const bool answered = outcome.state == RequestOutcome::State::answered;
  CHECK_OR_FAIL(answered || !outcome.batch, ErrorCode::verification_failed,
                "the gateway purged, but does not list what is left (" + outcome.code +
                    "), so our books have it still: purge once more");
  CHECK_OR_FAIL(answered && outcome.batch, ErrorCode::declined,
                "the gateway refused: " + outcome.code);
  return std::move(*outcome.batch);
}

// Page by page.
Result<std::vector<TransactionDetail>> all_details(Store& store, const std::string& id,
                                                   const Config::Batch& wanted) {
  std::vector<TransactionDetail> out;
  BatchAsked asked{.batch_id = id, .details = true, .errors_only = wanted.errors};
  do {
    const auto page = TRY(ask(store, asked, wanted.wait));
    if (!page.trans_details) break;
    const auto& [next, items] = *page.trans_details;
    out.insert(out.end(), items.begin(), items.end());
    CHECK_OR_FAIL(next == 0 || next > asked.starting_point, ErrorCode::verification_failed,
                  "the gateway's pages go round in circles");
    asked.starting_point = next;
  } while (asked.starting_point != 0);
  return out;
}

Json to_json(const std::vector<BatchTotals>& totals) {
  Json out = Json::array();
  for (const auto& line : totals) out.push_back(to_json(line));
  return out;
}

Json to_json(const TransactionDetail& detail) {
  return {{"order", detail.trans_ids.lid_m ? Json(detail.trans_ids.lid_m->value) : Json()},
          {"xid", detail.trans_ids.xid.hex()},
          {"auth_rrpid", detail.auth_rrpid.hex()},
          {"batch_sequence_num", detail.batch_sequence_num},
          {"type", detail.amount_type == AmountType::credit ? "credit" : "debit"},
          {"amount", to_string(detail.transaction_amt)},
          {"failed", detail.transaction_status == TransactionStatus::unspecified_failure}};
}

Json to_json(const SettlementInfo& info) {
  return {{"amount", to_string(info.amount)},
          {"type", info.amount_type == AmountType::credit ? "credit" : "debit"},
          {"deposit_date", to_string(info.deposit_date)}};
}

// The gateway's word beside our own sums.
struct Comparison {
  std::vector<BatchTotals> own, told;
  bool equal() const { return own == told; }
};

Comparison compare(const BatchSummary& batch) {
  return {totals_of(batch.lines), batch.told ? batch.told->totals : std::vector<BatchTotals>()};
}

Json head_json(const BatchSummary& batch) {
  const auto& told = batch.told;
  const auto& answer = batch.answer;
  const auto sums = compare(batch);
  const bool closed = told && told->closed_when;
  Json settlement = Json::array();
  if (answer)
    for (const auto& info : answer->settlement_info) settlement.push_back(to_json(info));
  return {{"batch_id", batch.id},
          {"state", closed ? "closed" : "open"},
          {"opened_at", told ? Json(to_string(told->open_date)) : Json()},
          {"closed_at", closed ? Json(to_string(told->closed_when->date)) : Json()},
          {"status", answer ? Json(to_string(answer->ba_status)) : Json()},
          {"transmission", answer && answer->transmission_status
                               ? Json(to_string(*answer->transmission_status))
                               : Json()},
          {"own_totals", to_json(sums.own)},
          {"gateway_totals", told ? to_json(sums.told) : Json()},
          {"reconciled", told ? Json(sums.equal()) : Json()},
          {"settlement", std::move(settlement)}};
}

std::string or_nothing(const std::optional<Amount>& amount) {
  return amount ? to_string(*amount) : "-";
}

void print_totals(const char* whose, const std::vector<BatchTotals>& totals) {
  for (const auto& line : totals) {
    fmt::print("{:<9} {:>5} captures {:>18}   {:>5} refunds {:>18}\n", whose, line.debit_count,
               or_nothing(line.debit_total), line.credit_count, or_nothing(line.credit_total));
  }
}

void print_head(const BatchSummary& batch) {
  const auto sums = compare(batch);
  const bool closed = batch.told && batch.told->closed_when;
  fmt::print("Batch     {}  {}\n", batch.id, closed ? "closed" : "open");
  if (batch.told) fmt::print("Opened    {}\n", to_string(batch.told->open_date));
  if (closed) fmt::print("Closed    {}\n", to_string(batch.told->closed_when->date));
  print_totals("ours", sums.own);
  print_totals("gateway's", sums.told);
  if (batch.told) fmt::print("{}\n", sums.equal() ? "The sums agree." : "The sums DIFFER.");
  if (!batch.answer) return;
  for (const auto& info : batch.answer->settlement_info) {
    fmt::print("Settled   {} {} on {}\n", to_string(info.amount),
               info.amount_type == AmountType::credit ? "to us" : "from us",
               to_string(info.deposit_date));
  }
}

void print_line(const BatchLine& line) {
  fmt::print("{:>6}  {:<20}  {:<16} {:>18}  {}\n", line.batch_sequence_num, line.order,
             to_string(line.item.kind), to_string(line.item.amount), to_string(line.item.date));
}

// RFC 4180: order numbers are ours, and nothing here has a comma or a quote in it.
void print_csv(const BatchSummary& batch) {
  fmt::print(
      "batch_id,batch_sequence_num,order,xid,auth_rrpid,rrpid,kind,currency,minor_units,date\r\n");
  for (const auto& line : batch.lines) {
    const auto& item = line.item;
    fmt::print("{},{},{},{},{},{},{},{},{},{}\r\n", batch.id, line.batch_sequence_num, line.order,
               line.xid.hex(), item.auth_rrpid.hex(), item.rrpid.hex(), to_string(item.kind),
               item.amount.currency().code(), item.amount.minor(), to_string(item.date));
  }
}

Json to_json(const BatchLine& line) {
  return {{"batch_sequence_num", line.batch_sequence_num},
          {"order", line.order},
          {"xid", line.xid.hex()},
          {"auth_rrpid", line.item.auth_rrpid.hex()},
          {"rrpid", line.item.rrpid.hex()},
          {"kind", to_string(line.item.kind)},
          {"amount", to_string(line.item.amount)},
          {"date", to_string(line.item.date)}};
}

}  // namespace

Result<void> ask_about_batch(const Config& config) {
  auto database = TRY(open_database(config));
  auto store = TRY(Store::open(database));
  BatchAsked asked{.batch_id = config.batch.id, .operation = operation_of(config.command)};
  // What is closed has a name; to open or to look, the gateway knows which is meant.
  if (config.command == Command::batch_close || config.command == Command::batch_purge)
    asked.batch_id = TRY(batch_id(store, config.batch.id, true));
  const auto told = TRY(ask(store, asked, config.batch.wait));
  const auto code = std::string(to_string(told.ba_status));
  CHECK_OR_FAIL(!told.batch_id.empty() && told.batch_status, ErrorCode::declined,
                "the gateway said: " + code);
  const auto batch = TRY(store.find_batch(told.batch_id));
  auto out = head_json(batch);
  if (config.batch.items) {
    out["items"] = Json::array();
    for (const auto& detail : TRY(all_details(store, batch.id, config.batch)))
      out["items"].push_back(to_json(detail));
  }
  if (config.common.json) {
    print(out);
  } else {
    print_head(batch);
    for (const auto& item : out.value("items", Json::array()))
      fmt::print("{:>6}  {:<20}  {:<6} {:>18}\n", item["batch_sequence_num"].get<unsigned>(),
                 item["order"].is_null() ? "" : item["order"].get<std::string>(),
                 item["type"].get<std::string>(), item["amount"].get<std::string>());
  }
  CHECK_OR_FAIL(told.ba_status != BAStatus::totals_out_of_balance && compare(batch).equal(),
                ErrorCode::verification_failed,
                "our sums of this batch and the gateway's differ: " + code);
  CHECK_OR_FAIL(told.ba_status == BAStatus::success, ErrorCode::declined,
                "the gateway said: " + code);
  return {};
}

Result<void> list_batches(const Config& config) {
  auto database = TRY(open_database(config));
  auto store = TRY(Store::open(database));
  auto batches = TRY(store.list_batches());  // oldest first
  std::ranges::reverse(batches);
  keep_within(config.limit, batches);
  auto list = Json::array();
  for (const auto& batch : batches) {
    if (config.common.json) {
      list.push_back(head_json(batch));
    } else {
      const bool closed = batch.told && batch.told->closed_when;
      fmt::print("{:<12}  {:<6}  {:>5} items  {}\n", batch.id, closed ? "closed" : "open",
                 batch.lines.size(), batch.told ? to_string(batch.told->open_date) : "-");
    }
  }
  if (config.common.json) print(list);
  return {};
}

Result<void> report_batch(const Config& config) {
  auto database = TRY(open_database(config));
  auto store = TRY(Store::open(database));
  const auto batch = TRY(store.find_batch(TRY(batch_id(store, config.batch.id, false))));
  if (config.batch.csv) {
    print_csv(batch);
    return {};
  }
  if (config.common.json) {
    auto out = head_json(batch);
    out["items"] = Json::array();
    for (const auto& line : batch.lines) out["items"].push_back(to_json(line));
    print(out);
    return {};
  }
  print_head(batch);
  for (const auto& line : batch.lines) print_line(line);
  return {};
}

}  // namespace set::merchant
