// The plain HTTP port: GET /trust.pem and /certs/<name>.der, and nothing else. What it serves is
// signed and public, and whoever fetches it holds the root's fingerprint. Its own few threads.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "common/base/bytes.h"
#include "common/daemon/server.h"

namespace set::ca {

class TrustHttp {
 public:
  /// bad_config if the address cannot be had.
  static Result<TrustHttp> start(const ListenAddress& listen, std::string trust_pem,
                                 const std::map<std::string, Bytes>& published);
  TrustHttp(TrustHttp&&) noexcept;
  ~TrustHttp();  ///< Stops.

  /// "127.0.0.1:41238".
  const std::string& address() const;

 private:
  struct Impl;
  explicit TrustHttp(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace set::ca
