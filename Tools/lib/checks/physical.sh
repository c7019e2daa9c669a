# shellcheck shell=bash
# Where the logical network meets the physical one, on a network of network.sh: bridges, VLANs,
# nested ports, gateways, encapsulations.
# Each check configures what it needs and takes it away. Uses base.sh.

checks_physical() {
    check "the network is up" reachable vm11 "$(workload_ip vm22)"
    checks_of_flows
}
