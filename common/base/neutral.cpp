#include "common/base/neutral.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace set {
namespace {

struct Character {
  char32_t value = 0;
  std::size_t size = 1;
  bool valid = false;
};

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// The character at the front, by RFC 3629.
Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t size = lead < 0x80 ? 1 : lead < 0xC0 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF8 ? 4 : 0;
  if (size == 0 || size > text.size()) return {};
  char32_t value = size == 1 ? lead : lead & (0x7FU >> size);
  for (const char c : text.substr(1, size - 1)) {
    if (!is_continuation(c)) return {};
    value = (value << 6U) | (static_cast<unsigned char>(c) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < smallest[size] || value > 0x10FFFF || surrogate) return {};
  return {value, size, true};
}

/// Characters that a terminal obeys instead of showing, or that nobody can see.
bool is_treacherous(char32_t c) {
  const auto in = [c](char32_t first, char32_t last) { return c >= first && c <= last; };
  return c < 0x20 || in(0x7F, 0x9F) || c == 0xAD || c == 0x061C || in(0x115F, 0x1160) ||
         c == 0x180E || in(0x200B, 0x200F) || in(0x2028, 0x202E) || in(0x2060, 0x206F) ||
         c == 0x3164 || in(0xFE00, 0xFE0F) || c == 0xFEFF || in(0xFFF0, 0xFFFB) ||
         in(0xE000, 0xF8FF) || in(0xE0000, 0x10FFFF);
}

std::string neutral(std::string_view text, std::string_view line_break, std::size_t max_characters) {
  std::string out;
  std::size_t shown = 0;
  while (!text.empty()) {
    if (shown++ == max_characters) return out + "…";
    const auto c = first_character(text);
    if (!c.valid) {
      out += "\uFFFD";
    } else if (c.value == U'\n') {
      out += line_break;
    } else if (c.value == U'\t') {
      out += ' ';
    } else if (is_treacherous(c.value)) {
      out += fmt::format("\\u{{{:04X}}}", static_cast<std::uint32_t>(c.value));
    } else {
      out += text.substr(0, c.size);
    }
    text.remove_prefix(c.size);
  }
  return out;
}

}  // namespace

std::string neutralise(std::string_view text, std::size_t max_characters) {
  return neutral(text, " / ", max_characters);
}

std::string neutralise_lines(std::string_view text, std::size_t indent,
                             std::size_t max_characters) {
  return neutral(text, "\n" + std::string(indent, ' '), max_characters);
}

}  // namespace set
