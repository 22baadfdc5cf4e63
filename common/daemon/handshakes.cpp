#include "common/daemon/handshakes.h"

#include <grpc/support/log.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "common/daemon/instruments.h"

namespace set {
namespace {

bool operator_reads_grpc_log = false;  // written once, before threads

void on_grpc_line(gpr_log_func_args* line) {
  const std::string_view message = line->message;
  if (message.starts_with("Handshake failed")) metrics::handshakes_failed.count();
  if (operator_reads_grpc_log)
    std::fprintf(stderr, "grpc %s %s:%d %s\n", gpr_log_severity_string(line->severity), line->file,
                 line->line, line->message);
}

}  // namespace

void count_failed_handshakes() {
  const char* verbosity = std::getenv("GRPC_VERBOSITY");
  operator_reads_grpc_log =
      verbosity != nullptr && std::string_view(verbosity) != "NONE";
  if (!operator_reads_grpc_log) gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
  gpr_set_log_function(on_grpc_line);
}

}  // namespace set
