/*
 * The modules and styles of pages/ as the build put them into the program (cmake/pages.cmake makes the other half).
 */
#ifndef PAGES_PAGE_FILES_H
#define PAGES_PAGE_FILES_H

#include <stddef.h>

struct page_file {
    const char *path; /* below pages/: "parts/dom.js", "parts/style.css" */
    const unsigned char *text;
    size_t size;
};

/* All of them, sorted by path. */
const struct page_file *page_files(size_t *count);

#endif
