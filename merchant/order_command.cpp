#include "merchant/order_command.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/daemon/files.h"
#include "common/daemon/identity.h"
#include "common/message/payment_link.h"
#include "merchant/cart.h"
#include "merchant/store.h"

namespace set::merchant {
namespace {

using Json = nlohmann::ordered_json;

void print(const Json& json) {
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

Result<Database> open_database(const Config& config) {
  return Database::open(config.database_url(), DatabaseUse::command);
}

Json to_json(const std::optional<Amount>& amount) {
  return amount ? Json(to_string(*amount)) : Json();
}

Json to_json(const PaymentSummary& payment) {
  return {{"xid", payment.xid.hex()},
          {"state", to_string(payment.status)},
          {"initiated_at", to_string(payment.initiated_at)},
          {"authorized", to_json(payment.authorized)},
          {"captured", to_json(payment.captured)},
          {"auth_code", payment.auth_code ? Json(to_string(*payment.auth_code)) : Json()},
          {"approval_code", payment.approval_code.empty() ? Json() : Json(payment.approval_code)},
          {"decided_at", payment.decided_at ? Json(to_string(*payment.decided_at)) : Json()}};
}

Json to_json(const OrderSummary& order) {
  const auto* payment = order.payments.empty() ? nullptr : &order.payments.back();
  return {{"order", order.order.id.value},
          {"state", to_string(order.status)},
          {"amount", to_string(order.order.amount)},
          {"xid", payment != nullptr ? Json(payment->xid.hex()) : Json()},
          {"authorized", payment != nullptr ? to_json(payment->authorized) : Json()},
          {"captured", payment != nullptr ? to_json(payment->captured) : Json()},
          {"created_at", to_string(order.order.created_at)},
          {"expires_at", to_string(order.order.expires_at)}};
}

std::string or_dash(const std::optional<Amount>& amount) {
  return amount ? to_string(*amount) : "-";
}

struct Priced {
  Amount amount;
  std::string description;
};

Result<Priced> priced(const Config::Order& order) {
  if (order.cart.empty()) return Priced{TRY(Amount::parse(order.amount)), order.description};
  const auto cart = TRY(parse_cart(TRY(read_text_file(order.cart, 256 * 1024))));
  return Priced{cart.total, describe(cart)};
}

}  // namespace

Result<void> create_order(const Config& config) {
  const auto price = TRY(priced(config.order));
  const auto certificate =
      TRY(parse_chain_pem(TRY(read_text_file(config.dir / "signature.pem")), "signature.pem")).leaf;
  auto database = TRY(open_database(config));
  auto store = TRY(Store::open(database));
  const auto address = TRY(store.find_setting(kPublicAddress));
  CHECK_OR_FAIL(address, ErrorCode::bad_config,
                "the shop has no address for payment links yet: start set-merchant serve once");
  const auto made = TRY(make_order(price.amount, price.description, config.order.life,
                                   system_clock()(), Rng::system()));
  const auto& order = made.order;
  CHECK_OR_FAIL(order.expires_at < certificate.not_after(), ErrorCode::invalid_argument,
                "the order would outlive our certificate");
  TRY(store.insert(order));
  const auto link = PaymentLink{*address, order.id, certificate.thumbprint(), made.secret}.str();
  if (!config.common.json) {
    fmt::print("{}\n", link);
    fmt::print(stderr, "Order {} over {}, payable until {}\n", order.id.value,
               to_string(order.amount), to_string(order.expires_at));
    return {};
  }
  print({{"order", order.id.value},
         {"link", link},
         {"amount", to_string(order.amount)},
         {"expires_at", to_string(order.expires_at)}});
  return {};
}

Result<void> list_orders(const Config& config) {
  auto database = TRY(open_database(config));
  auto store = TRY(Store::open(database));
  const auto orders = TRY(store.list_orders(system_clock()()));
  if (config.common.json) {
    Json out = Json::array();
    for (const auto& order : orders) out.push_back(to_json(order));
    print(out);
    return {};
  }
  for (const auto& order : orders) {
    fmt::print("{:<20}  {:<10}  {:>18}  {}\n", order.order.id.value, to_string(order.status),
               to_string(order.order.amount), to_string(order.order.created_at));
  }
  return {};
}

Result<void> show_order(const Config& config) {
  auto database = TRY(open_database(config));
  auto store = TRY(Store::open(database));
  const auto id = LIDM::parse(config.order.id);
  CHECK_OR_FAIL(id, ErrorCode::invalid_argument, "an order number has 1 to 20 characters");
  const auto order = TRY(store.summarize(*id, system_clock()()));
  if (config.common.json) {
    auto out = to_json(order);
    out["description"] = order.order.description;
    out["payments"] = Json::array();
    for (const auto& payment : order.payments) out["payments"].push_back(to_json(payment));
    print(out);
    return {};
  }
  fmt::print("Order    {}\nState    {}\nAmount   {}\nCreated  {}\nExpires  {}\n\n{}\n",
             order.order.id.value, to_string(order.status), to_string(order.order.amount),
             to_string(order.order.created_at), to_string(order.order.expires_at),
             order.order.description);
  for (const auto& payment : order.payments) {
    fmt::print("\nPayment  {}\n  {}  authorised {}  captured {}  {} {}\n", payment.xid.hex(),
               to_string(payment.status), or_dash(payment.authorized), or_dash(payment.captured),
               payment.auth_code ? to_string(*payment.auth_code) : "", payment.approval_code);
  }
  return {};
}

}  // namespace set::merchant
