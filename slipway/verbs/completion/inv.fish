# Completes the verbs and options of Slipway's inv, however it is called: inv, ./inv, ../shop/inv. Elsewhere files.
function __inv_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l inv (string replace --regex '^~' $HOME $words[1])
    set -l found ($inv --complete -- inv $words[2..-1] (commandline --current-token) 2>/dev/null </dev/null)
    set -q found[1]; and printf '%s\n' $found; or __fish_complete_path (commandline --current-token)
end
complete --command inv --no-files --arguments '(__inv_complete)'
