// Where prepared Botan objects wait. They are costly to make and must not be used by two threads at
// once, so a private key lends them one at a time (LendingPool) and public keys keep a few per
// thread (RecentlyUsed). Inside common/crypto only.
#pragma once

#include <algorithm>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "common/base/ids.h"

namespace set {

/// Lends a T to one caller at a time and makes another when all are out. Any thread.
template <class T>
class LendingPool {
 public:
  explicit LendingPool(std::function<std::unique_ptr<T>()> make) : make_(std::move(make)) {}

  /// Runs `body` with a T of its own. If it throws, that T is not lent again.
  template <class Body>
  auto use(Body&& body) {
    auto lent = take();
    auto result = std::forward<Body>(body)(*lent);
    give_back(std::move(lent));
    return result;
  }

 private:
  static constexpr std::size_t kMaxIdle = 64;

  std::unique_ptr<T> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto lent = std::move(idle_.back());
        idle_.pop_back();
        return lent;
      }
    }
    return make_();
  }
  void give_back(std::unique_ptr<T> lent) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kMaxIdle) idle_.push_back(std::move(lent));
  }

  std::function<std::unique_ptr<T>()> make_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> idle_;
};

/// The last few T of one thread by key; meant for thread_local. What is taken and not put back,
/// as after a verifier said no, is gone.
template <class T>
class RecentlyUsed {
 public:
  explicit RecentlyUsed(std::size_t limit) : limit_(limit) {}

  /// The T of this key, or nullptr.
  std::unique_ptr<T> take(const Thumbprint& key) {
    const auto found = std::ranges::find(entries_, key, &Entry::first);
    if (found == entries_.end()) return nullptr;
    auto value = std::move(found->second);
    entries_.erase(found);
    return value;
  }
  void put(const Thumbprint& key, std::unique_ptr<T> value) {
    entries_.emplace_front(key, std::move(value));
    if (entries_.size() > limit_) entries_.pop_back();
  }

 private:
  using Entry = std::pair<Thumbprint, std::unique_ptr<T>>;
  std::size_t limit_;
  std::list<Entry> entries_;  // the latest first
};

}  // namespace set
