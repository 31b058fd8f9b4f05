# Every module and style of pages/ becomes a part of the program: one more file there is one more module.

pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
house_folder(pages FOLDERS pages USES world_base PRIVATE PkgConfig::ZLIB TEST_USES PkgConfig::ZLIB)

file(GLOB_RECURSE page_files CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/pages
     ${PROJECT_SOURCE_DIR}/pages/*.js ${PROJECT_SOURCE_DIR}/pages/*.css)
list(TRANSFORM page_files PREPEND ${PROJECT_SOURCE_DIR}/pages/ OUTPUT_VARIABLE page_paths)
set(page_source ${CMAKE_BINARY_DIR}/generated/page_files.c)
set(embed_pages ${PROJECT_SOURCE_DIR}/cmake/pages/embed.cmake)
add_custom_command(
    OUTPUT ${page_source}
    COMMAND ${CMAKE_COMMAND} -D OUTPUT=${page_source} -D "FILES=${page_files}" -P ${embed_pages}
    DEPENDS ${embed_pages} ${page_paths}
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/pages
    COMMENT "Embedding the pages"
    VERBATIM)
target_sources(pages PRIVATE ${page_source})
