# One static library per layer, made by one function from the table tools/check/layers.txt, which
# the include check reads too: a layer links exactly what it may include.

set(FOURTUPLE_LAYER_TABLE "${PROJECT_SOURCE_DIR}/tools/check/layers.txt")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${FOURTUPLE_LAYER_TABLE}")

# fourtuple_<layer> from sim/<layer>/*.cpp. A layer without sources (yet) is an interface library.
function(fourtuple_add_layer layer)
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/sim/${layer}/*.cpp")
  if(sources)
    add_library(fourtuple_${layer} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(fourtuple_${layer} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(fourtuple::${layer} ALIAS fourtuple_${layer})
  # <fourtuple/time.h> and "sim/core/event.h"
  target_include_directories(fourtuple_${layer} ${scope}
    "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}")
  target_compile_features(fourtuple_${layer} ${scope} cxx_std_20)
  if(sources AND FOURTUPLE_HOT_OPTIONS AND layer IN_LIST FOURTUPLE_HOT_LAYERS)
    target_compile_options(fourtuple_${layer} PRIVATE ${FOURTUPLE_HOT_OPTIONS})
    set_target_properties(fourtuple_${layer} PROPERTIES INTERPROCEDURAL_OPTIMIZATION ON)
  endif()
  list(TRANSFORM ARGN PREPEND fourtuple_ OUTPUT_VARIABLE below)
  target_link_libraries(fourtuple_${layer} ${scope} ${below} ${fourtuple_libraries_${layer}})
endfunction()

# All layers, in the order of the table; FOURTUPLE_LAYERS lists them.
macro(fourtuple_add_layers)
  set(FOURTUPLE_LAYERS "")
  file(STRINGS "${FOURTUPLE_LAYER_TABLE}" table REGEX "^[a-z_]+ *->")
  foreach(row IN LISTS table)
    string(REGEX MATCHALL "[a-z_]+" words "${row}")
    list(POP_FRONT words layer)
    fourtuple_add_layer(${layer} ${words})
    list(APPEND FOURTUPLE_LAYERS ${layer})
  endforeach()
  list(TRANSFORM FOURTUPLE_LAYERS PREPEND fourtuple_ OUTPUT_VARIABLE FOURTUPLE_LAYER_TARGETS)
endmacro()

# The command, once tools/cli has sources.
function(fourtuple_add_program)
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tools/cli/*.cpp")
  if(NOT sources)
    message(STATUS "fourtuple: tools/cli has no sources yet; no program")
    return()
  endif()
  add_executable(fourtuple ${sources})
  target_link_libraries(fourtuple PRIVATE ${FOURTUPLE_LAYER_TARGETS} CLI11::CLI11
                                          nlohmann_json::nlohmann_json)
  set_target_properties(fourtuple PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
endfunction()
