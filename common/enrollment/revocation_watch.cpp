#include "common/enrollment/revocation_watch.h"

#include "common/base/log.h"
#include "common/daemon/options.h"
#include "common/daemon/revocation_file.h"

namespace set {
namespace {

constexpr Duration kShortest = std::chrono::milliseconds(100);

}  // namespace

void add_revocation_options(CLI::App& app, RevocationWatchOptions& options) {
  add_parsed(app, "--revocation-every", options.every, parse_duration,
             "How often the CA is asked what is revoked");
  add_parsed(app, "--revocation-grace", options.grace, parse_duration,
             "How long its last word counts after its end");
}

Result<void> RevocationWatch::start() {
  CHECK_OR_FAIL(parts_.options().every >= kShortest, ErrorCode::invalid_argument,
                "--revocation-every must be at least 100ms");
  const auto& trust = *parts_.party()->trust;
  TRY(keep_revocations(parts_.directory / kRevocationFile, trust, parts_.clock()));
  trust.revocation().set_policy({.required = true, .grace = parts_.options().grace});
  if (parts_.ca.empty()) {
    log_warning("no CA is known to ask what is revoked: start with --ca host:port");
    return {};
  }
  ca_ = CaClient::connect(parts_.ca, trust);
  thread_ = std::thread([this] { run(); });
  return {};
}

void RevocationWatch::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Result<void> RevocationWatch::refresh() {
  CHECK_OR_FAIL(ca_, ErrorCode::bad_config, "no CA is known to ask what is revoked");
  return ca_->fetch_revocations(*parts_.party()->trust, parts_.clock());
}

void RevocationWatch::run() {
  bool reached = true;
  auto grace = parts_.options().grace;
  for (bool stopping = false; !stopping;) {
    const auto party = parts_.party();
    if (const auto now = parts_.options().grace; now != grace) {
      grace = now;
      party->trust->revocation().set_policy({.required = true, .grace = grace});
    }
    const auto before = party->trust->revocation().epoch();
    const auto refreshed = refresh();
    if (!refreshed) log_warning("the CA does not say what is revoked", refreshed.error());
    if (refreshed && !reached) log_info("the CA says again what is revoked");
    reached = refreshed.has_value();
    if (party->trust->revocation().epoch() != before) {
      log_info("revocations changed");
      check_own_certificates();
    }
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, std::max(parts_.options().every, kShortest), [this] { return stopping_; });
    stopping = stopping_;
  }
}

// An operator should read it here first, and not in the refusals of others.
void RevocationWatch::check_own_certificates() {
  const auto party = parts_.party();
  for (const auto* chain : {&party->signature, &party->key_exchange}) {
    if (!*chain) continue;
    const auto& leaf = (*chain)->leaf;
    const Expected expected{leaf.roles().front(), leaf.key_use(), leaf.brand()};
    const auto good = party->trust->verify(leaf, (*chain)->issuers, expected, parts_.clock());
    if (!good)
      log_error("our own certificate is not good any more", leaf.thumbprint(), good.error());
  }
}

}  // namespace set
