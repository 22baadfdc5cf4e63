#include "common/daemon/metrics.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <sstream>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "common/base/assert.h"

namespace set {

struct MetricFamily::Impl {
  MetricDescription description;
  std::vector<double> buckets;
  prometheus::Family<prometheus::Counter>* counter = nullptr;
  prometheus::Family<prometheus::Gauge>* gauge = nullptr;
  prometheus::Family<prometheus::Histogram>* histogram = nullptr;
};

struct Reading::Impl {
  MetricDescription description;
  Look look;
};

namespace {

using Described = std::map<std::string, MetricDescription>;

/// Instruments are made before main and used until the last thread ends: this is never destroyed.
struct House {
  prometheus::Registry registry;
  std::mutex mutex;  ///< of the two below, and of looking
  Described described = {};
  std::vector<std::shared_ptr<Reading::Impl>> readings = {};
};

House& house() {
  static auto* const instance = new House;
  return *instance;
}

prometheus::Labels labels_of(const MetricDescription& description,
                             std::vector<std::string> values) {
  SET_ASSERT(values.size() == description.labels.size());
  prometheus::Labels out;
  for (std::size_t i = 0; i < values.size(); ++i)
    out.emplace(description.labels[i], std::move(values[i]));
  return out;
}

prometheus::MetricType type_of(MetricKind kind) {
  switch (kind) {
    case MetricKind::counter: return prometheus::MetricType::Counter;
    case MetricKind::gauge: return prometheus::MetricType::Gauge;
    case MetricKind::histogram: return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

std::string_view word_of(MetricKind kind) {
  switch (kind) {
    case MetricKind::counter: return "counter";
    case MetricKind::gauge: return "gauge";
    case MetricKind::histogram: return "histogram";
  }
  return "untyped";
}

prometheus::MetricFamily looked_up(const Reading::Impl& reading) {
  const auto& description = reading.description;
  prometheus::MetricFamily out;
  out.name = description.name;
  out.help = description.help;
  out.type = type_of(description.kind);
  reading.look([&](double value, std::initializer_list<std::string_view> labels) {
    prometheus::ClientMetric metric;
    for (auto& [name, text] : labels_of(description, {labels.begin(), labels.end()})) {
      prometheus::ClientMetric::Label label;
      label.name = name;
      label.value = text;
      metric.label.push_back(std::move(label));
    }
    metric.counter.value = value;
    metric.gauge.value = value;
    out.metric.push_back(std::move(metric));
  });
  return out;
}

}  // namespace

std::string label_text(LabelWord word) { return std::string(word.text); }
std::string label_text(Currency currency) { return std::string(currency.code()); }

std::vector<double> call_buckets() {
  return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

std::vector<double> transaction_buckets() {
  return {0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5};
}

MetricFamily::MetricFamily(MetricDescription description, std::vector<double> buckets)
    : impl_(new Impl) {
  auto& registry = house().registry;
  const auto& [kind, name, help, labels] = description;
  switch (kind) {
    case MetricKind::counter:
      impl_->counter = &prometheus::BuildCounter().Name(name).Help(help).Register(registry);
      break;
    case MetricKind::gauge:
      impl_->gauge = &prometheus::BuildGauge().Name(name).Help(help).Register(registry);
      break;
    case MetricKind::histogram:
      impl_->histogram = &prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
      break;
  }
  const std::lock_guard lock(house().mutex);
  house().described.emplace(name, description);
  impl_->description = std::move(description);
  impl_->buckets = std::move(buckets);
}

void MetricFamily::record(double value, std::vector<std::string> values) const {
  const auto labels = labels_of(impl_->description, std::move(values));
  if (impl_->counter != nullptr) impl_->counter->Add(labels).Increment(value);
  if (impl_->gauge != nullptr) impl_->gauge->Add(labels).Set(value);
  if (impl_->histogram != nullptr)
    impl_->histogram->Add(labels, impl_->buckets).Observe(value);
}

Reading::Reading(MetricDescription description, Look look)
    : impl_(std::make_shared<Impl>(Impl{std::move(description), std::move(look)})) {
  const std::lock_guard lock(house().mutex);
  house().described.insert_or_assign(impl_->description.name, impl_->description);
  house().readings.push_back(impl_);
}

Reading::Reading(Reading&&) noexcept = default;

// Nobody looks any more after it.
Reading::~Reading() {
  if (impl_ == nullptr) return;
  const std::lock_guard lock(house().mutex);
  house().described.erase(impl_->description.name);
  std::erase(house().readings, impl_);
}

std::vector<MetricDescription> described_metrics() {
  const std::lock_guard lock(house().mutex);
  std::vector<MetricDescription> out;
  for (const auto& [name, description] : house().described) out.push_back(description);
  return out;
}

std::string metrics_text() {
  auto families = house().registry.Collect();
  Described unused;
  {
    const std::lock_guard lock(house().mutex);
    for (const auto& reading : house().readings) families.push_back(looked_up(*reading));
    unused = house().described;
  }
  std::erase_if(families, [](const auto& family) { return family.metric.empty(); });
  std::ranges::sort(families, {}, &prometheus::MetricFamily::name);
  for (const auto& family : families) unused.erase(family.name);
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  for (const auto& [name, description] : unused) {
    out << "# HELP " << name << ' ' << description.help << "\n# TYPE " << name << ' '
        << word_of(description.kind) << '\n';
  }
  return out.str();
}

}  // namespace set
