# What metrics tell of the source, and what alerts make of them.
mailboat_test(mailboat_survey_test
  SOURCES alerts_test.cpp outbox_fixture.cpp survey_test.cpp
  PRIVATE mailboat_producer mailboat_migrations mailboat_test_support GTest::gmock GTest::gtest_main
  TIMEOUT 180)
target_compile_definitions(mailboat_survey_test PRIVATE MAILBOAT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
