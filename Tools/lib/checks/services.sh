# shellcheck shell=bash
# What the agents answer themselves, asked by stock clients on a network of network.sh: addresses,
# names, advertisements, groups, health checks, logs.
# Each check configures what it needs and takes it away. Uses base.sh.

checks_services() {
    check "the network is up" reachable vm11 "$(workload_ip vm22)"
    checks_of_flows
}
