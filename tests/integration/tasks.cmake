mailboat_test(mailboat_task_test
  SOURCES
    compensation_test.cpp
    outbox_fixture.cpp
    rejection_test.cpp
    task_view_test.cpp
  PRIVATE mailboat_migrations mailboat_test_support GTest::gmock GTest::gtest_main
  TIMEOUT 180)
