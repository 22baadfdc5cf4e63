// A bank over TCP, in ISO 8583:1987 (docs/iso8583.md): the Acquirer that `serve --acquirer tcp://…`
// chooses. An authorisation is asked at once and answered or not. Everything that follows one is
// saved with its bytes before it is sent, and forwarded in order until the bank answers, across
// restarts and by one of the daemons on this database: store and forward. What the bank answers with garbage again and again is parked, with
// what follows it on the same purchase, so that the rest goes on. Any thread; a thread of its own forwards.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "common/crypto/random.h"
#include "common/iso8583/link.h"
#include "common/store/leases.h"
#include "gateway/iso8583_store.h"

namespace set::gateway {

struct Iso8583Options {
  iso8583::BankAddress address;
  std::string acquirer_bin;
  Duration timeout = std::chrono::seconds(5);      ///< how long the gateway waits for an answer
  Duration retry_after = std::chrono::seconds(1);  ///< between attempts to forward
  Duration echo_every = std::chrono::seconds(30);
  Duration look_again = std::chrono::seconds(2);  ///< for what other processes queued
  std::int64_t park_after = 8;  ///< answers to one question that could not be understood
};

class Iso8583Client final : public Acquirer {
 public:
  /// `database` has the gateway's schema and outlives this. What is queued is forwarded from now
  /// on.
  Iso8583Client(Database& database, Iso8583Options options, Clock clock, Rng& rng);
  ~Iso8583Client() override;

  Result<AcquirerAnswer> authorize(const AcquirerRequest& request) override;
  Result<AcquirerAnswer> authorize_subsequent(const AcquirerSubsequent& request) override;
  Result<std::optional<AcquirerAnswer>> inquire(const RRPID& auth_rrpid) override;
  Result<void> reverse(const RRPID& auth_rrpid) override;
  Result<void> lower(const AcquirerMovement& movement) override;
  Result<void> capture(const AcquirerMovement& movement, bool final) override;
  Result<void> reverse_capture(const AcquirerName& name, const AcquirerName& captured,
                               const std::string& batch_id) override;
  Result<void> credit(const AcquirerMovement& movement) override;
  Result<void> reverse_credit(const AcquirerName& name, const AcquirerName& credited,
                              const std::string& batch_id) override;
  Result<bool> is_waiting(const AcquirerName& name) override;
  Result<AcquirerReconciled> reconcile(const AcquirerReconciliation& batch) override;

 private:
  struct Asked {
    StoredQuestion stored;
    bool repeat = false;
    bool reversed = false;
  };

  template <class Request>
  Question question_of(const Request& request) const;
  /// `make` makes the message of the numbered question, or of its repeat.
  template <class Make>
  Result<AcquirerAnswer> decide(Question wanted, const AcquirerName& about, const Make& make);
  Result<Asked> save_authorization(Question wanted, const AcquirerName& about);
  Result<BankAnswer> ask_authorization(const Question& question, const iso8583::Message& message);
  Result<bool> save_answer(const Question& question, const BankAnswer& answer);

  /// One that follows, about `about` of the kind `about_kind`.
  Result<void> follow(QuestionKind kind, const AcquirerMovement& movement, bool final);
  Result<void> undo(QuestionKind kind, const AcquirerName& name, QuestionKind about_kind,
                    const AcquirerName& about, const std::string& batch_id);
  Result<void> queue(Transaction& t, Question question, const StoredQuestion& about, bool final);
  Result<void> wait_for_answer(const AcquirerName& name);
  /// Until `done` says so (true), or the timeout; it is looked at whenever something was queued or
  /// answered.
  template <class Done>
  Result<bool> wait_until(const Done& done);

  void forward();
  Result<bool> forward_next();
  Result<bool> count_failure(const StoredQuestion& question, const Error& error);
  void signal();

  Database& database_;
  Iso8583Options options_;
  Clock clock_;
  Rng& rng_;
  const Duration look_at_others_;  ///< while waiting for what another daemon may be told
  leases::Leadership leader_;      ///< which of the daemons on this database forwards
  iso8583::Link link_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t changes_ = 0;  ///< counts what was queued or answered, for those who wait for it
  bool stop_ = false;
  std::thread forwarder_;  // last: it uses the others
};

}  // namespace set::gateway
