# Sizes, banned calls and words left behind. Needs code.awk before it. clang-format puts the braces of a
# function, and only those, in the first column.

BEGIN {
    FILE_LINES_MAX = 600
    FUNCTION_LINES_MAX = 60
    PARAMETERS_MAX = 4

    # The seam's listen; the readers of a node: what is read, its bounds, where to, and why it was refused; what a
    # library calls back, with the owner that it was given at the end; and the log's reader, which is given such a pair.
    MORE_PARAMETERS = "enum listen_mode mode|const char [*]server_name|struct yaml_error [*]error|void [*]owner[)] *$|log_row_callback [*]on_row"

    instead["strcpy"] = "a length"
    instead["strcat"] = "a length"
    instead["sprintf"] = "snprintf"
    instead["vsprintf"] = "vsnprintf"
    instead["gets"] = "fgets"
    instead["strtok"] = "a loop over struct bytes"
    instead["alloca"] = "a region"
    instead["atoi"] = "a reader that says where the number ends"
    instead["atol"] = instead["atoi"]
    instead["atof"] = instead["atoi"]
    instead["sleep"] = "a timer of the world"
    instead["usleep"] = instead["sleep"]
    instead["nanosleep"] = instead["sleep"]
    instead["assert"] = "check"
}

FNR == FILE_LINES_MAX + 1 { complain("file of more than " FILE_LINES_MAX " lines") }

/(^|[^A-Za-z])(TO[D]O|FIX[M]E|XX[X])([^A-Za-z]|$)/ {
    complain("a word for unfinished work; finish it, or write an issue")
}

FILENAME !~ /\.[ch]$/ { next }

{
    code = code_of($0)
    rest = code
    while (match(rest, /[A-Za-z_][A-Za-z_0-9]*\(/)) {
        call = substr(rest, RSTART, RLENGTH - 1)
        rest = substr(rest, RSTART + RLENGTH)
        if (call in instead)
            complain(call "() is banned; use " instead[call])
    }
}

/^typedef struct/ { complain("a struct is not given a second name by typedef") }

# A definition's signature begins in the first column and ends before its brace.
/^[A-Za-z]/ { signature = "" }
/^[A-Za-z ]/ { signature = signature code }

/^\{/ {
    begun = FNR
    commas = signature
    if (signature ~ /\)[ ]*$/ && gsub(/,/, "", commas) >= PARAMETERS_MAX && signature !~ MORE_PARAMETERS)
        complain("function with more than " PARAMETERS_MAX " parameters; pass a struct")
}

/^\}/ && begun > 0 {
    if (FNR - begun - 1 > FUNCTION_LINES_MAX)
        complain("function of " (FNR - begun - 1) " lines, more than " FUNCTION_LINES_MAX)
    begun = 0
}
