# shellcheck shell=bash
# More checks on the network of network.sh, of what a cloud's tenants ask for: filtering, balancing,
# addresses by DHCP, translation at a gateway. Each configures what it needs and takes it away.
# Uses base.sh, rules.sh and rules_nat.sh.

PORT_FILTERED=7007

## Filtering

# A rule drops one kind of packet and lets the others pass.
rule_drops() {
    local result=0
    ovn-nbctl -t 30 acl-add s1 to-lport 1002 \
        "outport == \"vm12\" && udp.dst == $PORT_FILTERED" drop
    hv_sync && only_honest_passes $PORT_FILTERED "$(workload_mac vm11)" "$(workload_ip vm11)" \
        "$(workload_ip vm12)" || result=1
    ovn-nbctl -t 30 --wait=hv acl-del s1
    return $result
}

# vm12 may open connections, and nobody may to it.
stateful_rule_lets_answers_in() {
    local result=0
    ovn-nbctl -t 30 acl-add s1 to-lport 1001 'outport == "vm12" && ip' drop -- \
        acl-add s1 from-lport 1001 'inport == "vm12" && ip' allow-related
    hv_sync && ping_fails vm11 "$(workload_ip vm12)" && ping_works vm12 "$(workload_ip vm11)" &&
        ping_works vm12 "$(workload_ip6 vm22)" || result=1
    ovn-nbctl -t 30 --wait=hv acl-del s1
    return $result
}

## Balancing

# web_server vmSN: answers every request with its name, on port 8080.
web_server() {
    mkdir -p "$NETWORK/web.$1"
    echo "$1" >"$NETWORK/web.$1/index.html"
    ip netns exec "$1" python3 -m http.server -d "$NETWORK/web.$1" 8080 >/dev/null 2>&1 &
    echo $! >"$NETWORK/web.$1.pid"
    at_exit stop_process $!
    eventually 60 eval "inside $1 ss -ltn | grep -q :8080"
}

# requests FROM ADDRESS NUMBER: prints who answered, by count.
requests() {
    local number
    for ((number = 0; number < $3; number++)); do
        # shellcheck disable=SC2016
        inside "$1" timeout 15 bash -c \
            'exec 3<>"/dev/tcp/$0/80"; printf "GET / HTTP/1.0\r\n\r\n" >&3; tail -n 1 <&3' \
            "$2" 2>/dev/null || echo nobody
    done | sort | uniq -c | awk '{ print $2 " " $1 }' | paste -sd ' '
}

# Connections to a virtual address end up at two servers, one of them across the router.
balancer_spreads() {
    local result=0 server
    for server in vm12 vm22; do web_server $server || return 1; done
    ovn-nbctl -t 30 lb-add web 172.16.0.10:80 \
        "$(workload_ip vm12):8080,$(workload_ip vm22):8080" tcp -- ls-lb-add s1 web
    hv_sync || result=1
    DETAIL=$(requests vm11 172.16.0.10 16)
    [[ $DETAIL =~ ^vm12\ [0-9]+\ vm22\ [0-9]+$ ]] || result=1
    ovn-nbctl -t 30 --wait=hv lb-del web
    for server in vm12 vm22; do stop_process "$(cat "$NETWORK/web.$server.pid")"; done
    return $result
}

## Addresses

# A stock client gets the port's address, its router and the lease's time from its own hypervisor.
dhcp_gives_an_address() {
    local options lease result=0
    options=$(ovn-nbctl -t 30 create DHCP_Options cidr=10.0.1.0/24 \
        options:server_id=10.0.1.1 options:server_mac=00:00:00:00:ff:01 \
        options:lease_time=3600 options:router=10.0.1.1)
    ovn-nbctl -t 30 --wait=hv lsp-set-dhcpv4-options vm11 "$options"
    cat >"$NETWORK/lease.sh" <<END
#!/bin/sh
[ "\$1" = bound ] || exit 0
echo "\$ip \$router \$lease" >"$NETWORK/lease"
END
    chmod +x "$NETWORK/lease.sh"
    inside vm11 busybox udhcpc -i eth0 -n -q -f -t 5 -T 3 -s "$NETWORK/lease.sh" \
        >"$NETWORK/udhcpc" 2>&1 || result=1
    lease=$(cat "$NETWORK/lease" 2>/dev/null)
    DETAIL="address, router, time: ${lease:-none}"
    [ "$lease" = "$(workload_ip vm11) 10.0.1.1 3600" ] || result=1
    ovn-nbctl -t 30 --wait=hv dhcp-options-del "$options"
    return $result
}

## Translation

# outside_host NUMBER: a switch s9 behind a gateway of the router on hv1, with a host vm9NUMBER on
# hypervisor NUMBER.
outside_host() {
    ovn-nbctl -t 30 ls-add s9 -- lrp-add r r-s9 00:00:00:00:ff:09 10.0.9.1/24 -- \
        lsp-add s9 s9-r -- lsp-set-type s9-r router -- lsp-set-addresses s9-r router -- \
        lsp-set-options s9-r router-port=r-s9 -- lrp-set-gateway-chassis r-s9 hv1 -- \
        lr-nat-add r snat 10.0.9.1 10.0.1.0/24
    logical_port "vm9$1"
    workload "vm9$1" "$1"
}

remove_outside_host() {
    detach "vm9$1" "$1"
    ovn-nbctl -t 30 --wait=hv ls-del s9 -- lr-nat-del r -- lrp-del r-s9
}

# gateway_translates NUMBER: workloads of both hypervisors reach a host outside that is on
# hypervisor NUMBER; there the packets come from the router's address. The gateway is hv1, so what
# the other hypervisor sends and gets crosses the tunnel.
gateway_translates() {
    local result=0 sources host=vm9$1
    outside_host "$1"
    hv_sync && eventually 20 reachable vm11 "$(workload_ip "$host")" || result=1
    capture outside "$host" eth0 -Q in icmp
    ping_works vm11 "$(workload_ip "$host")" && ping_works vm12 "$(workload_ip "$host")" || result=1
    end_capture outside
    sources=$(captured outside | awk '/echo request/' | grep -oE '10\.0\.[0-9]+\.[0-9]+ >' |
        sort -u | paste -sd ' ')
    DETAIL="${DETAIL:-no answer}, seen from ${sources% >}"
    [ "$sources" = "10.0.9.1 >" ] || result=1
    remove_outside_host "$1"
    return $result
}

## Routing

# The gateway router of rules_nat.sh, with two next hops for one network.
answers_go_back() {
    local result=0
    rules_begin && gateway_begin && gateway_answers_alike || result=1
    gateway_end
    return $result
}

# A switch without a physical network behind a gateway port is served by the gateway's chassis alone.
# northd says so to the others since 24.03; Debian's is older.
knows_central_switches() { [ "$NORTHD" = ours ]; }

checks_features() {
    check "a rule drops what it names" rule_drops
    check "a stateful rule lets answers in" stateful_rule_lets_answers_in
    check "a load balancer spreads connections" balancer_spreads
    check "a DHCP client gets its address" dhcp_gives_an_address
    check "a gateway translates addresses" gateway_translates 1
    check "answers go back where the question came from" answers_go_back
    ! knows_central_switches ||
        check "a gateway translates across hosts" gateway_translates 2
}
