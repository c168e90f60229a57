# How tests are found: by name and folder, so that adding one means adding a file.

include(Catch)
find_package(Python3 COMPONENTS Interpreter)

if(TARGET Catch2::Catch2WithMain)
  set(fourtuple_catch Catch2::Catch2WithMain)
  set(fourtuple_catch_main "")
else()
  set(fourtuple_catch Catch2::Catch2)
  set(fourtuple_catch_main "${PROJECT_SOURCE_DIR}/tests/support/catch_main.cpp")
endif()

# The scripts of tools/check over the tree, and each script's test of itself.
function(fourtuple_add_checks)
  if(NOT Python3_Interpreter_FOUND)
    message(WARNING "fourtuple: no python3, so the source checks are not in the suite")
    return()
  endif()
  file(GLOB scripts CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tools/check/*.py")
  foreach(script IN LISTS scripts)
    get_filename_component(stem "${script}" NAME_WE)
    add_test(NAME check.${stem} COMMAND Python3::Interpreter -B "${script}")
    add_test(NAME check.${stem}.self_test
             COMMAND Python3::Interpreter -B "${script}" --self-test)
    set_tests_properties(check.${stem} check.${stem}.self_test PROPERTIES LABELS check)
  endforeach()
endfunction()

# tests/unit/<layer>_*.cpp are compiled once, into `unit_tests` (all of them, in ctest) and into
# `unit_<layer>` (that layer and those below it only; built on demand, for working on one layer).
# Files that name no layer are linked with everything.
function(fourtuple_add_unit_tests)
  file(GLOB rest CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/unit/*.cpp")
  if(NOT rest)
    return()
  endif()
  if(fourtuple_catch_main)
    add_library(fourtuple_catch_main OBJECT ${fourtuple_catch_main})
    target_include_directories(fourtuple_catch_main PRIVATE "${PROJECT_SOURCE_DIR}")
    target_link_libraries(fourtuple_catch_main PUBLIC ${fourtuple_catch})
    set(main fourtuple_catch_main)
  else()
    set(main ${fourtuple_catch})
  endif()
  set(groups "")
  foreach(layer IN LISTS FOURTUPLE_LAYERS)
    set(sources ${rest})
    list(FILTER sources INCLUDE REGEX "/tests/unit/${layer}_[^/]*$")
    if(sources)
      list(REMOVE_ITEM rest ${sources})
      add_library(unit_${layer}_objects OBJECT EXCLUDE_FROM_ALL ${sources})
      target_link_libraries(unit_${layer}_objects PUBLIC fourtuple_${layer} ${fourtuple_catch})
      add_executable(unit_${layer} EXCLUDE_FROM_ALL)
      target_link_libraries(unit_${layer} PRIVATE unit_${layer}_objects ${main})
      list(APPEND groups unit_${layer}_objects)
    endif()
  endforeach()
  add_executable(unit_tests ${rest})
  target_link_libraries(unit_tests PRIVATE ${groups} ${main} ${FOURTUPLE_LAYER_TARGETS}
                                           ${fourtuple_catch})
  catch_discover_tests(unit_tests TEST_PREFIX "unit: " PROPERTIES LABELS unit)
endfunction()

# tests/<folder>/CMakeLists.txt, where there is one. FOURTUPLE_LAYER_TARGETS, fourtuple_catch,
# Python3::Interpreter and (if built) the target `fourtuple` are there to be used.
function(fourtuple_add_test_folders)
  foreach(folder IN LISTS ARGN)
    if(EXISTS "${PROJECT_SOURCE_DIR}/tests/${folder}/CMakeLists.txt")
      add_subdirectory("${PROJECT_SOURCE_DIR}/tests/${folder}"
                       "${PROJECT_BINARY_DIR}/tests/${folder}")
    endif()
  endforeach()
endfunction()
