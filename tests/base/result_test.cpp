#include "common/base/result.h"

#include <memory>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace set {
namespace {

Result<std::unique_ptr<int>> maybe(bool good) {
  if (!good) return failure(ErrorCode::conflict, "not now");
  return std::make_unique<int>(7);
}
Result<void> checked(int value) {
  CHECK_OR_FAIL(value > 0, ErrorCode::invalid_argument, "must be positive");
  return {};
}
Result<int> doubled(bool good) {
  auto value = TRY(maybe(good));  // moves, also what cannot be copied
  TRY(checked(*value));
  return 2 * *value;
}

TEST_CASE("TRY hands on the value or returns the error as it is") {
  CHECK(*doubled(true) == 14);
  const auto failed = doubled(false);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == ErrorCode::conflict);
  CHECK(failed.error().detail == "not now");
  CHECK(checked(0).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("SET's error codes have SET's numbers and spelling") {
  const auto [number, name] = GENERATE(table<int, std::string>({
      {1, "unspecifiedFailure"},     {2, "messageNotSupported"}, {3, "decodingFailure"},
      {4, "invalidCertificate"},     {5, "expiredCertificate"},  {6, "revokedCertificate"},
      {7, "missingCertificate"},     {8, "signatureFailure"},    {9, "badMessageHeader"},
      {10, "wrapperMsgMismatch"},    {11, "versionTooOld"},      {12, "versionTooNew"},
      {13, "unrecognizedExtension"}, {14, "messageTooBig"},      {15, "signatureRequired"},
      {16, "messageTooOld"},         {17, "messageTooNew"},      {18, "thumbsMismatch"},
      {19, "unknownRRPID"},          {20, "unknownXID"},         {21, "unknownLID"},
      {22, "challengeMismatch"},
  }));
  CHECK(to_string(static_cast<ErrorCode>(number)) == name);
  CHECK(is_set_code(static_cast<ErrorCode>(number)));
}

TEST_CASE("our own codes never cross the wire") {
  for (int number = 1000; number <= 1013; ++number) {
    CHECK_FALSE(is_set_code(static_cast<ErrorCode>(number)));
  }
}

}  // namespace
}  // namespace set
