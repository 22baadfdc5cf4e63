#include "common/enrollment/renewer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/renewal_due.h"
#include "common/daemon/files.h"
#include "common/daemon/stop.h"
#include "common/enrollment/renewal.h"

namespace set {
namespace {

constexpr Duration kLookEvery = std::chrono::milliseconds(500);

/// Several daemons may have one directory, and all see at the same moment that a renewal is due; or
/// an operator's `renew` comes in between. One of them asks. Ends with its process.
class OneRenewal {
 public:
  explicit OneRenewal(const std::filesystem::path& directory)
      : fd_(::open((directory / "renewal.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)),
        ours_(fd_ >= 0 && ::flock(fd_, LOCK_EX | LOCK_NB) == 0) {}
  ~OneRenewal() {
    if (fd_ >= 0) ::close(fd_);
  }
  OneRenewal(const OneRenewal&) = delete;
  OneRenewal& operator=(const OneRenewal&) = delete;

  bool ours() const { return ours_; }

 private:
  int fd_;
  bool ours_;
};

}  // namespace

Result<RenewalPlan> renewal_plan(const Party& party, const TlsIdentity& tls) {
  const auto& signature = party.signature.value().leaf;
  const auto& key_exchange = party.key_exchange.value().leaf;
  const auto facts = TRY(tls_certificate_facts(tls.chain_pem));
  const auto due = [](const Certificate& leaf) {
    return renewal_due(leaf.not_before(), leaf.not_after(), leaf.thumbprint().hex());
  };
  return RenewalPlan{
      .signature_until = signature.not_after(),
      .signature_due = due(signature),
      .key_exchange_until = key_exchange.not_after(),
      .key_exchange_due = due(key_exchange),
      .tls_until = facts.not_after,
      .tls_due = renewal_due(facts.not_before, facts.not_after, facts.fingerprint_hex),
      .party_life = signature.not_after() - signature.not_before(),
      .tls_life = facts.not_after - facts.not_before,
  };
}

Result<bool> renew_what_is_due(const std::string& ca, const Party& party, const TlsIdentity& tls,
                               const std::filesystem::path& directory, const KeyLock& lock,
                               bool force, const Clock& clock, Rng& rng) {
  const auto plan = TRY(renewal_plan(party, tls));
  const bool all = force || plan.party_needs_it(clock());
  if (!all && !plan.tls_needs_it(clock())) return false;
  CHECK_OR_FAIL(!ca.empty(), ErrorCode::invalid_argument,
                "the CA's address is not known here: give it with --ca");
  const OneRenewal one(directory);
  if (!one.ours()) return false;
  // Each renewal changes the TLS certificate: if there is another one by now, it was just done.
  const auto there = read_text_file(directory / "tls.pem");
  if (there && *there != tls.chain_pem) return false;
  // One that has ended would get no connection; who we are, the renewal's signatures say as well.
  const bool shown = clock() < plan.tls_until;
  const auto client = CaClient::connect(ca, *party.trust, shown ? &tls : nullptr);
  if (all) {
    TRY(renew_party(client, party, directory, lock, clock, rng));
  } else {
    TRY(renew_tls(client, party, directory, lock, clock, rng));
  }
  return true;
}

void Renewer::start() {
  if (parts_.ca.empty()) {
    log_warning("certificates are not renewed: the CA's address is not known, give it with --ca");
  }
  thread_ = std::thread([this] { run(); });
}

void Renewer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Renewer::wait(Duration at_most) {
  std::unique_lock lock(mutex_);
  return wake_.wait_for(lock, at_most, [this] { return stopping_; });
}

void Renewer::run() {
  do {
    look();
    const auto now = parts_.clock();
    if (!parts_.ca.empty() && now >= not_before_) renew(now);
  } while (!wait(kLookEvery));
}

// Also without a SIGHUP: whoever wrote the directory may not know whom to tell.
void Renewer::look() {
  const bool told = hangups() != hangups_seen_;
  hangups_seen_ = hangups();
  const auto changed = parts_.identity.reload_if_changed();
  if (!changed) log_error("new certificates cannot be used", changed.error());
  if (changed && *changed) parts_.changed(*parts_.identity.party());
  if (told && changed && !*changed) log_info("no new certificates in the directory");
}

void Renewer::renew(Instant now) {
  const auto party = parts_.identity.party();
  const auto tls = parts_.identity.tls();
  const auto plan = renewal_plan(*party, *tls);
  if (!plan) return failed(plan.error(), {}, now);
  const bool all = plan->party_needs_it(now);
  const auto life = all ? plan->party_life : plan->tls_life;
  const auto renewed =
      renew_what_is_due(parts_.ca, *party, *tls, parts_.identity.directory(),
                        parts_.identity.lock(), false, parts_.clock, parts_.rng);
  if (!renewed) return failed(renewed.error(), life, now);
  if (!*renewed) return;
  failures_ = 0;
  not_before_ = parts_.clock() + renewal_floor(life);
  log_info("certificates renewed", LogWord{"which", all ? "signature, key exchange, TLS" : "TLS"});
  look();
}

void Renewer::failed(const Error& error, Duration life, Instant now) {
  ++failures_;
  const auto pause = renewal_back_off(life, failures_);
  not_before_ = now + pause;
  log_warning("certificates not renewed", error, pause);
}

}  // namespace set
