// TLS under a certificate that changes while we run. gRPC 1.51's C++ interface has this only for
// keys in files in the clear; its core asks a function of ours at every handshake, too.
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#include <mutex>

#include "common/base/assert.h"
#include "common/daemon/access.h"
#include "common/daemon/client.h"
#include "common/daemon/tls.h"

namespace set {
namespace {

/// What core's fetcher works with.
class Fetcher {
 public:
  explicit Fetcher(Current<const TlsIdentity> identity) : identity_(std::move(identity)) {}

  /// Core owns what it gets.
  grpc_ssl_certificate_config_reload_status fetch(grpc_ssl_server_certificate_config** config) {
    const auto identity = identity_();
    const std::lock_guard lock(mutex_);
    if (identity == given_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    const grpc_ssl_pem_key_cert_pair pair{identity->private_key_pem.reveal().c_str(),
                                          identity->chain_pem.c_str()};
    *config = grpc_ssl_server_certificate_config_create(identity->root_pem.c_str(), &pair, 1);
    given_ = identity;
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

 private:
  Current<const TlsIdentity> identity_;
  std::mutex mutex_;
  std::shared_ptr<const TlsIdentity> given_;
};

grpc_ssl_certificate_config_reload_status fetch_for_core(
    void* fetcher, grpc_ssl_server_certificate_config** config) {
  return static_cast<Fetcher*>(fetcher)->fetch(config);
}

/// Core's credentials in the C++ interface's clothes. The server holds them as long as it runs, and
/// asks nothing after its shutdown.
class LiveServerCredentials final : public grpc::ServerCredentials {
 public:
  LiveServerCredentials(Current<const TlsIdentity> identity, ClientCertificate client)
      : fetcher_(std::move(identity)) {
    auto* options = grpc_ssl_server_credentials_create_options_using_config_fetcher(
        client == ClientCertificate::required
            ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
            : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY,
        fetch_for_core, &fetcher_);
    credentials_ = grpc_ssl_server_credentials_create_with_options(options);
    hold_to_access(credentials_);
  }
  LiveServerCredentials(const LiveServerCredentials&) = delete;
  LiveServerCredentials& operator=(const LiveServerCredentials&) = delete;
  ~LiveServerCredentials() override { grpc_server_credentials_release(credentials_); }

  /// The processor is access.h's, and nothing else takes its place.
  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {
    SET_ASSERT(false);
  }

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  Fetcher fetcher_;
  grpc_server_credentials* credentials_ = nullptr;
};

/// The channel of one TLS certificate, until there is another.
class ChannelOfTheMoment {
 public:
  ChannelOfTheMoment(std::string target, Current<const TlsIdentity> identity)
      : target_(std::move(target)), identity_(std::move(identity)) {}

  std::shared_ptr<grpc::Channel> get() {
    const auto identity = identity_();
    const std::lock_guard lock(mutex_);
    if (channel_ == nullptr || identity != shown_) {
      channel_ = make_channel(target_, channel_credentials(*identity));
      shown_ = identity;
    }
    return channel_;
  }

 private:
  std::string target_;
  Current<const TlsIdentity> identity_;
  std::mutex mutex_;
  std::shared_ptr<const TlsIdentity> shown_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> server_credentials(Current<const TlsIdentity> identity,
                                                            ClientCertificate client) {
  return std::make_shared<LiveServerCredentials>(std::move(identity), client);
}

Current<grpc::Channel> live_channel(std::string target, Current<const TlsIdentity> identity) {
  auto channel = std::make_shared<ChannelOfTheMoment>(std::move(target), std::move(identity));
  return Current<grpc::Channel>([channel = std::move(channel)] { return channel->get(); });
}

}  // namespace set
