#compdef inv
# Completes the verbs and options of Slipway's inv, however it is called: inv, ./inv, ../shop/inv. Elsewhere files.
_inv() {
  local -a found
  found=(${(f)"$(${~words[1]} --complete -- inv "${(@)words[2,CURRENT]}" 2>/dev/null </dev/null)"})
  if ((! $#found)) || ! compadd -a found; then _files; fi
}
compdef _inv inv
