# Changes the password of the service's role, as PostgreSQL's superuser, beside the server.
#
# A release that was started with the old one may go on meanwhile: what connects from its addresses is let in as the
# service's role, whatever password it gives. There are lines for that in the file of who is let in, until `dismiss`.
#
# sh -c "$(cat password.sh)" sh FUNCTION USERNAME [ADDRESS...]. A password comes on standard input, as a line of its name
# and its value in base64, and a dot. Libpq's variables say how the superuser logs in; none are needed over the socket.
set -eu
function="$1" username="$2"
shift 2
mark="# inv rotate: until the release that was started with the old password has stopped"

# No password gets into the server's log, or into an extension's list of statements.
options="-c lc_messages=C -c client_min_messages=warning -c lock_timeout=5000 -c statement_timeout=60000
-c default_transaction_read_only=off -c log_min_error_statement=panic -c log_statement=none
-c log_min_duration_statement=-1 -c pg_stat_statements.track_utility=off -c pgaudit.log=none"

application="inv rotate" # what the server knows a change by
asked=template1          # the database that everybody needs the password for

tell() { # SQL from standard input
    PGAPPNAME="$application" PGOPTIONS="$(echo $options)" PGCONNECT_TIMEOUT=10 psql -XqAt -v ON_ERROR_STOP=1 -v username="$username"
}

take_password() {
    { read -r _ value && read -r end && [ "$end" = . ]; } || {
        echo "No password came, or not all of it: nothing was changed. It is for ./inv rotate to give." >&2
        return 1
    }
    password=$(echo "$value" | base64 -d)
}

change() {
    take_password
    PASSWORD="$password" tell <<'SQL'
\set password `printf %s "$PASSWORD"`
ALTER ROLE :"username" PASSWORD :'password';
SQL
}

# End a change whose client is gone: it may still wait for a lock.
settle() {
    tries=100
    while :; do
        left=$(
            tell <<SQL
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE application_name = '$application' AND pid <> pg_backend_pid()
SQL
        )
        [ "$left" -gt 0 ] || return 0
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { echo "A change of the password does not end." >&2; return 1; }
        sleep 0.1
    done
}

# Whether the service's role can log in with a password: `good` or `other`. Over the network, where one is asked for:
# beside the server, or where that is said to be.
check() {
    take_password
    host=${DATABASE_AT:-$(hostname -i)}
    if said=$(PGPASSWORD="$password" psql -Xq -h "${host%% *}" -U "$username" -d "$asked" -c '' 2>&1); then
        echo good
        return
    fi
    case "$said" in
    *"authentication failed"*) echo other ;;
    *)
        printf '%s\n' "$said" >&2
        return 1
        ;;
    esac
}

admit() { # ADDRESS..., as networks
    let_in "$@"
}

# Who knew the old password may have a session open.
dismiss() { # [ADDRESS...], from where sessions go on
    let_in
    [ $# -gt 0 ] || return 0
    echo "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE usename = :'username' AND client_addr IS NOT NULL
        AND NOT client_addr <<= ANY (string_to_array('$*', ' ')::inet[])" | tell >/dev/null
}

let_in() {
    file=$(echo 'SHOW hba_file' | tell)
    cp -p "$file" "$file.new"
    # What checks a password may come from there as well.
    for address; do
        printf 'host %s "%s" %s scram-sha-256 %s\n' "$asked" "$username" "$address" "$mark"
        printf 'host all "%s" %s trust %s\n' "$username" "$address" "$mark"
    done >"$file.new"
    grep -vF "$mark" "$file" >>"$file.new" || [ $? -eq 1 ]
    cp -p "$file" "$file.before"
    mv "$file.new" "$file"
    # The file says what is in force: it is put back where nobody knows that the server has read it.
    is_readable "$file" $((2 * $#)) && reload || { mv "$file.before" "$file"; return 1; }
    rm "$file.before"
}

is_readable() { # FILE ADDED, the number of lines at its beginning that were not there before
    wrong=$(echo "SELECT line_number - $2 || ': ' || error FROM pg_hba_file_rules WHERE error IS NOT NULL" | tell) || return
    [ -n "$wrong" ] || return 0
    printf '%s cannot be read by PostgreSQL (line %s), and was not changed.\n' "$1" "$wrong" >&2
    return 1
}

# A session knows what the server had read when it began.
reload() {
    read_at="SELECT pg_conf_load_time()"
    before=$(echo "$read_at" | tell) || return
    echo "SELECT pg_reload_conf()" | tell >/dev/null || return
    tries=100
    while now=$(echo "$read_at" | tell) || return; [ "$now" = "$before" ]; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { echo "PostgreSQL has not read its configuration again in 10 seconds." >&2; return 1; }
        sleep 0.1
    done
}

"$function" "$@"
