// Result<T> and Error: how every function of OpenSET says that it could not do what it was asked.
// Used in every room. Values only, no threads. ADR 0003 says why this is built on tl::expected.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace set {

/// Why something failed. 1 to 22 are the codes of SET's Error message with SET's own numbers
/// (set-1997 §4.1) and may cross the wire; from 1000 on they are ours and stay inside.
enum class ErrorCode : int {
  unspecified_failure = 1,
  message_not_supported = 2,
  decoding_failure = 3,
  invalid_certificate = 4,
  expired_certificate = 5,
  revoked_certificate = 6,
  missing_certificate = 7,
  signature_failure = 8,
  bad_message_header = 9,
  wrapper_msg_mismatch = 10,
  version_too_old = 11,
  version_too_new = 12,
  unrecognized_extension = 13,
  message_too_big = 14,
  signature_required = 15,
  message_too_old = 16,
  message_too_new = 17,
  thumbs_mismatch = 18,
  unknown_rrpid = 19,
  unknown_xid = 20,
  unknown_lid = 21,
  challenge_mismatch = 22,

  internal = 1000,            ///< A bug or an impossible state; exit code 1.
  invalid_argument = 1001,    ///< What a person typed or configured is malformed; exit code 2.
  bad_config = 1002,          ///< Configuration, key file or directory unusable; exit code 3.
  wrong_passphrase = 1003,    ///< A key file did not open with this passphrase; exit code 3.
  storage_unavailable = 1004, ///< The database said no; retryable; exit code 3.
  peer_unavailable = 1005,    ///< Network or peer unreachable; retryable; exit code 4.
  permission_denied = 1006,   ///< Caller, token or certificate not allowed; exit code 5.
  conflict = 1007,            ///< Another request moved the state first, or wrong state; exit code 7.
  in_progress = 1008,         ///< The same request is being worked on; retryable; exit code 8.
  not_found = 1009,           ///< No such order, card, certificate; exit code 7.
  outcome_unknown = 1010,     ///< Asked, no answer: it may have happened; exit code 8.
  verification_failed = 1011, ///< A receipt, signature or audit entry does not verify; exit code 9.
  declined = 1012,            ///< Only for exit codes: the issuer said no; exit code 6.
  resource_exhausted = 1013,  ///< A limit of ours is reached; retryable; exit code 4.
};

/// SET's own spelling ("signatureFailure") for codes 1 to 22, our word for the others.
std::string_view to_string(ErrorCode code);

/// True for codes that exist in SET's Error message and so may be told to a peer.
constexpr bool is_set_code(ErrorCode code) { return static_cast<int>(code) <= 22; }

/// A failure. `detail` is one sentence for our log or our user, written from literals and
/// loggable values, never from message content. The code may cross the wire, the detail does not.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string detail;
};

/// A T or an Error; ignoring one is a compiler warning, which our presets turn into an error.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

inline tl::unexpected<Error> failure(ErrorCode code, std::string detail) {
  return tl::unexpected<Error>(Error{code, std::move(detail)});
}

inline tl::unexpected<Error> failure(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

template <class T>
T unwrap(Result<T>&& result) {
  return std::move(*result);
}
inline void unwrap(Result<void>&&) {}

}  // namespace set

/// Evaluates to the value of a Result, or returns its Error from the enclosing function.
/// A GNU statement expression: gcc and clang both take it, also for void and move-only values.
/// Use it as a whole statement, as an initialiser, or as a function's argument, never as one member
/// of a braced initialiser: leaving from there, gcc 12 does not destroy the members made before it
/// (tests/tidy looks for that).
#define TRY(...) SET_TRY_NAMED_(SET_TRY_JOIN_(try_result_, __COUNTER__), __VA_ARGS__)
#define SET_TRY_JOIN_(a, b) SET_TRY_JOIN_AGAIN_(a, b)
#define SET_TRY_JOIN_AGAIN_(a, b) a##b
#define SET_TRY_NAMED_(result, ...)                                  \
  ({                                                                 \
    auto result = (__VA_ARGS__);                                     \
    if (!result) return ::set::failure(std::move(result).error());   \
    ::set::unwrap(std::move(result));                                \
  })

/// For checks: returns an Error with this code and sentence unless the condition holds.
#define CHECK_OR_FAIL(condition, code, detail)                   \
  do {                                                           \
    if (!(condition)) return ::set::failure((code), (detail));   \
  } while (false)
