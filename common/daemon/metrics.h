// Metrics: figures that Prometheus reads. An instrument is a named object with typed labels, made
// once at namespace scope (instruments.h); a label's type is an enumeration that may stand in the
// log, a currency, or a word of ours. So a card number, a name or an id as a label does not compile,
// and the number of time series stays bounded (ADR 0046). Any thread.
#pragma once

#include <array>
#include <concepts>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "common/base/log.h"

namespace set {

/// A word out of a closed set of ours, such as a method, a transaction's label or an outcome. As of
/// LogWord, the caller vouches that it came from our code and never from a message.
struct LabelWord {
  std::string_view text;
};

template <class T>
concept MetricLabel = (std::is_enum_v<T> && Loggable<T>) || std::same_as<T, Currency> ||
                      std::same_as<T, LabelWord>;

std::string label_text(LabelWord word);
std::string label_text(Currency currency);
template <class Enum>
requires std::is_enum_v<Enum> && Loggable<Enum>
std::string label_text(Enum value) { return log_field(value).value; }

enum class MetricKind { counter, gauge, histogram };

/// What an instrument is, as the documentation has it.
struct MetricDescription {
  MetricKind kind;
  std::string name;  ///< "set_messages_total": base units, prefix set_ unless the world knows it
  std::string help;
  std::vector<std::string> labels;
};

/// Everything that this process can show, by name.
std::vector<MetricDescription> described_metrics();
/// Prometheus' text format 0.0.4; also of instruments that were not used yet, their description.
std::string metrics_text();

/// What stands behind an instrument, without its types. Lives as long as the process.
class MetricFamily {
 public:
  /// `buckets` of a histogram, ascending.
  MetricFamily(MetricDescription description, std::vector<double> buckets = {});
  /// Adds to a counter, sets a gauge, observes in a histogram.
  void record(double value, std::vector<std::string> labels) const;

 private:
  struct Impl;
  Impl* impl_;
};

template <std::size_t N>
using LabelNames = std::array<const char*, N>;

template <MetricKind kKind, MetricLabel... Labels>
class Instrument {
 public:
  Instrument(const char* name, const char* help, const LabelNames<sizeof...(Labels)>& labels = {},
             std::vector<double> buckets = {})
      : family_({kKind, name, help, {labels.begin(), labels.end()}}, std::move(buckets)) {}

 protected:
  void record(double value, const Labels&... labels) const {
    family_.record(value, {label_text(labels)...});
  }

 private:
  MetricFamily family_;
};

/// Only grows, from 0 at the start of the process.
template <MetricLabel... Labels>
class Counter : public Instrument<MetricKind::counter, Labels...> {
 public:
  using Instrument<MetricKind::counter, Labels...>::Instrument;
  void count(const Labels&... labels) const { this->record(1, labels...); }
  void add(double by, const Labels&... labels) const { this->record(by, labels...); }
};

/// Is what it was last set to.
template <MetricLabel... Labels>
class Gauge : public Instrument<MetricKind::gauge, Labels...> {
 public:
  using Instrument<MetricKind::gauge, Labels...>::Instrument;
  void set(double to, const Labels&... labels) const { this->record(to, labels...); }
};

/// How long things took, in seconds.
template <MetricLabel... Labels>
class Stopwatch : public Instrument<MetricKind::histogram, Labels...> {
 public:
  using Instrument<MetricKind::histogram, Labels...>::Instrument;
  void observe(std::chrono::nanoseconds took, const Labels&... labels) const {
    this->record(std::chrono::duration<double>(took).count(), labels...);
  }
};

/// 1 ms to 10 s: a call over the network.
std::vector<double> call_buckets();
/// 0.1 ms to 5 s: a transaction.
std::vector<double> transaction_buckets();

/// A figure that is looked up when somebody asks for it, as long as this lives.
class Reading {
 public:
  /// Gets the figure's values with their labels, each of which is a word of ours.
  using Show = std::function<void(double value, std::initializer_list<std::string_view> labels)>;
  using Look = std::function<void(const Show& show)>;
  /// `look` is called on the thread that asks, one at a time; `kind` is counter or gauge.
  Reading(MetricDescription description, Look look);
  Reading(Reading&&) noexcept;
  Reading& operator=(Reading&&) = delete;
  ~Reading();

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace set
