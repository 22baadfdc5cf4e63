#include "common/message/payment_link.h"

#include <algorithm>

namespace set {
namespace {

constexpr std::string_view kScheme = "setpay://";
constexpr std::string_view kMerchant = "?merchant=";
constexpr std::string_view kSecret = "&secret=";

bool is_order_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

bool is_address_character(char c) { return is_order_character(c) || c == '.' || c == ':' || c == '[' || c == ']'; }

}  // namespace

std::string PaymentLink::str() const {
  return std::string(kScheme) + address + "/" + order.value + std::string(kMerchant) +
         to_base64url(merchant.view()) + std::string(kSecret) + to_base64url(secret.view());
}

Result<PaymentLink> PaymentLink::parse(std::string_view text) {
  const auto malformed = failure(ErrorCode::invalid_argument,
                                 "this is no payment link: it looks like "
                                 "setpay://HOST:PORT/ORDER?merchant=…&secret=…");
  if (!text.starts_with(kScheme)) return malformed;
  text.remove_prefix(kScheme.size());
  const auto slash = text.find('/');
  const auto query = text.find(kMerchant);
  const auto secret_at = text.find(kSecret);
  if (slash == std::string_view::npos || query == std::string_view::npos || secret_at == std::string_view::npos ||
      slash > query || query > secret_at) {
    return malformed;
  }
  const auto address = text.substr(0, slash);
  const auto order = text.substr(slash + 1, query - slash - 1);
  const auto merchant = from_base64url(text.substr(query + kMerchant.size(), secret_at - query - kMerchant.size()));
  const auto secret = from_base64url(text.substr(secret_at + kSecret.size()));
  const bool address_ok = address.find(':') != std::string_view::npos && address.size() <= 255 &&
                          std::ranges::all_of(address, is_address_character);
  const bool order_ok = !order.empty() && order.size() <= 20 && std::ranges::all_of(order, is_order_character);
  if (!address_ok || !order_ok || !merchant || !secret) return malformed;
  const auto thumbprint = Thumbprint::parse(*merchant);
  const auto order_secret = OrderSecret::parse(*secret);
  if (!thumbprint || !order_secret) return malformed;
  return PaymentLink{std::string(address), LIDM{std::string(order)}, *thumbprint, *order_secret};
}

}  // namespace set
