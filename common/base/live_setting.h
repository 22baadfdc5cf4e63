// LiveSetting<T>: a setting that may change while we serve. Copies share it: main keeps one and sets it
// when the settings are read again (daemon/reload.h), whoever works by it asks each time. Any thread.
#pragma once

#include <concepts>
#include <memory>
#include <mutex>
#include <utility>

namespace set {

template <class T>
class LiveSetting {
 public:
  LiveSetting() : LiveSetting(T()) {}
  // NOLINTBEGIN(google-explicit-constructor): what never changes is a case of what may
  template <class U>
  requires(std::convertible_to<U, T> && !std::same_as<std::remove_cvref_t<U>, LiveSetting>)
  LiveSetting(U&& value) : shared_(std::make_shared<Shared>(std::forward<U>(value))) {}
  // NOLINTEND(google-explicit-constructor)

  T operator()() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->value;
  }
  void set(T value) const {
    const std::lock_guard lock(shared_->mutex);
    shared_->value = std::move(value);
  }

 private:
  struct Shared {
    explicit Shared(T first) : value(std::move(first)) {}
    std::mutex mutex;
    T value;
  };
  std::shared_ptr<Shared> shared_;
};

}  // namespace set
