// Where the wallet lives and what its command line says. Called by main.cpp.
#pragma once

#include <filesystem>
#include <string>

#include "common/base/result.h"

namespace set::wallet {

/// The wallet's directory: --dir, else SET_WALLET_HOME, else $XDG_DATA_HOME/set-wallet, else
/// ~/.local/share/set-wallet. The socket: in a directory that was named <dir>/run/wallet.sock, else
/// $XDG_RUNTIME_DIR/set-wallet/wallet.sock where there is one.
struct Paths {
  std::filesystem::path home;
  std::filesystem::path socket;
  std::filesystem::path keys() const { return home / "keys.set"; }
  std::filesystem::path database() const { return home / "wallet.db"; }
  std::string socket_target() const { return "unix:" + socket.string(); }

  /// `dir` may be empty. bad_config if there is no home or the socket's path is too long.
  static Result<Paths> find(const std::filesystem::path& dir);
};

}  // namespace set::wallet
