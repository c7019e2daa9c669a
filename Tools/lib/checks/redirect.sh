# shellcheck shell=bash
# Routers' packets on the physical network under an address of each host, on the network of
# gateways.sh: uses its functions.

CHASSIS_MAC=02:00:00:00:cc:0

chassis_macs() {
    local number
    for number in 1 2; do
        vsctl $number set open . "external-ids:ovn-chassis-mac-mappings=physnet:$CHASSIS_MAC$number"
    done
}

no_chassis_macs() {
    local number
    for number in 1 2; do vsctl $number remove open . external-ids ovn-chassis-mac-mappings; done
}

# Packets for a gateway elsewhere go over the physical network instead of a tunnel, from the address
# of the host. Those of a distributed address leave by its own host.
gateway_is_bridged() {
    local result=0 replaced kept
    nb_hv lrp-set-gateway-chassis r-s7 hv1 30 -- lrp-set-gateway-chassis r-s7 hv2 20 && gateway_is 1 || return 1
    chassis_macs
    nb_hv set Logical_Router_Port r-s7 options:redirect-type=bridged
    eventually 10 reachable vm12 10.0.7.100 || result=1
    capture wire hv2 p2
    ping_in_tunnel vm12 10.0.7.100 'ICMP echo request' || result=1
    end_capture wire
    replaced=$(count wire "${CHASSIS_MAC}2 > 00:00:00:00:ff:07.*vlan 100.*${IP[vm12]} > .*echo request")
    kept=$(count wire "00:00:00:00:ff:07 > .*${IP[vm12]} > .*echo request")
    [ "$TUNNELLED" = 0 ] && [ "$replaced" -ge 5 ] && [ "$kept" = 0 ] || result=1
    nb_hv lr-nat-add r dnat_and_snat 10.0.7.12 "${IP[vm12]}" vm12 02:00:00:00:07:12
    eventually 10 reachable outside 10.0.7.12 || result=1
    ping_in_tunnel vm12 10.0.7.100 'ICMP echo' && says 10.0.7.12 vm12 -f 1 udp 10.0.7.100 8080 || result=1
    [ "$TUNNELLED" = 0 ] || result=1
    DETAIL="${DETAIL:-no answer}, $replaced from the host's address, $kept from the router's"
    nb_hv lr-nat-del r dnat_and_snat 10.0.7.12 -- remove Logical_Router_Port r-s7 options redirect-type
    no_chassis_macs
    return $result
}

# What a router of another host sends over the physical network comes from the host's address there,
# and from the router's at the workload.
routers_have_an_address_per_host() {
    local result=0
    chassis_macs
    hv_sync && eventually 10 reachable vm12 "${IP[vm91]}" || result=1
    capture wire hv2 p2 icmp
    capture at vm91 eth0 -Q in icmp
    reaches vm12 "${IP[vm91]}" || result=1
    eventually 5 counts at '00:00:00:00:ff:09 > .*echo request' 1 || { DETAIL="at the workload: $(captured at)"; result=1; }
    end_capture at
    end_capture wire
    [ "$(count wire "${CHASSIS_MAC}2 > .*echo request")" -ge 1 ] || { DETAIL="on the wire: $(captured wire)"; result=1; }
    no_chassis_macs
    hv_sync && eventually 10 reachable vm12 "${IP[vm91]}" || result=1
    return $result
}

checks_of_redirection() {
    check "a gateway is reached over the physical network" gateway_is_bridged
    check "routers have an address per host there" routers_have_an_address_per_host
}
