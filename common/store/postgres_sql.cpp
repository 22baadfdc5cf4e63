#include "common/store/postgres_sql.h"

#include <algorithm>
#include <limits>

namespace set {
namespace {

// OIDs of PostgreSQL's built-in types: they are the same in every database.
constexpr std::uint32_t kUnknown = 0;
constexpr std::uint32_t kBool = 16;
constexpr std::uint32_t kBytea = 17;
constexpr std::uint32_t kInt8 = 20;
constexpr std::uint32_t kInt2 = 21;
constexpr std::uint32_t kInt4 = 23;
constexpr std::uint32_t kText = 25;
constexpr std::uint32_t kVarchar = 1043;
constexpr std::uint32_t kNumeric = 1700;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string_view respelled(std::string_view word) {
  if (word == "INTEGER") return "BIGINT";
  if (word == "BLOB") return "BYTEA";
  if (word == "TEXT") return "TEXT COLLATE \"C\"";
  if (word == "STRICT") return "";
  return word;
}

// Where what begins at `from` ends: a comment, a quoted text, a word, or one character.
std::size_t end_of_token(std::string_view sql, std::size_t from) {
  const auto until = [&](std::string_view end) {
    const auto found = sql.find(end, from + 1);
    return found == std::string_view::npos ? sql.size() : found + end.size();
  };
  if (sql.substr(from).starts_with("--")) return until("\n");
  if (sql[from] == '\'' || sql[from] == '"') return until(sql.substr(from, 1));
  std::size_t end = from;
  while (end < sql.size() && is_word(sql[end])) ++end;
  return std::max(end, from + 1);
}

std::uint64_t big_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (const auto byte : bytes) value = value << 8U | byte;
  return value;
}

std::int64_t signed_integer(ByteView binary) {
  const auto unused = 64 - 8 * static_cast<int>(binary.size());
  return static_cast<std::int64_t>(big_endian(binary) << unused) >> unused;
}

// A numeric is digits to the base 10000; `weight` is the place of the first one.
std::optional<SqlValue> whole_number(ByteView binary) {
  constexpr std::uint64_t kNegative = 0x4000;
  const auto field = [&](std::size_t i) { return binary.subspan(2 * i, 2); };
  SET_ASSERT(binary.size() >= 8);
  const auto digits = static_cast<std::size_t>(big_endian(field(0)));
  const auto weight = signed_integer(field(1));
  const auto sign = big_endian(field(2));
  SET_ASSERT(binary.size() == 8 + 2 * digits);
  SET_ASSERT(sign == 0 || sign == kNegative);                                 // no NaN, no infinity
  SET_ASSERT(digits == 0 || static_cast<std::size_t>(weight) + 1 >= digits);  // no fraction
  std::int64_t value = 0;
  for (std::int64_t place = 0; digits > 0 && place <= weight; ++place) {
    const auto i = static_cast<std::size_t>(place);
    const auto digit = i < digits ? static_cast<std::int64_t>(big_endian(field(4 + i))) : 0;
    if (__builtin_mul_overflow(value, std::int64_t{10000}, &value) ||
        __builtin_add_overflow(value, sign == kNegative ? -digit : digit, &value)) {
      return std::nullopt;
    }
  }
  return SqlValue(value);
}

struct TypeOf {
  std::uint32_t operator()(std::monostate) const { return kUnknown; }
  std::uint32_t operator()(std::int64_t) const { return kInt8; }
  std::uint32_t operator()(const std::string&) const { return kText; }
  std::uint32_t operator()(const Bytes&) const { return kBytea; }
};

std::array<char, 8> big_endian_of(std::int64_t integer) {
  std::array<char, 8> out{};
  auto rest = static_cast<std::uint64_t>(integer);
  for (auto byte = out.rbegin(); byte != out.rend(); ++byte, rest >>= 8U) {
    *byte = static_cast<char>(rest & 0xFFU);
  }
  return out;
}

}  // namespace

std::string respell_for_postgres(std::string_view sql) {
  std::string out;
  for (std::size_t from = 0, end = 0; from < sql.size(); from = end) {
    end = end_of_token(sql, from);
    out += respelled(sql.substr(from, end - from));
  }
  return out;
}

PostgresParameters::PostgresParameters(const SqlParameters& parameters) {
  constexpr int kBinary = 1;
  formats_.assign(parameters.size(), kBinary);
  integers_.reserve(parameters.size());  // so that they stay where values_ says
  for (const auto& parameter : parameters) {
    const auto type = std::visit(TypeOf{}, parameter.variant());
    types_.push_back(type);
    // A value that is not NULL has an address, also an empty one.
    const char* value = nullptr;
    std::size_t length = 0;
    char letter = '?';
    if (const auto* integer = std::get_if<std::int64_t>(&parameter.variant())) {
      const auto& stored = integers_.emplace_back(big_endian_of(*integer));
      value = stored.data(), length = stored.size(), letter = 'i';
    } else if (const auto* text = std::get_if<std::string>(&parameter.variant())) {
      value = text->data(), length = text->size(), letter = 't';
    } else if (const auto* blob = std::get_if<Bytes>(&parameter.variant())) {
      value = blob->empty() ? "" : reinterpret_cast<const char*>(blob->data());
      length = blob->size(), letter = 'b';
    }
    SET_ASSERT(length <= std::numeric_limits<int>::max());
    values_.push_back(value);
    lengths_.push_back(static_cast<int>(length));
    signature_ += letter;
  }
}

std::optional<SqlValue> postgres_value(std::uint32_t type, ByteView binary) {
  switch (type) {
    case kBool:
    case kInt2:
    case kInt4:
    case kInt8:
      SET_ASSERT(!binary.empty() && binary.size() <= 8);
      return SqlValue(signed_integer(binary));
    case kNumeric:
      return whole_number(binary);
    case kText:
    case kVarchar:
      return SqlValue(std::string(binary.begin(), binary.end()));
    case kBytea:
      return SqlValue(bytes_of(binary));
    default:
      break;
  }
  SET_ASSERT(type == kUnknown);  // say the type in the statement
  return std::nullopt;
}

}  // namespace set
