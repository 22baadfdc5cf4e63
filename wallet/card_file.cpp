#include "wallet/card_file.h"

#include <algorithm>

namespace set::wallet {
namespace {

constexpr std::string_view kBlank = " \t\r";
constexpr std::string_view kNameField = "cardholderName";

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

struct Line {
  std::string_view key;
  std::string_view value;
};

/// key = "value" or key = 'value', and a comment.
std::optional<Line> parse_line(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  auto key = trim(text.substr(0, equals));
  if (key.size() >= 2 && key.front() == '"' && key.back() == '"') key = key.substr(1, key.size() - 2);
  auto rest = trim(text.substr(equals + 1));
  if (key.empty() || rest.size() < 2 || (rest[0] != '"' && rest[0] != '\'')) return std::nullopt;
  const auto end = rest.find(rest[0], 1);
  if (end == std::string_view::npos) return std::nullopt;
  const auto value = rest.substr(1, end - 1);
  if (rest[0] == '"' && value.find('\\') != std::string_view::npos) return std::nullopt;
  rest = trim(rest.substr(end + 1));
  if (!rest.empty() && rest[0] != '#') return std::nullopt;
  return Line{key, value};
}

/// The parts as they are found; views into the caller's text.
struct Found {
  std::optional<std::string_view> number, expiry, verification;
  std::vector<std::pair<std::string, std::string>> form;
};

bool put(Found& found, const Line& line, bool in_form) {
  if (in_form) {
    found.form.emplace_back(line.key, line.value);
    return true;
  }
  if (line.key == "name") {
    found.form.emplace_back(kNameField, line.value);
    return true;
  }
  auto* place = line.key == "number"         ? &found.number
                : line.key == "expiry"       ? &found.expiry
                : line.key == "verification" ? &found.verification
                                             : nullptr;
  if (place == nullptr || place->has_value()) return false;
  *place = line.value;
  return true;
}

Result<Found> read_lines(std::string_view text) {
  Found found;
  bool in_form = false;
  for (int number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line[0] == '#') continue;
    if (line == "[form]") {
      in_form = true;
      continue;
    }
    const auto parsed = parse_line(line);
    CHECK_OR_FAIL(parsed && put(found, *parsed, in_form), ErrorCode::invalid_argument,
                  "line " + std::to_string(number) + " of the card file is not understood");
  }
  return found;
}

}  // namespace

Result<CardFile> parse_card_file(std::string_view text) {
  auto found = TRY(read_lines(text));
  CHECK_OR_FAIL(found.number && found.expiry, ErrorCode::invalid_argument,
                "the card file needs number = \"…\" and expiry = \"YYYY-MM\"");
  auto pan = TRY(Pan::parse(*found.number));
  const auto expiry = TRY(CardExpiry::parse(*found.expiry));
  std::optional<CardVerificationValue> cvv;
  if (found.verification) cvv = TRY(CardVerificationValue::parse(*found.verification));
  return CardFile{EnteredCard{std::move(pan), expiry, std::move(cvv)}, std::move(found.form)};
}

}  // namespace set::wallet
