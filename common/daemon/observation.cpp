#include "common/daemon/observation.h"

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>

#include "common/crypto/operation_counts.h"
#include "common/daemon/instruments.h"
#include "common/store/transaction_observer.h"

namespace set {
namespace {

using Show = Reading::Show;

double seconds(Instant instant) { return static_cast<double>(to_millis(instant)) / 1000.0; }
double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1000.0; }
double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// What failed a moment ago is not to be relied on, though it can be read.
constexpr Duration kMoment = std::chrono::seconds(10);
std::atomic<bool> database_said_no = false;  // since somebody looked

std::string_view word_of(TransactionReport::End end) {
  switch (end) {
    case TransactionReport::End::committed: return "committed";
    case TransactionReport::End::rolled_back: return "rolled_back";
    case TransactionReport::End::failed: return "failed";
  }
  return "failed";
}

void count_transaction(const TransactionReport& report) {
  metrics::transactions.observe(report.took, LabelWord{report.label},
                                LabelWord{word_of(report.end)});
  if (report.end == TransactionReport::End::failed) database_said_no = true;
}

double open_descriptors() {
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  double count = 0;
  while (!error && entry != std::filesystem::directory_iterator()) {
    ++count;
    entry.increment(error);
  }
  return count - 1;  // this look's own
}

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double whole = 0, resident = 0;
  statm >> whole >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double processor_seconds() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double most_descriptors() {
  rlimit limit = {};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

std::vector<std::pair<std::string_view, const Chain*>> own_chains(const Party& party) {
  std::vector<std::pair<std::string_view, const Chain*>> out;
  if (party.signature) out.emplace_back("signature", &*party.signature);
  if (party.key_exchange) out.emplace_back("key_exchange", &*party.key_exchange);
  return out;
}

/// The paths of the own certificates: built once for each party, since only dates and lists change
/// between two looks.
class OwnPaths {
 public:
  OwnPaths(Current<const Party> party, Clock clock)
      : party_(std::move(party)), clock_(std::move(clock)) {}

  Result<void> check_dates() {
    const auto now = clock_();
    for (const auto& [name, path] : TRY(paths())) {
      for (const auto& certificate : path) {
        const std::string which = "the " + std::string(name) + " certificate or one above it";
        CHECK_OR_FAIL(certificate.not_before() <= now, ErrorCode::expired_certificate,
                      which + " is valid from " + to_string(certificate.not_before()) +
                          " on: is this computer's clock right?");
        CHECK_OR_FAIL(now <= certificate.not_after(), ErrorCode::expired_certificate,
                      which + " expired on " + to_string(certificate.not_after()) + ": renew it");
      }
    }
    return {};
  }

  // As whoever gets our messages would ask; and what we could not say of others' certificates.
  Result<void> check_revocations() {
    for (const auto& [name, path] : TRY(paths()))
      TRY(party_()->trust->revocation().check(path, clock_()));
    return {};
  }

 private:
  using Paths = std::vector<std::pair<std::string_view, std::vector<Certificate>>>;

  Result<Paths> paths() {
    const auto party = party_();
    const std::lock_guard lock(mutex_);
    if (party == built_for_) return built_;
    Paths built;
    for (const auto& [name, chain] : own_chains(*party)) {
      const Expected expected{chain->leaf.roles().front(), chain->leaf.key_use(),
                              chain->leaf.brand()};
      built.emplace_back(
          name, TRY(party->trust->verify_path(chain->leaf, chain->issuers, expected, clock_())));
    }
    built_for_ = party;
    built_ = built;
    return built;
  }

  Current<const Party> party_;
  Clock clock_;
  std::mutex mutex_;
  std::shared_ptr<const Party> built_for_;
  Paths built_;
};

/// A full disk can still be read: what said no is relied on again when it has taken a write.
class DatabaseTrust {
 public:
  DatabaseTrust(Database& database, Clock clock) : database_(database), clock_(std::move(clock)) {}

  Result<void> check() {
    const std::lock_guard lock(mutex_);
    const auto now = clock_();
    if (database_said_no.exchange(false)) said_no_at_ = now;
    const bool a_moment_ago = said_no_at_ && now >= *said_no_at_ && now - *said_no_at_ <= kMoment;
    CHECK_OR_FAIL(!a_moment_ago, ErrorCode::storage_unavailable,
                  "the database said no less than 10 seconds ago: is the disk full, is its server "
                  "there?");
    TRY(database_.in_transaction("readiness", [this](Transaction& t) -> Result<void> {
      if (said_no_at_) TRY(write_something(t));
      TRY(t.query_one("SELECT MAX(number) FROM schema_version"));
      return {};
    }));
    said_no_at_.reset();
    return {};
  }

 private:
  // What changes nothing SQLite does not write.
  static Result<void> write_something(Transaction& t) {
    TRY(t.execute("INSERT INTO schema_version (number, applied_at) VALUES (0, 0)"));
    TRY(t.execute("DELETE FROM schema_version WHERE number = 0"));
    return {};
  }

  Database& database_;
  Clock clock_;
  std::mutex mutex_;
  std::optional<Instant> said_no_at_;
};

}  // namespace

Result<std::unique_ptr<Observation>> Observation::start(std::string_view daemon,
                                                        const MetricsOptions& options,
                                                        Clock clock) {
  std::unique_ptr<Observation> out(new Observation(std::move(clock)));
  observe_transactions(count_transaction);
  out->show_process(daemon);
  out->show_operations();
  if (!options.listen) return out;
  out->door_.emplace(
      TRY(open_metrics_door(*options.listen, options.to_other_machines, out->readiness_)));
  log_info("showing figures", LogWord{"address", out->door_->address()});
  return out;
}

void Observation::show_process(std::string_view daemon) {
  const auto gauge = [this](const char* name, const char* help, double (*value)(),
                            MetricKind kind = MetricKind::gauge) {
    readings_.emplace_back(MetricDescription{kind, name, help, {}},
                           [value](const Show& show) { show(value(), {}); });
  };
  readings_.emplace_back(
      MetricDescription{
          MetricKind::gauge, "set_build_info", "1; which program this is", {"daemon", "version"}},
      [name = std::string(daemon)](const Show& show) { show(1, {name, SET_VERSION}); });
  readings_.emplace_back(MetricDescription{MetricKind::gauge,
                                           "process_start_time_seconds",
                                           "When the daemon began, in seconds since 1970",
                                           {}},
                         [began = seconds(clock_())](const Show& show) { show(began, {}); });
  gauge("process_resident_memory_bytes", "Memory in use", resident_bytes);
  gauge("process_open_fds", "Descriptors in use", open_descriptors);
  gauge("process_max_fds", "Descriptors that may be in use", most_descriptors);
  gauge("process_cpu_seconds_total", "Processor time used", processor_seconds,
        MetricKind::counter);
  readings_.emplace_back(
      MetricDescription{MetricKind::gauge,
                        "set_ready",
                        "1 while this condition of being ready holds, else 0",
                        {"condition"}},
      [this](const Show& show) {
        for (const auto& [name, error] : readiness_.last().conditions) show(error ? 0 : 1, {name});
      });
}

void Observation::show_operations() {
  readings_.emplace_back(
      MetricDescription{MetricKind::counter, "set_signatures_total", "ML-DSA signatures made", {}},
      [](const Show& show) {
        show(static_cast<double>(operation_counts.signatures.load()), {});
      });
  readings_.emplace_back(
      MetricDescription{MetricKind::counter,
                        "set_signature_verifications_total",
                        "ML-DSA signatures checked; those of a certificate's path are not counted",
                        {"outcome"}},
      [](const Show& show) {
        show(static_cast<double>(operation_counts.verifications.load()), {"good"});
        show(static_cast<double>(operation_counts.bad_signatures.load()), {"bad"});
      });
}

void Observation::watch(Database& database) {
  const auto trust = std::make_shared<DatabaseTrust>(database, clock_);
  readiness_.require("database", [trust] { return trust->check(); });
}

void Observation::watch(Current<const Party> party) {
  const auto paths = std::make_shared<OwnPaths>(party, clock_);
  readiness_.require("certificates", [paths] { return paths->check_dates(); });
  readiness_.require("revocation", [paths] { return paths->check_revocations(); });
  readings_.emplace_back(
      MetricDescription{MetricKind::gauge,
                        "set_certificate_expiry_timestamp_seconds",
                        "When the own certificate ends, in seconds since 1970",
                        {"certificate"}},
      [party](const Show& show) {
        const auto now_is = party();
        for (const auto& [name, chain] : own_chains(*now_is))
          show(seconds(chain->leaf.not_after()), {name});
        show(seconds(now_is->trust->root().not_after()), {"root"});
      });
  readings_.emplace_back(
      MetricDescription{MetricKind::gauge,
                        "set_bci_age_seconds",
                        "How long ago the BrandCRLIdentifier was issued that is relied on",
                        {"brand"}},
      [party, this](const Show& show) {
        for (const auto& [brand, known] : party()->trust->revocation().all())
          show(seconds(clock_() - known->not_before), {brand});
      });
  readings_.emplace_back(
      MetricDescription{MetricKind::gauge,
                        "set_revocation_expiry_timestamp_seconds",
                        "When the first of the BrandCRLIdentifier and its lists ends, in seconds "
                        "since 1970",
                        {"brand"}},
      [party](const Show& show) {
        for (const auto& [brand, known] : party()->trust->revocation().all()) {
          auto until = known->not_after;
          for (const auto& crl : known->crls) until = std::min(until, crl.next_update());
          show(seconds(until), {brand});
        }
      });
}

void Observation::watch(Current<const TlsIdentity> tls) {
  readiness_.require("tls", [tls, this]() -> Result<void> {
    const auto facts = TRY(tls_certificate_facts(tls()->chain_pem));
    CHECK_OR_FAIL(clock_() <= facts.not_after, ErrorCode::expired_certificate,
                  "the TLS certificate expired on " + to_string(facts.not_after) + ": renew it");
    return {};
  });
  readings_.emplace_back(MetricDescription{MetricKind::gauge,
                                           "set_tls_certificate_expiry_timestamp_seconds",
                                           "When the own TLS certificate ends, in seconds since "
                                           "1970",
                                           {}},
                         [tls](const Show& show) {
                           if (const auto facts = tls_certificate_facts(tls()->chain_pem))
                             show(seconds(facts->not_after), {});
                         });
}

void Observation::watch(Database& database, std::span<const Queue> queues) {
  const auto waiting = [&database](const Queue& queue) {
    return database.in_transaction(
        "queues", [&](Transaction& t) { return t.query_one(queue.sql); });
  };
  readings_.emplace_back(
      MetricDescription{
          MetricKind::gauge, "set_queue_length", "How many wait to be done, by queue", {"queue"}},
      [waiting, queues](const Show& show) {
        for (const auto& queue : queues) {
          const auto row = waiting(queue);
          if (row && *row) show(static_cast<double>((*row)->integer(0)), {queue.name});
        }
      });
  readings_.emplace_back(
      MetricDescription{MetricKind::gauge,
                        "set_queue_oldest_seconds",
                        "How long the oldest has been waiting, by queue; 0 if none does",
                        {"queue"}},
      [waiting, queues, this](const Show& show) {
        for (const auto& queue : queues) {
          const auto row = waiting(queue);
          if (!row || !*row) continue;
          show((*row)->is_null(1) ? 0 : seconds(clock_() - (*row)->instant(1)), {queue.name});
        }
      });
}

}  // namespace set
