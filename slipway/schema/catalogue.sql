-- What the schema consists of: kind, name, definition, id, the id of its table, the ids of the columns that it is about.
-- What an extension brought is the extension's. Works from PostgreSQL 13 on.
WITH ours AS (
    SELECT oid, nspname, CASE nspname WHEN 'public' THEN '' ELSE quote_ident(nspname) || '.' END AS dot
    FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
),
theirs AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
relation AS (
    SELECT c.*, ours.dot || quote_ident(c.relname) AS named
    FROM pg_class c JOIN ours ON ours.oid = c.relnamespace
    WHERE (SELECT count(*) FROM theirs WHERE classid = 'pg_class'::regclass AND objid = c.oid) = 0
      AND c.relname <> 'alembic_version'
)

SELECT 'schema', quote_ident(nspname), '', 's' || oid, '', '{}'::text[] FROM ours

UNION ALL
SELECT 'extension', quote_ident(extname), '', 'x' || oid, '', '{}' FROM pg_extension

UNION ALL
SELECT
    CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
                 WHEN 'f' THEN 'foreign table' ELSE 'table' END,
    named,
    concat_ws(
        ', ',
        CASE relpersistence WHEN 'u' THEN 'unlogged' END,
        nullif(array_to_string(reloptions, ','), ''),
        CASE WHEN relrowsecurity THEN 'row security' END,
        CASE WHEN relforcerowsecurity THEN 'forced' END,
        pg_get_partkeydef(oid),
        pg_get_expr(relpartbound, oid),
        CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END,
        (SELECT format('%s from %s by %s, %s to %s', format_type(seqtypid, NULL), seqstart, seqincrement, seqmin, seqmax)
                || CASE WHEN seqcycle THEN ', cycling' ELSE '' END
         FROM pg_sequence WHERE seqrelid = oid)
    ),
    oid::text,
    CASE relkind WHEN 'S' THEN '' ELSE oid::text END,
    '{}'
FROM relation WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')

UNION ALL
SELECT
    'column',
    r.named || '.' || quote_ident(a.attname),
    concat_ws(
        ' ',
        format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attcollation NOT IN (0, t.typcollation) THEN 'collate ' || a.attcollation::regcollation END,
        CASE WHEN a.attnotnull THEN 'not null' END,
        CASE a.attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity' END,
        CASE a.attgenerated WHEN '' THEN 'default ' ELSE 'generated ' END || pg_get_expr(d.adbin, d.adrelid)
    ),
    r.oid || '.' || a.attnum,
    r.oid::text,
    '{}'
FROM pg_attribute a JOIN relation r ON r.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND r.relkind IN ('r', 'p', 'f', 'v', 'm')

UNION ALL
SELECT
    CASE k.contype WHEN 'c' THEN 'check' WHEN 'f' THEN 'foreign key' WHEN 'p' THEN 'primary key'
                   WHEN 'u' THEN 'unique' ELSE 'exclusion' END,
    r.named || '.' || quote_ident(k.conname),
    pg_get_constraintdef(k.oid),
    'c' || k.oid,
    r.oid::text,
    ARRAY(SELECT r.oid || '.' || num FROM unnest(k.conkey) num)
FROM pg_constraint k JOIN relation r ON r.oid = k.conrelid
WHERE k.contype IN ('c', 'f', 'p', 'u', 'x')

UNION ALL
SELECT
    CASE WHEN i.indisunique THEN 'unique index' ELSE 'index' END,
    x.named,
    concat_ws(' ', pg_get_indexdef(x.oid), CASE WHEN NOT i.indisvalid THEN '(invalid)' END),
    x.oid::text,
    i.indrelid::text,
    ARRAY(SELECT i.indrelid || '.' || num FROM unnest(i.indkey) num WHERE num > 0)
FROM pg_index i JOIN relation x ON x.oid = i.indexrelid JOIN relation r ON r.oid = i.indrelid
WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.oid AND k.contype IN ('p', 'u', 'x'))

UNION ALL
SELECT
    CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
    ours.dot || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')',
    CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) ELSE '' END,
    'p' || p.oid,
    '',
    '{}'
FROM pg_proc p JOIN ours ON ours.oid = p.pronamespace
WHERE (SELECT count(*) FROM theirs WHERE classid = 'pg_proc'::regclass AND objid = p.oid) = 0

UNION ALL
SELECT
    'trigger',
    r.named || '.' || quote_ident(t.tgname),
    concat_ws(' ', pg_get_triggerdef(t.oid), nullif(t.tgenabled::text, 'O')),
    't' || t.oid,
    r.oid::text,
    '{}'
FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid
WHERE NOT t.tgisinternal

UNION ALL
SELECT
    'policy',
    r.named || '.' || quote_ident(p.polname),
    concat_ws(
        ' ',
        p.polcmd::text,
        CASE WHEN NOT p.polpermissive THEN 'restrictive' END,
        'using ' || pg_get_expr(p.polqual, r.oid),
        'check ' || pg_get_expr(p.polwithcheck, r.oid)
    ),
    'l' || p.oid,
    r.oid::text,
    '{}'
FROM pg_policy p JOIN relation r ON r.oid = p.polrelid

UNION ALL
SELECT
    CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' ELSE 'type' END,
    ours.dot || quote_ident(t.typname),
    CASE t.typtype
        WHEN 'e' THEN
            (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid)
        WHEN 'd' THEN
            concat_ws(
                ' ',
                format_type(t.typbasetype, t.typtypmod),
                CASE WHEN t.typnotnull THEN 'not null' END,
                'default ' || t.typdefault,
                (SELECT string_agg(pg_get_constraintdef(oid), ' ' ORDER BY conname)
                 FROM pg_constraint WHERE contypid = t.oid AND contype = 'c')
            )
        ELSE
            (SELECT string_agg(quote_ident(attname) || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
             FROM pg_attribute WHERE attrelid = t.typrelid AND NOT attisdropped)
    END,
    'y' || t.oid,
    '',
    '{}'
FROM pg_type t JOIN ours ON ours.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE (t.typtype IN ('e', 'd') OR (t.typtype = 'c' AND c.relkind = 'c'))
  AND (SELECT count(*) FROM theirs WHERE classid = 'pg_type'::regclass AND objid = t.oid) = 0

ORDER BY 1, 2
