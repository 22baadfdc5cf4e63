// run(): the frame around every main(). Core dumps off, umask 077, signals, the exit code, and the
// one sentence that a failing program says. Called once, by main, before any thread exists.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace set {

/// Runs `body` and returns the process's exit code. An Error becomes one line on standard error:
/// "set-merchant: <detail>", or {"error":{"code":…,"message":…}} after report_errors_as_json().
/// Also the last resort for a library's exception: one sentence, exit code 1.
int run(std::string_view program, const std::function<Result<void>()>& body);

/// 0 ok · 1 internal · 2 usage · 3 configuration, keys, storage · 4 network · 5 authentication or
/// certificate · 6 declined · 7 conflict, not found · 8 outcome unknown, in progress · 9
/// verification failed. (130 is Ctrl-C, see stop.h.) The one place where codes become numbers.
int exit_code(ErrorCode code);

/// Called by options when --json was given.
void report_errors_as_json();

/// The line that run() prints, without the newline.
std::string error_line(std::string_view program, const Error& error, bool json);

}  // namespace set
