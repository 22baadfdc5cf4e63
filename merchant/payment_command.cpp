#include "merchant/payment_command.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/crypto/random.h"
#include "merchant/command_output.h"

namespace set::merchant {
namespace {

using merchant::to_json;  // beside the one that follows

constexpr std::size_t kMaxBatchID = 32;

constexpr std::pair<Command, ItemKind> kKinds[] = {
    {Command::capture, ItemKind::capture},
    {Command::reverse, ItemKind::reversal},
    {Command::refund, ItemKind::credit},
    {Command::void_refund, ItemKind::credit_reversal},
    {Command::void_capture, ItemKind::capture_reversal}};

Result<std::string> hex_beginning(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'F' ? c + 32 : c; });
  const bool hex = text.find_first_not_of("0123456789abcdef") == std::string::npos;
  CHECK_OR_FAIL(hex && text.size() <= 40, ErrorCode::invalid_argument,
                "an RRPID is written in hexadecimal, as `order show` has it");
  return text;
}

Result<std::vector<LIDM>> order_ids(const std::vector<std::string>& words) {
  std::vector<LIDM> out;
  for (const auto& word : words) {
    auto id = LIDM::parse(word);
    CHECK_OR_FAIL(id, ErrorCode::invalid_argument, "an order number has 1 to 20 characters");
    const bool twice = std::ranges::find(out, *id) != out.end();
    CHECK_OR_FAIL(!twice, ErrorCode::invalid_argument, "an order stands there twice");
    out.push_back(std::move(*id));
  }
  return out;
}

Result<RRPID> want(Store& store, const Config& config, const std::vector<LIDM>& orders) {
  const auto& payment = config.payment;
  std::optional<Amount> amount;
  if (!payment.amount.empty()) amount = TRY(Amount::parse(payment.amount));
  CHECK_OR_FAIL(payment.batch.size() <= kMaxBatchID, ErrorCode::invalid_argument,
                "a BatchID has at most 32 characters");
  const auto now = system_clock()();
  const auto rrpid = Rng::system().make<RRPID>();
  if (config.command == Command::authorize) {
    CHECK_OR_FAIL(orders.size() == 1, ErrorCode::invalid_argument,
                  "one authorisation is about one order");
    return store.want_charge(orders.front(), {amount, payment.batch}, payment.once, rrpid, now);
  }
  const auto authorization = TRY(hex_beginning(payment.authorization));
  const auto item = TRY(hex_beginning(payment.item));
  const auto* kind =
      std::ranges::find(kKinds, config.command, &std::pair<Command, ItemKind>::first);
  CHECK_OR_FAIL(kind != std::end(kKinds), ErrorCode::internal, "this command asks for no item");
  const ItemWish wish{kind->second, amount, authorization,
                      item,         payment.final_capture, payment.batch};
  return store.want(orders, wish, payment.once, rrpid, now);
}

// What became of the request in one order's books: an item of it, or an authorisation that it is.
struct Part {
  std::string order;
  PaymentSummary payment;
  bool done = false;
  std::string code;
  std::optional<ItemLine> line;
};

std::optional<Part> part_of(const OrderSummary& order, const RRPID& rrpid, bool authorization) {
  for (const auto& payment : order.payments) {
    if (authorization && payment.auth_rrpid == rrpid) {
      const auto code = payment.auth_code ? std::string(to_string(*payment.auth_code)) : "";
      return Part{order.order.id.value, payment, payment.auth_code == AuthCode::approved, code, {}};
    }
    for (const auto& line : payment.items) {
      if (authorization || line.item.rrpid != rrpid) continue;
      const bool done = line.state == ItemState::done || line.state == ItemState::reversed;
      return Part{order.order.id.value, payment, done, line.code, line};
    }
  }
  return std::nullopt;
}

std::string_view state_word(const RequestOutcome& outcome, const std::vector<Part>& parts) {
  if (outcome.state == RequestOutcome::State::open) return "unknown";
  return std::ranges::all_of(parts, &Part::done) ? "done" : "refused";
}

Json to_json(const Part& part) {
  return {{"order", part.order},
          {"item", part.line ? to_json(*part.line) : Json()},
          {"payment", to_json(part.payment)}};
}

void show(const Part& part) {
  const auto& payment = part.payment;
  const auto text = [&](std::int64_t minor) { return money(payment.currency, minor); };
  fmt::print("{:<20}  {:<10} {}  authorised {}  captured {}  refunded {}  remaining {}\n",
             part.order, part.code.empty() ? "unknown" : part.code,
             part.line ? to_string(part.line->item.amount) : text(payment.requested),
             text(payment.authorized), text(payment.captured), text(payment.credited),
             text(payment.left_to_capture()));
}

}  // namespace

Result<void> run_payment(const Config& config) {
  const auto orders = TRY(order_ids(config.payment.orders));
  auto database = TRY(open_database(config));
  auto store = TRY(Store::open(database));
  const auto rrpid = TRY(want(store, config, orders));
  const auto outcome = TRY(wait_for(store, rrpid, config.payment.wait));
  std::vector<Part> parts;
  for (const auto& id : orders) {
    const auto order = TRY(store.summarize(id, system_clock()()));
    auto part = part_of(order, rrpid, config.command == Command::authorize);
    CHECK_OR_FAIL(part, ErrorCode::conflict, "this name was used for another request");
    parts.push_back(std::move(*part));
  }
  const auto state = state_word(outcome, parts);
  if (config.common.json) {
    Json items = Json::array();
    for (const auto& part : parts) items.push_back(to_json(part));
    print({{"rrpid", rrpid.hex()}, {"state", state}, {"items", std::move(items)}});
  } else {
    for (const auto& part : parts) show(part);
  }
  CHECK_OR_FAIL(
      state != "unknown", ErrorCode::outcome_unknown,
      "no answer yet; it is asked for until there is one, as long as set-merchant serves");
  const auto refused = std::ranges::find(parts, false, &Part::done);
  CHECK_OR_FAIL(refused == parts.end(), ErrorCode::declined,
                "the gateway did not do it: " + refused->code);
  return {};
}

}  // namespace set::merchant
