// The plain HTTP port: GET /trust.pem, /certs/<name>.der, /crl/<name>.crl (the URL in every
// certificate) and /crl/brand.bci, and nothing else. What it serves is signed and public, and
// whoever fetches it holds the root's fingerprint. Its own threads (http_door.h).
#pragma once

#include <functional>
#include <map>
#include <string>

#include "common/base/bytes.h"
#include "common/daemon/http_door.h"

namespace set::ca {

class TrustHttp {
 public:
  /// `trust_pem` is asked at every request. bad_config if the address cannot be had.
  /// `lists` gives the bytes of "cca.crl", "brand.bci" as they are now, empty for none; any thread.
  using Lists = std::function<Bytes(std::string_view name)>;
  static Result<TrustHttp> start(const ListenAddress& listen,
                                 std::function<std::string()> trust_pem,
                                 const std::map<std::string, Bytes>& published, Lists lists);

  /// "127.0.0.1:41238".
  const std::string& address() const { return door_.address(); }

 private:
  explicit TrustHttp(HttpDoor door) : door_(std::move(door)) {}
  HttpDoor door_;
};

}  // namespace set::ca
