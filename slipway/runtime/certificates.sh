# What the service has for TLS to the database, where libpq looks for it: lines of a name and the file in base64.
# https://www.postgresql.org/docs/current/libpq-ssl.html
#
# sh -c "$(cat certificates.sh)" sh ROOT: what DATABASE_SSLROOTCERT says
set -eu

show() { # NAME FILE...: the first that can be read
    name="$1"
    shift
    for file; do
        [ ! -f "$file" ] || [ ! -r "$file" ] || {
            echo "$name $(base64 <"$file" | tr -d '\n')"
            return 0
        }
    done
}

home="${HOME:-}/.postgresql"
case "${1:-}" in
"") show root.crt "${PGSSLROOTCERT:-}" "$home/root.crt" ;;
system) # as this system has it
    show root.crt "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem
    ;;
*) show root.crt "$1" ;;
esac
show postgresql.crt "${PGSSLCERT:-}" "$home/postgresql.crt"
show postgresql.key "${PGSSLKEY:-}" "$home/postgresql.key"
