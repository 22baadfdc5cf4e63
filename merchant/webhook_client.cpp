#include "merchant/webhook_client.h"

#include <curl/curl.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "common/base/assert.h"
#include "merchant/webhook_url.h"

namespace set::merchant {
namespace {

constexpr std::size_t kMaxAnswerBytes = 64 * 1024;  // which nobody looks at
constexpr std::string_view kUserAgent = "OpenSET-merchant/" SET_VERSION;

struct EasyCloser {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct HeadersCloser {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// One POST under way.
struct Transfer {
  std::string key;
  WebhookPost post;
  std::unique_ptr<curl_slist, HeadersCloser> headers;
  std::unique_ptr<CURL, EasyCloser> easy;
  std::size_t received = 0;
  const char* refused = nullptr;  ///< why we do not connect

  void add_header(const std::string& line) {
    auto* longer = curl_slist_append(headers.get(), line.c_str());
    SET_ASSERT(longer != nullptr);
    if (headers == nullptr) headers.reset(longer);
  }
};

std::size_t drop_answer(char*, std::size_t size, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  transfer.received += size * count;
  return transfer.received > kMaxAnswerBytes ? 0 : size * count;
}

curl_socket_t open_socket(void* context, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(context);
  const bool https = transfer.post.url.starts_with("https:");
  transfer.refused = why_refused(address->addr, https, transfer.post.allowed);
  if (transfer.refused != nullptr) return CURL_SOCKET_BAD;
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

template <class T>
void set_option(CURL* easy, CURLoption option, T value) {
  // Each option is of this libcurl and its value of the right kind.
  SET_ASSERT(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

std::string why_failed(CURLcode code, long status, const Transfer& transfer) {
  if (status != 0) return "HTTP status " + std::to_string(status);
  if (transfer.refused != nullptr) return transfer.refused;
  return curl_easy_strerror(code);
}

WebhookAnswer answer_of(const Transfer& transfer, CURLcode code) {
  long status = 0;
  curl_off_t micros = 0, retry_after = 0;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_TOTAL_TIME_T, &micros);
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_RETRY_AFTER, &retry_after);
  // What is too long was answered all the same.
  const bool answered = code == CURLE_OK || transfer.received > kMaxAnswerBytes;
  if (!answered) status = 0;
  WebhookAnswer out{transfer.key, static_cast<int>(status)};
  out.took = std::chrono::duration_cast<Duration>(std::chrono::microseconds(micros));
  if (!out.ok()) out.error = why_failed(code, status, transfer);
  if (retry_after > 0)
    out.retry_after = std::min<Duration>(std::chrono::seconds(retry_after), kMaxRetryPause);
  return out;
}

}  // namespace

struct WebhookClient::Impl {
  Impl() {
    static const auto once = curl_global_init(CURL_GLOBAL_DEFAULT);
    SET_ASSERT(once == CURLE_OK);
    multi = curl_multi_init();
    SET_ASSERT(multi != nullptr);
  }
  ~Impl() {
    for (auto& [key, transfer] : transfers) curl_multi_remove_handle(multi, transfer->easy.get());
    transfers.clear();
    curl_multi_cleanup(multi);
  }

  std::unique_ptr<Transfer> make(const std::string& key, const WebhookPost& post) const;

  CURLM* multi = nullptr;
  Duration timeout = {};
  std::string ca_file;
  std::map<std::string, std::unique_ptr<Transfer>, std::less<>> transfers;
};

WebhookClient::WebhookClient(Duration timeout, std::filesystem::path ca_file)
    : impl_(std::make_unique<Impl>()) {
  impl_->timeout = timeout;
  impl_->ca_file = std::move(ca_file).string();
}
WebhookClient::~WebhookClient() = default;

std::unique_ptr<Transfer> WebhookClient::Impl::make(const std::string& key,
                                                    const WebhookPost& post) const {
  auto out = std::make_unique<Transfer>();
  out->key = key;
  out->post = post;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(post.now).time_since_epoch();
  out->add_header("content-type: application/json");
  out->add_header("webhook-id: " + post.event_id);
  out->add_header("webhook-timestamp: " + std::to_string(seconds.count()));
  out->add_header("webhook-signature: " + post.signature);
  out->add_header("expect:");  // the body is short: no asking first
  out->easy.reset(curl_easy_init());
  auto* easy = out->easy.get();
  SET_ASSERT(easy != nullptr);
  set_option(easy, CURLOPT_URL, out->post.url.c_str());
  set_option(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set_option(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set_option(easy, CURLOPT_PROXY, "");
  set_option(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set_option(easy, CURLOPT_USERAGENT, kUserAgent.data());
  set_option(easy, CURLOPT_HTTPHEADER, out->headers.get());
  set_option(easy, CURLOPT_POST, 1L);
  set_option(easy, CURLOPT_POSTFIELDS, out->post.body.c_str());
  set_option(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(out->post.body.size()));
  set_option(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  set_option(easy, CURLOPT_NOSIGNAL, 1L);
  set_option(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set_option(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set_option(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!ca_file.empty()) set_option(easy, CURLOPT_CAINFO, ca_file.c_str());
  set_option(easy, CURLOPT_WRITEFUNCTION, drop_answer);
  set_option(easy, CURLOPT_WRITEDATA, out.get());
  set_option(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  set_option(easy, CURLOPT_OPENSOCKETDATA, out.get());
  set_option(easy, CURLOPT_PRIVATE, out.get());
  return out;
}

void WebhookClient::start(const std::string& key, const WebhookPost& post) {
  SET_ASSERT(!busy(key));
  auto transfer = impl_->make(key, post);
  SET_ASSERT(curl_multi_add_handle(impl_->multi, transfer->easy.get()) == CURLM_OK);
  impl_->transfers.emplace(key, std::move(transfer));
}

bool WebhookClient::busy(const std::string& key) const { return impl_->transfers.contains(key); }

bool WebhookClient::idle() const { return impl_->transfers.empty(); }

std::vector<WebhookAnswer> WebhookClient::wait(Duration at_most) {
  int running = 0, left = 0;
  curl_multi_perform(impl_->multi, &running);
  if (running == static_cast<int>(impl_->transfers.size())) {  // none has ended yet
    curl_multi_poll(impl_->multi, nullptr, 0, static_cast<int>(at_most.count()), nullptr);
    curl_multi_perform(impl_->multi, &running);
  }
  std::vector<WebhookAnswer> out;
  while (const auto* message = curl_multi_info_read(impl_->multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* context = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &context);
    const auto& transfer = *reinterpret_cast<const Transfer*>(context);
    out.push_back(answer_of(transfer, message->data.result));
    curl_multi_remove_handle(impl_->multi, message->easy_handle);
    impl_->transfers.erase(out.back().key);
  }
  return out;
}

void WebhookClient::wake() { curl_multi_wakeup(impl_->multi); }

}  // namespace set::merchant
