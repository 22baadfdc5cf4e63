// Secret<T>: a value that is wiped, moved but never copied, compared or printed.
// Whoever needs the value says reveal(), so that an audit is a search for that word.
#pragma once

#include <cstring>
#include <string>
#include <utility>

namespace set {

/// Overwrites memory in a way the optimiser keeps.
inline void wipe(void* data, std::size_t size_bytes) { ::explicit_bzero(data, size_bytes); }

/// Holds a passphrase or another contiguous container of a secret. T needs data() and size().
template <class T>
class Secret {
 public:
  Secret() = default;
  /// A short string that was moved from still holds its octets; they are wiped here.
  explicit Secret(T value) : value_(std::move(value)) { erase(value); }
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.clear(); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      clear();
      value_ = std::move(other.value_);
      other.clear();
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { clear(); }
  bool operator==(const Secret&) const = delete;

  const T& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  void clear() { erase(value_); }

  static void erase(T& value) {
    // Short strings live inside the object, so the capacity is wiped, not only the size.
    value.resize(value.capacity());
    wipe(value.data(), value.size());
    value.clear();
  }

  T value_{};
};

using Passphrase = Secret<std::string>;

}  // namespace set
