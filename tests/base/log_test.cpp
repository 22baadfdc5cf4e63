#include "common/base/log.h"

#include <cstdio>
#include <string>
#include <vector>

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include "common/base/bytes.h"
#include "common/base/log_context.h"

namespace set {
namespace {

static_assert(Loggable<XID> && Loggable<RRPID> && Loggable<Amount> && Loggable<ErrorCode> &&
              Loggable<Error> && Loggable<Duration> && Loggable<LogWord>);
static_assert(!Loggable<std::string> && !Loggable<std::string_view> && !Loggable<const char*>);
static_assert(!Loggable<Bytes> && !Loggable<ByteView> && !Loggable<int>);
static_assert(!Loggable<OrderSecret> && !Loggable<ODSalt> && !Loggable<NonceCCA>);
static_assert(!std::is_constructible_v<Event, std::string>);

/// What is written to standard error while this lives.
class StandardError {
 public:
  StandardError() : file_(std::tmpfile()), saved_(dup(STDERR_FILENO)) {
    std::fflush(stderr);
    dup2(fileno(file_), STDERR_FILENO);
  }
  ~StandardError() { std::fclose(file_); }
  std::string stop() {
    std::fflush(stderr);
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    std::string text(4096, '\0');
    std::rewind(file_);
    text.resize(std::fread(text.data(), 1, text.size(), file_));
    return text;
  }

 private:
  std::FILE* file_;
  int saved_;
};

TEST_CASE("a line of text has the event and its fields, and stays one line") {
  log_open("set-test", LogLevel::info, LogFormat::text);
  StandardError error;
  log_info("paid", *Amount::parse("49.95 EUR"), ErrorCode::conflict,
           LogWord{"peer", "two\nlines \"quoted\""});
  log_trace("not shown");
  const auto text = error.stop();
  CHECK(text.find(" info    set-test paid amount=\"49.95 EUR\" code=conflict "
                  "peer=\"two\\u000alines \\\"quoted\\\"\"\n") != std::string::npos);
  CHECK(text.find("not shown") == std::string::npos);
}

TEST_CASE("a line of JSON cannot be broken out of") {
  log_open("set-test", LogLevel::trace, LogFormat::json);
  StandardError error;
  log_warning("refused", LogWord{"peer", "\",\"event\":\"forged\\"});
  const auto text = error.stop();
  CHECK(text.find(R"("level":"warning","daemon":"set-test","event":"refused",)"
                  R"("peer":"\",\"event\":\"forged\\"})") != std::string::npos);
  log_open("set-test", LogLevel::info, LogFormat::text);
}

TEST_CASE("what a thread works on stands on each of its lines, unless the line says it itself") {
  log_open("set-test", LogLevel::info, LogFormat::json);
  StandardError error;
  XID other;
  other.value.fill(0xab);
  {
    const LogContextScope scope;
    log_context().trace_id = "0af7651916cd43dd8448eb211c80319c";
    log_context().span_id = "b7ad6b7169203331";
    log_context().peer = "merchant 400000/shop-1";
    log_context().rrpid = RRPID{};
    log_context().xid = XID{};
    log_info("inside");
    log_info("own", other);
  }
  log_info("outside");
  const auto text = error.stop();
  const std::string zero(40, '0');
  const auto rest = R"("peer":"merchant 400000/shop-1","trace_id":"0af7651916cd43dd8448eb211c80319c",)"
                    R"("span_id":"b7ad6b7169203331"})";
  CHECK(text.find(R"("event":"inside","rrpid":")" + zero + R"(","xid":")" + zero + "\"," + rest) !=
        std::string::npos);
  CHECK(text.find(R"("event":"own","xid":")" + other.hex() +
                  R"(","rrpid":")" + zero + "\"," + rest) != std::string::npos);
  CHECK(text.find(R"("event":"outside"})") != std::string::npos);
  log_open("set-test", LogLevel::info, LogFormat::text);
}

}  // namespace
}  // namespace set
