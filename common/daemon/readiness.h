// Readiness: whether a daemon can do its work at this moment, and if not, why. A few named
// conditions, each asked anew; serve() looks every two seconds and tells it as SERVING or
// NOT_SERVING, /readyz tells all of it. One line in the log for each change. Any thread.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "common/base/result.h"

namespace set {

class Readiness {
 public:
  /// No value: good. The Error's detail is the reason that an operator reads.
  using Condition = std::function<Result<void>()>;
  struct State {
    bool ready = false;
    std::map<std::string, std::optional<Error>> conditions;  ///< by name; none: good
    /// "revocation: the CA was not reached …"; empty if ready.
    std::string reason() const;
  };

  /// `name` is a word of ours, such as "database". In its place, if it is there already.
  void require(const std::string& name, Condition condition);
  /// Holds until release(): what is waited for before serving, such as "start".
  void hold(const std::string& name, const std::string& reason);
  void release(const std::string& name);

  /// Asks every condition.
  State look();
  /// What the last look found.
  State last() const;

 private:
  std::mutex looking_;
  mutable std::mutex mutex_;  ///< of what follows
  std::map<std::string, Condition> conditions_;
  State last_;
};

}  // namespace set
