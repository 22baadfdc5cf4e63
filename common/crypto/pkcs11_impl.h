// Inside of Pkcs11Module, for the files of common/crypto that speak to tokens.
#pragma once

#include <p11-kit/pkcs11.h>

#include "common/crypto/pkcs11_error.h"
#include "common/crypto/pkcs11_module.h"

namespace set {

struct Pkcs11Module::Impl {
  void* library = nullptr;
  CK_FUNCTION_LIST* functions = nullptr;
  bool we_initialised = false;

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();
};

namespace detail {

/// Nothing, or the Error of a call that did not return CKR_OK.
inline Result<void> pkcs11_ok(const char* function, CK_RV value) {
  if (value == CKR_OK) return {};
  return tl::unexpected<Error>(pkcs11_error(function, value));
}

}  // namespace detail
}  // namespace set
