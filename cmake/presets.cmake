# The data files of the presets become a source of the proxy: one more file in proxy/presets is one more preset.

file(GLOB preset_files CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/proxy/presets/*.yaml)
list(TRANSFORM preset_files PREPEND ${PROJECT_SOURCE_DIR}/ OUTPUT_VARIABLE preset_paths)
set(preset_source ${CMAKE_BINARY_DIR}/generated/preset_data.c)
set(embed ${PROJECT_SOURCE_DIR}/cmake/presets/embed.cmake)
add_custom_command(
    OUTPUT ${preset_source}
    COMMAND ${CMAKE_COMMAND} -D OUTPUT=${preset_source} -D "FILES=${preset_files}" -P ${embed}
    DEPENDS ${embed} ${preset_paths}
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    COMMENT "Embedding the presets"
    VERBATIM)
target_sources(proxy_core PRIVATE ${preset_source})
