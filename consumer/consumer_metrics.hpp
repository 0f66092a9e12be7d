#pragma once

#include "common/metrics.hpp"

namespace mailboat::consumer {

/// What mailboat-consumer tells in numbers. docs/metrics.md lists the same. Any thread.
struct ConsumerMetrics {
  MetricSet set{"mailboat-consumer"};  // first: it makes the others

  GaugeFamily ready =
      set.gauge("mailboat_consumer_ready", {"source", "subscription"},
                "1 while the source is followed and nothing waits for an operator, as /readyz");
  GaugeFamily connected = set.gauge("mailboat_consumer_connected", {"source", "subscription"},
                                    "1 while a producer serves this consumer");
  CounterFamily sessions = set.counter("mailboat_consumer_sessions_total", {"source", "subscription"},
                                       "Sessions with a producer that have begun");
  CounterFamily windows = set.counter("mailboat_consumer_windows_total", {"source", "subscription"},
                                      "Windows committed, also those that only move the cursor");
  GaugeFamily committed = set.gauge("mailboat_consumer_commit_timestamp_seconds", {"source", "subscription"},
                                    "When the last window was committed");
  CounterFamily events =
      set.counter("mailboat_consumer_events_total", {"source", "subscription", "topic", "op"},
                  "Events of windows that are committed, also those that were rejected");
  CounterFamily event_bytes =
      set.counter("mailboat_consumer_event_bytes_total", {"source", "subscription", "topic", "op"},
                  "Bytes of their payloads");
  CounterFamily loaded_rows =
      set.counter("mailboat_consumer_loaded_rows_total", {"source", "subscription", "topic"},
                  "Rows that loads have brought");
  HistogramFamily apply_seconds =
      set.histogram("mailboat_consumer_apply_seconds", {"source", "subscription"},
                    "What the frames of a window took to be applied, without the waiting for them");
  HistogramFamily commit_seconds = set.histogram("mailboat_consumer_commit_seconds",
                                                 {"source", "subscription"}, "What its commit took then");
  CounterFamily rejections = set.counter("mailboat_consumer_rejections_total", {"source", "subscription"},
                                         "Events that could not be applied and became tasks");
  CounterFamily retried =
      set.counter("mailboat_consumer_retried_events_total", {"source", "subscription", "result"},
                  "Events that came again, for a retry or a replay, by what became of them");
  GaugeFamily wal_bytes = set.gauge("mailboat_consumer_wal_bytes", {},
                                    "Size of FILE-wal, which grows while a reader keeps a transaction open");
};

}  // namespace mailboat::consumer
