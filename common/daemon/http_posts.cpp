#include "common/daemon/http_posts.h"

#include <curl/curl.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "common/base/assert.h"

namespace set {
namespace {

constexpr std::size_t kMaxAnswerBytes = 64 * 1024;

struct EasyCloser {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct HeadersCloser {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// One POST under way.
struct Transfer {
  std::string key;
  HttpPost post;
  std::unique_ptr<curl_slist, HeadersCloser> headers;
  std::unique_ptr<CURL, EasyCloser> easy;
  std::string received;
  bool too_long = false;
  const char* refused = nullptr;  ///< why we do not connect

  void add_header(const std::string& line) {
    auto* longer = curl_slist_append(headers.get(), line.c_str());
    SET_ASSERT(longer != nullptr);
    if (headers == nullptr) headers.reset(longer);
  }
};

std::size_t keep_answer(char* bytes, std::size_t size, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const auto room = kMaxAnswerBytes - transfer.received.size();
  transfer.received.append(bytes, std::min(size * count, room));
  transfer.too_long = size * count > room;
  return transfer.too_long ? 0 : size * count;
}

curl_socket_t open_socket(void* context, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (transfer.post.why_refused) transfer.refused = transfer.post.why_refused(address->addr);
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

HttpAnswer answer_of(Transfer& transfer, CURLcode code) {
  long status = 0;
  curl_off_t micros = 0, retry_after = 0;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_TOTAL_TIME_T, &micros);
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_RETRY_AFTER, &retry_after);
  // What is too long was answered all the same.
  const bool answered = code == CURLE_OK || transfer.too_long;
  if (!answered) status = 0;
  HttpAnswer out{transfer.key, static_cast<int>(status)};
  out.took = std::chrono::duration_cast<Duration>(std::chrono::microseconds(micros));
  out.body = std::move(transfer.received);
  if (!out.ok()) out.error = why_failed(code, status, transfer);
  if (retry_after > 0)
    out.retry_after = std::min<Duration>(std::chrono::seconds(retry_after), kMaxHttpRetryAfter);
  return out;
}

}  // namespace

Duration retry_pause(std::int64_t failures, Duration first, Duration most, Rng& rng) {
  // One by one: a product would overflow with a long first pause. A millisecond is an hour by the 23rd.
  auto pause = std::min<Duration>(first, most);
  for (auto left = std::clamp<std::int64_t>(failures, 1, 30); left > 1; --left)
    pause = std::min<Duration>(pause * 2, most);
  const std::int64_t share = rng.bytes(1)[0];  // 0 to 255
  return pause * (4 * 255 + 2 * share) / (5 * 255);
}

struct HttpPosts::Impl {
  explicit Impl(Options chosen) : options(std::move(chosen)) {
    static const auto once = curl_global_init(CURL_GLOBAL_DEFAULT);
    SET_ASSERT(once == CURLE_OK);
    multi = curl_multi_init();
    SET_ASSERT(multi != nullptr);
  }
  ~Impl() {
    break_off();
    curl_multi_cleanup(multi);
  }

  std::unique_ptr<Transfer> make(const std::string& key, HttpPost post) const;
  void break_off();

  Options options;
  CURLM* multi = nullptr;
  std::map<std::string, std::unique_ptr<Transfer>, std::less<>> transfers;
};

std::unique_ptr<Transfer> HttpPosts::Impl::make(const std::string& key, HttpPost post) const {
  auto out = std::make_unique<Transfer>();
  out->key = key;
  out->post = std::move(post);
  for (const auto& line : out->post.headers) out->add_header(line);
  out->add_header("expect:");  // the body is short: no asking first
  out->easy.reset(curl_easy_init());
  auto* easy = out->easy.get();
  SET_ASSERT(easy != nullptr);
  set_option(easy, CURLOPT_URL, out->post.url.c_str());
  set_option(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set_option(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set_option(easy, CURLOPT_PROXY, "");
  set_option(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set_option(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  set_option(easy, CURLOPT_HTTPHEADER, out->headers.get());
  set_option(easy, CURLOPT_POST, 1L);
  set_option(easy, CURLOPT_POSTFIELDS, out->post.body.c_str());
  set_option(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(out->post.body.size()));
  set_option(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout.count()));
  set_option(easy, CURLOPT_NOSIGNAL, 1L);
  set_option(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set_option(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set_option(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) set_option(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  set_option(easy, CURLOPT_WRITEFUNCTION, keep_answer);
  set_option(easy, CURLOPT_WRITEDATA, out.get());
  set_option(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  set_option(easy, CURLOPT_OPENSOCKETDATA, out.get());
  set_option(easy, CURLOPT_PRIVATE, out.get());
  return out;
}

void HttpPosts::Impl::break_off() {
  for (auto& [key, transfer] : transfers) {
#if LIBCURL_VERSION_NUM >= 0x075700  // 7.87: before it this waits until a name is resolved
    set_option(transfer->easy.get(), CURLOPT_QUICK_EXIT, 1L);
#endif
    curl_multi_remove_handle(multi, transfer->easy.get());
  }
  transfers.clear();
}

HttpPosts::HttpPosts(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
HttpPosts::~HttpPosts() = default;

void HttpPosts::start(const std::string& key, HttpPost post) {
  SET_ASSERT(!busy(key));
  auto transfer = impl_->make(key, std::move(post));
  SET_ASSERT(curl_multi_add_handle(impl_->multi, transfer->easy.get()) == CURLM_OK);
  impl_->transfers.emplace(key, std::move(transfer));
}

bool HttpPosts::busy(const std::string& key) const { return impl_->transfers.contains(key); }

bool HttpPosts::idle() const { return impl_->transfers.empty(); }

std::vector<HttpAnswer> HttpPosts::wait(Duration at_most) {
  int running = 0, left = 0;
  curl_multi_perform(impl_->multi, &running);
  if (running == static_cast<int>(impl_->transfers.size())) {  // none has ended yet
    curl_multi_poll(impl_->multi, nullptr, 0, static_cast<int>(at_most.count()), nullptr);
    curl_multi_perform(impl_->multi, &running);
  }
  std::vector<HttpAnswer> out;
  while (const auto* message = curl_multi_info_read(impl_->multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* context = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &context);
    auto& transfer = *reinterpret_cast<Transfer*>(context);
    out.push_back(answer_of(transfer, message->data.result));
    curl_multi_remove_handle(impl_->multi, message->easy_handle);
    impl_->transfers.erase(out.back().key);
  }
  return out;
}

void HttpPosts::break_off() { impl_->break_off(); }

void HttpPosts::wake() { curl_multi_wakeup(impl_->multi); }

}  // namespace set
