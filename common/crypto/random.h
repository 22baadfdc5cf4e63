// Rng: where random octets come from. The system's in daemons, a seeded one in tests.
#pragma once

#include <memory>

#include "common/base/ids.h"
#include "common/crypto/secret_bytes.h"

namespace Botan {
class RandomNumberGenerator;
}

namespace set {

/// The system source may be used from any thread; a seeded one from one thread only.
class Rng {
 public:
  /// getrandom(2) through Botan's System_RNG.
  static Rng& system();
  /// The same octets for the same seed, for tests; SHAKE-256 of the seed.
  static Rng seeded(std::uint64_t seed);

  explicit Rng(std::unique_ptr<Botan::RandomNumberGenerator> source);
  Rng(Rng&&) noexcept;
  ~Rng();

  void fill(std::span<std::uint8_t> out);
  Bytes bytes(std::size_t size);
  SecretBytes secret(std::size_t size);
  /// rng.make<XID>(), rng.make<Challenge>() …
  template <class T>
  T make() {
    T out;
    fill(out.value);
    return out;
  }
  Botan::RandomNumberGenerator& botan() { return *source_; }

 private:
  std::unique_ptr<Botan::RandomNumberGenerator> source_;
};

}  // namespace set
