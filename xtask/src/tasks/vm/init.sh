#!/bin/busybox sh
# The guest's first process: runs the tests, hands their exit code to the host
# on the second serial port, and switches the machine off.
export PATH=/bin HOME=/
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
exec </dev/null >/dev/console 2>&1
echo "Linux $(uname -r), booted in $(cut -d ' ' -f 1 /proc/uptime) s"
/bin/sh /tests.sh
code=$?
echo "tests ended with $code at $(cut -d ' ' -f 1 /proc/uptime) s"
echo $code >/dev/ttyS1
poweroff -f
