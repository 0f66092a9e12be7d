# One call per target, so that warnings, language level and include root are decided here and nowhere else.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE ccache)
if(CCACHE)
  # Paths below the checkout count as relative, so that another clone of it finds what this one has compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${CCACHE}")
endif()

set(MAILBOAT_SANITIZE "" CACHE STRING "Value for -fsanitize=, for example address,undefined or thread")
if(MAILBOAT_SANITIZE)
  add_compile_options(-fsanitize=${MAILBOAT_SANITIZE} -fno-omit-frame-pointer)
  # With sanitizers g++ 12 takes std::regex for uninitialised; without them the warning stays on.
  add_compile_options(-Wno-maybe-uninitialized)
  add_link_options(-fsanitize=${MAILBOAT_SANITIZE})
endif()

function(mailboat_target name)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
  target_include_directories(${name} PUBLIC "${CMAKE_SOURCE_DIR}")
endfunction()

# mailboat_library(name SOURCES a.cpp ... [PUBLIC lib ...] [PRIVATE lib ...])
function(mailboat_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  mailboat_target(${name})
  target_link_libraries(${name} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
endfunction()

# mailboat_program(name SOURCES main.cpp ... [PRIVATE lib ...])
function(mailboat_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;PRIVATE" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  mailboat_target(${name})
  target_link_libraries(${name} PRIVATE ${arg_PRIVATE})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
endfunction()

# mailboat_test(name SOURCES a_test.cpp ... [PRIVATE lib ...] [TIMEOUT seconds])
# One ctest entry per test binary: a binary that needs PostgreSQL starts one cluster for all of its tests.
function(mailboat_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;PRIVATE" ${ARGN})
  mailboat_program(${name} SOURCES ${arg_SOURCES} PRIVATE ${arg_PRIVATE})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/bin")
  add_test(NAME ${name} COMMAND ${name})
  if(arg_TIMEOUT)
    set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT})
  endif()
endfunction()
