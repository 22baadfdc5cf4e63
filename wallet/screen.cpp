#include "wallet/screen.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "common/base/bytes.h"
#include "common/base/time.h"

namespace set::wallet {
namespace {

struct Country {
  unsigned number;
  std::string_view name;
};
constexpr auto kCountries = std::to_array<Country>({
    {36, "Australia"},       {40, "Austria"},      {56, "Belgium"},       {76, "Brazil"},
    {100, "Bulgaria"},       {124, "Canada"},      {152, "Chile"},        {156, "China"},
    {170, "Colombia"},       {191, "Croatia"},     {196, "Cyprus"},       {203, "Czechia"},
    {208, "Denmark"},        {233, "Estonia"},     {246, "Finland"},      {250, "France"},
    {276, "Germany"},        {300, "Greece"},      {344, "Hong Kong"},    {348, "Hungary"},
    {352, "Iceland"},        {356, "India"},       {360, "Indonesia"},    {372, "Ireland"},
    {376, "Israel"},         {380, "Italy"},       {392, "Japan"},        {404, "Kenya"},
    {410, "South Korea"},    {414, "Kuwait"},      {428, "Latvia"},       {440, "Lithuania"},
    {442, "Luxembourg"},     {458, "Malaysia"},    {470, "Malta"},        {484, "Mexico"},
    {504, "Morocco"},        {528, "Netherlands"}, {554, "New Zealand"},  {566, "Nigeria"},
    {578, "Norway"},         {586, "Pakistan"},    {608, "Philippines"},  {616, "Poland"},
    {620, "Portugal"},       {642, "Romania"},     {643, "Russia"},       {682, "Saudi Arabia"},
    {688, "Serbia"},         {702, "Singapore"},   {703, "Slovakia"},     {704, "Vietnam"},
    {705, "Slovenia"},       {710, "South Africa"},{724, "Spain"},        {752, "Sweden"},
    {756, "Switzerland"},    {764, "Thailand"},    {784, "United Arab Emirates"},
    {792, "Türkiye"},        {804, "Ukraine"},     {818, "Egypt"},        {826, "United Kingdom"},
    {840, "United States"},
});

std::string moment(std::int64_t millis) { return millis == 0 ? "" : to_string(from_millis(millis)); }
std::string day(std::int64_t millis) { return moment(millis).substr(0, 10); }
std::string hex_of(const std::string& bytes) { return to_hex(view_of(bytes)); }

/// What the outcome means, in a sentence.
std::string outcome_sentence(const wire::Purchase& purchase) {
  const auto& outcome = purchase.outcome();
  if (outcome == "approved") return "Paid. Approval code " + neutralise(purchase.approval_code(), 16) + ".";
  if (outcome == "declined") return "Not paid: " + purchase.auth_code() + ".";
  if (outcome == "order_rejected") return "Not paid: the merchant refused the order.";
  if (outcome == "rejected") return "Not paid: the merchant did not take the order (" + purchase.error_code() + ").";
  if (outcome == "offered") return "Not ordered.";
  return "The outcome is not known yet. Run: set-wallet resume";
}

std::string row(std::string_view name, const std::string& value) {
  return fmt::format("{:<12}{}\n", name, value);
}

std::string mandate_row(const wire::Mandate& mandate) {
  return mandate.words().empty() ? std::string() : row("Mandate", mandate.words());
}

std::string message_row(const wire::CardMessage& message) {
  std::string words = neutralise(message.text());
  for (const auto& more : {message.phone(), message.url()}) {
    if (!more.empty()) words += (words.empty() ? "" : "  ") + neutralise(more);
  }
  return words.empty() ? std::string() : row("Your bank", words);
}

/// One authorisation: what was granted, taken and given back.
std::string payment_row(const wire::Payment& payment) {
  std::string words = payment.authorized().empty() ? payment.auth_code()
                                                   : "authorised " + payment.authorized();
  if (!payment.captured().empty()) words += ", captured " + payment.captured();
  for (const auto& credit : payment.credited()) words += ", credited " + credit;
  if (!payment.conversion().empty()) words += ", at " + payment.conversion();
  return row(day(payment.auth_date_ms()), words) + message_row(payment.message());
}

std::string payment_rows(const wire::Purchase& purchase) {
  std::string out;
  for (const auto& payment : purchase.payments()) out += payment_row(payment);
  return out;
}

Json mandate_json(const wire::Mandate& mandate) {
  Json out = Json::object();
  if (mandate.count() > 0) out["instalments"] = mandate.count();
  if (mandate.frequency_days() > 0) out["frequency_days"] = mandate.frequency_days();
  if (mandate.expiry_ms() != 0) out["until"] = moment(mandate.expiry_ms());
  out["amount_per_charge"] = mandate.max_amount();
  return out;
}

Json payment_json(const wire::Payment& payment) {
  Json out = {{"auth_code", payment.auth_code()}, {"auth_date", moment(payment.auth_date_ms())}};
  const auto put = [&out](const char* name, const std::string& value) {
    if (!value.empty()) out[name] = value;
  };
  put("authorized", payment.authorized());
  put("approval_code", payment.approval_code());
  put("captured", payment.captured());
  put("conversion", payment.conversion());
  if (payment.credited_size() > 0) {
    out["credited"] = Json::array();
    for (const auto& credit : payment.credited()) out["credited"].push_back(credit);
  }
  if (payment.has_message()) {
    const auto& message = payment.message();
    auto& to = out["message"] = {{"code", message.code()}};
    if (!message.text().empty()) to["text"] = message.text();
    if (!message.url().empty()) to["url"] = message.url();
    if (!message.phone().empty()) to["phone"] = message.phone();
  }
  return out;
}

}  // namespace

std::string country_name(unsigned iso_3166) {
  const auto found = std::ranges::find(kCountries, iso_3166, &Country::number);
  return found != kCountries.end() ? std::string(found->name) : fmt::format("country {}", iso_3166);
}

std::string offer_text(const wire::OfferResponse& offer) {
  return row("Merchant", neutralise(offer.merchant_name()) + ", " + neutralise(offer.merchant_city()) +
                             ", " + country_name(offer.merchant_country())) +
         row("Order", neutralise_lines(offer.description(), 12)) + row("Amount", offer.amount()) +
         mandate_row(offer.mandate()) + row("Card", fmt::format("{}  {}  {}", offer.card().number(), offer.card().masked(),
                                 neutralise(offer.card().brand(), 40))) +
         row("Offer ends", moment(offer.offer_ends_ms()));
}

std::string purchase_text(const wire::Purchase& purchase) {
  return outcome_sentence(purchase) + "\n" + row("Merchant", neutralise(purchase.merchant_name())) +
         row("Order", neutralise(purchase.order(), 40) + "  " + neutralise(purchase.description())) +
         row("Amount", purchase.amount()) + mandate_row(purchase.mandate()) +
         row("Card", std::to_string(purchase.card())) +
         row("Ordered", moment(purchase.ordered_at_ms())) + row("XID", hex_of(purchase.xid())) +
         payment_rows(purchase);
}

std::string mandate_line(const wire::Purchase& purchase) {
  return fmt::format("{}  {}  {}; {} in all at most\n", hex_of(purchase.xid()),
                     neutralise(purchase.merchant_name(), 40), purchase.mandate().words(),
                     purchase.amount());
}

std::string purchase_line(const wire::Purchase& purchase) {
  return fmt::format("{}  {}  {:<14}  {:>16}  {}\n", hex_of(purchase.xid()),
                     moment(purchase.ordered_at_ms()).substr(0, 19), purchase.outcome(),
                     purchase.amount(), neutralise(purchase.merchant_name(), 40));
}

std::string card_line(const wire::Card& card) {
  return fmt::format("{}  {}  {}  {}  until {}\n", card.number(), card.masked(),
                     neutralise(card.brand(), 40), neutralise(card.issuer(), 40),
                     day(card.not_after_ms()));
}

std::string renewal_line(const wire::Card& card) {
  return fmt::format("{}  {}  until {}  renewed from {}\n", card.number(), card.masked(),
                     day(card.not_after_ms()), day(card.renew_from_ms()));
}

std::string receipt_text(const wire::VerifyReceiptResponse& receipt) {
  std::string out = purchase_text(receipt.purchase()) + "\nVerified:\n";
  for (const auto& proof : receipt.proofs()) out += "  " + proof + "\n";
  return out;
}

Json to_json(const wire::Purchase& purchase) {
  Json out = {{"xid", hex_of(purchase.xid())},
              {"state", purchase.state()},
              {"outcome", purchase.outcome()},
              {"merchant", purchase.merchant_name()},
              {"order", purchase.order()},
              {"amount", purchase.amount()},
              {"description", purchase.description()},
              {"card", purchase.card()},
              {"ordered_at", moment(purchase.ordered_at_ms())}};
  const auto put = [&out](const char* name, const std::string& value) {
    if (!value.empty()) out[name] = value;
  };
  put("completion_code", purchase.completion_code());
  put("auth_code", purchase.auth_code());
  put("approval_code", purchase.approval_code());
  put("error_code", purchase.error_code());
  put("answered_at", moment(purchase.answered_at_ms()));
  if (purchase.has_mandate()) out["mandate"] = mandate_json(purchase.mandate());
  if (purchase.payments_size() > 0) {
    out["payments"] = Json::array();
    for (const auto& payment : purchase.payments()) out["payments"].push_back(payment_json(payment));
  }
  return out;
}

Json to_json(const wire::Card& card) {
  return {{"number", card.number()},
          {"masked", card.masked()},
          {"brand", card.brand()},
          {"issuer", card.issuer()},
          {"not_after", moment(card.not_after_ms())},
          {"certificate", card.certificate()},
          {"renew_from", moment(card.renew_from_ms())}};
}

Json to_json(const wire::VerifyReceiptResponse& receipt) {
  Json out = {{"verified", true}, {"purchase", to_json(receipt.purchase())}, {"proofs", Json::array()}};
  for (const auto& proof : receipt.proofs()) out["proofs"].push_back(proof);
  out["merchant_certificate"] = receipt.merchant_certificate();
  out["card_certificate"] = receipt.card_certificate();
  out["gateway_certificate"] = receipt.gateway_certificate();
  return out;
}

std::string dump(const Json& document) {
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace set::wallet
