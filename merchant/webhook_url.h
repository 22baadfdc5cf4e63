// Where a webhook may lead: https to anywhere but link-local and other special addresses, plain
// http to this machine only. The URL is judged when it is given, the address when it is connected
// to (webhook_client.h), so that a name cannot change its mind in between. Any thread.
#pragma once

#include <sys/socket.h>

#include <string>

#include "merchant/webhook.h"

namespace set::merchant {

/// invalid_argument: no URL of http or https with a host; longer than 2000 characters; with user,
/// password or fragment; plain http or an address that is not allowed. A name is not looked up.
Result<void> check_webhook_url(const std::string& url, const AllowedTargets& allowed);

/// nullptr, or why there must be no connection to this address.
const char* why_refused(const sockaddr& address, bool https, const AllowedTargets& allowed);

}  // namespace set::merchant
