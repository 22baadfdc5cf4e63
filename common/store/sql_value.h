// SqlValue and Row: what goes into a statement and what comes out of it. Values; no threads.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/assert.h"
#include "common/base/bytes.h"
#include "common/base/ids.h"
#include "common/base/time.h"

namespace set {

/// NULL, an integer, a text or a blob. Our own types become one by themselves, so that a store
/// writes `t.execute("INSERT … VALUES ($1, $2, $3)", {xid, amount.minor(), now})`.
class SqlValue {
 public:
  using Variant = std::variant<std::monostate, std::int64_t, std::string, Bytes>;

  // NOLINTBEGIN(google-explicit-constructor): implicit by design
  SqlValue(std::nullopt_t = std::nullopt) {}
  template <std::integral T>
  SqlValue(T integer) : value_(static_cast<std::int64_t>(integer)) {
    SET_ASSERT((integer < T{}) == (std::get<std::int64_t>(value_) < 0));  // no uint64 beyond int64
  }
  SqlValue(Instant instant) : value_(to_millis(instant)) {}
  SqlValue(const char* text) : value_(std::string(text)) {}
  SqlValue(std::string_view text) : value_(std::string(text)) {}
  SqlValue(std::string text) : value_(std::move(text)) {}
  SqlValue(Bytes blob) : value_(std::move(blob)) {}
  SqlValue(ByteView blob) : value_(bytes_of(blob)) {}
  template <class Tag, std::size_t N>
  SqlValue(const Octets<Tag, N>& octets) : value_(bytes_of(octets.view())) {}
  /// A LocalID is octets chosen by a peer: a blob.
  template <class Tag>
  SqlValue(const LocalID<Tag>& id) : value_(bytes_of(view_of(id.value))) {}
  template <class T>
  SqlValue(const std::optional<T>& value) {
    if (value) *this = SqlValue(*value);
  }
  // NOLINTEND(google-explicit-constructor)

  const Variant& variant() const { return value_; }

 private:
  Variant value_;
};

using SqlParameters = std::vector<SqlValue>;

/// One row of an answer. Columns count from 0. Reading a column as what it is not is a bug in our
/// own schema or statement and stops the process.
class Row {
 public:
  explicit Row(std::vector<SqlValue> columns) : columns_(std::move(columns)) {}

  bool is_null(std::size_t column) const { return holds<std::monostate>(column); }
  std::int64_t integer(std::size_t column) const { return get<std::int64_t>(column); }
  const std::string& text(std::size_t column) const { return get<std::string>(column); }
  const Bytes& blob(std::size_t column) const { return get<Bytes>(column); }

  Instant instant(std::size_t column) const { return from_millis(integer(column)); }
  /// row.octets<XID>(0), row.octets<Digest>(2) …
  template <class T>
  T octets(std::size_t column) const {
    auto parsed = T::parse(ByteView(blob(column)));
    SET_ASSERT(parsed.has_value());
    return *parsed;
  }

 private:
  template <class T>
  bool holds(std::size_t column) const {
    SET_ASSERT(column < columns_.size());
    return std::holds_alternative<T>(columns_[column].variant());
  }
  template <class T>
  const T& get(std::size_t column) const {
    SET_ASSERT(holds<T>(column));
    return std::get<T>(columns_[column].variant());
  }

  std::vector<SqlValue> columns_;
};

}  // namespace set
