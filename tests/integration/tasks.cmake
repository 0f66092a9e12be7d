mailboat_test(mailboat_task_test
  SOURCES
    compensation_test.cpp
    copy_task_test.cpp
    operation_test.cpp
    outbox_fixture.cpp
    rejection_test.cpp
    replay_record_test.cpp
    task_view_test.cpp
    wait_call_test.cpp
  PRIVATE mailboat_migrations mailboat_test_support GTest::gmock GTest::gtest_main
  TIMEOUT 180)

# mailboat-producer between a PostgreSQL and consumers that the test plays.
mailboat_test(mailboat_task_feed_test
  SOURCES
    pipeline_fixture.cpp
    replay_feed_test.cpp
    replica_difference.cpp
    scripted_consumer.cpp
    task_record_test.cpp
    task_retry_test.cpp
    wait_test.cpp
  PRIVATE mailboat_migrations mailboat_test_support GTest::gmock GTest::gtest_main
  TIMEOUT 300)
add_dependencies(mailboat_task_feed_test mailboat-producer)

# What a subscription receives: topics and columns.
mailboat_test(mailboat_selection_test
  SOURCES
    pipeline_fixture.cpp
    pipeline_selection_test.cpp
    replica_difference.cpp
    scripted_consumer.cpp
    selection_feed_test.cpp
  PRIVATE mailboat_migrations mailboat_test_support SQLiteCpp PkgConfig::sqlite3 GTest::gmock GTest::gtest_main
  TIMEOUT 300)
add_dependencies(mailboat_selection_test mailboat-producer mailboat-consumer)
