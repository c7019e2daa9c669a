# shellcheck shell=bash
# Ports that move from host to host, on the network of ports.sh: uses its functions and
# those of physical.sh.

# another_workload NAME HYPERVISOR PORT: a namespace whose interface claims to be PORT's, without
# an address.
another_workload() {
    new_namespace "$1"
    ip link add "$1" netns "hv$2" type veth peer name eth0 netns "$1"
    ip -n "hv$2" link set "$1" up
    ip -n "$1" link set eth0 address "$(workload_mac "$3")" up
    vsctl "$2" add-port br-int "$1" -- set Interface "$1" "external_ids:iface-id=$3"
}

# no_other_workload NAME HYPERVISOR
no_other_workload() {
    vsctl "$2" del-port br-int "$1"
    ip netns del "$1"
}

# announces NAMESPACE PORT rarp|garp
announces() {
    local PEER
    peer announce.py eth0 "$(workload_mac "$2")" "$(workload_ip "$2")" "$3"
    inside "$1" "${PEER[@]}"
}

activated_is() { [[ $(port_column vm21 options) == *additional-chassis-activated=$1* ]]; }

# On the host to which it moves a port is silent until its workload says that it runs there, in the
# way that is configured; the other host has it all the time.
port_is_activated() {
    local result=0 silent
    [ "$HV2" = ours ] || return 0
    options_of_port vm21 requested-chassis=hv1,hv2 activation-strategy=rarp &&
        another_workload twin 2 vm21 || return 1
    eventually 10 additional_is hv2 || { DETAIL="not on the other host"; result=1; }
    hv_sync
    capture heard twin eth0 -Q in
    capture told vm22 eth0 -Q in udp port "$PORT_BROADCAST"
    announces twin vm21 garp
    send twin "$(workload_mac vm21)" "${MAC[vm22]}" "${IP[vm21]}" "${IP[vm22]}" "$PORT_BROADCAST"
    reaches vm11 "${IP[vm21]}" || result=1
    silent=$(($(count heard 'echo request') + $(count told "\\.$PORT_BROADCAST")))
    if [ "$silent" != 0 ]; then
        DETAIL="$silent packets before it was activated"
        result=1
    fi
    announces twin vm21 rarp
    if eventually 10 activated_is hv2 && reaches vm11 "${IP[vm21]}"; then
        eventually 5 counts heard 'echo request' 1 || { DETAIL="silent after it was activated"; result=1; }
        send twin "$(workload_mac vm21)" "${MAC[vm22]}" "${IP[vm21]}" "${IP[vm22]}" "$PORT_BROADCAST"
        eventually 5 counts told "\\.$PORT_BROADCAST" 1 || { DETAIL="not heard after it was activated"; result=1; }
    else
        DETAIL="not told: $(port_column vm21 options)"
        result=1
    fi
    end_capture heard
    end_capture told
    no_other_workload twin 2
    no_option vm21 requested-chassis activation-strategy
    eventually 10 additional_is '' && reaches vm11 "${IP[vm21]}" || result=1
    return $result
}

## Nested ports

# no_container NAME: it goes from its workload.
no_container() {
    ip -n "$1" link del "$1"
    ip netns del "$1"
}

tag_of() { nb --bare --columns=tag list Logical_Switch_Port "$1"; }

# A nested port gets a tag if it asks for any; it follows its parent to another host, and to another
# parent.
nested_ports_follow() {
    local result=0
    logical_switch 5
    nb_hv lsp-add s5 c11 vm21 0 -- lsp-set-addresses c11 "02:00:00:00:05:11 10.0.5.11" || result=1
    [[ $(tag_of c11) =~ ^[1-9][0-9]*$ ]] || { DETAIL="tag '$(tag_of c11)'"; return 1; }
    container c11 vm21 "$(tag_of c11)"
    eventually 10 reachable c11 "${IP[vm22]}" || { DETAIL="not reached by its tag"; result=1; }
    move vm21 1 2
    { eventually 20 bound_to c11 2 && eventually 10 reachable c11 "${IP[vm11]}"; } || { DETAIL="not on its parent's host"; result=1; }
    move vm21 2 1
    { eventually 20 bound_to c11 1 && eventually 10 reachable c11 "${IP[vm22]}"; } || { DETAIL="not back with its parent"; result=1; }
    no_container c11
    nb_hv set Logical_Switch_Port c11 parent_name=vm12 || result=1
    container c11 vm12 "$(tag_of c11)"
    { eventually 20 bound_to c11 2 && eventually 10 reachable c11 "${IP[vm11]}"; } || { DETAIL="not behind its new parent"; result=1; }
    no_container c11
    nb_hv ls-del s5 -- lrp-del r-s5
    reaches vm11 "${IP[vm21]}" || result=1
    return $result
}

# A balancer's backend may be a nested port, and is probed like any other.
nested_port_is_a_backend() {
    local result=0 vip=172.16.0.40:80
    logical_switch 5
    nb_hv lsp-add s5 c11 vm21 0 -- lsp-set-addresses c11 "02:00:00:00:05:11 10.0.5.11" || return 1
    container c11 vm21 "$(tag_of c11)"
    serve c11 || result=1
    nb --wait=hv lb-add nested "$vip" "10.0.5.11:8080,10.0.5.12:8080" tcp -- \
        set Load_Balancer nested 'ip_port_mappings:"10.0.5.11"="c11:10.0.5.250"' \
        'ip_port_mappings:"10.0.5.12"="c12:10.0.5.250"' -- \
        --id=@check create Load_Balancer_Health_Check "vip=\"$vip\"" options:interval=1 \
        options:timeout=1 options:success_count=1 options:failure_count=1 -- \
        set Load_Balancer nested health_check=@check -- ls-lb-add s1 nested >/dev/null || result=1
    eventually 30 says c11 vm11 tcp 172.16.0.40 80 && says c11 vm12 tcp 172.16.0.40 80 || result=1
    nb --wait=hv lb-del nested
    no_container c11
    nb_hv ls-del s5 -- lrp-del r-s5
    return $result
}

# A port of a switch on the physical network that is on two hosts meanwhile: what it sends to ports of
# other hosts and what they send to it goes through tunnels, and both hosts get it.
port_moves_beside_a_network() {
    local result=0
    [ "$HV2" = ours ] || return 0
    options_of_port vm91 requested-chassis=hv1,hv2 && another_workload twin 2 vm91 || return 1
    eventually 10 is_shared vm91 || { DETAIL="not on the other host"; result=1; }
    hv_sync && reaches vm91 "${IP[vm92]}" || result=1
    capture heard twin eth0 -Q in
    ping_in_tunnel vm91 "${IP[vm92]}" 'ICMP echo request' && [ "$TUNNELLED" -ge 5 ] || result=1
    reaches vm91 10.0.9.100 && reaches vm92 "${IP[vm91]}" || result=1
    eventually 5 counts heard 'echo (request|reply)' 2 || { DETAIL="the other host gets no copies"; result=1; }
    end_capture heard
    no_other_workload twin 2
    no_option vm91 requested-chassis
    eventually 10 is_single vm91 && hv_sync && reaches vm91 "${IP[vm92]}" &&
        ping_in_tunnel vm91 "${IP[vm92]}" 'ICMP echo' || result=1
    [ "$TUNNELLED" = 0 ] || result=1
    return $result
}

is_shared() { [ -n "$(port_column "$1" additional_chassis)" ]; }
is_single() { ! is_shared "$1"; }

checks_of_moving() {
    check "a port that moves is silent until activated" port_is_activated
    check "nested ports follow their parents" nested_ports_follow
    check "a nested port is a backend" nested_port_is_a_backend
}
