#include "merchant/event_options.h"

#include "common/daemon/options.h"

namespace set::merchant {
namespace {

constexpr std::pair<const char*, WebhookAction> kWebhookActions[] = {
    {"add", WebhookAction::add},         {"list", WebhookAction::list},
    {"remove", WebhookAction::remove},   {"enable", WebhookAction::enable},
    {"disable", WebhookAction::disable}, {"rotate", WebhookAction::rotate},
    {"test", WebhookAction::test},       {"deliveries", WebhookAction::deliveries},
    {"resend", WebhookAction::resend}};

CLI::App* add_action(CLI::App& app, WebhookWish& wish, const char* name, const char* what,
                     const std::string& example) {
  auto* command = app.add_subcommand(name, what);
  command->footer("Example: set-merchant webhook " + example);
  const std::string_view word = name;
  if (word != "add" && word != "list")
    command->add_option("WEBHOOK", wish.id, "The webhook's id, or the beginning of it")->required();
  return command;
}

void add_types(CLI::App& app, std::vector<std::string>& types) {
  app.add_option("--type", types,
                 "Only events of this type, such as order.paid or refund.*; repeat for more")
      ->allow_extra_args(false);
}

}  // namespace

void add_events(CLI::App& app, EventQuery& query) {
  app.footer(
      "Examples:\n  set-merchant event list --dir shop --json --since 17 --follow\n"
      "  set-merchant event list --dir shop --type order.paid --type \"refund.*\"");
  app.add_option("--since", query.since,
                 "Only what came after this cursor, the `sequence` of the last event that was "
                 "read (default: all that is kept)");
  app.add_flag("--follow", query.follow, "Go on until Ctrl-C with what comes");
  add_limit_option(app, query.limit);
  add_types(app, query.types);
}

void add_webhook(CLI::App& app, WebhookWish& wish) {
  app.require_subcommand(1);
  auto* add = add_action(app, wish, "add", "Send events to a URL; prints the secret, this once",
                         "add --dir shop --url https://shop.example/openset --type \"order.*\"");
  add->add_option("--url", wish.url, "Where to, https://")->required();
  add_types(*add, wish.types);
  add->add_option("--since", wish.since, "Begin after this cursor (default: with the next event)");
  add->add_flag("--allow-http", wish.allowed.plain_http,
                "Plain http beyond this machine: others can read it");
  add->add_flag("--allow-any-address", wish.allowed.any_address,
                "Link-local and other special addresses, too");
  add_action(app, wish, "list", "All webhooks and how they do", "list --dir shop --json");
  add_action(app, wish, "remove", "Send no more there, and forget it", "remove --dir shop wh_3fa9");
  add_action(app, wish, "enable", "Go on where it stopped", "enable --dir shop wh_3fa9");
  add_action(app, wish, "disable", "Send nothing there for now", "disable --dir shop wh_3fa9");
  auto* rotate = add_action(app, wish, "rotate", "Make a new secret and print it, this once",
                            "rotate --dir shop wh_3fa9 --overlap 24h");
  add_parsed(*rotate, "--overlap", wish.overlap, parse_duration,
             "How long the present secret signs, too");
  auto* test = add_action(app, wish, "test", "Send a webhook.test there, and say what came of it",
                          "test --dir shop wh_3fa9");
  add_timeout_option(*test, wish.wait);
  add_parsed(*test, "--wait", wish.wait, parse_duration, "As --timeout")  // as it was called before
      ->group("");
  auto* deliveries = add_action(app, wish, "deliveries", "What was sent there, newest first",
                                "deliveries --dir shop wh_3fa9 --failed");
  deliveries->add_flag("--failed", wish.failed, "Only those that were given up");
  add_limit_option(*deliveries, wish.limit);
  auto* resend = add_action(app, wish, "resend", "Send events again, beside the order",
                            "resend --dir shop wh_3fa9 --since 17 --until 42");
  auto* event =
      resend->add_option("--event", wish.events, "This one, by its id or number; repeat for more")
          ->allow_extra_args(false);
  auto* since = resend->add_option("--since", wish.since, "All that came after this cursor");
  resend->add_option("--until", wish.until, "Up to this one (default: the newest)")->needs(since);
  auto* failed = resend->add_flag("--failed", wish.failed, "All that were given up");
  event->excludes(since)->excludes(failed);
  since->excludes(failed);
}

void add_event_options(CLI::App& serve, EventOptions& options) {
  add_parsed(serve, "--events-keep", options.keep, parse_duration, "How long events are kept");
  add_parsed(serve, "--webhook-timeout", options.timeout, parse_duration,
             "How long a webhook may take to answer");
  add_parsed(serve, "--webhook-retry", options.retry, parse_duration,
             "How long to wait after a first failure; then twice as long each time, up to an "
             "hour");
  add_parsed(serve, "--webhook-max-age", options.max_age, parse_duration,
             "How long one event is tried before it is given up");
  add_parsed(serve, "--webhook-disable-after", options.disable_after, parse_duration,
             "How long a webhook may fail before it is disabled");
  serve
      .add_option("--webhook-ca-file", options.ca_file,
                  "PEM file with the CAs of webhooks, instead of the system's")
      ->type_name(kFile);
}

WebhookAction webhook_action_of(const CLI::App& app) {
  for (const auto& [name, action] : kWebhookActions) {
    if (app.got_subcommand(name)) return action;
  }
  return WebhookAction::list;
}

}  // namespace set::merchant
