// What systemd is told of a daemon (Type=notify): that it serves, that it is about to end. A datagram
// to the socket that $NOTIFY_SOCKET names (sd_notify(3)); without one, nothing. Any thread.
#pragma once

#include <string_view>

namespace set {

/// "READY=1", "STOPPING=1", "RELOADING=1\nMONOTONIC_USEC=…", "STATUS=…". Whether it is heard is no
/// matter of ours.
void notify_supervisor(std::string_view state);

}  // namespace set
