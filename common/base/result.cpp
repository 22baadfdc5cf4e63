#include "common/base/result.h"

namespace set {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::unspecified_failure: return "unspecifiedFailure";
    case ErrorCode::message_not_supported: return "messageNotSupported";
    case ErrorCode::decoding_failure: return "decodingFailure";
    case ErrorCode::invalid_certificate: return "invalidCertificate";
    case ErrorCode::expired_certificate: return "expiredCertificate";
    case ErrorCode::revoked_certificate: return "revokedCertificate";
    case ErrorCode::missing_certificate: return "missingCertificate";
    case ErrorCode::signature_failure: return "signatureFailure";
    case ErrorCode::bad_message_header: return "badMessageHeader";
    case ErrorCode::wrapper_msg_mismatch: return "wrapperMsgMismatch";
    case ErrorCode::version_too_old: return "versionTooOld";
    case ErrorCode::version_too_new: return "versionTooNew";
    case ErrorCode::unrecognized_extension: return "unrecognizedExtension";
    case ErrorCode::message_too_big: return "messageTooBig";
    case ErrorCode::signature_required: return "signatureRequired";
    case ErrorCode::message_too_old: return "messageTooOld";
    case ErrorCode::message_too_new: return "messageTooNew";
    case ErrorCode::thumbs_mismatch: return "thumbsMismatch";
    case ErrorCode::unknown_rrpid: return "unknownRRPID";
    case ErrorCode::unknown_xid: return "unknownXID";
    case ErrorCode::unknown_lid: return "unknownLID";
    case ErrorCode::challenge_mismatch: return "challengeMismatch";
    case ErrorCode::internal: return "internal";
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::bad_config: return "bad_config";
    case ErrorCode::wrong_passphrase: return "wrong_passphrase";
    case ErrorCode::storage_unavailable: return "storage_unavailable";
    case ErrorCode::peer_unavailable: return "peer_unavailable";
    case ErrorCode::permission_denied: return "permission_denied";
    case ErrorCode::conflict: return "conflict";
    case ErrorCode::in_progress: return "in_progress";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::outcome_unknown: return "outcome_unknown";
    case ErrorCode::verification_failed: return "verification_failed";
    case ErrorCode::declined: return "declined";
    case ErrorCode::resource_exhausted: return "resource_exhausted";
  }
  return "unspecifiedFailure";
}

}  // namespace set
