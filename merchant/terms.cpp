#include "merchant/terms.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace set::merchant {
namespace {

constexpr unsigned kMaxDays = 366;
constexpr std::uint32_t kMaxInstalments = 360;

Result<Instant> parse_end(std::string_view text) {
  if (text.find('T') != std::string_view::npos) return parse_instant(text);
  const auto day = parse_instant(std::string(text) + "T00:00:00Z");
  CHECK_OR_FAIL(day, ErrorCode::invalid_argument,
                "--until is a day like 2027-11-30, or an instant like 2027-11-30T12:00:00Z");
  return *day + std::chrono::hours(24) - Duration(1);  // the whole of that day
}

Result<std::optional<Amount>> parse_if_any(const std::string& text) {
  if (text.empty()) return std::optional<Amount>();
  return std::optional<Amount>(TRY(Amount::parse(text)));
}

// Rounded up, so that the charges reach the whole.
Result<Amount> part_of(const Amount& whole, std::uint32_t parts) {
  return Amount::make(whole.currency(), (whole.minor() + parts - 1) / parts);
}

Result<PricedTerms> instalments(const WrittenTerms& written, const std::optional<Amount>& price,
                                OrderTerms terms) {
  CHECK_OR_FAIL(price, ErrorCode::invalid_argument, "instalments need the amount of the whole");
  CHECK_OR_FAIL(written.instalments >= 2 && written.instalments <= kMaxInstalments,
                ErrorCode::invalid_argument, "an order has 2 to 360 instalments");
  CHECK_OR_FAIL(written.recurring.empty() && written.until.empty() && written.first.empty(),
                ErrorCode::invalid_argument,
                "--instalments goes with neither --recurring, --until nor --first");
  const auto part = TRY(part_of(*price, written.instalments));
  const auto each = TRY(parse_if_any(written.per_charge)).value_or(part);
  CHECK_OR_FAIL(each.minor() >= part.minor(), ErrorCode::invalid_argument,
                "so many charges of that amount do not reach the whole");
  terms.mandate = InstallRecurData{InstallTotalTrans{written.instalments}, each};
  terms.first_charge = part;
  return PricedTerms{*price, std::move(terms)};
}

Result<PricedTerms> recurring(const WrittenTerms& written, const std::optional<Amount>& price,
                              OrderTerms terms, Instant now) {
  CHECK_OR_FAIL(!written.until.empty() && !written.per_charge.empty() && written.first.empty(),
                ErrorCode::invalid_argument,
                "--recurring needs --until and --amount-per-charge, and goes without --first");
  const auto days = TRY(parse_interval(written.recurring));
  const auto end = TRY(parse_end(written.until));
  CHECK_OR_FAIL(end > now, ErrorCode::invalid_argument, "--until is in the past");
  const auto each = TRY(Amount::parse(written.per_charge));
  const auto charges = 1 + (end - now) / std::chrono::days(days);
  CHECK_OR_FAIL(charges <= Amount::kMaxMinor / each.minor(), ErrorCode::invalid_argument,
                "all charges together are too large an amount");
  const auto all = TRY(Amount::make(each.currency(), each.minor() * charges));
  terms.mandate = InstallRecurData{Recurring{days, end}, each};
  terms.first_charge = each;
  return PricedTerms{price.value_or(all), std::move(terms)};
}

}  // namespace

Result<unsigned> parse_interval(std::string_view text) {
  constexpr auto kSentence =
      "an interval is written \"every 30 days\", \"every day\" or \"every 2 weeks\", up to a year";
  constexpr std::string_view kEvery = "every ";
  CHECK_OR_FAIL(text.starts_with(kEvery), ErrorCode::invalid_argument, kSentence);
  text.remove_prefix(kEvery.size());
  unsigned count = 1;
  if (const auto space = text.find(' '); space != std::string_view::npos) {
    const auto* end = text.data() + space;
    const auto [stop, error] = std::from_chars(text.data(), end, count);
    CHECK_OR_FAIL(error == std::errc() && stop == end && count <= kMaxDays,
                  ErrorCode::invalid_argument, kSentence);
    text.remove_prefix(space + 1);
  }
  const bool weeks = text == "week" || text == "weeks";
  CHECK_OR_FAIL(weeks || text == "day" || text == "days", ErrorCode::invalid_argument, kSentence);
  const auto days = weeks ? count * 7 : count;
  CHECK_OR_FAIL(days >= 1 && days <= kMaxDays, ErrorCode::invalid_argument, kSentence);
  return days;
}

Result<PricedTerms> make_terms(const WrittenTerms& written, const std::optional<Amount>& price,
                               Instant now) {
  OrderTerms terms;
  CHECK_OR_FAIL(written.capture.empty() || written.capture == "now" || written.capture == "later",
                ErrorCode::invalid_argument, "--capture is now or later");
  terms.capture_now = written.capture != "later";
  if (written.instalments != 0) return instalments(written, price, std::move(terms));
  if (!written.recurring.empty()) return recurring(written, price, std::move(terms), now);
  CHECK_OR_FAIL(written.until.empty() && written.per_charge.empty(), ErrorCode::invalid_argument,
                "--until and --amount-per-charge belong to --recurring or --instalments");
  CHECK_OR_FAIL(price, ErrorCode::invalid_argument, "an order needs an amount");
  terms.first_charge = TRY(parse_if_any(written.first));
  return PricedTerms{*price, std::move(terms)};
}

std::string describe(const InstallRecurData& mandate) {
  const auto each = fmt::format("at most {} each", to_string(mandate.max_amt));
  if (const auto* count = std::get_if<InstallTotalTrans>(&mandate.terms))
    return fmt::format("{} charges, {}", count->count, each);
  const auto& recurring = std::get<Recurring>(mandate.terms);
  return fmt::format("every {} days until {}, {}", recurring.frequency_days,
                     to_string(recurring.expiry), each);
}

}  // namespace set::merchant
