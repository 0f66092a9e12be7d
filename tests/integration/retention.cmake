# What leaves the log, and when.
mailboat_test(mailboat_retention_test
  SOURCES
    outbox_fixture.cpp
    retention_keeper_test.cpp
    retention_truncate_test.cpp
  PRIVATE mailboat_producer mailboat_migrations mailboat_test_support GTest::gmock GTest::gtest_main
  TIMEOUT 180)

mailboat_test(mailboat_pipeline_retention_test
  SOURCES pipeline_fixture.cpp pipeline_retention_test.cpp replica_difference.cpp
  PRIVATE mailboat_migrations mailboat_test_support SQLiteCpp PkgConfig::sqlite3 GTest::gmock GTest::gtest_main
  TIMEOUT 300)
add_dependencies(mailboat_pipeline_retention_test mailboat-producer mailboat-consumer)
