# shellcheck shell=bash
# What somebody changes in the kernel behind an agent's back, on a network of network.sh: the agent of
# hv1 finds it, says so (`self-check/show`), and puts it right. Uses base.sh, rules.sh and
# services.sh; ebpf.sh for the filters.

# Seconds in which a round of the self-check has come: on a busy machine one takes long, and the agent
# leaves a hundred times as long until the next.
SELF_CHECK_ROUND=100

# findings KIND: how many the agent has counted so far.
findings() { agent_command 1 self-check/show | sed -n "s/^$1: //p"; }

more_findings() { [ "$(findings "$1")" -gt "$2" ]; }

# put_right KIND COMMAND...: the command is noticed as that kind, and afterwards packets pass again.
put_right() {
    local result=0
    ping_works vm11 "$(workload_ip vm12)" && ping_works vm11 "$(workload_ip vm21)" || return 1
    # So that what is altered is in use.
    background steady vm11 ping -n -i 0.3 -W 1 "$(workload_ip vm12)"
    sleep 1
    is_put_right "$@" || result=1
    end_background steady
    return $result
}

is_put_right() {
    local kind=$1 before
    shift
    before=$(findings "$kind")
    "$@" || { DETAIL="could not do it"; return 1; }
    eventually $SELF_CHECK_ROUND more_findings "$kind" "$before" ||
        { DETAIL="$(agent_command 1 self-check/show | head -n 8 | paste -sd ' ')"; return 1; }
    eventually $SELF_CHECK_ROUND reachable vm11 "$(workload_ip vm12)" || { DETAIL="not put right"; return 1; }
    ping_works vm11 "$(workload_ip vm12)" && ping_works vm12 "$(workload_ip vm11)" &&
        ping_works vm11 "$(workload_ip vm21)" || return 1
    DETAIL="$(($(findings "$kind") - before)) found"
}

take_flows() { in_hypervisor 1 ovs-dpctl del-flows; }

# Where nobody listens: ovs-dpctl can't say that a flow drops.
NOWHERE=0

# The flow of the pings to vm12 drops them from now on.
alter_flow() {
    local flow
    flow=$(in_hypervisor 1 ovs-dpctl dump-flows -m | grep 'eth(.*dst=02:00:00:00:01:12' |
        grep 'eth_type(0x0800)' | grep 'in_port' | grep set | head -n 1) || return 1
    [ -n "$flow" ] || return 1
    in_hypervisor 1 ovs-dpctl mod-flow system@ovs-system "${flow%%, packets:*}" $NOWHERE
}

add_flow() {
    in_hypervisor 1 ovs-dpctl add-flow system@ovs-system \
        'recirc_id(0),in_port(0),eth(),eth_type(0x88b5)' $NOWHERE
}

# The meter that limits the packets of vm11.
take_meter() {
    local number
    number=$(in_hypervisor 1 ovs-dpctl dump-flows | grep -o 'meter([0-9]*)' | head -n 1 | tr -dc 0-9)
    [ -n "$number" ] || return 1
    peer meter.py "$number"
    in_hypervisor 1 "${PEER[@]}"
}

deleted_meter_comes_back() {
    nb_hv qos-add s1 from-lport 100 'inport == "vm11" && ip4' rate=100000 burst=100000
    put_right "meters that were gone" take_meter
}

take_port() { in_hypervisor 1 ovs-dpctl del-if ovs-system vm11; }

add_port() {
    ip -n hv1 link add stray type dummy
    in_hypervisor 1 ovs-dpctl add-if ovs-system stray || return 1
}

# vm11 may send little until the end of the check.
police_is_altered() {
    vsctl 1 set Interface vm11 ingress_policing_rate=80000 ingress_policing_burst=8000
    eventually 10 has_police 'rate 80Mbit' || { DETAIL="no limit"; return 1; }
    put_right "devices whose policing was altered" alter_police && has_police 'rate 80Mbit' || return 1
    put_right "devices whose policing was altered" take_police && has_police 'rate 80Mbit' || return 1
    vsctl 1 set Interface vm11 ingress_policing_kpkts_rate=80
    eventually 10 has_police 'pkts_rate 80000' || { DETAIL="no limit of packets"; return 1; }
    stays_unaltered
}

# Two looks at the devices find nothing.
stays_unaltered() {
    local before
    before=$(findings "devices whose policing was altered")
    sleep 25
    [ "$(findings "devices whose policing was altered")" = "$before" ] || { DETAIL="found unaltered"; return 1; }
}

# By one program: the agent is not to come in between and put its own back.
alter_police() {
    in_hypervisor 1 tc -batch - <<'END'
filter del dev vm11 ingress pref 21
filter add dev vm11 ingress pref 21 matchall action police rate 70mbit burst 9k
END
}

take_police() { in_hypervisor 1 tc filter del dev vm11 ingress pref 21; }

altered_policing_comes_back() {
    local result=0
    police_is_altered || result=1
    vsctl 1 set Interface vm11 ingress_policing_rate=0 ingress_policing_burst=0 ingress_policing_kpkts_rate=0
    eventually 10 has_no_police || result=1
    return $result
}

# Whether a device has its queues: as in physical_shaping.sh, whose kernel_has is used.
vm11_is_shaped() { kernel_has 1 vm11 'class htb 1:1 .*ceil 300Mbit'; }

take_queues() { in_hypervisor 1 tc qdisc del dev vm11 root; }

alter_queue() { in_hypervisor 1 tc class change dev vm11 parent 1:fffe classid 1:1 htb rate 1mbit ceil 9mbit; }

altered_queues_come_back() {
    local result=0 change
    modprobe -q sch_htb || true
    vsctl 1 -- set Port vm11 qos=@q -- --id=@q create QoS type=linux-htb other-config:max-rate=300000000 \
        queues:0=@n -- --id=@n create Queue other-config:max-rate=300000000 >/dev/null
    eventually 10 vm11_is_shaped || { DETAIL="no class"; result=1; }
    for change in take_queues alter_queue; do
        put_right "devices whose queues were altered" $change || result=1
        vm11_is_shaped || { DETAIL+=", not put right after $change"; result=1; }
    done
    vsctl 1 -- clear Port vm11 qos -- --all destroy QoS -- --all destroy Queue
    eventually 10 kernel_lacks 1 vm11 htb || { DETAIL+=", the queues stay"; result=1; }
    return $result
}

has_mtu() { [ "$(in_hypervisor 1 cat "/sys/class/net/$1/mtu")" = "$2" ]; }

alter_mtu() { in_hypervisor 1 ip link set vm11 mtu 1500; }

# The device has what its row asks for, and what the bridge's own device may have follows.
altered_mtu_comes_back() {
    local result=0
    vsctl 1 set Interface vm11 mtu_request=1480
    eventually 10 has_mtu vm11 1480 || { DETAIL="not set"; result=1; }
    eventually 10 has_mtu br-int 1480 || { DETAIL="the bridge's device does not follow"; result=1; }
    put_right "devices whose MTU was altered" alter_mtu || result=1
    has_mtu vm11 1480 || result=1
    vsctl 1 set Interface vm11 mtu_request=1500
    eventually 10 has_mtu br-int 1500 || result=1
    vsctl 1 remove Interface vm11 mtu_request 1500
    return $result
}

# zone_of NAME: the conntrack zone of a port on hv1.
zone_of() { agent_command 1 ct-zone-list | awk -v name="$1" '$1 == name { print $2 }'; }

has_zone_limit() { in_hypervisor 1 ovs-dpctl ct-get-limits "zone=$1" | grep -q "limit=$2,"; }

take_zone_limit() { in_hypervisor 1 ovs-dpctl ct-del-limits "zone=$(zone_of vm11)"; }

removed_zone_limit_comes_back() {
    local result=0 zone
    zone=$(zone_of vm11)
    nb_hv set Logical_Switch_Port vm11 options:ct-zone-limit=400
    eventually 10 has_zone_limit "$zone" 400 || { DETAIL="no limit"; result=1; }
    put_right "zones whose limit was altered" take_zone_limit && has_zone_limit "$zone" 400 || result=1
    nb_hv remove Logical_Switch_Port vm11 options ct-zone-limit
    return $result
}

stray_is_gone() { ! in_hypervisor 1 ovs-dpctl show | grep -q stray; }

foreign_port_goes() {
    put_right "ports of others" add_port && stray_is_gone && ip -n hv1 link del stray
}

# The tunnels' device is an ordinary one, which anybody may delete.
deleted_tunnel_comes_back() {
    ping_works vm11 "$(workload_ip vm12)" || return 1
    ip -n hv1 link del genev_sys_6081
    eventually $SELF_CHECK_ROUND reachable vm11 "$(workload_ip vm12)" || { DETAIL="not made anew"; return 1; }
    ping_works vm11 "$(workload_ip vm22)" && ping_works vm22 "$(workload_ip vm11)"
}

zones_of() { vsctl 1 get bridge br-int external_ids | tr , '\n' | grep -o 'ct-zone-[^}]*' | sort; }

zones_are() { [ "$(zones_of)" = "$1" ]; }

# The numbers of the zones, where a later run looks for them.
zones_are_written_again() {
    local zones
    zones=$(zones_of)
    DETAIL="$(wc -l <<<"$zones") zones"
    vsctl 1 remove bridge br-int external_ids ct-zone-vm11
    vsctl 1 set bridge br-int external_ids:ct-zone-vm21=4711 external_ids:ct-zone-nobody=4712
    eventually $SELF_CHECK_ROUND zones_are "$zones" ||
        { DETAIL="$(diff <(echo "$zones") <(zones_of) | paste -sd ' ')"; return 1; }
}

# Connections that somebody makes the kernel forget go on if the rules let them.
forgotten_connections_go_on() {
    local result=0
    nb_hv acl-add s1 to-lport 1001 ip allow-related -- acl-add s1 from-lport 1001 ip allow-related
    conversation vm11 tcp "$(workload_ip vm12)" 8080 || result=1
    forget_connections
    goes_on || result=1
    end_conversation
    return $result
}

# Nothing is found where nothing was changed.
finds_nothing() {
    local before
    before=$(agent_command 2 self-check/show)
    inside vm12 ping -n -c 60 -i 0.2 -W 2 "$(workload_ip vm22)" >/dev/null || return 1
    DETAIL=$(agent_command 2 self-check/show | paste -sd ' ')
    [ "$(agent_command 2 self-check/show)" = "$before" ] &&
        ! grep -qE '^[^ ].*: [1-9]' <<<"$before"
}

checks_selfcheck() {
    check "workloads answer questions" rules_begin
    check "flows that somebody deleted are made anew" put_right "flows that were gone" take_flows
    check "a flow that somebody altered is put right" \
        put_right "flows that did something else" alter_flow
    check "a flow that somebody added goes" put_right "flows of others" add_flow
    check "a meter that somebody deleted is made anew" wiped deleted_meter_comes_back
    check "a limit of a device that somebody altered is put right" altered_policing_comes_back
    check "queues of a device that somebody altered are put right" altered_queues_come_back
    check "an MTU that somebody altered is put right" altered_mtu_comes_back
    check "a zone's limit that somebody removed comes back" removed_zone_limit_comes_back
    check "a port that somebody took out is put back" put_right "ports that were gone" take_port
    check "a port that somebody added goes" foreign_port_goes
    check "a deleted tunnel comes back" deleted_tunnel_comes_back
    check "zones that somebody renumbered are as before" zones_are_written_again
    check "connections that are forgotten go on" wiped forgotten_connections_go_on
    check "an eBPF filter that somebody removed comes back" removed_filter_comes_back
    check "nothing is found where nothing was changed" finds_nothing
    checks_of_flows
}
