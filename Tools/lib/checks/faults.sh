# shellcheck shell=bash
# What lasts, quarrels and breaks: announcements that go on, hosts that want the same, databases that
# go away. On the network of gateways.sh: uses its functions.

# Announcements go on at the longest distance that is configured.
announcements_go_on() {
    local result=0 pattern="who-has ${IP[vm91]} .*tell ${IP[vm91]}"
    capture outside outside eth0 -Q in arp
    vsctl 1 set open . external-ids:garp-max-timeout-sec=1
    eventually 15 counts outside "$pattern" 6 || result=1
    end_capture outside
    vsctl 1 remove open . external-ids garp-max-timeout-sec
    DETAIL="$(count outside "$pattern") announcements"
    return $result
}

VIRTUAL_ADDRESS=10.0.1.50

# announces_virtual vmSN: that it has the virtual address.
announces_virtual() { inside "$1" arping -q -c 1 -A -I eth0 $VIRTUAL_ADDRESS; }
virtual_port_goes_to() { announces_virtual "$1" && virtual_port_is "$1" "$2"; }

# A port for the virtual address, which vm11 or vm12 may claim.
virtual_port() {
    nb lsp-add s1 virtual -- lsp-set-type virtual virtual -- \
        lsp-set-addresses virtual "02:00:00:00:50:01 $VIRTUAL_ADDRESS" -- \
        set Logical_Switch_Port virtual options:virtual-ip=$VIRTUAL_ADDRESS \
        options:virtual-parents='"vm11,vm12"' -- lsp-set-port-security vm11 -- lsp-set-port-security vm12
    hv_sync
}

no_virtual_port() {
    nb lsp-del virtual
    as_usual vm11 vm12
}

# virtual_address_moves FROM TO HYPERVISOR: as a failover of keepalived does it.
virtual_address_moves() {
    [ -z "$1" ] || ip -n "$1" addr del $VIRTUAL_ADDRESS/32 dev eth0
    ip -n "$2" addr add $VIRTUAL_ADDRESS/32 dev eth0
    eventually 30 virtual_port_goes_to "$2" "$3" || { DETAIL="not with $2"; return 1; }
    hv_sync
}

# Its outer address answers without a tunnel.
virtual_port_is_near() {
    eventually 10 reachable outside 10.0.7.50 || { DETAIL="not reached"; return 1; }
    ping_in_tunnel outside 10.0.7.50 'ICMP echo' && [ "$TUNNELLED" = 0 ]
}

# A distributed address of a virtual port is served by the host of the one who has claimed it.
virtual_port_floats() {
    local result=0
    nb_hv lrp-set-gateway-chassis r-s7 hv1 30 -- lrp-set-gateway-chassis r-s7 hv2 20 && gateway_is 1 || return 1
    virtual_port
    nb_hv lr-nat-add r dnat_and_snat 10.0.7.50 $VIRTUAL_ADDRESS virtual 02:00:00:00:07:50
    virtual_address_moves '' vm12 2 && virtual_port_is_near || result=1
    virtual_address_moves vm12 vm11 1 && virtual_port_is_near || result=1
    ip -n vm11 addr del $VIRTUAL_ADDRESS/32 dev eth0
    nb_hv lr-nat-del r dnat_and_snat 10.0.7.50
    no_virtual_port
    return $result
}

# Two ports that both say that they have the virtual one's address get it in turns, at a distance; it
# stays with the one that goes on.
virtual_port_is_wanted_twice() {
    local result=0 monitor changes begin limit round
    virtual_port
    ip -n vm11 addr add $VIRTUAL_ADDRESS/32 dev eth0
    ip -n vm12 addr add $VIRTUAL_ADDRESS/32 dev eth0
    begin=$(milliseconds)
    ovsdb-client monitor "$OVN_SB_DB" OVN_Southbound Port_Binding virtual_parent,logical_port >"$NETWORK/race.out" 2>&1 &
    monitor=$!
    at_exit stop_process $monitor
    for round in 1 2 3 4 5; do
        announces_virtual vm11
        announces_virtual vm12
    done
    stop_process $monitor
    wait $monitor 2>/dev/null || true
    changes=$(grep -cE ' new +"?vm1[12]"? ' "$NETWORK/race.out" || true)
    limit=$((2 + ($(milliseconds) - begin) / 1000))
    [ "$changes" -ge 1 ] && [ "$changes" -le "$limit" ] || result=1
    ip -n vm11 addr del $VIRTUAL_ADDRESS/32 dev eth0
    eventually 30 virtual_port_goes_to vm12 2 || { DETAIL="not with the one that goes on"; result=1; }
    { hv_sync && eventually 10 reachable vm22 $VIRTUAL_ADDRESS; } || { DETAIL="not reachable"; result=1; }
    DETAIL="${DETAIL:-$changes changes in $round rounds, not more than $limit}"
    ip -n vm12 addr del $VIRTUAL_ADDRESS/32 dev eth0
    no_virtual_port
    return $result
}

is_connected() { [ "$(agent_command 1 connection-status)" = "$1" ]; }
binding_of() { ovn-sbctl -t 5 --bare --columns=mac find MAC_Binding "ip=$1"; }
binding_is() { [ "$(binding_of "$1")" = "$2" ]; }

# Without the Southbound database a host forwards as before, new flows too; what it learns meanwhile
# it tells once it is connected again.
southbound_goes_away() {
    local result=0
    nb_hv lrp-set-gateway-chassis r-s7 hv1 30 -- lrp-set-gateway-chassis r-s7 hv2 20 && gateway_is 1 || return 1
    vsctl 1 --no-wait set open . external-ids:ovn-remote=tcp:127.0.0.1:1
    eventually 10 is_connected 'not connected' || { DETAIL="still connected"; result=1; }
    forget_connections
    says vm21 vm11 udp "${IP[vm21]}" 8080 && says vm22 vm11 tcp "${IP[vm22]}" 8080 && reaches vm12 10.0.7.100 || result=1
    outside_address "$GATEWAY_VLAN" 10.0.7.77/24
    inside vm11 ping -n -c 2 -i 0.2 -W 1 10.0.7.77 >/dev/null || true
    vsctl 1 --no-wait set open . "external-ids:ovn-remote=$OVN_SB_DB"
    eventually 20 is_connected connected || { DETAIL="not connected again"; result=1; }
    eventually 10 reachable vm11 10.0.7.77 || { DETAIL="a neighbour is not learned"; result=1; }
    binding_is 10.0.7.77 02:00:00:00:00:64 || { DETAIL="not told: $(binding_of 10.0.7.77)"; result=1; }
    no_outside_address "$GATEWAY_VLAN" 10.0.7.77/24
    hv_sync || result=1
    return $result
}

checks_of_faults() {
    check "announcements go on if wanted" announcements_go_on
    check "a virtual port is wanted twice" virtual_port_is_wanted_twice
    check "a virtual port's outer address follows it" virtual_port_floats
    check "the Southbound database goes away" southbound_goes_away
}
