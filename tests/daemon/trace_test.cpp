#include "common/daemon/trace.h"

#include <catch2/catch_test_macros.hpp>

namespace set {
namespace {

const std::string kTrace = "0af7651916cd43dd8448eb211c80319c";
const std::string kSpan = "b7ad6b7169203331";
const std::string kGood = "00-" + kTrace + "-" + kSpan + "-01";

TEST_CASE("a traceparent is read as the recommendation says, or not at all") {
  const auto context = parse_traceparent(kGood);
  REQUIRE(context);
  CHECK(traceparent_of(*context) == kGood);
  CHECK(parse_traceparent("00-" + kTrace + "-" + kSpan + "-00")->flags == 0);
  // A later version may have more.
  CHECK(parse_traceparent("cc-" + kTrace + "-" + kSpan + "-01"));
  CHECK(parse_traceparent("cc-" + kTrace + "-" + kSpan + "-01-what-is-to-come"));
  for (const auto& bad : {
           std::string(), std::string("00"), kGood.substr(1), kGood + "0", kGood + "-more",
           "ff" + kGood.substr(2), "cc-" + kTrace + "-" + kSpan + "-01.",
           "00-" + std::string(32, '0') + "-" + kSpan + "-01",
           "00-" + kTrace + "-" + std::string(16, '0') + "-01",
           "00-" + std::string("0AF7651916CD43DD8448EB211C80319C") + "-" + kSpan + "-01",
           "00_" + kTrace + "-" + kSpan + "-01", "00-" + kTrace + kSpan + "--01",
           "0g-" + kTrace + "-" + kSpan + "-01", "00-" + kTrace + "-" + kSpan + "-0x",
           std::string("00-") + kTrace + "-" + std::string(16, '\0') + "-01",
       }) {
    INFO(bad);
    CHECK_FALSE(parse_traceparent(bad));
  }
}

TEST_CASE("a span continues the trace that it was handed, and begins one without") {
  const auto parent = parse_traceparent(kGood);
  const Span child("child", Span::Kind::server, parent);
  CHECK(child.context().trace_id == parent->trace_id);
  CHECK(child.context().span_id != parent->span_id);
  const Span one("one", Span::Kind::internal, std::nullopt);
  const Span two("two", Span::Kind::internal, std::nullopt);
  CHECK(one.context().trace_id != two.context().trace_id);
}

TEST_CASE("a scope gives its thread a trace and takes it away again") {
  CHECK_FALSE(current_trace());
  {
    const SpanScope outer("outer");
    const auto of_outer = current_trace();
    REQUIRE(of_outer);
    {
      const SpanScope inner("inner");
      CHECK(current_trace()->trace_id == of_outer->trace_id);
      CHECK(current_trace()->span_id != of_outer->span_id);
    }
    CHECK(current_trace()->span_id == of_outer->span_id);
  }
  CHECK_FALSE(current_trace());
}

std::vector<std::string>& told() {
  static std::vector<std::string> spans;
  return spans;
}

TEST_CASE("whoever asked is told of each span once, with its parent and status") {
  told().clear();
  observe_spans([](const EndedSpan& span) {
    told().push_back(std::string(span.name) + " " + std::string(span.status) +
                     (span.parent ? " child" : " root"));
  });
  {
    Span root("root", Span::Kind::client, std::nullopt);
    Span child("child", Span::Kind::server, root.context());
    child.end("OK");
    child.end("late");
  }
  observe_spans(nullptr);
  CHECK(told() == std::vector<std::string>{"child OK child", "root unfinished root"});
}

}  // namespace
}  // namespace set
