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

# external_station: a station on the physical network, not behind any host, and its port.
external_station() {
    new_namespace ext
    ip link add eth0 netns ext type veth peer name ext netns lan
    ip -n lan link set ext master lan up
    ip -n ext link set eth0 address 02:00:00:00:09:77 up
    nb ha-chassis-group-add ext
    prefer_for_station hv1 hv2
    nb_hv --id=@served create DHCP_Options cidr=10.0.9.0/24 options:server_id=10.0.9.1 \
        options:server_mac='"00:00:00:00:ff:09"' options:lease_time=3600 options:router=10.0.9.1 -- \
        lsp-add s9 ext -- lsp-set-type ext external -- \
        lsp-set-addresses ext "02:00:00:00:09:77 10.0.9.77" -- set Logical_Switch_Port ext \
        dhcpv4_options=@served "ha_chassis_group=$(uuid_of HA_Chassis_Group ext)" >/dev/null
}

prefer_for_station() {
    nb ha-chassis-group-add-chassis ext "$1" 30 -- ha-chassis-group-add-chassis ext "$2" 20
}

no_external_station() {
    # In one transaction the group would still be referred to.
    nb lsp-del ext
    nb ha-chassis-group-del ext -- --all destroy DHCP_Options
    ip -n lan link del ext
    ip netns del ext
}

# station_is_served_by HYPERVISOR: addresses come from there alone, and so do the router's answers.
station_is_served_by() {
    local number result=0 offers=() routers=()
    eventually 20 bound_to ext "$1" || { DETAIL="not at hv$1"; return 1; }
    hv_sync
    for number in 1 2; do capture "from$number" lan "h$number" -Q in udp port 67 or arp; done
    rm -f "$NETWORK/ext.leases"
    timeout 60 ip netns exec ext dhclient -1 -sf /bin/true -cf "$NETWORK/dhclient.conf" \
        -lf "$NETWORK/ext.leases" -pf "$NETWORK/ext.run" eth0 >"$NETWORK/ext.out" 2>&1 || result=1
    stop_process "$(cat "$NETWORK/ext.run")"
    ip -n ext addr add 10.0.9.77/24 dev eth0
    inside ext arping -q -c 1 -w 2 -I eth0 10.0.9.1 || result=1
    ip -n ext addr del 10.0.9.77/24 dev eth0
    for number in 1 2; do
        end_capture "from$number"
        offers+=("$(count "from$number" 'DHCP, Reply')")
        routers+=("$(count "from$number" 'Reply 10.0.9.1 is-at')")
    done
    DETAIL="addresses from ${offers[*]}, the router from ${routers[*]}"
    grep -q 'fixed-address 10.0.9.77' "$NETWORK/ext.leases" || result=1
    [ "${offers[2 - $1]}" = 0 ] && [ "${routers[2 - $1]}" = 0 ] && [ "${offers[$1 - 1]}" -ge 2 ] &&
        [ "${routers[$1 - 1]}" -ge 1 ] || result=1
    return $result
}

# A station that no host has plugged in is served by the most wanted chassis of its group.
external_station_is_served() {
    local result=0
    client_configuration
    external_station || return 1
    station_is_served_by 1 || result=1
    prefer_for_station hv2 hv1
    [ $result = 1 ] || station_is_served_by 2 || result=1
    no_external_station
    return $result
}

checks_of_redirection() {
    check "a gateway is reached over the physical network" gateway_is_bridged
    check "routers have an address per host there" routers_have_an_address_per_host
    check "a station outside is served by one host" external_station_is_served
}
