# What is done beside the deployment's files, in a container that has the volumes: sh -ec "$(cat FILE)" sh FUNCTION ARG...
#
# This folder is the proxy's as well, and is its to read: nothing is here that could tell of a secret.
#
#   live            the name of the release that the proxy asks, web-<release>; read for each request
#   previous        the one that can be gone back to at once: in the bake window, while both run
#   flipped         who has gone back to it
#   decided-...     whether that release is switched to is decided: by who gave it up, or by the switch, which has `made` it
#   Caddyfile
#   maintenance     on: clients are sent away; what they get; who is let in. Written and removed under anybody's lock, or none
#   format          the number of how all of this is written, and which Slipway noted it; see project/formats.py
#
# Nobody but `inv` has the other one, and only who holds the lock writes there: releases.jsonl (with hashes of secrets), the
# salt of these, proxy.json (earlier.py), volumes.json (shared.py), logs (a file for each entry, by its event).

ledger=../ledger

put() { # NAME: a file, from standard input, in one step
    cat >"$1.new"
    mv "$1.new" "$1"
}

hide() { # NAME: likewise, for root alone
    umask 077
    put "$1"
}

rename() { # NAME TO: a file that is there takes the place of another
    mv "$1" "$2"
}

get() { # NAME...: a line each: = and the file in base64, or - when it is not there
    for name; do
        [ -e "$name" ] && echo "=$(base64 <"$name" | tr -d '\n')" || echo -
    done
}

whole() { # NAME: what comes next begins a line; the last one may have been cut off
    [ ! -s "$1" ] || [ -z "$(tail -c 1 "$1")" ] || echo >>"$1"
}

record() { # a line of the ledger, from standard input
    whole "$ledger/releases.jsonl"
    cat >>"$ledger/releases.jsonl"
}

agree() { # FORMAT VERSION: end where it is written as only a newer one knows; note that it is written so from now on
    if [ -e format ]; then
        read -r there _ <format || :
        case $there in
        '' | *[!0-9]*) exit 5 ;;
        esac
        [ "$there" -le "$1" ] || exit 5
        [ "$there" -lt "$1" ] || return 0
    fi
    echo "$1 $2" | put format
}

split() { # FORMAT VERSION; what is in this folder and belongs into the other one: earlier versions had one folder for all
    agree "$1" "$2"
    chmod 700 "$ledger"
    if [ -e releases.jsonl ]; then # an older checkout has begun it anew where the ledger is there already: its lines are later
        touch "$ledger/releases.jsonl"
        whole "$ledger/releases.jsonl"
        whole releases.jsonl
        if ! tail -c "$(wc -c <releases.jsonl)" "$ledger/releases.jsonl" | cmp -s - releases.jsonl; then
            cat "$ledger/releases.jsonl" releases.jsonl >"$ledger/releases.jsonl.new"
            mv "$ledger/releases.jsonl.new" "$ledger/releases.jsonl"
        fi
    fi
    for name in salt proxy.json; do
        [ ! -e "$name" ] || hide "$ledger/$name" <"$name"
    done
    moved=$(ls releases.jsonl* salt* proxy.json* 2>/dev/null) || : # one that is not there
    [ -n "$moved" ] || return 0
    sync # the copies are there, whatever becomes of the machine
    rm -f $moved
}

switch() { # NEW OLD: every request goes to NEW from now on, and OLD, if there is one, can be gone back to
    mkdir "decided-$1"
    rm -f previous flipped
    printf %s "$1" | put live
    [ -z "$2" ] || printf %s "$2" | put previous # last: who went back before would be led to NEW all the same
    record
    mkdir "decided-$1/made"
}

fence() { # NEW: give the switch up; when it was made before, or is being made, wait until that is done
    mkdir "decided-$1" 2>/dev/null && return
    tries=0
    while [ ! -e "decided-$1/made" ] && [ $tries -lt 20 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
}

# Who renames `previous` first decides: who goes back, or the end of the bake window.

back() { # [BY]; status 4: nobody can be gone back to
    old=$(cat previous 2>/dev/null) || { [ ! -e previous ] || return 1; return 4; }
    [ -z "$1" ] || printf %s "$1" | put flipped
    # Who comes second takes the mark away only when nobody has gone back: the bake window is over.
    mv previous live || { [ ! -e previous ] || return 1; [ "$(cat live)" = "$old" ] || rm -f flipped; return 4; }
    cat live
}

seal() { # status 3: somebody has gone back
    [ -e previous ] || return 3
    mv previous sealed || return 3
    rm sealed
}

noted() { # that somebody has gone back
    rm -f flipped
}

clear() { # by who begins: nothing of an earlier deployment can come late any more
    rm -rf previous flipped decided-*
}

trim() { # LINES: let the ledger have no more than twice as many
    [ "$(wc -l <"$ledger/releases.jsonl")" -le $((2 * $1)) ] ||
        tail -n "$1" "$ledger/releases.jsonl" | put "$ledger/releases.jsonl"
}

away() { # [ADDRESS...]: send clients away, with the files that are given as secrets are; these addresses are let in
    given=$(cat)
    case "$given" in
    *"
.") given=${given%.} ;;
    *)
        echo "The page did not come, or not all of it: nothing was changed." >&2
        return 1
        ;;
    esac
    mkdir -p maintenance/allowed
    for one; do
        : >"maintenance/allowed/$one"
    done
    for file in maintenance/allowed/*; do
        case " $* " in
        *" ${file##*/} "*) ;;
        *) rm -f "$file" ;;
        esac
    done
    printf %s "$given" | while read -r name value; do # `on` is the last
        echo "$value" | base64 -d | put "maintenance/$name"
    done
}

let_in() { # what clients got stays: some may be getting it
    rm -f maintenance/on
}

keep() { # EVENT NUMBER: what was shown of an entry, packed and in base64, from standard input; the last NUMBER entries' stay
    umask 077
    mkdir -p "$ledger/logs"
    base64 -d | put "$ledger/logs/$1.log.gz"
    last=$(sed -n 's/^{"event": "\([0-9a-f]*\)".*/\1/p' "$ledger/releases.jsonl" |
        awk '{ at[$1] = NR } END { for (event in at) print at[event], event }' | sort -n | tail -n "$2" | cut -d " " -f 2)
    for file in "$ledger"/logs/*; do
        name=${file##*/}
        case " $(echo $last) " in
        *" ${name%.log.gz} "*) ;;
        *) rm -f "$file" ;;
        esac
    done
}

room() { # the kilobytes that are free
    df -Pk . | awk 'END { print $4 }'
}

take() { # lines of a name and a value in base64, and a dot, from standard input, into $given
    umask 077
    given=$(cat)
    # Who pastes the command that `inv` shows has nothing to give, and what breaks off is not all of it.
    case "$given" in
    .) given= ;;
    *"
.") given=${given%.} ;;
    *)
        echo "No secrets came, or not all of them: nothing was changed. They are for ./inv deploy to give." >&2
        return 1
        ;;
    esac
}

fill() { # USER: make this folder hold these secrets alone, for USER alone
    take
    rm -f ./*
    printf %s "$given" | while read -r name value; do
        echo "$value" | base64 -d >"$name"
    done
    chown -R "$1" .
    chmod 500 .
    chmod -R a-w .
}

renew() { # let each folder in this one that has a secret of such a name have this one, for whom the old one was; or none
    take
    for folder in ./*/; do
        printf %s "$given" | while read -r name value; do
            [ -e "$folder$name" ] || continue
            [ -n "$value" ] || {
                rm "$folder$name"
                continue
            }
            cp -p "$folder$name" "$folder.$name"
            echo "$value" | base64 -d >"$folder.$name"
            mv "$folder.$name" "$folder$name"
        done
    done
}

"$@"
