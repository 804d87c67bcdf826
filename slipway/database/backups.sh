# What is done beside the database, with PostgreSQL's own programs, in the folder of the backups.
# PGHOST and its kin say where the database is.
#
# The file `order` there has the names of the backups as they were made, a line each. No clock orders them: that of who
# calls may be wrong, and so may this one. What the time in a name says is the database's clock.
set -eu
umask 077

tell() { # SQL from standard input; :"db" is the database, :"new" and :"old" are what it is called in between
    PGOPTIONS="-c client_min_messages=warning" \
        psql -XqAt -v ON_ERROR_STOP="${stop:-1}" -v db="$PGDATABASE" -v new="${new:-}" -v old="${old:-}" -d "${1:-postgres}"
}

majors() { # DATABASE, any of the server's; prints the major version of the server, and that of the programs here
    echo "SELECT current_setting('server_version_num')::int / 10000" | tell "$1"
    pg_dump --version | sed 's/[^0-9]*\([0-9]*\).*/\1/'
}

fit() { # DATABASE; programs that are older than the server refuse it, or its backups
    both=$(majors "$1")
    # shellcheck disable=SC2086
    set -- $both
    [ "$2" -ge "$1" ] || exit 64
}

now() { # DATABASE
    echo "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD\"T\"HH24MISS\"Z\"')" | tell "$1"
}

read_back() { # NAME, the whole of it: its list of contents alone would not show that its end is missing.
    pg_restore --list "$1" >/dev/null
    pg_restore --file=/dev/null "$1"
}

readable() { # NAME; says when that was
    fit postgres
    read_back "$1"
    now postgres
}

revisions() { # NAME: those that the data in it is at, a line each; a backup without the table is at none
    said=$(pg_restore --data-only --table=alembic_version --file=- "$1")
    printf '%s\n' "$said" | sed -n '/^COPY .*alembic_version /,/^\\\.$/p' | sed -e '/^COPY /d' -e '/^\\\.$/d'
}

make() {
    fit "$PGDATABASE"
    time=$(now "$PGDATABASE")
    revision=$(echo "SELECT string_agg(version_num, '+' ORDER BY 1) FROM alembic_version" | tell "$PGDATABASE" 2>/dev/null || true)
    find . \( -name '*.partial' -o -name '*.import' \) -mtime +0 -exec rm -f {} + # of those that were killed
    reserve "$time-$(printf %s "${revision:-none}" | tr -c 'A-Za-z0-9_.+-' _)"
    trap 'rm -f "$name.partial"' EXIT
    trap 'exit 130' INT TERM
    pg_dump --format=custom --file="$name.partial"
    read_back "$name.partial"
    before=$(unnoted)
    printf '%s\n' ${before:+"$before"} "$name" >>order
    mv "$name.partial" "$name"
    echo "$name $(wc -c <"$name")"
}

reserve() { # STEM; sets `name`: a clock that was set back may name another backup, and two may be made at once
    number=1 name="$1.dump"
    until is_free; do
        [ "$number" -lt 100 ] || {
            : >"$name.partial" # says why it cannot be made
            return 1
        }
        number=$((number + 1)) name="$1-$number.dump"
    done
}

is_free() { # Then `name` is this one's: nobody else begins what is begun.
    (set -C && : >"$name.partial") 2>/dev/null || return 1
    [ -e "$name" ] || is_noted "$name" || return 0
    rm -f "$name.partial"
    return 1
}

is_noted() { # NAME; also of one that is removed by now: it would be an old one at once
    [ -e order ] && grep -qxF -e "$1" order
}

unnoted() { # Those of earlier versions, and of one that was killed before it was noted: by the clock of this folder.
    { stat -c '%Y %n' -- *.dump 2>/dev/null || stat -f '%m %N' -- *.dump 2>/dev/null || true; } | LC_ALL=C sort -k1,1n -k2 |
        cut -d' ' -f2- | if [ -e order ]; then grep -vxF -f order || true; else cat; fi
}

list() { # the oldest first
    {
        [ ! -e order ] || cat order
        unnoted
    } | awk '!seen[$0]++' | while read -r name; do
        [ ! -f "$name" ] || echo "$name $(wc -c <"$name")"
    done
}

take() { # NAME, from standard input
    cat >"$1"
}

create() { # NEW: an empty database, and none that restores which were killed left
    new="$1"
    tell <<'SQL'
SELECT format('DROP DATABASE %I', datname) FROM pg_database
WHERE left(datname, -16) = left(:'new', -16) AND right(datname, 16) ~ '^[0-9]{8}t[0-9]{6}z$'
  AND pg_has_role(datdba, 'USAGE') AND datname NOT IN (SELECT datname FROM pg_stat_activity WHERE datid > 0)
\gexec
SELECT format('CREATE DATABASE %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L', :'new',
              pg_encoding_to_char(d.encoding), d.datcollate, d.datctype)
FROM pg_database d JOIN pg_database t ON t.datname = 'template0'
WHERE d.datname = :'db' AND (d.encoding, d.datcollate, d.datctype) <> (t.encoding, t.datcollate, t.datctype)
UNION ALL
SELECT format('CREATE DATABASE %I TEMPLATE template0', :'new')
ORDER BY 1 DESC LIMIT 1
\gexec
SQL
}

restore() { # NAME NEW OLD: into NEW, which then takes the database's place
    new="$2" old="$3" contents=$(mktemp)
    trap 'rm -f "$contents" "$contents.failed"; drop "$new"' EXIT
    trap 'exit 130' INT TERM
    echo "SELECT 1 FROM pg_database WHERE datname = :'new'" | tell | grep -q 1 || create "$new"
    # All becomes this role's. Only the superuser may comment on the extensions that it has made, and they bring their
    # own comments.
    pg_restore --list "$1" | grep -Ev '^[0-9]+; [0-9]+ [0-9]+ COMMENT - EXTENSION ' >"$contents"
    pour "$1"
    # What belongs to the database itself is in no dump: its settings, its limit, and who may connect. (The values of
    # some settings are lists of names, quoted already.)
    denied=$(
        stop=0 tell 2>&1 >/dev/null <<'SQL'
SELECT concat_ws(
    ' ', 'ALTER', CASE setrole WHEN 0 THEN '' ELSE format('ROLE %s IN', setrole::regrole) END,
    format('DATABASE %I SET %s =', :'new', name),
    CASE WHEN name IN ('search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries')
         THEN value ELSE quote_literal(value) END)
FROM pg_database d JOIN pg_db_role_setting s ON s.setdatabase = d.oid, unnest(s.setconfig) AS one,
     LATERAL (SELECT split_part(one, '=', 1) AS name, substr(one, strpos(one, '=') + 1) AS value) AS parts
WHERE datname = :'db'
UNION ALL
SELECT format('ALTER DATABASE %I CONNECTION LIMIT %s', :'new', datconnlimit) FROM pg_database WHERE datname = :'db'
\gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'new')
FROM pg_database WHERE datname = :'db' AND datacl IS NOT NULL
\gexec
SELECT format('GRANT %s ON DATABASE %I TO %s%s', privilege_type, :'new',
              CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END,
              CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
FROM pg_database, aclexplode(datacl) WHERE datname = :'db' AND grantee <> datdba
\gexec
SQL
    )
    [ -z "$denied" ] || printf '%s\n%s\n' "$denied" "What is denied here is the superuser's to set, and was left out." >&2
    # A database that is in use cannot be renamed. While it is being renamed, nobody new gets in; who is in is sent away.
    (
        while :; do
            echo "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                  WHERE datname = :'db' AND pg_has_role(usesysid, 'USAGE')" | tell >/dev/null
            sleep 0.2
        done
    ) &
    sending_away=$!
    status=0
    tell <<'SQL' || status=$?
BEGIN;
SELECT format('ALTER DATABASE %I RENAME TO %I', :'db', :'old')
WHERE EXISTS (SELECT FROM pg_database WHERE datname = :'db')
\gexec
ALTER DATABASE :"new" RENAME TO :"db";
COMMIT;
SQL
    kill "$sending_away" 2>/dev/null || true
    wait "$sending_away" 2>/dev/null || true
    return "$status"
}

pour() { # NAME, what is in CONTENTS of it: into NEW
    both=$(majors postgres)
    # shellcheck disable=SC2086
    set -- "$1" $both
    if [ "$2" -ge "$3" ]; then
        pg_restore --no-owner --no-privileges --exit-on-error --use-list="$contents" --dbname="$new" "$1"
        return
    fi
    # At the beginning, newer programs set what an older server doesn't know.
    {
        pg_restore --no-owner --no-privileges --use-list="$contents" --file=- "$1" || echo >"$contents.failed"
    } | sed '1,20{/^SET transaction_timeout = 0;$/d;}' | psql -Xq -o /dev/null -v ON_ERROR_STOP=1 -d "$new"
    [ ! -e "$contents.failed" ]
}

drop() { # NEW
    new="$1"
    echo 'DROP DATABASE IF EXISTS :"new" WITH (FORCE)' | tell
}

dump() { # to standard output
    fit "$PGDATABASE"
    pg_dump --format=custom
}

show() { # NAME
    cat "$1"
}

remove() { # NAME...
    rm -f -- "$@"
}

"$@"
