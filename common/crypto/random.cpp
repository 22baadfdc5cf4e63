#include "common/crypto/random.h"

#include <botan/system_rng.h>
#include <botan/xof.h>

#include "common/crypto/guarded.h"

namespace set {
namespace {

/// SHAKE-256 over a seed: the same octets on every run.
class SeededSource final : public Botan::RandomNumberGenerator {
 public:
  explicit SeededSource(std::uint64_t seed) : xof_(Botan::XOF::create_or_throw("SHAKE-256")) {
    std::array<std::uint8_t, 8> octets{};
    for (std::size_t i = 0; i < octets.size(); ++i) {
      octets[i] = static_cast<std::uint8_t>(seed >> (8 * (7 - i)));
    }
    xof_->update(view_of("OpenSET seeded test source"));
    xof_->update(octets);
  }

  std::string name() const override { return "SeededSource"; }
  void clear() override {}
  bool is_seeded() const override { return true; }
  bool accepts_input() const override { return false; }

 private:
  void fill_bytes_with_input(std::span<std::uint8_t> output,
                             std::span<const std::uint8_t> /*input*/) override {
    xof_->output(output);
  }

  std::unique_ptr<Botan::XOF> xof_;
};

}  // namespace

Rng& Rng::system() {
  static Rng rng(std::make_unique<Botan::System_RNG>());
  return rng;
}

Rng Rng::seeded(std::uint64_t seed) { return Rng(std::make_unique<SeededSource>(seed)); }

Rng::Rng(std::unique_ptr<Botan::RandomNumberGenerator> source) : source_(std::move(source)) {}
Rng::Rng(Rng&&) noexcept = default;
Rng::~Rng() = default;

// Without random octets nothing here can go on safely, so a failing source ends the process.
void Rng::fill(std::span<std::uint8_t> out) {
  infallible([&] { source_->randomize(out); });
}

Bytes Rng::bytes(std::size_t size) {
  Bytes out(size);
  fill(out);
  return out;
}

SecretBytes Rng::secret(std::size_t size) {
  Botan::secure_vector<std::uint8_t> out(size);
  fill(out);
  return SecretBytes(std::move(out));
}

}  // namespace set
