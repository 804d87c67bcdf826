# How a one-off gets its secrets: as files in a folder, once it runs. `docker inspect` shows variables to everybody.
# sh -c "$(cat FILE)" sh FUNCTION FOLDER...

with() { # FOLDER COMMAND...: run a command once they are there
    folder="$1" tries=0
    shift
    until [ -e "$folder/.given" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 1200 ] || {
            echo "No secrets came in a minute." >&2
            exit 1
        }
        sleep 0.05
    done
    exec "$@"
}

give() { # FOLDER; lines of a name and a value in base64, and a dot, from standard input
    umask 077
    mkdir -p "$1" && cd "$1" || return
    while read -r name value; do
        [ "$name" != . ] || {
            : >.given
            return
        }
        echo "$value" | base64 -d >"$name" || return
    done
    return 1 # not all of them came
}

"$@"
