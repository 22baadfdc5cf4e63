#include "common/crypto/pkcs11_error.h"

#include <p11-kit/pkcs11.h>

#include <algorithm>
#include <cstdio>
#include <iterator>

namespace set {
namespace {

struct Known {
  unsigned long value;
  const char* name;
  const char* advice;
};

constexpr const char* kTryAgain = "try again; if it stays, restart the token or its service";
constexpr const char* kOurUse =
    "the module does not take this call: see its manual or `set-ca hsm doctor`";

constexpr Known kKnown[] = {
    {CKR_HOST_MEMORY, "CKR_HOST_MEMORY", "this computer has too little memory"},
    {CKR_SLOT_ID_INVALID, "CKR_SLOT_ID_INVALID", "the token was taken out: put it back"},
    {CKR_GENERAL_ERROR, "CKR_GENERAL_ERROR",
     "the module cannot work: is its own configuration in place (SoftHSM: SOFTHSM2_CONF)?"},
    {CKR_FUNCTION_FAILED, "CKR_FUNCTION_FAILED", kTryAgain},
    {CKR_ARGUMENTS_BAD, "CKR_ARGUMENTS_BAD", kOurUse},
    {CKR_CANT_LOCK, "CKR_CANT_LOCK", "the module is not made for threads: take a newer one"},
    {CKR_ATTRIBUTE_READ_ONLY, "CKR_ATTRIBUTE_READ_ONLY", kOurUse},
    {CKR_ATTRIBUTE_SENSITIVE, "CKR_ATTRIBUTE_SENSITIVE", "the token keeps this value to itself"},
    {CKR_ATTRIBUTE_TYPE_INVALID, "CKR_ATTRIBUTE_TYPE_INVALID", kOurUse},
    {CKR_ATTRIBUTE_VALUE_INVALID, "CKR_ATTRIBUTE_VALUE_INVALID", kOurUse},
    {CKR_DATA_INVALID, "CKR_DATA_INVALID", kOurUse},
    {CKR_DATA_LEN_RANGE, "CKR_DATA_LEN_RANGE", kOurUse},
    {CKR_DEVICE_ERROR, "CKR_DEVICE_ERROR", kTryAgain},
    {CKR_DEVICE_MEMORY, "CKR_DEVICE_MEMORY", "the token is full: remove keys that nobody needs"},
    {CKR_DEVICE_REMOVED, "CKR_DEVICE_REMOVED", "the token was taken out: put it back"},
    {CKR_ENCRYPTED_DATA_INVALID, "CKR_ENCRYPTED_DATA_INVALID",
     "the key file was changed, or wrapped by another key"},
    {CKR_ENCRYPTED_DATA_LEN_RANGE, "CKR_ENCRYPTED_DATA_LEN_RANGE", "the key file was changed"},
    {CKR_FUNCTION_NOT_SUPPORTED, "CKR_FUNCTION_NOT_SUPPORTED", kOurUse},
    {CKR_KEY_HANDLE_INVALID, "CKR_KEY_HANDLE_INVALID", "the key was removed meanwhile"},
    {CKR_KEY_SIZE_RANGE, "CKR_KEY_SIZE_RANGE", "the token does not do keys of this size"},
    {CKR_KEY_TYPE_INCONSISTENT, "CKR_KEY_TYPE_INCONSISTENT", kOurUse},
    {CKR_KEY_FUNCTION_NOT_PERMITTED, "CKR_KEY_FUNCTION_NOT_PERMITTED",
     "the key may not do this: make one with `set-ca hsm init-key`"},
    {CKR_MECHANISM_INVALID, "CKR_MECHANISM_INVALID",
     "the token does not have this mechanism: `set-ca hsm doctor` lists what it has"},
    {CKR_MECHANISM_PARAM_INVALID, "CKR_MECHANISM_PARAM_INVALID", kOurUse},
    {CKR_OPERATION_ACTIVE, "CKR_OPERATION_ACTIVE", kTryAgain},
    {CKR_OPERATION_NOT_INITIALIZED, "CKR_OPERATION_NOT_INITIALIZED", kTryAgain},
    {CKR_PIN_INCORRECT, "CKR_PIN_INCORRECT",
     "the PIN is wrong: look at --pin-file before the token counts another try"},
    {CKR_PIN_INVALID, "CKR_PIN_INVALID", "the PIN has characters that the token does not take"},
    {CKR_PIN_LEN_RANGE, "CKR_PIN_LEN_RANGE", "the PIN is too short or too long for the token"},
    {CKR_PIN_EXPIRED, "CKR_PIN_EXPIRED", "set a new PIN with the token's own tool"},
    {CKR_PIN_LOCKED, "CKR_PIN_LOCKED",
     "too many wrong PINs: the security officer unlocks it with the token's own tool"},
    {CKR_SESSION_CLOSED, "CKR_SESSION_CLOSED", kTryAgain},
    {CKR_SESSION_COUNT, "CKR_SESSION_COUNT", "too many programs use the token: stop one"},
    {CKR_SESSION_HANDLE_INVALID, "CKR_SESSION_HANDLE_INVALID", kTryAgain},
    {CKR_SESSION_READ_ONLY, "CKR_SESSION_READ_ONLY", kOurUse},
    {CKR_TEMPLATE_INCOMPLETE, "CKR_TEMPLATE_INCOMPLETE", kOurUse},
    {CKR_TEMPLATE_INCONSISTENT, "CKR_TEMPLATE_INCONSISTENT", kOurUse},
    {CKR_TOKEN_NOT_PRESENT, "CKR_TOKEN_NOT_PRESENT", "put the token into its slot"},
    {CKR_TOKEN_NOT_RECOGNIZED, "CKR_TOKEN_NOT_RECOGNIZED",
     "the module does not know this token: is it the right --pkcs11-module?"},
    {CKR_TOKEN_WRITE_PROTECTED, "CKR_TOKEN_WRITE_PROTECTED", "the token takes no new keys"},
    {CKR_USER_NOT_LOGGED_IN, "CKR_USER_NOT_LOGGED_IN", "give the PIN with --pin-file"},
    {CKR_USER_PIN_NOT_INITIALIZED, "CKR_USER_PIN_NOT_INITIALIZED",
     "the token has no user PIN yet: set one with the token's own tool"},
    {CKR_USER_TYPE_INVALID, "CKR_USER_TYPE_INVALID", kOurUse},
    {CKR_RANDOM_NO_RNG, "CKR_RANDOM_NO_RNG", "the token makes no keys"},
    {CKR_BUFFER_TOO_SMALL, "CKR_BUFFER_TOO_SMALL", kOurUse},
    {CKR_CRYPTOKI_NOT_INITIALIZED, "CKR_CRYPTOKI_NOT_INITIALIZED", kTryAgain},
};

const Known* find(unsigned long value) {
  const auto* found = std::ranges::find(kKnown, value, &Known::value);
  return found != std::end(kKnown) ? found : nullptr;
}

bool is_about_pin(unsigned long value) {
  return value == CKR_PIN_INCORRECT || value == CKR_PIN_INVALID || value == CKR_PIN_LEN_RANGE ||
         value == CKR_PIN_EXPIRED || value == CKR_PIN_LOCKED;
}

}  // namespace

std::string ckr_name(unsigned long value) {
  char number[32];
  std::snprintf(number, sizeof(number), "0x%lx", value);
  const auto* known = find(value);
  if (known == nullptr) return std::string("CKR ") + number;
  return std::string(known->name) + " (" + number + ")";
}

Error pkcs11_error(const char* function, unsigned long value) {
  const auto* known = find(value);
  std::string sentence = std::string(function) + ": " + ckr_name(value);
  if (known != nullptr) sentence += std::string(": ") + known->advice;
  return {is_about_pin(value) ? ErrorCode::wrong_passphrase : ErrorCode::bad_config,
          std::move(sentence)};
}

}  // namespace set
