#!/bin/bash
# A container engine of its own: engine.sh ROOT PROJECT. Its root is the system in ROOT, its network has nothing but itself, and PROJECT is
# at /project. Nothing of this machine's mounts, network or other engines is touched; all of it is gone when the process ends.
set -euo pipefail
root=$1 project=$2
ip link set lo up
mount --bind "$root" "$root"
cd "$root"
mkdir -p project old
for each in proc sys dev; do mount --rbind "/$each" "$each"; done
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount --bind "$project" project
: >etc/resolv.conf # there is nobody to ask, and no wait for nobody
pivot_root . old
cd /
umount --lazy old
exec dockerd --host unix:///run/docker.sock --data-root /var/lib/docker
