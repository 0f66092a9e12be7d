mailboat_test(mailboat_capture_test
  SOURCES
    capture_guard_test.cpp
    capture_key_change_test.cpp
    capture_order_test.cpp
    capture_partition_test.cpp
    capture_privilege_test.cpp
    capture_rename_test.cpp
    capture_row_test.cpp
    capture_schema_change_test.cpp
    capture_settings_test.cpp
    capture_table_end_test.cpp
    capture_type_change_test.cpp
    capture_wakeup_test.cpp
    migrator_test.cpp
    outbox_fixture.cpp
    selection_test.cpp
    subscription_test.cpp
    track_test.cpp
  PRIVATE mailboat_migrations mailboat_test_support GTest::gmock GTest::gtest_main
  TIMEOUT 300)
