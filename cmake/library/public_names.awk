# The functions that our headers declare, one name a line, from what the preprocessor made of the headers. Lines of the
# system's headers are passed over by the file names that the preprocessor leaves; ours begin with a name in `folders`.

BEGIN { count = split(folders, folder, " ") }

/^# [0-9]+ "/ {
    ours = 0
    split($0, part, "\"")
    for (i = 1; i <= count; i++)
        if (index(part[2], folder[i]) == 1)
            ours = 1
    next
}

ours && !/^#/ { text = text " " $0 }

# Walks over the text once: braces that follow a parenthesis are a function's body, others a type's; what ends with a
# semicolon outside of braces is a declaration.
END {
    size = length(text)
    for (i = 1; i <= size; i++) {
        letter = substr(text, i, 1)
        if (letter == "{" && depth++ == 0)
            is_body = statement ~ /\)[ ]*$/
        else if (letter == "}" && --depth == 0 && is_body)
            statement = ""
        else if (letter == ";" && depth == 0)
            statement = end_of(statement)
        else if (depth == 0 && letter != "}")
            statement = statement letter
    }
}

function end_of(declaration) {
    while (match(declaration, /__attribute__[ ]*\(\([^()]*(\([^()]*\))?[^()]*\)\)/))
        declaration = substr(declaration, 1, RSTART - 1) substr(declaration, RSTART + RLENGTH)
    if (declaration !~ /^[ ]*(typedef|static|_Static_assert)/ && match(declaration, /[A-Za-z_][A-Za-z_0-9]*[ ]*\(/)) {
        name = substr(declaration, RSTART, RLENGTH - 1)
        sub(/ +$/, "", name)
        print name
    }
    return ""
}
