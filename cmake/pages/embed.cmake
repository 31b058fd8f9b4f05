# cmake -D OUTPUT=... -D FILES=parts/dom.js;... -P embed.cmake, run in pages/
# Writes the files as arrays in C, for pages/page_files.h.

set(texts)
set(entries)
set(count 0)
foreach(file ${FILES})
    file(READ ${file} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(APPEND texts "static const unsigned char TEXT_${count}[] = {${bytes}0};\n")
    string(APPEND entries "        {\"${file}\", TEXT_${count}, sizeof(TEXT_${count}) - 1},\n")
    math(EXPR count "${count} + 1")
endforeach()

file(WRITE ${OUTPUT} "/* Made by cmake/pages/embed.cmake. */
#include \"pages/page_files.h\"

${texts}
const struct page_file *page_files(size_t *count)
{
    static const struct page_file FILES[] = {
${entries}    };

    *count = sizeof(FILES) / sizeof(FILES[0]);
    return FILES;
}
")
