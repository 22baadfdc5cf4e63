// RevocationWatch: how a daemon follows its CA's revocations: BCIDistribution every 20 seconds, and
// what was known before from DIR/revocation.set. A CA that does not answer is a warning; once what
// is known is over, and its grace too, Trust refuses everything (Revocation::check).
// One thread of its own; refresh() any thread.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "common/base/current.h"
#include "common/base/live_setting.h"
#include "common/enrollment/ca_client.h"

namespace CLI {
class App;
}

namespace set {

struct RevocationWatchOptions {
  Duration every = std::chrono::seconds(20);
  Duration grace = std::chrono::hours(2);
};
/// --revocation-every, --revocation-grace of a `serve` command.
void add_revocation_options(CLI::App& app, RevocationWatchOptions& options);

class RevocationWatch {
 public:
  struct Parts {
    Current<const Party> party;
    std::filesystem::path directory;
    std::string ca;  ///< host:port; empty: nobody to ask
    LiveSetting<RevocationWatchOptions> options;
    Clock clock;
  };
  explicit RevocationWatch(Parts parts) : parts_(std::move(parts)) {}
  ~RevocationWatch() { stop(); }

  /// Takes up what is kept, asks from now on that nothing is trusted without a BCI, and starts to
  /// follow the CA. Errors: bad_config, invalid_argument.
  Result<void> start();
  void stop();

  /// Asks the CA once. Errors: CaClient::fetch_revocations'.
  Result<void> refresh();

 private:
  void run();
  void check_own_certificates();

  Parts parts_;
  std::optional<CaClient> ca_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace set
