#!/usr/bin/env bash
# check.sh MEDNER MODEL: runs what the Containerfile describes without an engine for
# containers: a root file system that holds the program and the model only, read-only, in
# namespaces of its own (mounts, processes, network), under the image's user and
# environment, which are read from the Containerfile. Asks it by its own health check,
# then ends it. Needs unshare and chroot, and root.
set -euo pipefail
here=$(dirname "$(realpath -- "$0")")
medner=$(realpath -- "$1")
model=$(realpath -- "$2")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
install -m 0555 "$medner" "$root/medner"
mkdir "$root/model" "$root/proc"
cp -rL "$model/." "$root/model/"
chmod -R a+rX "$root"
echo "check a-key-for-this-check-only" >"$root/keys.txt"
chmod 0444 "$root/keys.txt"
file "$root/medner" 2>/dev/null | grep -q 'dynamically linked' && { echo "the program is not static"; exit 1; }

user=$(sed -n 's/^USER \([0-9]*\):.*/\1/p' "$here/Containerfile")
mapfile -t environment < <(sed -n '/^ENV /,/[^\\]$/p' "$here/Containerfile" | grep -o 'MEDNER_[A-Z_]*=[^ \\]*')
echo "user $user, ${environment[*]}"

export root user
unshare --mount --pid --fork --net --ipc --uts --kill-child bash -euo pipefail -c '
	mount --make-rprivate /
	mount --bind "$root" "$root"
	mount -o remount,bind,ro "$root"
	mount -t proc proc "$root/proc"
	ip link set lo up 2>/dev/null || python3 -c "
import fcntl, socket, struct
s = socket.socket(); fcntl.ioctl(s, 0x8914, struct.pack(\"16sh14x\", b\"lo\", 0x41))"
	chroot=("$(command -v chroot)" --userspec="$user:$user" "$root")
	(exec env -i "$@" "${chroot[@]}" /medner serve) &
	server=$!
	for _ in $(seq 300); do
		if env -i "$@" "${chroot[@]}" /medner serve --check 2>/dev/null; then
			echo "healthy, as uid $(awk "/^Uid/ {print \$2}" "$root/proc/$server/status")"
			touch "$root/x" 2>/dev/null && { echo "the root can be written"; exit 1; }
			kill -TERM "$server"
			wait "$server"
			echo "ended with code 0"
			exit 0
		fi
		kill -0 "$server" || exit 1
		sleep 0.2
	done
	exit 1
' bash "${environment[@]}"
