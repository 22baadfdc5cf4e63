// What the interceptors of every server and channel do to real calls: count them, and hand the trace
// on. The peer here is a bare gRPC client, which can say anything.
#include "common/daemon/rpc_observer.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <atomic>

#include <catch2/catch_test_macros.hpp>

#include "common/daemon/client.h"
#include "common/daemon/metrics.h"
#include "common/daemon/server.h"
#include "common/daemon/trace.h"
#include "set/v1/local.grpc.pb.h"
#include "tests/daemon/transport.h"
#include "tests/store/temporary_directory.h"

namespace set {
namespace {

using test::must;
using WalletStub = v1::WalletService::Stub;

/// Tells the trace that its thread is in.
class TraceTeller final : public v1::WalletService::Service {
 public:
  grpc::Status PublicKey(grpc::ServerContext*, const v1::PublicKeyRequest*,
                         v1::PublicKeyResponse* response) override {
    const auto trace = current_trace();
    response->set_kem_public_key(trace ? traceparent_of(*trace) : "none");
    return fails ? grpc::Status(grpc::StatusCode::ABORTED, "") : grpc::Status::OK;
  }
  std::atomic<bool> fails = false;
};

struct TracedServer {
  test::TemporaryDirectory directory;
  TraceTeller service;
  Server server = must(Server::start({.listen = {.host = "",
                                                 .port = 0,
                                                 .socket_path = directory.path() / "door.sock"},
                                      .credentials = nullptr,
                                      .services = {&service}}));

  std::string heard_with(const std::vector<std::string>& traceparents) {
    WalletStub stub(
        grpc::CreateChannel(server.address(), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    for (const auto& text : traceparents) context.AddMetadata("traceparent", text);
    v1::PublicKeyResponse response;
    REQUIRE(stub.PublicKey(&context, {}, &response).ok());
    return response.kem_public_key();
  }
};

std::string trace_id_of(const std::string& traceparent) { return traceparent.substr(3, 32); }

double figure(const std::string& name) {
  const auto text = "\n" + metrics_text();
  const auto at = text.find("\n" + name + " ");
  return at == std::string::npos ? 0 : std::stod(text.substr(at + name.size() + 2));
}

constexpr char kSomebodysTrace[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST_CASE("a served call goes on with the caller's trace, under a span of its own") {
  TracedServer traced;
  const auto heard = traced.heard_with({kSomebodysTrace});
  CHECK(trace_id_of(heard) == trace_id_of(kSomebodysTrace));
  CHECK(heard != kSomebodysTrace);
}

TEST_CASE("a call is served whatever its traceparent, and a bad one counts as none") {
  TracedServer traced;
  for (const auto& bad : std::vector<std::vector<std::string>>{
           {},
           {""},
           {"garbage"},
           {std::string(kSomebodysTrace) + "0"},
           {"00-00000000000000000000000000000000-b7ad6b7169203331-01"},
           {std::string(4000, 'a')},
           {kSomebodysTrace, kSomebodysTrace},
       }) {
    const auto heard = traced.heard_with(bad);
    INFO(heard);
    REQUIRE(parse_traceparent(heard));  // a trace begins here
    CHECK(trace_id_of(heard) != trace_id_of(kSomebodysTrace));
  }
}

TEST_CASE("a call of ours carries its thread's trace, and leaves none behind") {
  TracedServer traced;
  WalletStub stub(make_channel(traced.server.address(), nullptr));
  const auto ask = [&] {
    return must(call(stub, &WalletStub::PublicKey, v1::PublicKeyRequest(), "wallet",
                     kDaemonDeadline))
        .kem_public_key();
  };
  std::string own;
  {
    const SpanScope span("test");
    own = traceparent_of(current_trace().value());
    CHECK(trace_id_of(ask()) == trace_id_of(own));
    CHECK(traceparent_of(current_trace().value()) == own);
  }
  CHECK(trace_id_of(ask()) != trace_id_of(own));
  CHECK_FALSE(current_trace());
}

TEST_CASE("calls are counted by method and status on both sides, unknown methods as one") {
  TracedServer traced;
  const std::string labels = R"({grpc_method="set.v1.WalletService/PublicKey",grpc_status=")";
  const auto served = [&](const std::string& status) {
    return figure("grpc_server_call_duration_seconds_count" + labels + status + "\"}");
  };
  const auto made = [&](const std::string& status) {
    return figure("grpc_client_call_duration_seconds_count" + labels + status + "\"}");
  };
  const double ok = served("OK"), ok_made = made("OK"), aborted = served("ABORTED"),
               aborted_made = made("ABORTED"), unavailable = made("UNAVAILABLE");
  WalletStub stub(make_channel(traced.server.address(), nullptr));
  const auto ask = [](WalletStub& at) {
    return call(at, &WalletStub::PublicKey, v1::PublicKeyRequest(), "wallet", kDaemonDeadline);
  };
  REQUIRE(ask(stub));
  REQUIRE(ask(stub));
  traced.service.fails = true;
  REQUIRE_FALSE(ask(stub));
  CHECK(served("OK") == ok + 2);
  CHECK(made("OK") == ok_made + 2);
  CHECK(served("ABORTED") == aborted + 1);
  CHECK(made("ABORTED") == aborted_made + 1);
  const auto nowhere = "unix:" + (traced.directory.path() / "nobody.sock").string();
  WalletStub lost(make_channel(nowhere, nullptr));
  REQUIRE_FALSE(ask(lost));
  CHECK(made("UNAVAILABLE") == unavailable + 1);

  // Whoever invents methods makes no new series.
  const auto admin = must(Server::start_admin({.host = "",
                                               .port = 0,
                                               .socket_path = traced.directory.path() / "a.sock"}));
  for (const char* method : {"/set.v1.GatewayService/Invented1", "/x/Invented2"}) {
    grpc::GenericStub anything(
        grpc::CreateChannel(admin.address(), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    const grpc::Slice nothing;
    const grpc::ByteBuffer request(&nothing, 1);
    grpc::ByteBuffer response;
    grpc::Status status;
    const auto invented = anything.PrepareUnaryCall(&context, method, request, &queue);
    invented->StartCall();
    invented->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool done = false;
    queue.Next(&tag, &done);
    CHECK_FALSE(status.ok());
  }
  CHECK(metrics_text().find("Invented") == std::string::npos);
}

}  // namespace
}  // namespace set
