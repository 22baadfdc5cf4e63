#include "merchant/order_command.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/daemon/files.h"
#include "common/daemon/identity.h"
#include "common/daemon/terminal.h"
#include "common/message/payment_link.h"
#include "merchant/cart.h"
#include "merchant/command_output.h"
#include "merchant/store.h"

namespace set::merchant {
namespace {

struct Priced {
  std::optional<Amount> amount;
  std::string description;
  WrittenDetails details;  // with those of the cart
};

// From the cart, unless the command line has it.
template <class Part>
Result<void> take(const Part& in_cart, Part& out, const char* what) {
  if (in_cart.empty()) return {};
  CHECK_OR_FAIL(out.empty(), ErrorCode::invalid_argument,
                std::string(what) + " stands in the cart already");
  out = in_cart;
  return {};
}

Result<Priced> priced(const Config::Order& order) {
  if (!order.cart.empty()) {
    const auto cart = TRY(parse_cart(TRY(read_text_file(order.cart, 256 * 1024))));
    auto details = order.details;
    TRY(take(cart.details.address, details.address, "the billing address"));
    TRY(take(cart.details.market, details.market, "the market"));
    return Priced{cart.total, describe(cart), std::move(details)};
  }
  if (order.amount.empty()) return Priced{std::nullopt, order.description, order.details};
  return Priced{TRY(Amount::parse(order.amount)), order.description, order.details};
}

void print_payment(const PaymentSummary& payment) {
  const auto text = [&](std::int64_t minor) { return money(payment.currency, minor); };
  fmt::print(
      "\nPayment  {}\nAuthRRPID {}\n  {}  authorised {}  captured {}  refunded {}  {} {}\n"
      "  remaining {}, {}\n",
      payment.xid.hex(), payment.auth_rrpid.hex(), to_string(payment.status),
      text(payment.authorized), text(payment.captured), text(payment.credited),
      payment.auth_code ? to_string(*payment.auth_code) : "", payment.approval_code,
      text(payment.left_to_capture()), remainder_of(payment));
  const auto& notes = payment.notes;
  if (notes.avs_result) fmt::print("  address  {}\n", to_string(*notes.avs_result));
  if (notes.card_type) fmt::print("  card     {}\n", to_string(*notes.card_type));
  if (payment.curr_conv)
    fmt::print("  billed   {}\n", to_string(*payment.curr_conv, payment.currency));
  for (const auto& line : payment.items) {
    fmt::print("  {:<16} {:<9} {:>16}  {}  {} {}\n", to_string(line.item.kind),
               to_string(line.state), to_string(line.item.amount),
               line.item.rrpid.hex().substr(0, 8), line.code, line.batch_id);
  }
}

/// The certificate that the running daemon uses; the directory may have a newer one for a moment.
Result<Certificate> link_certificate(const std::filesystem::path& directory,
                                     const std::optional<std::string>& in_use) {
  const auto named = earlier_signature_file(in_use.value_or(""));
  const bool earlier = in_use && std::filesystem::exists(directory / named);
  const auto file = directory / (earlier ? named : "signature.pem");
  return TRY(parse_chain_pem(TRY(read_text_file(file)), file.string())).leaf;
}

}  // namespace

Result<void> create_order(const Config& config) {
  const auto now = system_clock()();
  const auto price = TRY(priced(config.order));
  auto terms = TRY(make_terms(config.order.terms, price.amount, now));
  terms.terms.details = TRY(make_details(price.details));
  auto database = TRY(open_database(config));
  auto store = TRY(Store::open(database));
  const auto certificate =
      TRY(link_certificate(config.dir, TRY(store.find_setting(kLinkCertificate))));
  const auto address = TRY(store.find_setting(kPublicAddress));
  CHECK_OR_FAIL(address, ErrorCode::bad_config,
                "the shop has no address for payment links yet: start set-merchant serve once");
  const auto made = TRY(make_order(terms.amount, price.description, config.order.life, now,
                                   Rng::system(), terms.terms));
  const auto& order = made.order;
  CHECK_OR_FAIL(order.expires_at < certificate.not_after(), ErrorCode::invalid_argument,
                "the order would outlive our certificate");
  TRY(store.insert(order));
  const auto link = PaymentLink{*address, order.id, certificate.thumbprint(), made.secret}.str();
  if (!config.common.json) {
    fmt::print("{}\n", link);
    say(fmt::format("Order {} over {}, payable until {}", order.id.value, to_string(order.amount),
                    to_string(order.expires_at)));
    if (order.terms.mandate)
      say(fmt::format("The cardholder agrees to {}", describe(*order.terms.mandate)));
    return {};
  }
  auto out = terms_json(order);
  out["order"] = order.id.value;
  out["link"] = link;
  out["amount"] = to_string(order.amount);
  out["expires_at"] = to_string(order.expires_at);
  print(out);
  return {};
}

Result<void> list_orders(const Config& config) {
  auto database = TRY(open_database(config));
  auto store = TRY(Store::open(database));
  auto orders = TRY(store.list_orders(system_clock()(), config.limit.to_fetch()));
  keep_within(config.limit, orders);
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
    out.update(terms_json(order.order));
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
  if (order.order.terms.mandate) fmt::print("Mandate  {}\n", describe(*order.order.terms.mandate));
  const auto& details = order.order.terms.details;
  if (details.market_data) fmt::print("Market   {}\n", describe(*details.market_data));
  for (const auto& payment : order.payments) print_payment(payment);
  return {};
}

}  // namespace set::merchant
