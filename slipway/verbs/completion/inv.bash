# Completes the verbs and options of Slipway's inv, however it is called: inv, ./inv, ../shop/inv. Elsewhere files.
_inv() {
  local IFS=$'\n' inv=${1/#'~'/$HOME}
  COMPREPLY=($(compgen -W "$("$inv" --complete -- inv "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null </dev/null)" -- "$2"))
}
complete -o default -F _inv inv
