# Turns data files into one C file, so that the program carries them. The file's name is the preset's.
# Run as: cmake -D OUTPUT=preset_data.c -D "FILES=proxy/presets/nginx.yaml;…" -P embed.cmake, at the root of the tree.

set(texts)
set(rows)
set(names)
foreach(path ${FILES})
    get_filename_component(name ${path} NAME_WE)
    file(READ ${path} bytes HEX)
    string(LENGTH "${bytes}" digits)
    math(EXPR size "${digits} / 2")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    string(APPEND texts "static const unsigned char ${name}[] = {${bytes}};\n")
    string(APPEND rows "    {\"${name}\", \"${path}\", ${name}, ${size}},\n")
    string(APPEND names "        \"${name}\",\n")
endforeach()

file(WRITE ${OUTPUT} "/* Made by cmake/presets/embed.cmake from the data files named below. */
#include \"proxy/preset_data.h\"

${texts}
static const struct preset_data TABLE[] = {
${rows}    {0},
};

const struct preset_data *preset_data(void)
{
    return TABLE;
}

const char *const *preset_names(void)
{
    static const char *const names[] = {
${names}        0,
    };

    return names;
}
")
