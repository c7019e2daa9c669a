# shellcheck shell=bash
# Gateways on several chassis, and switches of workloads on the physical network, on the network of
# physical.sh. Each check configures what it needs and takes it away.
# Uses rules.sh, ports.sh, services_learning.sh, physical.sh, redirect.sh, faults.sh.
#
#     s1, s2, s9 - r - s7    r's port to s7 (VLAN 100 of the physical network) has gateway chassis
#     s9                     is on the physical network too, without a tag: vm91, vm92
#
# The host outside is 10.0.7.100 and 10.0.9.100; it sends to workloads by the gateway.

GATEWAY_VLAN=eth0.100

gateways_begin() {
    provider_router
    outside_address eth0 10.0.9.100/24
    provider_workloads 9 || return 1
    remember vm91
    remember vm92
    router_port r s9 09 10.0.9.1/24
    ip -n outside route add 10.0.0.0/16 via 10.0.7.1
    serve vm91 vm92 outside || return 1
    hv_sync && eventually 20 reachable vm12 10.0.7.100 && eventually 20 reachable vm91 10.0.9.100
}

# remember vmSN: its addresses.
remember() { IP[$1]=$(workload_ip "$1") IP6[$1]=$(workload_ip6 "$1") MAC[$1]=$(workload_mac "$1"); }

gateways_end() {
    nb lrp-del r-s9
    remove_provider_workloads 9
    remove_provider_router
    no_outside_address eth0 10.0.9.100/24
}

# gateway_is HYPERVISOR: it has the router's port, and the configuration is told.
gateway_is() {
    eventually 30 bound_to cr-r-s7 "$1" || { DETAIL="hv$1 has not the port"; return 1; }
    eventually 5 hosting_is "hv$1" || { DETAIL="told: $(hosting)"; return 1; }
}

# What the configuration is told, where it has the column.
hosting() {
    ovsdb-client -t 5 --no-headings --format=csv --data=bare dump "$OVN_NB_DB" OVN_Northbound \
        Logical_Router_Port name status | grep '^r-s7,'
}
hosting_is() { ! knows Logical_Router_Port status || [ "$(hosting)" = "r-s7,hosting-chassis=$1" ]; }

# ping_in_tunnel FROM ADDRESS PATTERN: sets TUNNELLED to how many packets of a ping are in the tunnel.
ping_in_tunnel() {
    capture tunnel hv1 u1 udp port 6081
    TUNNELLED=none
    if ping_works "$1" "$2"; then
        end_capture tunnel
        TUNNELLED=$(count tunnel "$3")
        DETAIL="$TUNNELLED packets in the tunnel"
        return
    fi
    end_capture tunnel
    return 1
}

# The most wanted chassis has the gateway; one that becomes more wanted takes it and says so to the
# switches outside, and connections through it go on.
gateway_moves() {
    local result=0
    nb_hv lrp-set-gateway-chassis r-s7 hv1 20 -- lrp-set-gateway-chassis r-s7 hv2 10 && gateway_is 1 || return 1
    says outside vm11 udp 10.0.7.100 8080 || result=1
    capture outside outside "$GATEWAY_VLAN" -Q in arp
    nb_hv lrp-set-gateway-chassis r-s7 hv2 30 && gateway_is 2 || result=1
    eventually 10 counts outside 'Request who-has 10.0.7.1 .*tell 10.0.7.1,' 1 || { DETAIL="not announced"; result=1; }
    end_capture outside
    ping_in_tunnel vm12 10.0.7.100 'ICMP echo' || result=1
    [ "$TUNNELLED" = 0 ] || result=1
    says 10.0.7.1 vm11 -f 1 udp 10.0.7.100 8080 || result=1
    return $result
}

# A chassis that leaves is followed by the next one; when it is back, it has its gateways again.
gateway_is_followed() {
    local result=0
    nb_hv lrp-set-gateway-chassis r-s7 hv1 20 -- lrp-set-gateway-chassis r-s7 hv2 30 && gateway_is 2 || return 1
    agent_command 2 exit || result=1
    gateway_is 1 && eventually 10 reachable vm11 10.0.7.100 || result=1
    restart_agent 2
    gateway_is 2 && eventually 10 reachable vm11 10.0.7.100 && hv_sync || result=1
    return $result
}

# A less wanted chassis that starts again changes nothing.
gateway_stays() {
    local result=0 echo answers
    nb_hv lrp-set-gateway-chassis r-s7 hv1 30 -- lrp-set-gateway-chassis r-s7 hv2 20 && gateway_is 1 || return 1
    reaches vm11 10.0.7.100
    ip netns exec vm11 ping -n -q -c 100 -i 0.05 -W 2 10.0.7.100 >"$NETWORK/stays.ping" 2>&1 &
    echo=$!
    at_exit stop_process $echo
    kill_agent 2 || true
    restart_agent 2
    wait $echo || true
    answers=$(awk '/received/ { print $4 }' "$NETWORK/stays.ping")
    DETAIL="$answers of 100 answers"
    [ "$answers" = 100 ] && gateway_is 1 || result=1
    return $result
}

# A group of chassis goes before the list of the port.
gateway_of_a_group() {
    local result=0 group
    nb lrp-set-gateway-chassis r-s7 hv1 30 -- ha-chassis-group-add all -- \
        ha-chassis-group-add-chassis all hv1 10 -- ha-chassis-group-add-chassis all hv2 20
    group=$(uuid_of HA_Chassis_Group all)
    nb_hv set Logical_Router_Port r-s7 "ha_chassis_group=$group" && gateway_is 2 &&
        reaches vm11 10.0.7.100 || result=1
    nb_hv ha-chassis-group-add-chassis all hv1 30 && gateway_is 1 && reaches vm12 10.0.7.100 || result=1
    nb_hv clear Logical_Router_Port r-s7 ha_chassis_group -- ha-chassis-group-del all || result=1
    return $result
}

# Two routers' ports with gateways on different chassis: each way has its own, and its own translation.
gateways_are_several() {
    local result=0
    nb lrp-set-gateway-chassis r-s7 hv1 30 && provider_switch s8 && router_port r s8 08 10.0.8.1/24 &&
        nb lrp-set-gateway-chassis r-s8 hv2 -- lr-nat-del r &&
        nb lr-nat-add r snat 10.0.7.1 10.0.1.0/24 -- --gateway-port=r-s8 lr-nat-add r snat 10.0.8.1 10.0.2.0/24
    outside_address eth0 10.0.8.100/24
    hv_sync && eventually 10 reachable vm21 10.0.8.100 || result=1
    says 10.0.7.1 vm12 -f 1 tcp 10.0.7.100 8080 && says 10.0.8.1 vm21 -f 1 tcp 10.0.8.100 8080 &&
        says 10.0.8.1 vm22 -f 1 udp 10.0.8.100 8080 || result=1
    nb_hv lr-nat-del r -- lrp-del r-s8 -- ls-del s8 -- lr-nat-add r snat 10.0.7.1 10.0.1.0/24 || result=1
    no_outside_address eth0 10.0.8.100/24
    return $result
}

# A balancer without state: what comes by the gateway of one host is answered by that of another, which has
# not seen the connection begin.
balancer_has_no_state() {
    local result=0
    nb lrp-set-gateway-chassis r-s7 hv1 30 && provider_switch s8 && router_port r s8 08 10.0.8.1/24 &&
        nb lrp-set-gateway-chassis r-s8 hv2 -- lr-nat-del r -- \
            lb-add flat "$VIP:80" "$(servers 8080 vm11 vm22)" tcp -- \
            set Load_Balancer flat options:use_stateless_nat=true -- lr-lb-add r flat || result=1
    outside_address eth0 10.0.8.100/24
    ip -n outside route add "$VIP" via 10.0.8.1 src 10.0.7.100
    hv_sync && eventually 10 reachable outside 10.0.8.1 || result=1
    capture outside outside "$GATEWAY_VLAN" -Q in tcp
    says "vm11 vm22" outside -n 16 tcp "$VIP" 80 || result=1
    end_capture outside
    counts outside "$VIP.80 > 10.0.7.100" 16 || { DETAIL="${DETAIL:-} not by the other gateway"; result=1; }
    ip -n outside route del "$VIP"
    nb_hv lr-lb-del r flat -- lb-del flat -- lrp-del r-s8 -- ls-del s8 -- \
        lr-nat-add r snat 10.0.7.1 10.0.1.0/24 || result=1
    no_outside_address eth0 10.0.8.100/24
    return $result
}

## What is announced

# Addresses of translations, but those of balancers only if wanted, and nothing of a quiet router.
translations_are_announced() {
    local result=0
    nb lb-add web 10.0.7.60:80 "$(servers 8080 vm11)" tcp -- set Logical_Switch_Port s7-r \
        options:exclude-lb-vips-from-garp=true && nb_hv lr-lb-add r web || return 1
    capture outside outside "$GATEWAY_VLAN" -Q in arp
    nb_hv lr-nat-add r dnat_and_snat 10.0.7.12 "${IP[vm12]}"
    eventually 10 counts outside 'who-has 10.0.7.12 .*tell 10.0.7.12,' 1 || { DETAIL="an address is not announced"; result=1; }
    [ "$(count outside 'who-has 10.0.7.60')" = 0 ] || { DETAIL="a balancer is announced"; result=1; }
    nb_hv remove Logical_Switch_Port s7-r options exclude-lb-vips-from-garp
    eventually 10 counts outside 'who-has 10.0.7.60 .*tell 10.0.7.60,' 1 || { DETAIL="the balancer is not announced"; result=1; }
    nb_hv set Logical_Router r options:disable_garp_rarp=true
    nb_hv lr-nat-add r dnat_and_snat 10.0.7.13 "${IP[vm21]}"
    both_say vm21 outside 10.0.7.13 8080 || result=1
    sleep 1.5
    [ "$(count outside 'who-has 10.0.7.13 .*tell 10.0.7.13,')" = 0 ] || { DETAIL="a quiet router speaks"; result=1; }
    end_capture outside
    nb_hv lr-lb-del r -- lb-del web -- lr-nat-del r dnat_and_snat 10.0.7.12 -- lr-nat-del r dnat_and_snat 10.0.7.13 -- \
        remove Logical_Router r options disable_garp_rarp
    return $result
}

# A station without an address of IP is announced by RARP, unless that is not wanted.
stations_are_announced() {
    local result=0
    nb lsp-add s9 vm93 -- lsp-set-addresses vm93 02:00:00:00:09:13 -- lsp-add s9 vm94 -- \
        lsp-set-addresses vm94 02:00:00:00:09:14 -- set Logical_Switch_Port vm94 options:disable_garp_rarp=true
    capture outside outside eth0 -Q in
    plug vm93 1
    plug vm94 1
    eventually 10 counts outside '02:00:00:00:09:13 > ff:ff:ff:ff:ff:ff, ethertype Reverse ARP' 1 ||
        { DETAIL="not announced"; result=1; }
    end_capture outside
    [ "$(count outside '02:00:00:00:09:14.*Reverse ARP')" = 0 ] || { DETAIL="announced against the wish"; result=1; }
    unplug vm93 1
    unplug vm94 1
    nb_hv lsp-del vm93 -- lsp-del vm94
    return $result
}

## Own addresses

# What comes to an address of a translation that nobody has opened ends; nobody is asked for it.
own_addresses_end() {
    local result=0
    nb_hv lr-nat-del r -- lr-nat-add r snat 10.0.7.50 10.0.1.0/24 || return 1
    says 10.0.7.50 vm11 -f 1 tcp 10.0.7.100 8080 || result=1
    capture outside outside "$GATEWAY_VLAN" -Q in arp
    blocked outside 10.0.7.50 && says nobody outside udp 10.0.7.50 8080 || result=1
    end_capture outside
    [ "$(count outside 'who-has 10.0.7.50 .*tell 10.0.7.1,')" = 0 ] || { DETAIL="the router asks for its own address"; result=1; }
    nb_hv lr-nat-del r -- lr-nat-add r snat 10.0.7.1 10.0.1.0/24 || result=1
    return $result
}

# On a network where the router has no address but that of a translation it is reached by that one.
only_translation_is_there() {
    local result=0
    outside_address "$GATEWAY_VLAN" 172.16.7.100/24
    nb_hv --id=@route create Logical_Router_Static_Route ip_prefix=172.16.7.0/24 'nexthop="172.16.7.100"' \
        output_port=r-s7 -- add Logical_Router r static_routes @route -- lr-nat-del r -- \
        lr-nat-add r snat 172.16.7.50 10.0.1.0/24 >/dev/null || return 1
    eventually 10 says 172.16.7.50 vm11 -f 1 tcp 172.16.7.100 8080 || result=1
    nb_hv lr-route-del r -- lr-nat-del r -- lr-nat-add r snat 10.0.7.1 10.0.1.0/24 || result=1
    no_outside_address "$GATEWAY_VLAN" 172.16.7.100/24
    return $result
}

## Where packets go

# Networks of workloads on the physical network may be routed where the gateway is: then a workload of
# the other host reaches it over the physical network instead of a tunnel.
networks_reside() {
    local result=0
    nb_hv lrp-set-gateway-chassis r-s7 hv1 30 -- lrp-set-gateway-chassis r-s7 hv2 20 && gateway_is 1 || return 1
    ping_in_tunnel vm92 10.0.7.100 'ICMP echo' || result=1
    [ "$TUNNELLED" != 0 ] || { DETAIL="no tunnel before"; result=1; }
    nb_hv set Logical_Router_Port r-s9 options:reside-on-redirect-chassis=true
    eventually 10 reachable vm92 10.0.7.100 || result=1
    ping_in_tunnel vm92 10.0.7.100 'ICMP echo' || result=1
    [ "$TUNNELLED" = 0 ] || { DETAIL="$TUNNELLED packets in the tunnel"; result=1; }
    nb_hv remove Logical_Router_Port r-s9 options reside-on-redirect-chassis || result=1
    return $result
}

# Questions from outside for a workload are answered once, by its host.
one_host_answers() {
    local found
    capture replies outside eth0 -Q in arp
    ip -n outside neigh flush dev eth0
    inside outside arping -q -c 2 -w 3 -I eth0 "${IP[vm92]}" >/dev/null 2>&1 || true
    sleep 0.3
    end_capture replies
    found=$(count replies "Reply ${IP[vm92]} is-at ${MAC[vm92]}")
    DETAIL="$found answers to 2 questions"
    [ "$found" = 2 ]
}

# Stations of the physical network are learned if wanted.
outside_stations_are_learned() {
    local result=0
    options_of_port s9-net localnet_learn_fdb=true || return 1
    anything_goes vm92
    inside outside arping -q -c 1 -w 2 -I eth0 -s 10.0.9.100 10.0.9.77 >/dev/null 2>&1 || true
    eventually 10 station_is 02:00:00:00:00:64 s9-net || { DETAIL="not learned"; result=1; }
    hv_sync
    hears 0 vm92 'echo request' reaches vm91 10.0.9.100 || result=1
    no_option s9-net localnet_learn_fdb
    as_usual vm92
    ovn-sbctl -t 5 --all destroy FDB
    return $result
}

# A switch may have a physical network of its own on each host.
switch_has_segments() {
    local result=0
    vsctl 2 set open . external-ids:ovn-bridge-mappings=other:br-ex
    nb_hv lsp-add s9 s9-other -- lsp-set-type s9-other localnet -- lsp-set-addresses s9-other unknown -- \
        lsp-set-options s9-other network_name=other
    eventually 10 reachable vm91 10.0.9.100 && eventually 10 reachable vm92 10.0.9.100 &&
        says vm92 vm91 tcp "${IP[vm92]}" 8080 && says vm91 outside tcp "${IP[vm91]}" 8080 || result=1
    vsctl 2 set open . external-ids:ovn-bridge-mappings=physnet:br-ex
    nb_hv lsp-del s9-other && eventually 10 reachable vm92 10.0.9.100 || result=1
    return $result
}

# Without the bridge packets of such a switch take the tunnel if the deployment says so.
always_tunnels() {
    local result=0
    nb_hv set NB_Global . options:always_tunnel=true || return 1
    ping_in_tunnel vm91 "${IP[vm92]}" 'ICMP echo' || result=1
    [ "$TUNNELLED" -ge 10 ] || result=1
    # What is for everybody goes by the physical network alone, or it would go round.
    floods_once vm92 vm91 || return 1
    nb_hv remove NB_Global . options always_tunnel
    ping_in_tunnel vm91 "${IP[vm92]}" 'ICMP echo' || result=1
    [ "$TUNNELLED" = 0 ] || result=1
    return $result
}

# A balancer on a switch with a physical network, whose server is outside.
balances_outside() {
    nb_hv lb-add web "$VIP:80" 10.0.9.100:8080,"$(servers 8080 vm92)" tcp -- ls-lb-add s9 web || return 1
    local result=0
    says "outside vm92" vm91 -n 16 tcp "$VIP" 80 && says outside vm91 udp 10.0.9.100 8080 || result=1
    nb_hv ls-lb-del s9 -- lb-del web
    return $result
}

## Kinds of routers

# A distributed router becomes one of hv1, and distributed again; workloads hardly notice.
router_changes_its_kind() {
    local result=0
    nb_hv lrp-del r-s7 -- set Logical_Router r options:chassis=hv1 || return 1
    eventually 10 reachable vm12 "${IP[vm22]}" || result=1
    ping_in_tunnel vm12 "${IP[vm22]}" 'ICMP echo' || result=1
    [ "$TUNNELLED" -ge 20 ] || { DETAIL="not on hv1: $TUNNELLED in the tunnel"; result=1; }
    nb_hv remove Logical_Router r options chassis
    eventually 10 reachable vm12 "${IP[vm22]}" || result=1
    ping_in_tunnel vm12 "${IP[vm22]}" 'ICMP echo' || result=1
    [ "$TUNNELLED" = 0 ] || { DETAIL="still elsewhere"; result=1; }
    nb_hv lrp-add r r-s7 00:00:00:00:ff:07 10.0.7.1/24 -- lrp-set-gateway-chassis r-s7 hv1 &&
        eventually 10 reachable vm12 10.0.7.100 || result=1
    return $result
}

checks_gateways() {
    add_physical_network
    check "workloads answer questions" rules_begin
    check "a gateway, and a switch beside it" gateways_begin
    check "one host answers for a workload" one_host_answers
    check "a gateway moves to the most wanted chassis" gateway_moves
    check "a gateway follows a group of chassis" gateway_of_a_group
    check "several gateways have their own translations" gateways_are_several
    check "a balancer has no state at several gateways" balancer_has_no_state
    check "translations are announced" translations_are_announced
    check "stations are announced" stations_are_announced
    check "a router's own addresses end packets" own_addresses_end
    check "a router has nothing but a translation there" only_translation_is_there
    check "networks reside with the gateway" networks_reside
    check "stations outside are learned" outside_stations_are_learned
    check "a switch has segments" switch_has_segments
    check "a deployment tunnels always" always_tunnels
    check "a switch balances to a host outside" balances_outside
    checks_of_redirection
    check "a port moves beside the physical network" port_moves_beside_a_network
    checks_of_faults
    check "a gateway stays when another chassis starts" gateway_stays
    check "a gateway is followed by the next chassis" gateway_is_followed
    check "a router changes its kind" router_changes_its_kind
    checks_of_flows
    check "the gateways are taken away" gateways_end
}
