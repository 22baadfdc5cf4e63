#include <catch2/generators/catch_generators.hpp>

#include <stdexcept>

#include "common/daemon/run.h"
#include "common/daemon/stop.h"
#include "tests/daemon/child.h"
#include "tests/support/test_pans.h"

namespace set {

TEST_CASE("every error code has the documented exit code") {
  const auto [code, exit] = GENERATE(table<ErrorCode, int>({
      {ErrorCode::internal, 1},
      {ErrorCode::decoding_failure, 1},
      {ErrorCode::invalid_argument, 2},
      {ErrorCode::bad_config, 3},
      {ErrorCode::wrong_passphrase, 3},
      {ErrorCode::storage_unavailable, 3},
      {ErrorCode::peer_unavailable, 4},
      {ErrorCode::resource_exhausted, 4},
      {ErrorCode::permission_denied, 5},
      {ErrorCode::invalid_certificate, 5},
      {ErrorCode::expired_certificate, 5},
      {ErrorCode::revoked_certificate, 5},
      {ErrorCode::missing_certificate, 5},
      {ErrorCode::signature_failure, 5},
      {ErrorCode::declined, 6},
      {ErrorCode::conflict, 7},
      {ErrorCode::not_found, 7},
      {ErrorCode::unknown_xid, 7},
      {ErrorCode::outcome_unknown, 8},
      {ErrorCode::in_progress, 8},
      {ErrorCode::verification_failed, 9},
  }));
  CAPTURE(to_string(code));
  CHECK(exit_code(code) == exit);
}

TEST_CASE("an error is one sentence, or one JSON object") {
  const Error error{ErrorCode::bad_config, "the file \"a\\b\" is missing"};
  CHECK(error_line("set-ca", error, false) == "set-ca: the file \"a\\b\" is missing");
  CHECK(error_line("set-ca", error, true) ==
        R"({"error":{"code":"bad_config","message":"the file \"a\\b\" is missing"}})");
}

TEST_CASE("child: run fails", "[.child]") {
  // By the environment, since a child is given one test only.
  const std::string kind = std::getenv("SET_TEST_KIND");
  const int code = run("set-test", [&]() -> Result<void> {
    if (kind == "exception") throw std::runtime_error(std::string(set::test::kVisa));
    if (kind == "error") return failure(ErrorCode::declined, "the issuer said no");
    if (kind == "interrupt") ::raise(SIGINT);
    return {};
  });
  ::_exit(code);
}

TEST_CASE("run turns what happens into an exit code") {
  const auto [kind, code] = GENERATE(table<std::string, int>(
      {{"nothing", 0}, {"error", 6}, {"exception", 1}, {"interrupt", 130}}));
  CAPTURE(kind);
  CHECK(test::Child("child: run fails", {"SET_TEST_KIND=" + kind}).wait() == code);
}

TEST_CASE("a stop is seen by those who wait and those who come later") {
  forget_stop();
  CHECK_FALSE(wait_for_stop(Duration(1)));
  CHECK_FALSE(stop_requested());
  request_stop();
  CHECK(wait_for_stop(Duration(1000)));
  CHECK(wait_for_stop(Duration(1000)));
  CHECK(stop_requested());
  forget_stop();
  CHECK_FALSE(wait_for_stop(Duration(0)));
}

}  // namespace set
