#include "common/sandbox/card_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <utility>

// Without exceptions the parser returns its error as a value; the system's shared library was built
// with them, hence the header alone.
#undef TOML_HEADER_ONLY
#undef TOML_SHARED_LIB
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace set {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;

constexpr std::array<std::pair<std::string_view, CardBehaviour>, 6> kBehaviours{{
    {"approve", CardBehaviour::approve},
    {"decline", CardBehaviour::decline},
    {"referral", CardBehaviour::referral},
    {"expired", CardBehaviour::expired},
    {"slow", CardBehaviour::slow},
    {"no_reply", CardBehaviour::no_reply},
}};

tl::unexpected<Error> malformed(const toml::node& where, std::string_view what) {
  return failure(ErrorCode::bad_config,
                 "line " + std::to_string(where.source().begin.line) + ": " + std::string(what));
}

template <class T>
Result<T> parsed(const toml::node& where, Result<T> value) {
  if (!value) return malformed(where, value.error().detail);
  return value;
}

Result<std::string> text_of(const toml::table& card, std::string_view key) {
  const auto* node = card.get(key);
  if (node == nullptr) return malformed(card, "a card has no \"" + std::string(key) + "\"");
  const auto text = node->value_exact<std::string>();
  if (!text) return malformed(*node, "\"" + std::string(key) + "\" must be a text in quotes");
  return *text;
}

Result<std::vector<Amount>> limits_of(const toml::table& card) {
  std::vector<Amount> limits;
  const auto add = [&limits](const toml::node& node) -> Result<void> {
    const auto text = node.value_exact<std::string>();
    if (!text) return malformed(node, "a limit is a text such as \"1000.00 EUR\"");
    const auto limit = TRY(parsed(node, Amount::parse(*text)));
    for (const auto& other : limits) {
      if (other.currency() == limit.currency())
        return malformed(node, "two limits in one currency");
    }
    limits.push_back(limit);
    return {};
  };
  if (const auto* limit = card.get("limit")) TRY(add(*limit));
  if (const auto* list = card.get("limits")) {
    if (list->as_array() == nullptr) return malformed(*list, "\"limits\" must be a list");
    for (const auto& node : *list->as_array()) TRY(add(node));
  }
  if (limits.empty()) return malformed(card, "a card has no limit");
  return limits;
}

Result<CardBehaviour> behaviour_of(const toml::table& card) {
  if (!card.contains("behaviour")) return CardBehaviour::approve;
  const auto text = TRY(text_of(card, "behaviour"));
  for (const auto& [name, behaviour] : kBehaviours) {
    if (name == text) return behaviour;
  }
  return malformed(*card.get("behaviour"),
                   "behaviour is one of approve, decline, referral, expired, slow, no_reply");
}

Result<std::optional<Velocity>> velocity_of(const toml::table& card) {
  if (!card.contains("velocity")) return std::nullopt;
  const auto text = TRY(text_of(card, "velocity"));
  const auto& where = *card.get("velocity");
  constexpr std::string_view kBetween = " in ";
  Velocity out;
  const auto* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, out.at_most);
  const std::string_view tail(rest, static_cast<std::size_t>(end - rest));
  if (error != std::errc{} || out.at_most < 1 || !tail.starts_with(kBetween)) {
    return malformed(where, "velocity is written as \"20 in 1h\"");
  }
  out.window = TRY(parsed(where, parse_duration(tail.substr(kBetween.size()))));
  return out;
}

/// A rate as people write it, "1.0842": at most seven digits, as ISO 8583 has room for.
Result<CurrConv> conversion_of(const toml::node& where, std::string_view text, Currency to) {
  constexpr std::size_t kMaxDigits = 7;
  const auto point = text.find('.');
  std::string digits(text.substr(0, point));
  if (point != std::string_view::npos) digits += text.substr(point + 1);
  auto decimals = point == std::string_view::npos ? 0 : text.size() - point - 1;
  while (decimals > 0 && !digits.empty() && digits.back() == '0') {
    digits.pop_back();
    --decimals;
  }
  digits.erase(0, digits.find_first_not_of('0'));
  CurrConv out{.rate = 0, .rate_digits = static_cast<unsigned>(decimals), .card_curr = to};
  const auto* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, out.rate);
  const bool fits = error == std::errc{} && rest == end && digits.size() <= kMaxDigits &&
                    from_wire(to_wire(out)).has_value();
  if (!fits) return malformed(where, "a rate is written as \"1.0842\", with at most seven digits");
  return out;
}

Result<std::optional<iso8583::Address>> address_of(const toml::table& card) {
  if (!card.contains("street") && !card.contains("postal_code")) return std::nullopt;
  // Both, or a comparison would say that the other does not match.
  AVSData data;
  data.street_address = TRY(text_of(card, "street"));
  data.postal_code = TRY(text_of(card, "postal_code"));
  auto out = iso8583::address_of(data);
  if (out.street_digits.empty() || out.postal_code.empty()) {
    return malformed(card, "\"street\" has a number in it, and \"postal_code\" digits or letters");
  }
  return out;
}

Result<Currency> currency_in(const toml::table& table, std::string_view key) {
  const auto code = TRY(text_of(table, key));
  return parsed(*table.get(key), Currency::from_code(code));
}

Result<void> check_keys(const toml::table& table, std::initializer_list<std::string_view> known) {
  for (const auto& [key, node] : table) {
    if (std::ranges::find(known, key.str()) == known.end()) {
      return malformed(node, "unknown key \"" + std::string(key.str()) + "\"");
    }
  }
  return {};
}

Result<SandboxCard> card_of(const toml::node& node) {
  if (node.as_table() == nullptr) return malformed(node, "a card is a table");
  const auto& card = *node.as_table();
  TRY(check_keys(card, {"number", "name", "expiry", "verification", "limit", "limits", "behaviour",
                        "velocity", "street", "postal_code", "type", "billing"}));
  const auto number = TRY(text_of(card, "number"));
  const auto expiry = TRY(text_of(card, "expiry"));
  const auto verification = TRY(text_of(card, "verification"));
  auto pan = TRY(parsed(card, Pan::parse(number)));
  auto name = TRY(text_of(card, "name"));
  const auto expires = TRY(parsed(card, CardExpiry::parse(expiry)));
  auto value = TRY(parsed(card, CardVerificationValue::parse(verification)));
  auto limits = TRY(limits_of(card));
  const auto behaviour = TRY(behaviour_of(card));
  const auto velocity = TRY(velocity_of(card));
  auto address = TRY(address_of(card));
  SandboxCard out{std::move(pan),    std::move(name), expires,  std::move(value),
                  std::move(limits), behaviour,       velocity, std::move(address)};
  if (card.contains("type")) {
    out.type = TRY(parsed(*card.get("type"), parse_card_type(TRY(text_of(card, "type")))));
  }
  if (card.contains("billing")) out.billing = TRY(currency_in(card, "billing"));
  return out;
}

std::string folded(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == ' ') {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else {
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace

std::string_view to_string(CardBehaviour behaviour) {
  return kBehaviours[static_cast<std::size_t>(behaviour)].first;
}

bool SandboxCard::expiry_fits(const CardExpiry& given) const {
  return expiry.reveal() == given.reveal();
}

bool SandboxCard::verification_fits(const std::optional<CardVerificationValue>& given) const {
  return given && same_secret(view_of(verification.reveal()), view_of(given->reveal()));
}

bool SandboxCard::name_fits(std::string_view given) const { return folded(name) == folded(given); }

std::optional<Amount> SandboxCard::limit_in(Currency currency) const {
  for (const auto& limit : limits) {
    if (limit.currency() == currency) return limit;
  }
  return std::nullopt;
}

Result<CardFile> CardFile::parse(std::string_view toml) {
  auto result = toml::parse(toml);
  if (!result) {
    return failure(ErrorCode::bad_config, "line " +
                                              std::to_string(result.error().source().begin.line) +
                                              ": " + std::string(result.error().description()));
  }
  const auto& table = result.table();
  TRY(check_keys(table, {"issuer", "card", "rate"}));
  CardFile file;
  file.issuer_ = table["issuer"].value_or(std::string("Sandbox Bank"));
  const auto* cards = table["card"].as_array();
  CHECK_OR_FAIL(cards != nullptr && !cards->empty(), ErrorCode::bad_config,
                "there is no [[card]] in it");
  for (const auto& node : *cards) {
    auto card = TRY(card_of(node));
    if (file.find(card.pan) != nullptr) return malformed(node, "this card is there twice");
    file.cards_.push_back(std::move(card));
  }
  if (!table.contains("rate")) return file;
  const auto* rates = table["rate"].as_array();
  if (rates == nullptr) return malformed(table, "rates are written as [[rate]]");
  for (const auto& node : *rates) {
    if (node.as_table() == nullptr) return malformed(node, "a rate is a table");
    const auto& rate = *node.as_table();
    TRY(check_keys(rate, {"from", "to", "rate"}));
    const auto from = TRY(currency_in(rate, "from"));
    const auto to = TRY(currency_in(rate, "to"));
    const auto note = TRY(conversion_of(rate, TRY(text_of(rate, "rate")), to));
    file.rates_.push_back({from, note});
  }
  return file;
}

Result<CardFile> CardFile::load(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  CHECK_OR_FAIL(in && std::filesystem::is_regular_file(path), ErrorCode::bad_config,
                "cannot read the card file " + path.string());
  std::string text;
  text.resize(kMaxFileBytes + 1);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  CHECK_OR_FAIL(text.size() <= kMaxFileBytes, ErrorCode::bad_config,
                "the card file " + path.string() + " is too long");
  auto file = parse(text);
  if (!file) return failure(ErrorCode::bad_config, path.string() + ": " + file.error().detail);
  return file;
}

const SandboxCard* CardFile::find(const Pan& pan) const {
  for (const auto& card : cards_) {
    if (card.pan.reveal() == pan.reveal()) return &card;
  }
  return nullptr;
}

std::optional<CurrConv> CardFile::conversion(const SandboxCard& card, Currency from) const {
  if (!card.billing || *card.billing == from) return std::nullopt;
  for (const auto& rate : rates_) {
    if (rate.from == from && rate.note.card_curr == *card.billing) return rate.note;
  }
  return std::nullopt;
}

bool CardFile::serves_bin(std::string_view bin) const {
  return std::ranges::any_of(cards_,
                             [bin](const SandboxCard& card) { return card.pan.bin() == bin; });
}

}  // namespace set
