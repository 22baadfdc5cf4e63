// Which purchase a span turned out to be about. The log's context cannot say it to the end: whoever
// handles a message gives that back before the span of its call ends. Each thread has its own.
#pragma once

#include <optional>

#include "common/base/ids.h"
#include "common/daemon/trace.h"

namespace set {

/// This thread's log lines and the span that it is in.
void work_is_about(const XID& xid);

/// Of a span that ends on this thread: what it was said to be about, else what the log's lines are.
std::optional<XID> subject_of(const TraceContext& span);

}  // namespace set
