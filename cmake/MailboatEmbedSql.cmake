# mailboat_embed_migrations(<output.cpp>): a C++ file that holds every NNNN_name.sql of the calling folder, so that the
# programs carry their schema with them. Included by migrations/CMakeLists.txt; run with -P it writes the file.

function(mailboat_embed_migrations output)
  file(GLOB files CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/[0-9][0-9][0-9][0-9]_*.sql")
  add_custom_command(
    OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" "-DOUTPUT=${output}" "-DFOLDER=${CMAKE_CURRENT_SOURCE_DIR}" -P
            "${CMAKE_SOURCE_DIR}/cmake/MailboatEmbedSql.cmake"
    DEPENDS ${files} "${CMAKE_SOURCE_DIR}/cmake/MailboatEmbedSql.cmake"
    COMMENT "Embedding the migrations")
endfunction()

function(mailboat_write_migrations output folder)
  file(GLOB files "${folder}/[0-9][0-9][0-9][0-9]_*.sql")
  list(SORT files)
  set(code "#include \"migrations/migrator.hpp\"\n\nnamespace mailboat::migrations {\nnamespace {\n\n")
  string(APPEND code "constexpr Migration kMigrations[] = {\n")
  set(expected 0)
  foreach(file IN LISTS files)
    get_filename_component(stem "${file}" NAME_WE)
    string(REGEX MATCH "^0*([0-9]+)_(.+)$" matched "${stem}")
    set(version "${CMAKE_MATCH_1}")
    set(name "${CMAKE_MATCH_2}")
    math(EXPR expected "${expected} + 1")
    if(NOT version EQUAL expected)
      message(FATAL_ERROR "Migration ${stem} has number ${version}, expected ${expected}: no gaps, no duplicates.")
    endif()
    file(READ "${file}" sql)
    string(APPEND code "    {${version}, \"${name}\", R\"~sql~(${sql})~sql~\"},\n")
  endforeach()
  string(APPEND code "};\n\n}  // namespace\n\n")
  string(APPEND code "std::span<const Migration> all_migrations() { return kMigrations; }\n\n")
  string(APPEND code "}  // namespace mailboat::migrations\n")
  file(WRITE "${output}" "${code}")
endfunction()

if(CMAKE_SCRIPT_MODE_FILE)
  mailboat_write_migrations("${OUTPUT}" "${FOLDER}")
endif()
