# Gives the service a role of its own, in a database whose superuser it was: data that Slipway made before.
#
# PostgreSQL's first role can't become an ordinary one, so it is renamed, and the service's name is given to a new role.
# Each step can be killed, and is done again by the next call. In between the new role is a member of the superuser's: it
# may do what it could with all that is not its own yet.
#
# sh -c "$(cat bring_over.sh)" sh STEP USERNAME SUPERUSER DATABASE, the step being `state`, `bring_over`, or its two halves,
# `begin` and `end`: the sessions of before, which are the superuser's, may go on in between.
# Libpq's variables say where the server is: none are needed over its socket. Over TCP, PGPASSWORD is the service's, and
# SUPERUSER_PASSWORD the one that the superuser gets, or has; without it, the superuser has none afterwards.
set -eu
step="$1" username="$2" superuser="$3" database="$4"
tries=120 # of what waits for a lock: half a second each, and half a second between them
first=10  # the number of PostgreSQL's first role

# No function or setting of the service's counts here, and no password gets into the server's log. A lock is waited for
# but shortly, because everybody who needs the table waits behind; autovacuum makes way meanwhile (deadlock_timeout).
options="-c search_path=pg_catalog,pg_temp -c lc_messages=C -c client_min_messages=warning -c row_security=off
-c lock_timeout=500 -c deadlock_timeout=100 -c statement_timeout=60000 -c idle_in_transaction_session_timeout=0
-c default_transaction_read_only=off -c log_min_error_statement=panic -c log_statement=none
-c log_min_duration_statement=-1"

tell() { # ROLE PASSWORD DATABASE, SQL from standard input
    PGUSER="$1" PGPASSWORD="$2" PGDATABASE="$3" PGOPTIONS="$(echo $options)" PGCONNECT_TIMEOUT=10 psql -XqAt \
        -v ON_ERROR_STOP=1 -v username="$username" -v superuser="$superuser" -v database="$database" -v first="$first"
}

before() { tell "$username" "${PGPASSWORD-}" postgres; }

now() { tell "$superuser" "${SUPERUSER_PASSWORD-}" "$1"; }

# What the service's role is: `before` the superuser itself, `between`, `done` an ordinary one, `admitted` one whose new
# password not everybody has to give yet (password.sh), or `other` (no role of this name, or made by somebody else).
state() {
    sql="SELECT CASE
        WHEN EXISTS (SELECT FROM pg_roles WHERE oid = :first AND rolname = :'username') THEN 'before'
        WHEN NOT EXISTS (SELECT FROM pg_roles WHERE oid = :first AND rolname = :'superuser')
             OR NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'username') THEN 'other'
        WHEN EXISTS (SELECT FROM pg_auth_members WHERE roleid = :first AND member = (
                     SELECT oid FROM pg_roles WHERE rolname = :'username')) THEN 'between'
        WHEN EXISTS (SELECT FROM pg_hba_file_rules WHERE type = 'host' AND auth_method = 'trust'
                     AND user_name = ARRAY[:'username']) THEN 'admitted'
        ELSE 'done' END"
    echo "$sql" | now postgres 2>/dev/null || echo "$sql" | before
}

again() { # COMMAND, as long as it ends for a lock
    left="$tries"
    until said=$("$@" 2>&1); do
        left=$((left - 1))
        case "$left $said" in
        0*) ;;
        *"lock timeout"* | *deadlock* | *"concurrently updated"*)
            sleep 0.5
            continue
            ;;
        esac
        printf '%s\n' "$said" >&2
        return 1
    done
}

# One transaction: whoever logs in meets the old role or the new one, with the same name and password.
switch() {
    before <<'SQL'
\set superuser_password `printf %s "${SUPERUSER_PASSWORD-}"`
BEGIN;
SELECT coalesce(rolpassword, '') AS password, rolconnlimit AS connections, rolvaliduntil IS NOT NULL AS expires,
       coalesce(rolvaliduntil, 'infinity') AS until,
       coalesce(shobj_description(oid, 'pg_authid'), '') AS comment,
       current_setting('server_version_num')::int >= 160000 AS grants_have_options
FROM pg_authid WHERE oid = :first \gset
-- A session can't rename its own role: this one is another's for that moment.
CREATE ROLE "slipway temporary" SUPERUSER;
SET LOCAL SESSION AUTHORIZATION "slipway temporary";
ALTER ROLE :"username" RENAME TO :"superuser";
RESET SESSION AUTHORIZATION;
DROP ROLE "slipway temporary";
ALTER ROLE :"superuser" CONNECTION LIMIT -1 PASSWORD :'superuser_password';
CREATE ROLE :"username" LOGIN CREATEDB NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS
    CONNECTION LIMIT :connections PASSWORD :'password';
\if :expires
ALTER ROLE :"username" VALID UNTIL :'until';
ALTER ROLE :"superuser" VALID UNTIL 'infinity';
\endif
COMMENT ON ROLE :"username" IS :'comment';
COMMENT ON ROLE :"superuser" IS NULL;
\if :grants_have_options
GRANT :"superuser" TO :"username" WITH INHERIT TRUE, SET FALSE;
\else
GRANT :"superuser" TO :"username";
\endif
-- Roles that it is a member of, and members of its own. What comes with PostgreSQL would let it out of its database.
SELECT format('GRANT %I TO %I%s', r.rolname, :'username', CASE WHEN m.admin_option THEN ' WITH ADMIN OPTION' ELSE '' END)
FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
WHERE m.member = :first AND NOT r.rolsuper AND r.oid >= 16384
UNION ALL
SELECT format('GRANT %I TO %I%s', :'username', r.rolname, CASE WHEN m.admin_option THEN ' WITH ADMIN OPTION' ELSE '' END)
FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE m.roleid = :first AND r.rolname <> :'username'
UNION ALL
SELECT format('REVOKE %I FROM %I CASCADE', :'superuser', r.rolname)
FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE m.roleid = :first AND r.rolname <> :'username'
\gexec
-- Its settings. (The values of some are lists of names, quoted already.)
SELECT format('ALTER ROLE %I%s SET %s = %s', :'username', coalesce(' IN DATABASE ' || quote_ident(d.datname), ''), name,
              CASE WHEN name IN ('search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries')
                   THEN value ELSE quote_literal(value) END)
FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) AS one,
     LATERAL (SELECT split_part(one, '=', 1) AS name, substr(one, strpos(one, '=') + 1) AS value) AS parts
WHERE s.setrole = :first
UNION ALL
SELECT format('ALTER ROLE %I%s RESET ALL', :'superuser', coalesce(' IN DATABASE ' || quote_ident(d.datname), ''))
FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase WHERE s.setrole = :first
\gexec
-- Its databases, also those that restores kept; those that come with PostgreSQL are the superuser's.
SELECT format('ALTER DATABASE %I OWNER TO %I', datname, :'username') FROM pg_database
WHERE datdba = :first AND (datname NOT IN ('template0', 'template1', 'postgres') OR datname = :'database')
UNION ALL
SELECT format('ALTER TABLESPACE %I OWNER TO %I', spcname, :'username') FROM pg_tablespace
WHERE spcowner = :first AND oid >= 16384
UNION ALL
SELECT format('GRANT %s ON DATABASE %I TO %I%s', privilege_type, datname, :'username',
              CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
FROM pg_database, aclexplode(datacl) WHERE grantee = :first AND datdba <> :first
\gexec
COMMIT;
SQL
}

# What a database has of the superuser's that is the service's, as statements that give it away. Extensions and what
# belongs to them stay; so does what only a superuser may own, and what event triggers call: who could change that would
# have it done by the superuser. What belongs to something else (a table's indexes, the sequence of a column) goes with it.
OWNED="SELECT format('ALTER %s %s OWNER TO %I',
              CASE WHEN class = 'pg_proc'::regclass THEN 'ROUTINE' WHEN class = 'pg_statistic_ext'::regclass THEN 'STATISTICS'
                   ELSE upper(type) END, identity, :'username')
FROM (
    SELECT 'pg_class'::regclass AS class, oid, relowner AS owner FROM pg_class c
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND relpersistence <> 't' AND NOT (relkind = 'S' AND EXISTS (
        SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
        AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a'))
    UNION ALL SELECT 'pg_namespace'::regclass, oid, nspowner FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'
    UNION ALL SELECT 'pg_type'::regclass, t.oid, typowner FROM pg_type t LEFT JOIN pg_class c ON c.oid = typrelid
              WHERE c.relkind IS NULL OR c.relkind = 'c'
    UNION ALL SELECT 'pg_proc'::regclass, oid, proowner FROM pg_proc
              WHERE oid NOT IN (SELECT evtfoid FROM pg_event_trigger)
    UNION ALL SELECT 'pg_operator'::regclass, oid, oprowner FROM pg_operator
    UNION ALL SELECT 'pg_opclass'::regclass, oid, opcowner FROM pg_opclass
    UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfowner FROM pg_opfamily
    UNION ALL SELECT 'pg_collation'::regclass, oid, collowner FROM pg_collation
    UNION ALL SELECT 'pg_conversion'::regclass, oid, conowner FROM pg_conversion
    UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictowner FROM pg_ts_dict
    UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgowner FROM pg_ts_config
    UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, stxowner FROM pg_statistic_ext
    UNION ALL SELECT 'pg_foreign_server'::regclass, oid, srvowner FROM pg_foreign_server
    UNION ALL SELECT 'pg_language'::regclass, oid, lanowner FROM pg_language WHERE lanpltrusted
    UNION ALL SELECT 'pg_publication'::regclass, oid, pubowner FROM pg_publication p
              WHERE NOT puballtables AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.refobjid = p.oid
              AND d.refclassid = 'pg_publication'::regclass AND d.classid = to_regclass('pg_publication_namespace'))
    UNION ALL SELECT 'pg_largeobject'::regclass, oid, lomowner FROM pg_largeobject_metadata
) AS every, pg_identify_object(class, oid, 0)
WHERE owner = :first AND (oid >= 16384 OR class = 'pg_namespace'::regclass AND identity = 'public' AND EXISTS (
      SELECT FROM pg_database b WHERE b.datname = current_database() AND b.datdba = (
      SELECT r.oid FROM pg_roles r WHERE r.rolname = :'username')))
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = class AND d.objid = every.oid AND d.objsubid = 0
                  AND d.deptype IN ('e', 'i'))"

# What else names the role, as statements that name the new one: what others granted it, what those who look at its next
# objects may, its logins on other servers, and the policies for its eyes.
NAMED="SELECT format('GRANT %s ON %s TO %I%s', privilege_type, named, :'username',
              CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
FROM (
    SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || oid::regclass AS named, relacl AS acl, relowner AS owner
    FROM pg_class
    UNION ALL SELECT 'SCHEMA ' || oid::regnamespace, nspacl, nspowner FROM pg_namespace
    UNION ALL SELECT 'ROUTINE ' || oid::regprocedure, proacl, proowner FROM pg_proc
    UNION ALL SELECT 'TYPE ' || oid::regtype, typacl, typowner FROM pg_type
    UNION ALL SELECT 'LANGUAGE ' || quote_ident(lanname), lanacl, lanowner FROM pg_language
    UNION ALL SELECT 'FOREIGN SERVER ' || quote_ident(srvname), srvacl, srvowner FROM pg_foreign_server
    UNION ALL SELECT 'LARGE OBJECT ' || oid, lomacl, lomowner FROM pg_largeobject_metadata
) AS every, aclexplode(acl) WHERE grantee = :first AND owner <> :first
UNION ALL
SELECT format('GRANT %s (%I) ON %s TO %I', privilege_type, attname, attrelid::regclass, :'username')
FROM pg_attribute JOIN pg_class c ON c.oid = attrelid, aclexplode(attacl) WHERE grantee = :first AND relowner <> :first
\gexec
CREATE TEMPORARY VIEW kinds AS SELECT d.*, CASE defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES'
    WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END AS kind
FROM pg_default_acl d WHERE defaclrole = :first;
SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %1\$I REVOKE ALL ON %2\$s FROM PUBLIC, %1\$I', :'username', kind)
FROM kinds WHERE defaclnamespace = 0
\gexec
SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s GRANT %s ON %s TO %s%s', :'username',
              ' IN SCHEMA ' || nullif(defaclnamespace, 0)::regnamespace, privilege_type, kind,
              CASE grantee WHEN 0 THEN 'PUBLIC' WHEN :first THEN quote_ident(:'username') ELSE grantee::regrole::text END,
              CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
FROM kinds, aclexplode(defaclacl)
\gexec
SELECT format('CREATE USER MAPPING IF NOT EXISTS FOR %I SERVER %I%s', :'username', srvname, ' OPTIONS (' || (
              SELECT string_agg(format('%I %L', split_part(one, '=', 1), substr(one, strpos(one, '=') + 1)), ', ')
              FROM unnest(umoptions) AS one) || ')')
FROM pg_user_mapping JOIN pg_foreign_server s ON s.oid = umserver WHERE umuser = :first
\gexec
SELECT format('ALTER POLICY %I ON %s TO %s', polname, polrelid::regclass, (
              SELECT string_agg(CASE one WHEN 0 THEN 'PUBLIC' WHEN :first THEN quote_ident(:'username')
                                ELSE one::regrole::text END, ', ') FROM unnest(polroles) AS one))
FROM pg_policy WHERE :first = ANY (polroles)
\gexec"

# Each statement by itself, so that no table is locked while another one is waited for.
give() { # DATABASE
    printf 'SET synchronous_commit = off;\n%s\n\\gexec\n%s\n' "$OWNED" "$NAMED" | now "$1"
}

give_all() {
    databases=$(now postgres <<'SQL'
SELECT datname FROM pg_database WHERE datallowconn AND datname NOT IN ('template0', 'template1')
SQL
    )
    printf '%s\n' "$databases" | while IFS= read -r name; do again give "$name" || return 1; done
}

# Sessions from before are still the superuser's. First those that do nothing at the moment, one after the other: their
# owner makes new ones meanwhile. After ten seconds, the others.
end_sessions() {
    whom="state = 'idle'" round=0
    while [ "$round" -lt 600 ]; do
        left=$(now postgres <<SQL
WITH old AS MATERIALIZED (SELECT pid, state, state_change FROM pg_stat_activity WHERE usesysid = :first
                          AND pid <> pg_backend_pid() AND backend_type IN ('client backend', 'walsender')),
     ended AS MATERIALIZED (SELECT pg_terminate_backend(pid) AS sent FROM (
                            SELECT pid FROM old WHERE $whom ORDER BY state_change LIMIT 1) AS one)
SELECT (SELECT count(*) FROM old) + 0 * (SELECT count(*) FROM ended WHERE sent)
SQL
        )
        [ "$left" -gt 0 ] || return 0
        round=$((round + 1))
        [ "$round" -lt 100 ] || whom=true
        sleep 0.1
    done
    echo "Sessions of before do not end." >&2
    return 1
}

# In its container, nobody but the superuser gets in without a password, and over the socket alone.
close() {
    file=$(echo 'SHOW hba_file' | now postgres)
    lines='^(host[[:space:]].*[[:space:]](127\.0\.0\.1\/32|::1\/128)[[:space:]]+)trust[[:space:]]*$'
    if grep -Eqs "$lines" "$file"; then
        (umask 077 && sed -E "s/$lines/\1scram-sha-256/" "$file" >"$file.new")
        mv "$file.new" "$file"
        echo 'SELECT pg_reload_conf()' | now postgres >/dev/null
    fi
}

finish() {
    echo 'REVOKE :"superuser" FROM :"username";' | now postgres
}

begin() {
    case "$(state)" in
    before) again switch ;;
    between) ;;
    done | admitted) return ;;
    *)
        echo "The database was not made by Slipway with the user $username." >&2
        return 1
        ;;
    esac
    give_all
}

end() {
    [ "$(state)" = between ] || return 0
    end_sessions
    give_all # what they made meanwhile
    close
    again finish
}

bring_over() {
    begin
    end
}

"$step"
