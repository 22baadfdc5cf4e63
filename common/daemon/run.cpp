#include "common/daemon/run.h"

#include <cxxabi.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>
#include <typeinfo>

#include <google/protobuf/stubs/logging.h>
#include <nlohmann/json.hpp>

#include "common/daemon/handshakes.h"
#include "common/daemon/span_exporter.h"
#include "common/daemon/stop.h"
#include "common/daemon/tls.h"

namespace set {
namespace {

std::atomic<bool> errors_as_json = false;

void forbid_core_dumps() {
  const rlimit none = {0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__  // whose leak check must be able to look at the process
  ::prctl(PR_SET_DUMPABLE, 0);
#endif
}

// Only the kind of exception: what() may quote what the library was reading.
Error unexpected(const std::exception& exception) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(typeid(exception).name(), nullptr, nullptr, &status), &std::free);
  return {ErrorCode::internal, std::string("stopped by an unexpected ") +
                                   (name ? name.get() : typeid(exception).name())};
}

std::optional<Error> error_of_body(const std::function<Result<void>()>& body) {
  try {
    const auto done = body();
    if (done) return std::nullopt;
    return done.error();
  } catch (const std::system_error& error) {
    // `… certs list | head`: who reads the output has enough of it.
    if (error.code() == std::errc::broken_pipe) return std::nullopt;
    if (error.code() == std::errc::no_space_on_device)
      return Error{ErrorCode::storage_unavailable, "cannot write the output: the disk is full"};
    return unexpected(error);
  } catch (const std::exception& exception) {
    return unexpected(exception);
  }
}

}  // namespace

int run(std::string_view program, const std::function<Result<void>()>& body) {
  forbid_core_dumps();
  ::umask(077);
  // protobuf would write a line of its own for each malformed string that a peer sends.
  google::protobuf::SetLogHandler(nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  install_stop_signals();
  require_tls13();
  count_failed_handshakes();
  const auto error = error_of_body(body);
  end_span_export();
  if (!error) return 0;
  std::fprintf(stderr, "%s\n", error_line(program, *error, errors_as_json).c_str());
  return exit_code(error->code);
}

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::internal:
    // What a peer of another make or version says about a message of ours.
    case ErrorCode::unspecified_failure:
    case ErrorCode::message_not_supported:
    case ErrorCode::decoding_failure:
    case ErrorCode::bad_message_header:
    case ErrorCode::wrapper_msg_mismatch:
    case ErrorCode::version_too_old:
    case ErrorCode::version_too_new:
    case ErrorCode::unrecognized_extension:
    case ErrorCode::message_too_big:
      return 1;

    case ErrorCode::invalid_argument:
      return 2;

    case ErrorCode::bad_config:
    case ErrorCode::wrong_passphrase:
    case ErrorCode::storage_unavailable:
      return 3;

    case ErrorCode::peer_unavailable:
    case ErrorCode::resource_exhausted:
      return 4;

    case ErrorCode::permission_denied:
    case ErrorCode::invalid_certificate:
    case ErrorCode::expired_certificate:
    case ErrorCode::revoked_certificate:
    case ErrorCode::missing_certificate:
    case ErrorCode::signature_failure:
    case ErrorCode::signature_required:
    // A message that is not fresh or not the answer to ours proves nothing about its sender.
    case ErrorCode::message_too_old:
    case ErrorCode::message_too_new:
    case ErrorCode::thumbs_mismatch:
    case ErrorCode::challenge_mismatch:
      return 5;

    case ErrorCode::declined:
      return 6;

    case ErrorCode::conflict:
    case ErrorCode::not_found:
    case ErrorCode::unknown_rrpid:
    case ErrorCode::unknown_xid:
    case ErrorCode::unknown_lid:
      return 7;

    case ErrorCode::outcome_unknown:
    case ErrorCode::in_progress:
      return 8;

    case ErrorCode::verification_failed:
      return 9;
  }
  return 1;
}

void report_errors_as_json() { errors_as_json = true; }

std::string error_line(std::string_view program, const Error& error, bool json) {
  if (!json) return std::string(program) + ": " + error.detail;
  const nlohmann::ordered_json document = {
      {"error", {{"code", to_string(error.code)}, {"message", error.detail}}}};
  using Json = nlohmann::ordered_json;
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace set
