// SecretBytes: octets in Botan's locked, wiped memory. Keys, the account block, exported secrets.
#pragma once

#include <botan/secmem.h>

#include "common/base/bytes.h"

namespace set {

/// Move-only, unprintable; reveal() is the greppable word. Not shared between threads.
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(Botan::secure_vector<std::uint8_t> value) : value_(std::move(value)) {}
  static SecretBytes copy_of(ByteView bytes) {
    return SecretBytes(Botan::secure_vector<std::uint8_t>(bytes.begin(), bytes.end()));
  }
  SecretBytes(SecretBytes&&) noexcept = default;
  SecretBytes& operator=(SecretBytes&&) noexcept = default;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  bool operator==(const SecretBytes&) const = delete;

  /// A deliberate copy, for the few places that keep a secret twice.
  SecretBytes clone() const { return SecretBytes(value_); }
  ByteView reveal() const { return value_; }
  std::size_t size() const { return value_.size(); }

 private:
  Botan::secure_vector<std::uint8_t> value_;
};

/// Constant time for equal lengths.
bool same_secret(ByteView a, ByteView b);

}  // namespace set
