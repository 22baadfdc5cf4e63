// Bytes <-> Message. message_parts.cpp has what elements mean together.
#include "common/iso8583/message.h"

#include <algorithm>

#include <fmt/format.h>

namespace set::iso8583 {
namespace {

constexpr std::size_t kTypeBytes = 4;
constexpr std::size_t kBitmapBytes = 8;
constexpr std::size_t kTagBytes = 2;

using Buffer = Botan::secure_vector<std::uint8_t>;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool all_digits(std::string_view text) { return std::ranges::all_of(text, is_digit); }
bool is_alphanumeric(char c) {
  return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
bool is_printable(char c) { return c >= ' ' && c <= '~'; }

bool fits(Format format, std::string_view value) {
  switch (format) {
    case Format::numeric:
      return all_digits(value);
    case Format::alphanumeric:
      return std::ranges::all_of(value, is_alphanumeric);
    case Format::special:
      return std::ranges::all_of(value, is_printable);
    case Format::signed_numeric:
      return (value[0] == 'C' || value[0] == 'D') && all_digits(value.substr(1));
  }
  return false;
}

/// A view, not a copy: what it shows may be secret.
std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::size_t digits_of(Length length) {
  return length == Length::fixed ? 0 : length == Length::llvar ? 2 : 3;
}

std::size_t size_from(std::string_view digits) {
  std::size_t out = 0;
  for (const char c : digits) out = out * 10 + static_cast<std::size_t>(c - '0');
  return out;
}

tl::unexpected<Error> malformed(int element, std::string_view what) {
  return failure(ErrorCode::decoding_failure, fmt::format("data element {} {}", element, what));
}

// --- writing ---

void append(Buffer& out, std::string_view text) {
  const auto bytes = view_of(text);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

Result<void> put(Buffer& out, const Element& element, std::string_view value) {
  const bool length_fits = element.length == Length::fixed
                               ? value.size() == element.max
                               : !value.empty() && value.size() <= element.max;
  CHECK_OR_FAIL(length_fits && fits(element.format, value), ErrorCode::internal,
                fmt::format("data element {} would not be as the dialect has it", element.number));
  if (const auto digits = digits_of(element.length); digits > 0) {
    append(out, fmt::format("{:0{}}", value.size(), digits));
  }
  append(out, value);
  return {};
}

Result<void> put_subelement(Buffer& out, std::string_view tag, std::string_view value) {
  CHECK_OR_FAIL(!value.empty() && value.size() <= 99 && fits(Format::special, value),
                ErrorCode::internal, "a subelement of data element 48 is malformed");
  append(out, tag);
  append(out, fmt::format("{:02}", value.size()));
  append(out, value);
  return {};
}

Result<Buffer> additional_of(const Message& message) {
  Buffer out;
  for (const auto& [tag, value] : message.additional) TRY(put_subelement(out, tag, value));
  // Its tag is the largest, so that the order stays that of the tags.
  if (message.verification) {
    TRY(put_subelement(out, kVerification, message.verification->reveal()));
  }
  return out;
}

// --- reading ---

class Reader {
 public:
  explicit Reader(ByteView bytes) : bytes_(bytes) {}

  std::optional<std::string_view> take(std::size_t size) {
    if (bytes_.size() - at_ < size) return std::nullopt;
    const auto out = text_of(bytes_.subspan(at_, size));
    at_ += size;
    return out;
  }
  bool at_end() const { return at_ == bytes_.size(); }

 private:
  ByteView bytes_;
  std::size_t at_ = 0;
};

Result<std::string_view> take(Reader& reader, const Element& element) {
  auto size = static_cast<std::size_t>(element.max);
  if (const auto digits = digits_of(element.length); digits > 0) {
    const auto length = reader.take(digits);
    if (!length || !all_digits(*length)) return malformed(element.number, "has no length");
    size = size_from(*length);
    if (size == 0 || size > element.max) return malformed(element.number, "has a wrong length");
  }
  const auto value = reader.take(size);
  if (!value) return malformed(element.number, "is cut off");
  if (!fits(element.format, *value)) return malformed(element.number, "has a wrong character");
  return *value;
}

Result<void> read_additional(Message& message, std::string_view text) {
  Reader reader(view_of(text));
  std::string last;
  while (!reader.at_end()) {
    const auto tag = reader.take(kTagBytes);
    const auto length = reader.take(kTagBytes);
    if (!tag || !length || !all_digits(*tag) || !all_digits(*length)) {
      return malformed(kAdditional, "has a malformed subelement");
    }
    const auto value = reader.take(size_from(*length));
    if (!value || value->empty()) return malformed(kAdditional, "has a malformed subelement");
    if (*tag <= last) return malformed(kAdditional, "has subelements twice or out of order");
    last = *tag;
    if (*tag != kVerification) {
      message.additional.emplace(*tag, *value);
      continue;
    }
    auto verification = CardVerificationValue::parse(*value);
    if (!verification) return malformed(kAdditional, "has no verification value in its place");
    message.verification = std::move(*verification);
  }
  return {};
}

Result<void> read_element(Message& message, const Element& element, std::string_view value) {
  if (element.number == kAdditional) return read_additional(message, value);
  if (element.number != kPan) {
    message.elements.emplace(element.number, value);
    return {};
  }
  auto pan = Pan::parse(value);
  if (!pan) return malformed(kPan, "is no card number");
  message.pan = std::move(*pan);
  return {};
}

bool bit(std::string_view bitmap, int position) {
  const auto index = static_cast<std::size_t>(position - 1);
  return ((static_cast<std::uint8_t>(bitmap[index / 8]) >> (7 - index % 8)) & 1) != 0;
}

bool has(const Message& message, int element) {
  if (element == kPan) return message.pan.has_value();
  return message.elements.contains(element);
}

/// The bitmaps, one after the other; the second has a bit at least, or would not be there.
Result<std::string> read_bitmaps(Reader& reader) {
  const auto primary = reader.take(kBitmapBytes);
  CHECK_OR_FAIL(primary, ErrorCode::decoding_failure, "the message has no bitmap");
  std::string out(*primary);
  if (bit(out, 1)) {
    const auto secondary = reader.take(kBitmapBytes);
    CHECK_OR_FAIL(secondary, ErrorCode::decoding_failure, "the secondary bitmap is cut off");
    CHECK_OR_FAIL(std::ranges::any_of(*secondary, [](char c) { return c != 0; }),
                  ErrorCode::decoding_failure, "the secondary bitmap is empty");
    out += *secondary;
  }
  return out;
}

}  // namespace

std::string_view Message::at(int element) const {
  const auto found = elements.find(element);
  return found == elements.end() ? std::string_view() : found->second;
}

std::string_view Message::more(std::string_view tag) const {
  const auto found = additional.find(tag);
  return found == additional.end() ? std::string_view() : found->second;
}

Result<SecretBytes> encode(const Message& message) {
  CHECK_OR_FAIL(required_elements(message.mti) != nullptr, ErrorCode::internal,
                "a message of a type that the dialect does not have");
  const auto additional = TRY(additional_of(message));
  Buffer body;
  body.reserve(kMaxMessageBytes);
  std::string bitmaps(2 * kBitmapBytes, '\0');
  for (int position = 2; position <= 128; ++position) {
    const bool extra = position == kAdditional && !additional.empty();
    if (!has(message, position) && !extra) continue;
    const auto* element = find_element(position);
    CHECK_OR_FAIL(element != nullptr, ErrorCode::internal,
                  fmt::format("data element {} is none of the dialect's", position));
    const auto index = static_cast<std::size_t>(position - 1);
    bitmaps[index / 8] =
        static_cast<char>(static_cast<std::uint8_t>(bitmaps[index / 8]) | (0x80U >> (index % 8)));
    if (position == kPan) {
      TRY(put(body, *element, message.pan->reveal()));
    } else if (position == kAdditional) {
      TRY(put(body, *element, text_of(additional)));
    } else {
      TRY(put(body, *element, message.at(position)));
    }
  }
  const bool secondary =
      std::ranges::any_of(bitmaps.substr(kBitmapBytes), [](char c) { return c != 0; });
  if (secondary) bitmaps[0] = static_cast<char>(static_cast<std::uint8_t>(bitmaps[0]) | 0x80U);
  if (!secondary) bitmaps.resize(kBitmapBytes);
  Buffer out;
  out.reserve(kTypeBytes + bitmaps.size() + body.size());
  append(out, message.mti);
  append(out, bitmaps);
  out.insert(out.end(), body.begin(), body.end());
  CHECK_OR_FAIL(out.size() <= kMaxMessageBytes, ErrorCode::internal,
                "a message is longer than the dialect's longest");
  return SecretBytes(std::move(out));
}

Result<Message> decode(ByteView bytes) {
  CHECK_OR_FAIL(bytes.size() <= kMaxMessageBytes, ErrorCode::decoding_failure,
                "the message is too long");
  Reader reader(bytes);
  const auto mti = reader.take(kTypeBytes);
  const auto* required = mti ? required_elements(*mti) : nullptr;
  CHECK_OR_FAIL(required != nullptr, ErrorCode::decoding_failure,
                "the message is of no type that we know");
  Message out;
  out.mti = *mti;
  const auto bitmaps = TRY(read_bitmaps(reader));
  for (int position = 2; position <= static_cast<int>(bitmaps.size() * 8); ++position) {
    if (!bit(bitmaps, position)) continue;
    const auto* element = find_element(position);
    if (element == nullptr) return malformed(position, "is none of the dialect's");
    TRY(read_element(out, *element, TRY(take(reader, *element))));
  }
  CHECK_OR_FAIL(reader.at_end(), ErrorCode::decoding_failure,
                "there is more after the last data element");
  for (const int element : *required) {
    if (!has(out, element)) return malformed(element, "is missing");
  }
  return out;
}

Result<std::size_t> message_size(ByteView prefix) {
  CHECK_OR_FAIL(prefix.size() == kPrefixBytes, ErrorCode::decoding_failure,
                "the length is cut off");
  const auto size = static_cast<std::size_t>(prefix[0] << 8U | prefix[1]);
  CHECK_OR_FAIL(size >= kTypeBytes + kBitmapBytes && size <= kMaxMessageBytes,
                ErrorCode::decoding_failure, "the length is no message's");
  return size;
}

Bytes prefix_of(std::size_t size) {
  return {static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size & 0xFFU)};
}

}  // namespace set::iso8583
