// The local door: only its user may open it, and errors come through with their code.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include <catch2/catch_test_macros.hpp>

#include "common/daemon/client.h"
#include "common/daemon/server.h"
#include "tests/wallet/stage.h"
#include "wallet/config.h"
#include "wallet/local_service.h"
#include "wallet/local_status.h"

namespace set::wallet::test {
namespace {

namespace fs = std::filesystem;

mode_t mode_of(const fs::path& path) {
  struct stat status = {};
  ::stat(path.c_str(), &status);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("the socket has mode 0600 in a directory of mode 0700") {
  const auto home = fs::temp_directory_path() / ("set-wallet-socket-" + std::to_string(::getpid()));
  const auto paths = must(Paths::find(home));
  CHECK(paths.socket == home / "run" / "wallet.sock");
  auto store = must(Store::open("sqlite::memory:", AtRest(Rng::system().secret(32)), Rng::system()));
  Service service({.store = store, .connect_merchant = {}, .register_card = {}, .clock = system_clock(),
                   .rng = Rng::system()});
  LocalService door(service, Rng::system());
  fs::create_directories(home);
  auto server = must(Server::start({.listen = must(ListenAddress::parse(paths.socket_target())),
                                    .credentials = nullptr,
                                    .services = {&door}}));
  server.set_serving(true);
  CHECK(mode_of(paths.socket) == 0600);
  CHECK(mode_of(paths.socket.parent_path()) == 0700);

  const auto stub = wire::WalletService::NewStub(make_channel(paths.socket_target(), nullptr));
  {
    grpc::ClientContext context;
    wire::PublicKeyResponse key;
    REQUIRE(stub->PublicKey(&context, {}, &key).ok());
    CHECK(key.kem_public_key().size() == 1216);
  }
  {
    grpc::ClientContext context;
    wire::InquireRequest request;
    request.set_xid(std::string(20, 'x'));
    wire::InquireResponse response;
    const auto error = local_error(stub->Inquire(&context, request, &response));
    CHECK(error.code == ErrorCode::not_found);
  }
  server.stop(Duration(0));
  fs::remove_all(home);
}

TEST_CASE("gRPC's own failures say that the daemon does not run") {
  const auto error = local_error({grpc::StatusCode::UNAVAILABLE, "connect failed"});
  CHECK(error.code == ErrorCode::peer_unavailable);
  CHECK(error.detail.find("set-wallet serve") != std::string::npos);
  const auto ours = local_error(local_status({ErrorCode::declined, "no"}));
  CHECK(ours.code == ErrorCode::declined);
  CHECK(ours.detail == "no");
}

TEST_CASE("the wallet lives where XDG or SET_WALLET_HOME says") {
  ::setenv("XDG_DATA_HOME", "/data", 1);
  ::setenv("XDG_RUNTIME_DIR", "/run/user/1", 1);
  ::unsetenv("SET_WALLET_HOME");
  CHECK(must(Paths::find("")).home == "/data/set-wallet");
  CHECK(must(Paths::find("")).socket == "/run/user/1/set-wallet/wallet.sock");
  ::unsetenv("XDG_RUNTIME_DIR");
  CHECK(must(Paths::find("")).socket == "/data/set-wallet/run/wallet.sock");
  ::setenv("SET_WALLET_HOME", "/w", 1);
  CHECK(must(Paths::find("")).socket == "/w/run/wallet.sock");
  CHECK(must(Paths::find("/other")).home == "/other");
  CHECK_FALSE(Paths::find("/" + std::string(120, 'x')));
  ::unsetenv("SET_WALLET_HOME");
}

}  // namespace set::wallet::test
