# What the superuser of the PostgreSQL that Slipway runs does. PGHOST and its kin say how it logs in.
set -eu
export PGOPTIONS="-c client_min_messages=warning"

tell() { # DATABASE VARIABLE..., and SQL from standard input
    database="$1"
    shift
    for variable; do
        set -- "$@" -v "$variable"
        shift
    done
    psql -XqAt -v ON_ERROR_STOP=1 "$@" -d "$database"
}

extensions() { # NAME,... DATABASE...
    names="$1"
    shift
    for database; do
        tell "$database" names="$names" <<'SQL'
SELECT format('CREATE EXTENSION IF NOT EXISTS %I CASCADE', name) FROM unnest(string_to_array(:'names', ',')) AS name
\gexec
SQL
    done
}

"$@"
