#include "wallet/config.h"

#include <sys/un.h>

#include <cstdlib>

namespace set::wallet {
namespace {

namespace fs = std::filesystem;

/// XDG's rule: what is not absolute counts as not set.
fs::path directory_from(const char* variable) {
  const char* value = std::getenv(variable);
  const fs::path path = value != nullptr ? value : "";
  return path.is_absolute() ? path : fs::path();
}

Result<fs::path> data_home() {
  auto data = directory_from("XDG_DATA_HOME");
  if (!data.empty()) return data;
  const auto home = directory_from("HOME");
  CHECK_OR_FAIL(!home.empty(), ErrorCode::bad_config,
                "there is no home directory: set SET_WALLET_HOME or use --dir");
  return home / ".local" / "share";
}

}  // namespace

Result<Paths> Paths::find(const fs::path& dir) {
  Paths paths;
  const char* named = std::getenv("SET_WALLET_HOME");
  if (!dir.empty() || (named != nullptr && *named != '\0')) {
    std::error_code error;
    paths.home = fs::absolute(!dir.empty() ? dir : fs::path(named), error);
    CHECK_OR_FAIL(!error, ErrorCode::bad_config, "the wallet's directory has no usable path");
    paths.socket = paths.home / "run" / "wallet.sock";
  } else {
    paths.home = TRY(data_home()) / "set-wallet";
    const auto runtime = directory_from("XDG_RUNTIME_DIR");
    paths.socket = (runtime.empty() ? paths.home / "run" : runtime / "set-wallet") / "wallet.sock";
  }
  CHECK_OR_FAIL(paths.socket.string().size() < sizeof(sockaddr_un::sun_path), ErrorCode::bad_config,
                "the path of the wallet's socket is longer than a socket's may be: choose a shorter "
                "--dir");
  return paths;
}

}  // namespace set::wallet
