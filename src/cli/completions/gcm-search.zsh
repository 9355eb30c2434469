#compdef gcm-search
# Completions of gcm-search for zsh. The program itself says what may follow.
_gcm-search() {
    local line value shown
    local -a ended ended_shown open open_shown
    while IFS= read -r line; do
        value=${line%%$'\t'*}
        shown=$value
        [[ $line == *$'\t'* ]] && shown="$value  -- ${line#*$'\t'}"
        if [[ $value == *[=:/] ]]; then
            # After a folder, or an option that waits for its value, the word goes on.
            open+=("$value") open_shown+=("$shown")
        else
            ended+=("$value") ended_shown+=("$shown")
        fi
    done < <(command "${words[1]}" __complete zsh -- "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)
    # The program has compared them, also without regard to accents and capitals.
    (( $#open )) && compadd -U -S '' -V gcm-search -l -d open_shown -a open
    (( $#ended )) && compadd -U -V gcm-search -l -d ended_shown -a ended
    (( $#open + $#ended ))
}
if [[ $funcstack[1] == _gcm-search ]]; then
    _gcm-search "$@"
else
    compdef _gcm-search gcm-search
fi
