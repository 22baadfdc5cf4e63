// set-ca requests: what waits for an operator, and the operator's decision. Works beside a running
// serve, on the database alone: the certificates are made by the daemon, which has the keys. One
// thread.
#pragma once

#include "ca/config.h"

namespace set::ca {

Result<void> list_requests(const Config& config);
Result<void> show_request(const Config& config);
/// invalid_argument if neither the form nor the flags say a party's name, city and country.
Result<void> approve_request(const Config& config);
Result<void> reject_request(const Config& config);

}  // namespace set::ca
