# Completions of gcm-search for bash. The program itself says what may follow.
_gcm_search() {
    local IFS=$'\n'
    COMPREPLY=($(command "$1" __complete bash -- "$1" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null))
    # After a folder, or an option that waits for its value, the word goes on.
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=:/] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o nosort -F _gcm_search gcm-search 2>/dev/null || complete -F _gcm_search gcm-search
