#include "common/daemon/healthcheck.h"

#include <grpcpp/generic/generic_stub.h>

#include "common/daemon/client.h"
#include "common/daemon/options.h"
#include "common/daemon/rpc_observer.h"

namespace set {
namespace {

// grpc.health.v1 on the wire, so that no generated code is needed for two bytes: the request for
// service "" is empty, the answer that counts is {status: SERVING}.
constexpr char kMethod[] = "/grpc.health.v1.Health/Check";
constexpr std::string_view kServing = "\x08\x01";

std::string text_of(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return "";
  std::string text;
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

}  // namespace

void add_admin_option(CLI::App& app, ListenAddress& admin) {
  add_parsed(app, "--admin-listen", admin, ListenAddress::parse,
             "Where health checks ask: an address of this machine only, or a socket such as "
             "unix:/run/set/health.sock (default: unix:DIR/health.sock)");
}

void set_default_admin(ListenAddress& admin, const std::filesystem::path& directory) {
  if (admin.is_none()) admin.socket_path = directory / "health.sock";
}

Result<void> healthcheck(const std::string& target,
                         std::shared_ptr<grpc::ChannelCredentials> credentials, Duration deadline) {
  grpc::GenericStub stub(make_channel(target, std::move(credentials)));
  grpc::ClientContext context;
  set_deadline(context, deadline);
  const grpc::Slice nothing;
  const grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer response;
  grpc::Status status;
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareUnaryCall(&context, kMethod, request, &queue);
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (!status.ok()) return failure(ErrorCode::internal, error_of(status, target).detail);
  const auto& told = context.GetServerTrailingMetadata();
  const auto reason = told.find(kReasonKey);
  CHECK_OR_FAIL(text_of(response) == kServing, ErrorCode::internal,
                target + " is not ready" +
                    (reason == told.end()
                         ? ", or about to stop"
                         : ": " + std::string(reason->second.data(), reason->second.size())));
  return {};
}

}  // namespace set
