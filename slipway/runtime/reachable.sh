# Runs a program as another user, who may not enter the folders that lead to what it needs (/root, say). In a mount
# namespace of its own those folders have nothing in them but that.
#
# sh -c "$(cat reachable.sh)" sh UID GID NEEDED... -- CLOSED... -- PROGRAM...
set -eu
uid="$1" gid="$2"
shift 2
part=needed number=3
for word; do
    case "$part $word" in
    "needed --") part=closed ;;
    "closed --") break ;;
    needed*)
        eval "exec $number<\"\$word\""
        number=$((number + 1))
        ;;
    *) mount -t tmpfs -o mode=755,nosuid,nodev slipway "$word" ;;
    esac
done
number=3
while [ "$1" != -- ]; do
    mkdir -p "$1"
    mount --no-canonicalize --bind "/proc/self/fd/$number" "$1"
    eval "exec $number<&-"
    number=$((number + 1))
    shift
done
shift
while [ "$1" != -- ]; do shift; done
shift
exec setpriv --reuid "$uid" --regid "$gid" --clear-groups -- "$@"
