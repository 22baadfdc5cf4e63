// Current<T>: something that may be replaced while we run, such as the own certificates. Whoever
// uses it asks each time and keeps what it got as long as its piece of work lasts, so that nothing
// changes under a request. Any thread, if what is asked is.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <utility>

namespace set {

template <class T>
class Current {
 public:
  // NOLINTBEGIN(google-explicit-constructor): what never changes is a case of what may
  Current(std::shared_ptr<T> fixed) : ask_([fixed = std::move(fixed)] { return fixed; }) {}
  template <class Ask>
  requires std::is_invocable_r_v < std::shared_ptr<T>,
  const Ask& > &&(!std::convertible_to<Ask, std::shared_ptr<T>>)Current(Ask ask)
      : ask_(std::move(ask)) {}
  // NOLINTEND(google-explicit-constructor)

  std::shared_ptr<T> operator()() const { return ask_(); }

 private:
  std::function<std::shared_ptr<T>()> ask_;
};

}  // namespace set
