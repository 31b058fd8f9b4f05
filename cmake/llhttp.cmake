# Debian 12 ships llhttp as C sources in node-llhttp; newer systems have libllhttp-dev. Either will do.

find_path(LLHTTP_SOURCES llhttp.c PATHS /usr/share/llhttp NO_DEFAULT_PATH)
find_path(LLHTTP_INCLUDE llhttp.h PATHS /usr/share/include/llhttp /usr/include/llhttp /usr/include)
find_library(LLHTTP_LIBRARY llhttp)

if(LLHTTP_LIBRARY AND LLHTTP_INCLUDE)
    add_library(llhttp INTERFACE)
    target_link_libraries(llhttp INTERFACE ${LLHTTP_LIBRARY})
    target_include_directories(llhttp SYSTEM INTERFACE ${LLHTTP_INCLUDE})
elseif(LLHTTP_SOURCES AND LLHTTP_INCLUDE)
    add_library(llhttp STATIC ${LLHTTP_SOURCES}/llhttp.c ${LLHTTP_SOURCES}/api.c
                              ${LLHTTP_SOURCES}/http.c)
    target_include_directories(llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE})
    target_compile_options(llhttp PRIVATE -w)
else()
    message(FATAL_ERROR "llhttp was not found: install node-llhttp (Debian 12) or libllhttp-dev")
endif()
