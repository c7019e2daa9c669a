# shellcheck shell=bash
# Rules of switches and routers, on a network of network.sh: forwarding, learning, filtering,
# translation, balancing, routes and policies, meters.
# Each check configures what it needs and takes it away. Uses base.sh.

checks_rules() {
    check "the network is up" reachable vm11 "$(workload_ip vm22)"
    checks_of_flows
}
