#include "merchant/cart.h"

#include <algorithm>
#include <initializer_list>

#include <nlohmann/json.hpp>

#include "common/message/wire.h"

namespace set::merchant {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxItems = 100;
constexpr std::size_t kMaxAddressLines = 8;
constexpr std::size_t kMaxLineBytes = 120;
constexpr std::int64_t kMaxQuantity = 1'000'000;

Result<void> check_keys(const Json& object, std::string_view what,
                        std::initializer_list<std::string_view> known) {
  CHECK_OR_FAIL(object.is_object(), ErrorCode::invalid_argument,
                std::string(what) + " must be a JSON object");
  for (const auto& entry : object.items()) {
    CHECK_OR_FAIL(std::ranges::find(known, std::string_view(entry.key())) != known.end(),
                  ErrorCode::invalid_argument,
                  std::string(what) + " has a key that is not known here");
  }
  return {};
}

Result<std::string> line_of(const Json& value, std::string_view key) {
  CHECK_OR_FAIL(value.is_string(), ErrorCode::invalid_argument,
                std::string(key) + " must be a text");
  const auto& text = value.get_ref<const std::string&>();
  const bool one_line = !text.empty() && text.find_first_of("\n\t") == std::string::npos;
  CHECK_OR_FAIL(one_line && text_from_wire(text, kMaxLineBytes, key), ErrorCode::invalid_argument,
                std::string(key) + " must be one line of 1 to 120 bytes, UTF-8");
  return text;
}

Result<Amount> amount_of(const Json& value, std::string_view key) {
  CHECK_OR_FAIL(value.is_string(), ErrorCode::invalid_argument,
                std::string(key) + " must be a text such as \"9.95 EUR\"");
  auto amount = Amount::parse(value.get_ref<const std::string&>());
  CHECK_OR_FAIL(amount, ErrorCode::invalid_argument,
                std::string(key) + ": " + amount.error().detail);
  return *amount;
}

Result<std::optional<Amount>> amount_if_any(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::optional<Amount>();
  return std::optional<Amount>(TRY(amount_of(*found, key)));
}

Result<Amount> times(const Amount& unit, std::int64_t quantity) {
  CHECK_OR_FAIL(unit.minor() <= Amount::kMaxMinor / quantity, ErrorCode::invalid_argument,
                "quantity times unit_price is too large");
  return Amount::make(unit.currency(), unit.minor() * quantity);
}

Result<void> add(std::optional<Amount>& sum, const std::optional<Amount>& part) {
  if (!part) return {};
  sum = sum ? TRY(sum->plus(*part)) : *part;
  return {};
}

Result<CartItem> item_of(const Json& item) {
  TRY(check_keys(item, "an item", {"name", "quantity", "unit_price", "tax"}));
  CHECK_OR_FAIL(item.contains("name") && item.contains("quantity") && item.contains("unit_price"),
                ErrorCode::invalid_argument, "an item has a name, a quantity and a unit_price");
  auto name = TRY(line_of(item["name"], "name"));
  CHECK_OR_FAIL(item["quantity"].is_number_unsigned() &&
                    item["quantity"].get<std::uint64_t>() >= 1 &&
                    item["quantity"].get<std::uint64_t>() <= kMaxQuantity,
                ErrorCode::invalid_argument, "quantity must be a whole number from 1 to 1000000");
  const auto quantity = item["quantity"].get<std::int64_t>();
  const auto unit_price = TRY(amount_of(item["unit_price"], "unit_price"));
  const auto price = TRY(times(unit_price, quantity));
  const auto tax = TRY(amount_if_any(item, "tax"));
  return CartItem{std::move(name), quantity, unit_price, price, tax};
}

Result<std::vector<CartItem>> items_of(const Json& items) {
  CHECK_OR_FAIL(items.is_array() && !items.empty() && items.size() <= kMaxItems,
                ErrorCode::invalid_argument, "items must be a list of 1 to 100 items");
  std::vector<CartItem> out;
  for (const auto& item : items) out.push_back(TRY(item_of(item)));
  return out;
}

Result<std::vector<std::string>> address_of(const Json& cart) {
  std::vector<std::string> out;
  const auto found = cart.find("shipping_address");
  if (found == cart.end()) return out;
  CHECK_OR_FAIL(found->is_array() && !found->empty() && found->size() <= kMaxAddressLines,
                ErrorCode::invalid_argument, "shipping_address must be a list of 1 to 8 lines");
  for (const auto& line : *found) out.push_back(TRY(line_of(line, "shipping_address")));
  return out;
}

Result<void> read_text(const Json& object, const char* key, std::string& out) {
  const auto found = object.find(key);
  if (found != object.end()) out = TRY(line_of(*found, key));
  return {};
}

Result<void> read_number(const Json& object, const char* key, unsigned& out) {
  const auto found = object.find(key);
  if (found == object.end()) return {};
  CHECK_OR_FAIL(found->is_number_unsigned() && found->get<std::uint64_t>() <= kMaxQuantity,
                ErrorCode::invalid_argument, std::string(key) + " must be a whole number");
  out = found->get<unsigned>();
  return {};
}

Result<WrittenDetails> details_of(const Json& cart) {
  WrittenDetails out;
  if (const auto found = cart.find("billing_address"); found != cart.end()) {
    TRY(check_keys(*found, "billing_address",
                   {"street", "city", "state", "postal_code", "country"}));
    auto& address = out.address;
    TRY(read_text(*found, "street", address.street));
    TRY(read_text(*found, "city", address.city));
    TRY(read_text(*found, "state", address.state));
    TRY(read_text(*found, "postal_code", address.postal_code));
    TRY(read_text(*found, "country", address.country));
  }
  if (const auto found = cart.find("market"); found != cart.end()) {
    TRY(check_keys(*found, "market", {"name", "days", "prestige"}));
    TRY(read_text(*found, "name", out.market.name));
    TRY(read_number(*found, "days", out.market.days));
    TRY(read_number(*found, "prestige", out.market.prestige));
  }
  TRY(make_details(out));  // what is wrong with it is said about the cart
  return out;
}

}  // namespace

Result<Cart> parse_cart(std::string_view text) {
  const auto json = Json::parse(text, nullptr, false);
  CHECK_OR_FAIL(!json.is_discarded(), ErrorCode::invalid_argument, "the cart is no JSON document");
  TRY(check_keys(json, "the cart", {"items", "tax", "shipping", "shipping_address",
                                    "billing_address", "market", "total"}));
  CHECK_OR_FAIL(json.contains("items") && json.contains("total"), ErrorCode::invalid_argument,
                "a cart has items and a total");
  auto items = TRY(items_of(json["items"]));
  std::optional<Amount> goods, item_tax;
  for (const auto& item : items) {
    TRY(add(goods, item.price));
    TRY(add(item_tax, item.tax));
  }
  const auto overall_tax = TRY(amount_if_any(json, "tax"));
  CHECK_OR_FAIL(!overall_tax || !item_tax, ErrorCode::invalid_argument,
                "a cart has one tax for all or a tax for items, not both");
  const auto tax = overall_tax ? overall_tax : item_tax;
  const auto shipping = TRY(amount_if_any(json, "shipping"));
  auto address = TRY(address_of(json));
  auto details = TRY(details_of(json));
  const auto total = TRY(amount_of(json["total"], "total"));

  std::optional<Amount> sum = goods;
  TRY(add(sum, tax));
  TRY(add(sum, shipping));
  CHECK_OR_FAIL(
      *sum == total, ErrorCode::invalid_argument,
      "total is " + to_string(total) + ", but items, tax and shipping are " + to_string(*sum));
  return Cart{std::move(items),   *goods, tax,               shipping,
              std::move(address), total,  std::move(details)};
}

std::string describe(const Cart& cart) {
  std::string out;
  for (const auto& item : cart.items) {
    out += std::to_string(item.quantity) + " x " + item.name + " at " + to_string(item.unit_price) +
           ": " + to_string(item.price) + "\n";
    if (item.tax) out += "    tax: " + to_string(*item.tax) + "\n";
  }
  out += "\n";
  out += "Goods: " + to_string(cart.goods) + "\n";
  if (cart.tax) out += "Tax: " + to_string(*cart.tax) + "\n";
  if (cart.shipping) out += "Shipping: " + to_string(*cart.shipping) + "\n";
  out += "Total: " + to_string(cart.total) + "\n";
  if (!cart.shipping_address.empty()) {
    out += "\nShip to:\n";
    for (const auto& line : cart.shipping_address) out += "    " + line + "\n";
  }
  out.pop_back();  // the last line's end
  return out;
}

}  // namespace set::merchant
