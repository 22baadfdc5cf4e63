// PKCS#11's return values as an operator needs them: by name, with what to do. Pure.
#pragma once

#include <string>

#include "common/base/result.h"

namespace set {

/// "CKR_PIN_INCORRECT (0xa0)"; a value without a name of ours only as its number.
std::string ckr_name(unsigned long value);

/// "C_Login: CKR_PIN_INCORRECT (0xa0): the PIN is wrong; …". wrong_passphrase where the PIN is the
/// reason, else bad_config.
Error pkcs11_error(const char* function, unsigned long value);

}  // namespace set
