// The plain HTTP port: GET /trust.pem, /certs/<name>.der, /crl/<name>.crl (the URL in every
// certificate) and /crl/brand.bci, and nothing else. What it serves is signed and public, and
// whoever fetches it holds the root's fingerprint. Its own few threads.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "common/base/bytes.h"
#include "common/daemon/server.h"

namespace set::ca {

class TrustHttp {
 public:
  /// `trust_pem` is asked at every request. bad_config if the address cannot be had.
  /// `lists` gives the bytes of "cca.crl", "brand.bci" as they are now, empty for none; any thread.
  using Lists = std::function<Bytes(std::string_view name)>;
  static Result<TrustHttp> start(const ListenAddress& listen,
                                 std::function<std::string()> trust_pem,
                                 const std::map<std::string, Bytes>& published, Lists lists);
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
