# Completions of gcm-search for fish. The program itself says what may follow.
function __gcm_search_complete
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    set -l current (commandline --current-token --cut-at-cursor)
    command $words[1] __complete fish -- $words "$current" 2>/dev/null
end
complete --command gcm-search --no-files --keep-order --arguments '(__gcm_search_complete)'
