# How everything of ours is compiled. Two targets to link against:
#
#   set_build     C++20, hardening, sanitizers; for generated code
#   set_options   set_build and our warnings, the include root, SET_VERSION; for everything else
#
# -Werror is not here but in the presets: a user's newer compiler must not break the build.

set(SET_SANITIZE "" CACHE STRING "Sanitizers: \"address,undefined\" or \"thread\"")
option(SET_FUZZ "Build the fuzz targets with libFuzzer (clang)" OFF)
option(SET_COVERAGE "Measure which lines the tests run" OFF)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX) # without this CMake compiles for PIE but does not link so
# Our libraries end up in executables only.
set(CMAKE_CXX_COMPILE_OPTIONS_PIC "-fPIE")

find_program(SET_CCACHE ccache)
if(SET_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${SET_CCACHE}")
endif()

# --- set_build ----------------------------------------------------------------------------------

add_library(set_build INTERFACE)
target_compile_features(set_build INTERFACE cxx_std_20)
target_compile_definitions(set_build INTERFACE _GLIBCXX_ASSERTIONS)
target_link_options(set_build INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
  -Wl,--as-needed) # gRPC names fifty libraries, of which a program loads what it calls

# The code of tests runs once, is nobody's to attack, and is a half of all: it is compiled without
# optimisation and hardening; what it tests is not. A directory sets SET_FOR_TESTS for its targets.
define_property(TARGET PROPERTY FOR_TESTS INITIALIZE_FROM_VARIABLE SET_FOR_TESTS)
set(for_tests $<BOOL:$<TARGET_PROPERTY:FOR_TESTS>>)
set(hardening -fstack-protector-strong -fstack-clash-protection)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(APPEND hardening -fcf-protection)
endif()
target_compile_options(set_build INTERFACE "$<IF:${for_tests},-O0,${hardening}>")

if(SET_SANITIZE)
  # A sanitizer replaces the functions that _FORTIFY_SOURCE wraps.
  set(sanitize -fsanitize=${SET_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # With a sanitizer's checks between them gcc loses sight of what was initialised.
  target_compile_options(set_build INTERFACE ${sanitize} -U_FORTIFY_SOURCE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(set_build INTERFACE ${sanitize})
else()
  # Needs an optimised build.
  target_compile_options(set_build INTERFACE -U_FORTIFY_SOURCE
    $<$<NOT:$<OR:$<CONFIG:Debug>,${for_tests}>>:-D_FORTIFY_SOURCE=3>)
endif()

# A fuzz target links set_fuzzer, which brings main(); the code under test only reports coverage.
if(SET_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "SET_FUZZ needs clang: cmake --preset fuzz")
  endif()
  target_compile_options(set_build INTERFACE -fsanitize=fuzzer-no-link)
  add_library(set_fuzzer INTERFACE)
  target_link_options(set_fuzzer INTERFACE -fsanitize=fuzzer)
endif()

if(SET_COVERAGE)
  target_compile_options(set_build INTERFACE --coverage -fprofile-abs-path)
  target_link_options(set_build INTERFACE --coverage)
endif()

# --- set_options --------------------------------------------------------------------------------

add_library(set_options INTERFACE)
target_link_libraries(set_options INTERFACE set_build)
# Includes are written from the root: #include "merchant/purchase.h"
target_include_directories(set_options INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_definitions(set_options INTERFACE SET_VERSION="${PROJECT_VERSION}")
# No -Wpedantic: TRY is a GNU statement expression, and gcc has no finer switch for that one.
target_compile_options(set_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
  -Woverloaded-virtual -Wformat=2 -Wimplicit-fallthrough -Wswitch-enum
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond>
  $<$<CXX_COMPILER_ID:GNU>:-Wlogical-op>
  # gcc 12 takes short strings in an Error for arrays that are overrun.
  "$<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-array-bounds;-Wno-stringop-overflow;-Wno-stringop-overread>")
