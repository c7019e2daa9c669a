# shellcheck shell=bash
# The Debian packages that the tools use, in one place. Tools/setup installs them.

# To build the Swift package.
BUILD_PACKAGES=(
    libbpf-dev
    libmnl-dev
    libnl-3-dev
    libnl-genl-3-dev
    libnl-route-3-dev
    pkg-config
    python3
)

# To run the guest kernel (Tools/vm).
GUEST_PACKAGES=(
    busybox-static
    cpio
    kmod
    qemu-system-x86
    xz-utils
)

# To test, demonstrate and measure: the stock programs are peers and clients.
TEST_PACKAGES=(
    "${GUEST_PACKAGES[@]}"
    bind9-dnsutils
    curl
    iperf3
    iproute2
    iputils-arping
    iputils-ping
    isc-dhcp-client
    isc-dhcp-server
    lftp
    ndisc6
    openvswitch-common
    openvswitch-switch
    openvswitch-vtep
    ovn-central
    ovn-common
    ovn-controller-vtep
    ovn-host
    procps
    shellcheck
    systemd
    tcpdump
    traceroute
    util-linux
)

package_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# missing_packages PACKAGE...: prints those that are not installed, one per line.
missing_packages() {
    local package
    for package in "$@"; do
        package_installed "$package" || printf '%s\n' "$package"
    done
}
