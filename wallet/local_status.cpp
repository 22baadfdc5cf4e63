#include "wallet/local_status.h"

#include <charconv>

namespace set::wallet {

grpc::Status local_status(const Error& error) {
  return {grpc::StatusCode::FAILED_PRECONDITION, error.detail,
          std::to_string(static_cast<int>(error.code))};
}

Error local_error(const grpc::Status& status) {
  const auto& details = status.error_details();
  int code = 0;
  const auto [end, error] = std::from_chars(details.data(), details.data() + details.size(), code);
  const bool ours = status.error_code() == grpc::StatusCode::FAILED_PRECONDITION &&
                    error == std::errc() && end == details.data() + details.size() && code > 0;
  if (ours) return {static_cast<ErrorCode>(code), status.error_message()};
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return {ErrorCode::peer_unavailable, "the wallet's daemon did not answer in time"};
  }
  return {ErrorCode::peer_unavailable,
          "the wallet's daemon does not answer; start it with: set-wallet serve"};
}

}  // namespace set::wallet
