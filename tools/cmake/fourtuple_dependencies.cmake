# Libraries from the distribution. fourtuple_libraries_<layer> says which layer links which; the
# include check (tools/check) holds the same line for #include.

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Boost REQUIRED)  # headers only: Boost.Graph needs no library for what we use

# yaml-cpp 0.7 exports `yaml-cpp`, 0.8 `yaml-cpp::yaml-cpp`.
if(TARGET yaml-cpp::yaml-cpp)
  set(fourtuple_yaml yaml-cpp::yaml-cpp)
else()
  set(fourtuple_yaml yaml-cpp)
endif()

set(fourtuple_libraries_core fmt::fmt Threads::Threads)
set(fourtuple_libraries_net Boost::boost)
set(fourtuple_libraries_scenario ${fourtuple_yaml} nlohmann_json::nlohmann_json)
foreach(layer IN ITEMS observe report run crosscheck)
  set(fourtuple_libraries_${layer} nlohmann_json::nlohmann_json)
endforeach()

set(FOURTUPLE_HAVE_TESTS OFF)
if(FOURTUPLE_TESTS STREQUAL "AUTO")
  find_package(Catch2 QUIET)
  if(Catch2_FOUND AND PROJECT_IS_TOP_LEVEL)
    set(FOURTUPLE_HAVE_TESTS ON)
  endif()
elseif(FOURTUPLE_TESTS)
  find_package(Catch2 REQUIRED)
  set(FOURTUPLE_HAVE_TESTS ON)
endif()
if(NOT FOURTUPLE_HAVE_TESTS)
  message(STATUS "fourtuple: without tests (FOURTUPLE_TESTS=${FOURTUPLE_TESTS})")
endif()
