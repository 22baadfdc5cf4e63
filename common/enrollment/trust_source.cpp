#include "common/enrollment/trust_source.h"

#include <httplib.h>
#include <CLI/CLI.hpp>

#include "common/daemon/files.h"
#include "common/daemon/options.h"
#include "common/daemon/patience.h"

namespace set {
namespace {

constexpr std::size_t kMaxTrustBytes = 256 * 1024;
constexpr std::size_t kMaxFingerprintBytes = 128;
constexpr Duration kTrustTime = std::chrono::seconds(5);
constexpr std::string_view kHttp = "http://";

struct HttpUrl {
  std::string origin;  ///< "http://host:port"
  std::string path;
};

HttpUrl split(const std::string& url) {
  const auto slash = url.find('/', kHttp.size());
  if (slash == std::string::npos) return {url, "/trust.pem"};
  return {url.substr(0, slash), url.substr(slash)};
}

}  // namespace

Result<std::string> fetch_trust(const std::string& url) {
  const auto [origin, path] = split(url);
  httplib::Client client(origin);
  CHECK_OR_FAIL(client.is_valid(), ErrorCode::invalid_argument,
                "--trust: not a URL such as http://127.0.0.1:7702/trust.pem");
  client.set_connection_timeout(waiting_time(kTrustTime));
  client.set_read_timeout(waiting_time(kTrustTime));
  client.set_keep_alive(false);
  std::string body;
  const auto answer = client.Get(path, [&body](const char* data, std::size_t size) {
    body.append(data, size);
    return body.size() <= kMaxTrustBytes;
  });
  CHECK_OR_FAIL(body.size() <= kMaxTrustBytes, ErrorCode::verification_failed,
                url + " holds more than a trust file");
  CHECK_OR_FAIL(answer, ErrorCode::peer_unavailable,
                url + " does not answer: is set-ca running there?");
  CHECK_OR_FAIL(answer->status == 200, ErrorCode::peer_unavailable,
                url + " answers with HTTP status " + std::to_string(answer->status));
  return body;
}

bool is_trust_url(const TrustSource& source) {
  return source.location.find("://") != std::string::npos;
}

CLI::Option* add_trust_options(CLI::App& app, TrustSource& source) {
  auto* trust = app.add_option("--trust", source.location,
                               "The CA's trust.pem: a file, or a URL such as http://ca.example:7702/trust.pem");
  auto* fingerprint = app.add_option("--root-fingerprint", source.root_fingerprint,
                                     "What `set-ca init` printed; required with a URL");
  app.add_option("--root-fingerprint-file", source.root_fingerprint_file,
                 "A file with what `set-ca init` printed")
      ->type_name(kFile)
      ->excludes(fingerprint);
  return trust;
}

Result<std::string> root_fingerprint_of(const TrustSource& source) {
  if (source.root_fingerprint_file.empty()) return source.root_fingerprint;
  auto text = TRY(read_text_file(source.root_fingerprint_file, kMaxFingerprintBytes));
  text.erase(text.find_last_not_of(" \r\n") + 1);
  CHECK_OR_FAIL(!text.empty(), ErrorCode::bad_config,
                source.root_fingerprint_file.string() +
                    " is empty: it must hold the root fingerprint that `set-ca init` printed");
  return text;
}

Result<Trust> load_trust(const TrustSource& source, Instant now) {
  const auto fingerprint = TRY(root_fingerprint_of(source));
  if (!is_trust_url(source)) {
    const auto pem = TRY(read_text_file(source.location, kMaxTrustBytes));
    return Trust::parse(pem, fingerprint, now);
  }
  CHECK_OR_FAIL(source.location.starts_with(kHttp), ErrorCode::invalid_argument,
                "--trust takes a file or a plain http:// URL: the fingerprint protects it");
  CHECK_OR_FAIL(!fingerprint.empty(), ErrorCode::invalid_argument,
                "--trust with a URL needs --root-fingerprint, as `set-ca init` printed it");
  return Trust::parse(TRY(fetch_trust(source.location)), fingerprint, now);
}

}  // namespace set
