// What the mappings of all messages share: checking one field of a protobuf message after the
// other. Internal to common/message.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/message/trans_ids.h"
#include "common/message/wire.h"

namespace set {

// Bounds that several messages have in common.
inline constexpr std::size_t kMaxOpaqueBytes = 4096;  ///< tokens, card messages, encoded parts
inline constexpr std::size_t kMaxNoticeBytes = 1024;  ///< a sentence for a person
inline constexpr std::size_t kMaxNameBytes = 64;
inline constexpr std::size_t kMaxIdBytes = 30;  ///< SET's MerchantID

/// One or more numbers with points between them, none with a leading zero, at most 64 characters.
bool is_oid(std::string_view text);

/// Reads a message's fields into a struct and remembers the first that is malformed. It stands in
/// for TRY, since a struct is made by one brace initialiser, and a TRY that returns out of the
/// middle of one leaks the members that are already made (gcc 12). Until finish() nothing read may
/// be used.
class FieldReader {
 public:
  /// The value, or a blank one if the field is malformed.
  template <class T>
  T take(Result<T> field) {
    if (field) return *std::move(field);
    refuse(field.error().detail);
    return T{};
  }

  void require(bool holds, const char* rule) {
    if (!holds) refuse(rule);
  }

  /// Octets and LocalIDs: of their exact length.
  template <class T>
  T id(const std::string& bytes) {
    return take(T::parse(std::string_view(bytes)));
  }
  /// The same; empty means absent.
  template <class T>
  std::optional<T> id_if_any(const std::string& bytes) {
    if (bytes.empty()) return std::nullopt;
    return id<T>(bytes);
  }

  Bytes bytes(const std::string& bytes, std::size_t min, std::size_t max, const char* name);
  std::string text(const std::string& text, std::size_t max_bytes, const char* name);
  /// SET's VisibleString: printable ASCII.
  std::string visible(const std::string& text, std::size_t min, std::size_t max, const char* name);
  std::string digits(const std::string& text, std::size_t size, const char* name);
  std::string language(const std::string& tag);  ///< RFC 5646, its outer form
  std::string brand(const std::string& brand) { return take(brand_from_wire(brand)); }
  std::string bin(const std::string& bin) { return take(bin_from_wire(bin)); }
  /// After 1970 and before the year 9999.
  Instant instant(std::int64_t millis, const char* name);
  std::uint32_t number(std::uint32_t value, std::uint32_t min, std::uint32_t max, const char* name);
  Currency currency(std::uint32_t number);
  Amount amount(const wire::CurrencyAmount& amount);
  std::optional<Amount> amount_if(bool present, const wire::CurrencyAmount& amount);
  /// Empty Thumbs are left out, so that saying nothing has one form.
  Thumbs thumbs(bool present, const wire::Thumbs& thumbs);

  /// SET's number plus one; zero is "not said" and refused, as is a number that SET has not.
  template <class Code>
  Code code(std::uint32_t wire_number, Code last, const char* name) {
    const bool known = wire_number >= 1 && wire_number <= static_cast<std::uint32_t>(last) + 1;
    if (!known) refuse(std::string(name) + " is no code that we know");
    return static_cast<Code>(known ? wire_number - 1 : 0);
  }

  /// The same; zero means absent.
  template <class Code>
  std::optional<Code> code_if_any(std::uint32_t wire_number, Code last, const char* name) {
    if (wire_number == 0) return std::nullopt;
    return code(wire_number, last, name);
  }

  /// Each item converted, if there are `min` to `max` of them.
  template <class Items, class Convert>
  auto list(const Items& items, int min, int max, const char* name, Convert convert) {
    std::vector<std::decay_t<decltype(convert(*items.begin()))>> out;
    if (items.size() < min || items.size() > max) {
      refuse(std::string(name) + " has too few or too many entries");
      return out;
    }
    out.reserve(static_cast<std::size_t>(items.size()));
    for (const auto& item : items) out.push_back(convert(item));
    return out;
  }

  /// The struct, or decoding_failure and what was wrong first.
  template <class T>
  Result<T> finish(T value) {
    if (error_) return failure(ErrorCode::decoding_failure, std::move(*error_));
    return value;
  }

 private:
  void refuse(std::string detail);

  std::optional<std::string> error_;
};

/// SET's number plus one: zero must mean "not said" in protobuf.
template <class Code>
std::uint32_t code_to_wire(Code code) {
  return static_cast<std::uint32_t>(code) + 1;
}

}  // namespace set
