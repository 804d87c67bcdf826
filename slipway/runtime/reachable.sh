# Runs a program as another user, who may not enter the folders that lead to what it needs (/root, say). In a mount
# namespace of its own those folders have nothing in them but that.
#
# sh -c "$(cat reachable.sh)" sh UID GID DATA PROGRAMS COUNT CLOSED... PROGRAM...
set -eu
uid="$1" gid="$2" data="$3" programs="$4" count="$5"
shift 5
exec 3<"$data" 4<"$programs"
while [ "$count" -gt 0 ]; do
    mount -t tmpfs -o mode=755,nosuid,nodev slipway "$1"
    shift
    count=$((count - 1))
done
mkdir -p "$data" "$programs"
mount --no-canonicalize --bind /proc/self/fd/3 "$data"
mount --no-canonicalize --bind /proc/self/fd/4 "$programs"
exec 3<&- 4<&-
exec setpriv --reuid "$uid" --regid "$gid" --clear-groups -- "$@"
