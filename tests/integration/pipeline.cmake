# The two daemons as users run them, between a PostgreSQL and a SQLite file.
mailboat_test(mailboat_pipeline_test
  SOURCES
    pipeline_base_type_test.cpp
    pipeline_change_test.cpp
    pipeline_fixture.cpp
    pipeline_large_value_test.cpp
    pipeline_load_test.cpp
    pipeline_quiet_test.cpp
    pipeline_replay_test.cpp
    pipeline_route_test.cpp
    pipeline_schema_test.cpp
    pipeline_snapshot_test.cpp
    pipeline_start_test.cpp
    pipeline_type_test.cpp
    pipeline_user_type_test.cpp
    pipeline_volume_test.cpp
    pipeline_wait_test.cpp
    replica_difference.cpp
  PRIVATE mailboat_migrations mailboat_test_support SQLiteCpp PkgConfig::sqlite3 GTest::gmock GTest::gtest_main
  TIMEOUT 600)
add_dependencies(mailboat_pipeline_test mailboat-producer mailboat-consumer)

mailboat_test(mailboat_rename_test
  SOURCES
    pipeline_fixture.cpp
    pipeline_rename_test.cpp
    replica_difference.cpp
  PRIVATE mailboat_migrations mailboat_test_support SQLiteCpp PkgConfig::sqlite3 GTest::gmock GTest::gtest_main
  TIMEOUT 600)
add_dependencies(mailboat_rename_test mailboat-producer mailboat-consumer)

# What operators ask for, carried out by the two daemons.
mailboat_test(mailboat_verify_test
  SOURCES
    pipeline_fixture.cpp
    replica_difference.cpp
    verify_test.cpp
  PRIVATE mailboat_migrations mailboat_test_support SQLiteCpp PkgConfig::sqlite3 GTest::gmock GTest::gtest_main
  TIMEOUT 300)
add_dependencies(mailboat_verify_test mailboat-producer mailboat-consumer)
mailboat_test(mailboat_cli_pipeline_test
  SOURCES
    cli_pipeline_test.cpp
    pipeline_fixture.cpp
    replica_difference.cpp
  PRIVATE mailboat_cli mailboat_migrations mailboat_test_support SQLiteCpp PkgConfig::sqlite3 GTest::gmock GTest::gtest_main
  TIMEOUT 300)
add_dependencies(mailboat_cli_pipeline_test mailboat-producer mailboat-consumer)

# What a data team writes: routes with expressions, from a PostgreSQL to the tables they want.
mailboat_test(mailboat_chinook_test
  SOURCES chinook_test.cpp pipeline_fixture.cpp replica_difference.cpp
  PRIVATE mailboat_cli mailboat_migrations mailboat_test_support SQLiteCpp PkgConfig::sqlite3 GTest::gmock GTest::gtest_main
  TIMEOUT 300)
target_compile_definitions(mailboat_chinook_test PRIVATE MAILBOAT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
add_dependencies(mailboat_chinook_test mailboat-producer mailboat-consumer)
mailboat_test(mailboat_route_manual_test
  SOURCES pipeline_fixture.cpp pipeline_table_route_test.cpp replica_difference.cpp route_manual_test.cpp
  PRIVATE mailboat_cli mailboat_migrations mailboat_test_support SQLiteCpp PkgConfig::sqlite3 GTest::gmock GTest::gtest_main
  TIMEOUT 300)
target_compile_definitions(mailboat_route_manual_test PRIVATE MAILBOAT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
add_dependencies(mailboat_route_manual_test mailboat-producer mailboat-consumer)
mailboat_test(mailboat_sample_schema_test
  SOURCES pipeline_fixture.cpp replica_difference.cpp sample_schema_test.cpp
  PRIVATE mailboat_cli mailboat_migrations mailboat_test_support SQLiteCpp PkgConfig::sqlite3 GTest::gmock GTest::gtest_main
  TIMEOUT 300)
target_compile_definitions(mailboat_sample_schema_test PRIVATE MAILBOAT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
add_dependencies(mailboat_sample_schema_test mailboat-producer mailboat-consumer)

# A consumer in Python, by the protocol's page alone.
mailboat_test(mailboat_foreign_consumer_test
  SOURCES foreign_consumer_test.cpp pipeline_fixture.cpp replica_difference.cpp
  PRIVATE mailboat_migrations mailboat_test_support SQLiteCpp PkgConfig::sqlite3 GTest::gmock GTest::gtest_main
  TIMEOUT 300)
target_compile_definitions(mailboat_foreign_consumer_test PRIVATE MAILBOAT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
add_dependencies(mailboat_foreign_consumer_test mailboat-producer)

# The commands of the documents, typed.
mailboat_test(mailboat_manual_test
  SOURCES manual_test.cpp typist.cpp
  PRIVATE mailboat_test_support GTest::gtest_main TIMEOUT 300)
target_compile_definitions(mailboat_manual_test PRIVATE MAILBOAT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
add_dependencies(mailboat_manual_test mailboat mailboat-producer mailboat-consumer)
