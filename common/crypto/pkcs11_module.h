// A PKCS#11 module (Cryptoki): the shared library of a token's maker, loaded at run time, and the
// tokens in its slots. Used by pkcs11_token.cpp and `set-ca hsm doctor`. Any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"

namespace set {

/// What PKCS#11 2.40's headers do not know yet: ML-DSA, of PKCS#11 3.2.
namespace pkcs11 {
inline constexpr unsigned long kMlDsaKeyPairGen = 0x1c;  ///< CKM_ML_DSA_KEY_PAIR_GEN
inline constexpr unsigned long kMlDsa = 0x1d;            ///< CKM_ML_DSA
inline constexpr unsigned long kMlDsaKey = 0x4a;         ///< CKK_ML_DSA
inline constexpr unsigned long kParameterSet = 0x61d;    ///< CKA_PARAMETER_SET
inline constexpr unsigned long kMlDsa65 = 2;             ///< CKP_ML_DSA_65
inline constexpr unsigned long kMlDsa87 = 3;             ///< CKP_ML_DSA_87
}  // namespace pkcs11

class Pkcs11Module {
 public:
  struct Slot {
    unsigned long id = 0;
    std::string description;
    /// Of the token in it, if there is one.
    bool has_token = false, is_initialised = false, has_pin = false, pin_is_locked = false;
    std::string label, model, serial;
  };
  struct Mechanism {
    const char* name;
    const char* use;  ///< what OpenSET would do with it
    bool there;
  };

  /// bad_config if the library cannot be loaded or is no PKCS#11 module.
  static Result<Pkcs11Module> load(const std::filesystem::path& path);

  /// "SoftHSM 2.6, PKCS#11 2.40".
  Result<std::string> description() const;
  Result<std::vector<Slot>> slots() const;
  /// The slot of the token with this label. bad_config if there is none or it is not ready, with
  /// the labels that there are.
  Result<Slot> find(const std::string& label) const;
  /// Those that matter here, there or not.
  Result<std::vector<Mechanism>> mechanisms(unsigned long slot) const;
  bool has(unsigned long slot, unsigned long mechanism) const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit Pkcs11Module(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace set
