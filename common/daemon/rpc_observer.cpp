#include "common/daemon/rpc_observer.h"

#include <algorithm>
#include <chrono>

#include "common/daemon/access.h"
#include "common/daemon/instruments.h"
#include "common/daemon/trace.h"

namespace set {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;

constexpr char kTraceparent[] = "traceparent";
constexpr std::string_view kHealthCheck = "grpc.health.v1.Health/Check";
constexpr std::string_view kWalletService = "set.v1.WalletService/";  // its Unix socket's

// gRPC's name has no slash in front. A method that is not ours is the caller's word, of which there
// may be any number.
std::string_view known_method(const char* path) {
  std::string_view method(path);
  const auto row = std::ranges::find(access_table(), method, &MethodAccess::method);
  if (row != access_table().end()) return row->method.substr(1);
  if (method.starts_with('/')) method.remove_prefix(1);
  if (method == kHealthCheck) return kHealthCheck;  // and not what is a caller's string
  return method.starts_with(kWalletService) ? method : "other";
}

std::optional<TraceContext> trace_in(
    const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
  // One that came twice is as malformed as any.
  if (metadata.count(kTraceparent) != 1) return std::nullopt;
  const auto& text = metadata.find(kTraceparent)->second;
  return parse_traceparent({text.data(), text.size()});
}

class ServedCall final : public grpc::experimental::Interceptor {
 public:
  ServedCall(const grpc::experimental::ServerRpcInfo& info,
             std::shared_ptr<const ReasonNotReady> reason)
      : method_(known_method(info.method())), reason_(std::move(reason)) {}

  void Intercept(InterceptorBatchMethods* call) override {
    if (call->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_INITIAL_METADATA))
      begin(*call->GetRecvInitialMetadata());
    if (call->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      if (is_health_check() && reason_ != nullptr) tell_reason(*call);
      end(call->GetSendStatus().error_code());
    }
    call->Proceed();
  }

 private:
  bool is_health_check() const { return method_ == kHealthCheck; }

  // Our services are synchronous: the handler runs on this thread, and ends on it.
  void begin(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
    begun_ = std::chrono::steady_clock::now();
    if (is_health_check()) return;
    log_context() = {};
    span_.emplace(method_, Span::Kind::server, trace_in(metadata));
    span_->enter();
  }

  void end(grpc::StatusCode code) {
    metrics::calls_served.observe(std::chrono::steady_clock::now() - begun_, LabelWord{method_},
                                  LabelWord{to_string(code)});
    if (!span_) return;
    span_->end(to_string(code));
    log_context() = {};
  }

  void tell_reason(InterceptorBatchMethods& call) const {
    auto reason = reason_->get();
    std::ranges::replace_if(reason, [](char c) { return c < ' ' || c > '~'; }, ' ');
    if (!reason.empty()) call.GetSendTrailingMetadata()->emplace(kReasonKey, std::move(reason));
  }

  std::string_view method_;
  std::shared_ptr<const ReasonNotReady> reason_;
  std::optional<Span> span_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

class MadeCall final : public grpc::experimental::Interceptor {
 public:
  explicit MadeCall(const grpc::experimental::ClientRpcInfo& info)
      : method_(known_method(info.method())) {
    // As where it is answered: of those every few seconds one, which are nobody's work.
    if (method_ != kHealthCheck) span_.emplace(method_, Span::Kind::client, current_trace());
  }

  void Intercept(InterceptorBatchMethods* call) override {
    if (span_ &&
        call->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA))
      call->GetSendInitialMetadata()->emplace(kTraceparent, traceparent_of(span_->context()));
    if (call->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_STATUS))
      end(call->GetRecvStatus()->error_code());
    call->Proceed();
  }

 private:
  void end(grpc::StatusCode code) {
    metrics::calls_made.observe(std::chrono::steady_clock::now() - begun_, LabelWord{method_},
                                LabelWord{to_string(code)});
    if (span_) span_->end(to_string(code));
  }

  std::string_view method_;
  std::optional<Span> span_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

class ServerFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit ServerFactory(std::shared_ptr<const ReasonNotReady> reason)
      : reason_(std::move(reason)) {}
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override {
    return new ServedCall(*info, reason_);  // gRPC's from now on
  }

 private:
  std::shared_ptr<const ReasonNotReady> reason_;
};

class ClientFactory final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo* info) override {
    return new MadeCall(*info);  // gRPC's from now on
  }
};

}  // namespace

void ReasonNotReady::set(std::string reason) {
  const std::lock_guard lock(mutex_);
  reason_ = std::move(reason);
}

std::string ReasonNotReady::get() const {
  const std::lock_guard lock(mutex_);
  return reason_;
}

std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>
server_observers(std::shared_ptr<const ReasonNotReady> reason) {
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> out;
  out.push_back(std::make_unique<ServerFactory>(std::move(reason)));
  return out;
}

std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
client_observers() {
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> out;
  out.push_back(std::make_unique<ClientFactory>());
  return out;
}

std::string_view to_string(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::OK: return "OK";
    case grpc::StatusCode::CANCELLED: return "CANCELLED";
    case grpc::StatusCode::UNKNOWN: return "UNKNOWN";
    case grpc::StatusCode::INVALID_ARGUMENT: return "INVALID_ARGUMENT";
    case grpc::StatusCode::DEADLINE_EXCEEDED: return "DEADLINE_EXCEEDED";
    case grpc::StatusCode::NOT_FOUND: return "NOT_FOUND";
    case grpc::StatusCode::ALREADY_EXISTS: return "ALREADY_EXISTS";
    case grpc::StatusCode::PERMISSION_DENIED: return "PERMISSION_DENIED";
    case grpc::StatusCode::UNAUTHENTICATED: return "UNAUTHENTICATED";
    case grpc::StatusCode::RESOURCE_EXHAUSTED: return "RESOURCE_EXHAUSTED";
    case grpc::StatusCode::FAILED_PRECONDITION: return "FAILED_PRECONDITION";
    case grpc::StatusCode::ABORTED: return "ABORTED";
    case grpc::StatusCode::OUT_OF_RANGE: return "OUT_OF_RANGE";
    case grpc::StatusCode::UNIMPLEMENTED: return "UNIMPLEMENTED";
    case grpc::StatusCode::INTERNAL: return "INTERNAL";
    case grpc::StatusCode::UNAVAILABLE: return "UNAVAILABLE";
    case grpc::StatusCode::DATA_LOSS: return "DATA_LOSS";
    case grpc::StatusCode::DO_NOT_USE: break;
  }
  return "UNKNOWN";
}

}  // namespace set
