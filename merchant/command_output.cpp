#include "merchant/command_output.h"

#include <fmt/format.h>

#include <thread>

#include "common/daemon/terminal.h"

namespace set::merchant {
namespace {

constexpr Duration kLookEvery = std::chrono::milliseconds(50);
constexpr Duration kWorthTelling = std::chrono::seconds(1);  // to a person

Json id_json(const std::string& text) { return text.empty() ? Json() : Json(text); }

template <class Code>
Json word_json(const std::optional<Code>& code) {
  return code ? Json(to_string(*code)) : Json();
}

Json address_json(const AVSData& address) {
  return {{"street", id_json(address.street_address)},
          {"city", id_json(address.city)},
          {"state", id_json(address.state_province)},
          {"postal_code", id_json(address.postal_code)},
          {"country", address.country}};
}

Json none_if_nothing(Currency currency, std::int64_t minor) {
  return minor == 0 ? Json() : Json(money(currency, minor));
}

}  // namespace

void print(const Json& json) {
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

Result<Database> open_database(const Config& config) {
  return Database::open(config.database_url(), DatabaseUse::command);
}

Json to_json(const std::optional<Amount>& amount) {
  return amount ? Json(to_string(*amount)) : Json();
}

Json to_json(const ItemLine& line) {
  const auto& item = line.item;
  return {{"rrpid", item.rrpid.hex()},
          {"kind", to_string(item.kind)},
          {"state", to_string(line.state)},
          {"amount", to_string(item.amount)},
          {"code", id_json(line.code)},
          {"final", item.final_capture},
          {"reversed", item.reversed ? Json(item.reversed->hex()) : Json()},
          {"date", to_string(item.date)},
          {"batch_id", id_json(line.batch_id)},
          {"batch_sequence_num", line.batch_id.empty() ? Json() : Json(line.batch_sequence_num)}};
}

Json to_json(const PaymentSummary& payment) {
  const auto text = [&](std::int64_t minor) { return money(payment.currency, minor); };
  Json items = Json::array();
  for (const auto& line : payment.items) items.push_back(to_json(line));
  return {{"xid", payment.xid.hex()},
          {"auth_rrpid", payment.auth_rrpid.hex()},
          {"state", to_string(payment.status)},
          {"initiated_at", to_string(payment.initiated_at)},
          {"requested", text(payment.requested)},
          {"authorized", none_if_nothing(payment.currency, payment.authorized)},
          {"captured", none_if_nothing(payment.currency, payment.captured)},
          {"credited", text(payment.credited)},
          {"released", text(payment.released)},
          {"remaining", text(payment.left_to_capture())},
          {"remainder", remainder_of(payment)},
          {"auth_code", payment.auth_code ? Json(to_string(*payment.auth_code)) : Json()},
          {"approval_code", id_json(payment.approval_code)},
          {"avs_result", word_json(payment.notes.avs_result)},
          {"card_type", word_json(payment.notes.card_type)},
          {"conversion", payment.curr_conv
                             ? Json(to_string(*payment.curr_conv, payment.currency))
                             : Json()},
          {"decided_at", payment.decided_at ? Json(to_string(*payment.decided_at)) : Json()},
          {"items", std::move(items)}};
}

Json to_json(const OrderSummary& order) {
  const auto* payment = order.payments.empty() ? nullptr : &order.payments.back();
  const auto currency = order.order.amount.currency();
  const auto sums = order.sums();
  return {{"order", order.order.id.value},
          {"state", to_string(order.status)},
          {"amount", to_string(order.order.amount)},
          {"xid", payment != nullptr ? Json(payment->xid.hex()) : Json()},
          {"authorized", none_if_nothing(currency, sums.authorized)},
          {"captured", none_if_nothing(currency, sums.captured)},
          {"credited", money(currency, sums.credited)},
          {"remaining", money(currency, sums.left_to_capture)},
          {"to_authorize", money(currency, sums.left_to_authorize)},
          {"created_at", to_string(order.order.created_at)},
          {"expires_at", to_string(order.order.expires_at)}};
}

Json terms_json(const Order& order) {
  const auto& terms = order.terms;
  const auto& details = terms.details;
  return {{"billing_address", details.avs_data ? address_json(*details.avs_data) : Json()},
          {"market", details.market_data ? Json(describe(*details.market_data)) : Json()},
          {"merch_group", word_json(details.merch_group)},
          {"merch_cat_code", id_json(details.merch_cat_code)},
          {"capture", terms.capture_now ? "now" : "later"},
          {"first_charge", to_json(terms.first_charge)},
          {"mandate", terms.mandate ? Json(describe(*terms.mandate)) : Json()}};
}

Json to_json(const BatchTotals& totals) {
  return {{"currency", totals.currency.code()},
          {"captures", totals.debit_count},
          {"captured", to_json(totals.debit_total)},
          {"refunds", totals.credit_count},
          {"refunded", to_json(totals.credit_total)}};
}

Result<RequestOutcome> wait_for(Store& store, const RRPID& rrpid, Duration wait) {
  const auto clock = system_clock();
  const auto begin = clock(), end = begin + wait;
  ProgressLine progress;
  for (;;) {
    auto outcome = TRY(store.outcome(rrpid));
    if (outcome.state != RequestOutcome::State::open || clock() >= end) return outcome;
    if (clock() - begin > kWorthTelling) {
      const auto seconds = std::chrono::floor<std::chrono::seconds>(clock() - begin).count();
      progress.show(fmt::format("waiting for the daemon's answer: {} s", seconds));
    }
    std::this_thread::sleep_for(kLookEvery);
  }
}

}  // namespace set::merchant
