# What a line of C says to the compiler: code_of(line) is the line without comments and with empty strings,
# so that a word in a sentence is not taken for a call. Shared by the checks; lines must come in order.

FNR == 1 { inside_comment = 0 }

function code_of(line,    code, mark) {
    code = ""
    while (line != "") {
        if (inside_comment) {
            if (!match(line, /\*\//))
                return code
            line = substr(line, RSTART + 2)
            inside_comment = 0
            continue
        }
        if (!match(line, /\/\*|\/\/|"|'/))
            return code line
        code = code substr(line, 1, RSTART - 1)
        mark = substr(line, RSTART, RLENGTH)
        line = substr(line, RSTART + RLENGTH)
        if (mark == "//")
            return code
        if (mark == "/*") {
            inside_comment = 1
            code = code " "
        } else {
            code = code mark mark
            line = after_quote(line, mark)
        }
    }
    return code
}

function after_quote(line, mark,    i, letter) {
    for (i = 1; i <= length(line); i++) {
        letter = substr(line, i, 1)
        if (letter == "\\")
            i++
        else if (letter == mark)
            return substr(line, i + 1)
    }
    return ""
}

function complain(sentence) {
    printf "%s:%d: %s\n", FILENAME, FNR, sentence
    complaints++
}

END { exit complaints > 0 }
