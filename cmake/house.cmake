# One library per folder of the house, its tests (x_test.c) and fuzz targets (x_fuzz.c) beside it.

set(STRICT_WARNINGS
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
    -Wcast-qual -Wwrite-strings -Wformat=2 -Wvla -Wundef)
if(RETRYPROOF_WERROR)
    list(APPEND STRICT_WARNINGS -Werror)
endif()

set(TEST_SECONDS_MAX 300)     # far above the slowest test on a busy machine; only a test that hangs meets it
set(FUZZ_RUNS 100000)         # per target: some ten seconds, enough to see that a target still finds its way
set(FUZZ_RUNS_tls 10000)      # each is a handshake, some two milliseconds of it
set(FUZZ_INPUT_BYTES_MAX 4096) # longer inputs are slower and find nothing that shorter ones do not
add_custom_target(fuzzers)

# libFuzzer takes words of its search from memory, addresses among them: with addresses that stay, a seed searches the same way
# each time, and what one machine found another finds too. Where a container forbids that, the search goes its own way.
if(RETRYPROOF_FUZZ)
    execute_process(COMMAND setarch --addr-no-randomize true RESULT_VARIABLE randomizes OUTPUT_QUIET ERROR_QUIET)
    if(randomizes EQUAL 0)
        set(FUZZ_STEADILY setarch --addr-no-randomize)
    else()
        message(STATUS "addresses cannot be kept from changing here: fuzz targets search another way each time")
    endif()
endif()

function(house_warnings target)
    target_compile_options(${target} PRIVATE ${STRICT_WARNINGS})
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
endfunction()

function(house_folder name)
    cmake_parse_arguments(HOUSE "" "" "FOLDERS;INCLUDES;USES;PRIVATE;TEST_USES" ${ARGN})
    set(sources)
    set(tests)
    foreach(folder ${HOUSE_FOLDERS})
        file(GLOB found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.c)
        list(APPEND sources ${found})
    endforeach()
    set(tests ${sources})
    set(fuzzers ${sources})
    list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|_bench|/main)\\.c$")
    list(FILTER tests INCLUDE REGEX "_test\\.c$")
    list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.c$")

    if(sources)
        add_library(${name} STATIC ${sources})
        target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR} ${HOUSE_INCLUDES})
        target_link_libraries(${name} PUBLIC ${HOUSE_USES} PRIVATE ${HOUSE_PRIVATE})
        house_warnings(${name})
    else()
        add_library(${name} INTERFACE)
        target_include_directories(${name} INTERFACE ${PROJECT_SOURCE_DIR})
        target_link_libraries(${name} INTERFACE ${HOUSE_USES} ${HOUSE_PRIVATE})
    endif()

    foreach(test ${tests})
        house_test(${test} ${name} ${HOUSE_TEST_USES})
    endforeach()
    foreach(fuzzer ${fuzzers})
        house_fuzzer(${fuzzer} ${name} ${HOUSE_TEST_USES})
    endforeach()
endfunction()

# A cmocka program: the file's name is the test's name. It runs at the root of the tree.
function(house_test source)
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE ${ARGN} PkgConfig::CMOCKA)
    house_warnings(${name})
    add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES LABELS quick TIMEOUT ${TEST_SECONDS_MAX})
endfunction()

# A fuzz target x_fuzz.c with its inputs in corpus/x beside it. Under libFuzzer it also looks for new ones,
# a bounded number of runs; otherwise a small driver feeds it the corpus, so that the corpus is an ordinary test.
function(house_fuzzer source)
    get_filename_component(name ${source} NAME_WE)
    get_filename_component(folder ${source} DIRECTORY)
    string(REGEX REPLACE "_fuzz$" "" subject ${name})
    set(corpus ${folder}/corpus/${subject})

    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE ${ARGN})
    house_warnings(${name})
    add_dependencies(fuzzers ${name})
    if(RETRYPROOF_FUZZ)
        set(found ${CMAKE_BINARY_DIR}/found/${subject})
        file(MAKE_DIRECTORY ${found})
        set(runs ${FUZZ_RUNS})
        if(DEFINED FUZZ_RUNS_${subject})
            set(runs ${FUZZ_RUNS_${subject}})
        endif()
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
        add_test(NAME ${name} COMMAND ${FUZZ_STEADILY} $<TARGET_FILE:${name}> -runs=${runs} -max_len=${FUZZ_INPUT_BYTES_MAX} -seed=1
                                      -timeout=10 -print_final_stats=1 ${found} ${corpus})
    else()
        target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/corpus_main.c)
        add_test(NAME ${name} COMMAND ${name} ${corpus})
    endif()
    set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT ${TEST_SECONDS_MAX})
endfunction()
