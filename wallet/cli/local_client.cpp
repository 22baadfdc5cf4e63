#include "wallet/cli/local_client.h"

#include "common/daemon/client.h"

namespace set::wallet {
namespace {

// A person fills the issuer's form meanwhile, or many purchases are resumed.
constexpr Duration kPatience = std::chrono::minutes(15);

}  // namespace

LocalClient::LocalClient(const Paths& paths)
    : stub_(wire::WalletService::NewStub(make_channel(paths.socket_target(), nullptr))) {}

void LocalClient::set_patience(grpc::ClientContext& context) { set_deadline(context, kPatience); }

}  // namespace set::wallet
