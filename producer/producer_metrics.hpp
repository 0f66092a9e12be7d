#pragma once

#include "common/metrics.hpp"

namespace mailboat::producer {

/// What mailboat-producer tells in numbers. docs/metrics.md lists the same. Any thread; those that Survey
/// fills belong to it.
struct ProducerMetrics {
  MetricSet set{"mailboat-producer"};  // first: it makes the others

  GaugeFamily ready =
      set.gauge("mailboat_producer_ready", {}, "1 while PostgreSQL can be reached, as /readyz");

  // Of the sessions of this producer.
  GaugeFamily sessions = set.gauge("mailboat_producer_sessions", {"subscription"},
                                   "1 while this producer serves a consumer of it");
  CounterFamily windows = set.counter("mailboat_producer_windows_total", {"subscription"},
                                      "Windows sent, also those that only move the cursor");
  CounterFamily events = set.counter("mailboat_producer_events_total", {"subscription", "topic", "op"},
                                     "Events sent in windows that are complete");
  CounterFamily event_bytes = set.counter("mailboat_producer_event_bytes_total",
                                          {"subscription", "topic", "op"}, "Bytes of their payloads");
  CounterFamily loaded_rows =
      set.counter("mailboat_producer_loaded_rows_total", {"subscription", "topic"}, "Rows sent by loads");
  CounterFamily rejections = set.counter("mailboat_producer_rejections_total", {"subscription"},
                                         "Events that the replica could not apply, as PostgreSQL has them");
  CounterFamily retries = set.counter("mailboat_producer_retries_total", {"subscription"},
                                      "Events sent again because they were rejected");
  CounterFamily replays =
      set.counter("mailboat_producer_replays_total", {"subscription"}, "Events sent again by replays");
  CounterFamily refusals = set.counter("mailboat_producer_refusals_total", {"reason"},
                                       "Sessions that were refused, or ended by an error");
  CounterFamily bad_messages =
      set.counter("mailboat_producer_bad_messages_total", {}, "Messages dropped because they are not ours");

  // Of the source, as Survey finds it.
  GaugeFamily surveyed = set.gauge("mailboat_producer_survey_timestamp_seconds", {},
                                   "When what follows was last read from PostgreSQL");
  GaugeFamily lag_events =
      set.gauge("mailboat_producer_lag_events", {"subscription"},
                "Committed events that are not acknowledged; above a thousand an estimate");
  GaugeFamily lag_seconds = set.gauge("mailboat_producer_lag_seconds", {"subscription"},
                                      "Age of the oldest of them; 0 without any");
  GaugeFamily lag_bytes = set.gauge("mailboat_producer_lag_bytes", {"subscription"},
                                    "What they take of the log; above a thousand an estimate");
  GaugeFamily tasks = set.gauge("mailboat_producer_tasks", {"subscription", "status"},
                                "Events that the replica could not apply and that are retrying or failed");
  GaugeFamily in_trouble =
      set.gauge("mailboat_producer_trouble", {"subscription"},
                "1 while the replica says that it cannot follow, or not with all tables");
  GaugeFamily needs_load = set.gauge("mailboat_producer_needs_load", {"subscription"},
                                     "1 while its next session begins with a load of every table");
  GaugeFamily load_rows = set.gauge("mailboat_producer_load_rows", {"subscription"},
                                    "Rows so far of the table that is being loaded; 0 without a load");
  GaugeFamily load_rows_left =
      set.gauge("mailboat_producer_load_rows_left", {"subscription"},
                "Rows of all tables that are still to be loaded, as PostgreSQL estimates");
  GaugeFamily load_tables_left = set.gauge("mailboat_producer_load_tables_left", {"subscription"},
                                           "Tables that are still to be loaded, this one included");
  GaugeFamily verified =
      set.gauge("mailboat_producer_verified_timestamp_seconds", {"subscription", "topic"},
                "When the table was last found to be equal, or made so; only of verified ones");
  GaugeFamily retained_bytes =
      set.gauge("mailboat_producer_retained_bytes", {}, "Size of the log on the source's disk");
  GaugeFamily max_retained_bytes = set.gauge("mailboat_producer_max_retained_bytes", {},
                                             "The setting of that name: beyond it replicas are cut off");
  GaugeFamily oldest_transaction = set.gauge(
      "mailboat_producer_oldest_transaction_seconds", {},
      "For how long the source's oldest transaction that has written is open, as far as this producer "
      "has seen it");
};

}  // namespace mailboat::producer
