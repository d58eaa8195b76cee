# Runs as a child of the guest's process 1, with the share mounted read-only on /share: readies the kernel,
# then hands over to the suite. Whatever it prints goes to the console.
export PATH=/share/bin:$PATH LC_ALL=C TZ=UTC HOME=/root
mount -t tmpfs -o size=80% tmpfs /tmp
# Serial port 2 carries the results; raw, or the line discipline would echo and rewrite them.
stty -F /dev/ttyS1 raw -echo
# The cache may not take the memory that the pools on tmpfs live in.
modprobe zfs zfs_arc_max=268435456 || echo '{"problem":"modprobe zfs failed"}' > /dev/ttyS1
# Names the devices of zvols and of their snapshots below /dev/zvol.
/lib/systemd/systemd-udevd --daemon
ip link set lo up
ip netns add za
ip netns add zb
ip link add vza netns za type veth peer name vzb netns zb
# The addresses of the seed's document, so that its commands run as they are written there.
ip -n za link set vza address 46:dc:e7:58:d0:a2
ip -n zb link set vzb address e2:ff:48:6e:a9:fe
ip -n za addr add 198.18.0.1/30 dev vza
ip -n zb addr add 198.18.0.2/30 dev vzb
ip -n za link set lo up
ip -n zb link set lo up
ip -n za link set vza mtu 9000 up
ip -n zb link set vzb mtu 9000 up
node /share/guest/suite.mjs || echo '{"problem":"the suite itself failed, see the console"}' > /dev/ttyS1
