# One precompiled header for all our targets: the libraries' headers are most of what the compiler
# reads. Made once (set_pch) and shared, so what it holds must not depend on a target's definitions.
option(SET_PCH "Share one precompiled header among our targets" OFF)

# Gives it to every target of ours in these folders and below.
function(set_share_pch)
  foreach(folder IN LISTS ARGN)
    get_property(targets DIRECTORY "${folder}" PROPERTY BUILDSYSTEM_TARGETS)
    foreach(target IN LISTS targets)
      get_target_property(type ${target} TYPE)
      if(type MATCHES "STATIC_LIBRARY|EXECUTABLE" AND NOT target MATCHES "^set_(proto|services)$")
        target_precompile_headers(${target} REUSE_FROM set_pch)
        target_include_directories(${target} SYSTEM PRIVATE
          $<TARGET_PROPERTY:set_proto,INTERFACE_SYSTEM_INCLUDE_DIRECTORIES>)
      endif()
    endforeach()
    get_property(below DIRECTORY "${folder}" PROPERTY SUBDIRECTORIES)
    set_share_pch(${below})
  endforeach()
endfunction()

function(set_make_pch)
  file(WRITE "${PROJECT_BINARY_DIR}/set_pch.cpp" "// carries the precompiled header\n")
  add_library(set_pch OBJECT "${PROJECT_BINARY_DIR}/set_pch.cpp")
  target_link_libraries(set_pch PRIVATE set_options set_proto set_dep_botan set_dep_expected set_dep_fmt)
  target_precompile_headers(set_pch PRIVATE
    <algorithm> <array> <chrono> <filesystem> <functional> <map> <memory> <mutex> <optional> <set> <span>
    <string> <string_view> <utility> <variant> <vector>
    <botan/secmem.h> <fmt/format.h> <google/protobuf/message.h> <tl/expected.hpp>)
endfunction()
