// What the memory of an object still holds; for the tests of types that must forget.
#pragma once

#include <string_view>

namespace set::test {

/// Whether the octets of an object, alive or not, still hold this text.
template <class T>
bool holds(const T* object, std::string_view text) {
  const std::string_view octets(reinterpret_cast<const char*>(object), sizeof(T));
  return octets.find(text) != std::string_view::npos;
}

}  // namespace set::test
