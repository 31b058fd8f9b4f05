# The library as people install it: libretryproof.a, its headers, retryproof.pc and the CMake package.
#
# The house's folders are one library each, and their functions have short names. A program that links them must not
# meet those names, so the parts are merged into one object in which only what the public headers declare is global.
# Its object files are made for it: an object that waits for optimisation across files cannot be merged, and this one
# may also end in a shared library.

# Sanitizers and counters need a run-time that a user's program does not have.
if(CMAKE_C_FLAGS MATCHES "-fsanitize|--coverage")
    message(STATUS "libretryproof.a is not made with sanitizers or coverage")
    return()
endif()

set(LIBRARY_INCLUDE_DIR ${CMAKE_INSTALL_INCLUDEDIR}/retryproof-${PROJECT_VERSION_MAJOR})
set(LIBRARY_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/retryproof)
set(LIBRARY_REQUIRES "libevent_core libevent_extra yaml-0.1 libssl libcrypto")
set(LIBRARY_PARTS world_base world_data world_sim world_sockets world_tls proxy_http proxy_policy proxy_routes
    proxy_wire proxy_core)

# The public headers, each with the folder that "retryproof/…" or "world/…" is found in.
file(GLOB LIBRARY_PROXY_HEADERS CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/proxy/include
     ${PROJECT_SOURCE_DIR}/proxy/include/retryproof/*.h)
set(LIBRARY_WORLD_HEADERS world/world.h world/base/bytes.h world/base/check.h world/base/failure.h
    world/sim/sim.h world/sockets/sockets.h)

set(library_sources)
foreach(part ${LIBRARY_PARTS})
    list(APPEND library_sources $<TARGET_PROPERTY:${part},SOURCES>)
endforeach()
get_target_property(llhttp_type llhttp TYPE)
if(llhttp_type STREQUAL "STATIC_LIBRARY")
    get_target_property(llhttp_sources llhttp SOURCES)
    list(APPEND library_sources ${llhttp_sources})
    set_source_files_properties(${llhttp_sources} PROPERTIES COMPILE_OPTIONS -w)
else()
    set(LIBRARY_OTHERS_PC " -lllhttp")
    set(LIBRARY_OTHERS_CMAKE ";llhttp")
endif()

add_library(library_parts STATIC ${library_sources})
target_link_libraries(library_parts PRIVATE ${LIBRARY_PARTS} PkgConfig::LIBYAML PkgConfig::JANSSON
                      PkgConfig::LIBCRYPTO PkgConfig::LIBSSL PkgConfig::SQLITE PkgConfig::LIBEVENT)
target_include_directories(library_parts SYSTEM PRIVATE ${LLHTTP_INCLUDE})
target_compile_options(library_parts PRIVATE -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
set_target_properties(library_parts PROPERTIES
    POSITION_INDEPENDENT_CODE ON INTERPROCEDURAL_OPTIMIZATION OFF
    ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/library)
house_warnings(library_parts)

set(LIBRARY_FILE ${CMAKE_BINARY_DIR}/library/libretryproof.a)
list(TRANSFORM LIBRARY_PROXY_HEADERS PREPEND ${PROJECT_SOURCE_DIR}/proxy/include/ OUTPUT_VARIABLE proxy_headers)
list(TRANSFORM LIBRARY_WORLD_HEADERS PREPEND ${PROJECT_SOURCE_DIR}/ OUTPUT_VARIABLE world_headers)
set(MERGE ${PROJECT_SOURCE_DIR}/cmake/library/merge.sh)
set(PUBLIC_NAMES ${PROJECT_SOURCE_DIR}/cmake/library/public_names.awk)
add_custom_command(
    OUTPUT ${LIBRARY_FILE}
    COMMAND ${CMAKE_COMMAND} -E env CC=${CMAKE_C_COMPILER} AR=${CMAKE_AR} NM=${CMAKE_NM}
            OBJCOPY=${CMAKE_OBJCOPY} ${MERGE} $<TARGET_FILE:library_parts> ${LIBRARY_FILE}
            -I${PROJECT_SOURCE_DIR} -I${PROJECT_SOURCE_DIR}/proxy/include --
            ${LIBRARY_PROXY_HEADERS} ${LIBRARY_WORLD_HEADERS}
    DEPENDS library_parts ${MERGE} ${PUBLIC_NAMES} ${proxy_headers} ${world_headers}
    COMMENT "Merging libretryproof.a"
    VERBATIM)
add_custom_target(library ALL DEPENDS ${LIBRARY_FILE})

# ---- what is installed

include(CMakePackageConfigHelpers)
file(RELATIVE_PATH LIBRARY_PREFIX_FROM_PC /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/library/retryproof.pc.in library/retryproof.pc @ONLY)
configure_package_config_file(cmake/library/retryproofConfig.cmake.in
    ${CMAKE_BINARY_DIR}/library/retryproofConfig.cmake INSTALL_DESTINATION ${LIBRARY_CMAKE_DIR}
    PATH_VARS LIBRARY_INCLUDE_DIR CMAKE_INSTALL_LIBDIR NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/library/retryproofConfigVersion.cmake
    VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)

install(FILES ${LIBRARY_FILE} DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${CMAKE_BINARY_DIR}/library/retryproof.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${CMAKE_BINARY_DIR}/library/retryproofConfig.cmake
              ${CMAKE_BINARY_DIR}/library/retryproofConfigVersion.cmake
        DESTINATION ${LIBRARY_CMAKE_DIR})
install(FILES ${proxy_headers} DESTINATION ${LIBRARY_INCLUDE_DIR}/retryproof)
foreach(header ${LIBRARY_WORLD_HEADERS})
    get_filename_component(folder ${header} DIRECTORY)
    install(FILES ${header} DESTINATION ${LIBRARY_INCLUDE_DIR}/${folder})
endforeach()
