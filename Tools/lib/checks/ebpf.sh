# shellcheck shell=bash
# What eBPF does for the workloads of hv1, and that nothing comes out otherwise without it, on a
# network of network.sh. Only ours have it. Uses base.sh, services.sh and selfcheck.sh.

# in_ebpf LINE: one of a port's two lines in bpf/show, of vm11.
in_ebpf() { agent_command 1 bpf/show | sed -n "/^vm11 /,/^[^ ]/s/^  $1: //p"; }

ebpf_dropped() { in_ebpf "port security" | sed -n 's/^active, \([0-9]*\) dropped.*/\1/p'; }
ebpf_is() { agent_command 1 bpf/show | grep -q "^$1"; }
security_is() { in_ebpf "port security" | grep -q "^$1"; }

# pipeline_dropped: packets counted at the flow that drops what port security refuses.
pipeline_dropped() {
    agent_command 1 drops/show | awk '/ls_in_apply_port_sec/ && /"s1"/ { n += $1 } END { print n + 0 }'
}

false_packets_dropped() { false_mac_dropped && false_ip_dropped && false_ip6_dropped; }

# false packets don't arrive, and all nine are counted, also where the pipeline counts.
drops_are_counted() {
    local before pipeline
    before=$(ebpf_dropped) pipeline=$(pipeline_dropped)
    false_packets_dropped || return 1
    DETAIL="$(in_ebpf "port security")"
    [ "$(ebpf_dropped)" -ge $((before + 9)) ] && [ "$(pipeline_dropped)" -ge $((pipeline + 9)) ]
}

# set_security ADDRESS...: each is a string.
set_security() { ovn-nbctl -t 30 --wait=hv lsp-set-port-security vm11 "$@"; }

# Packets that both rules allow pass while one takes the place of the other.
changing_rules_pass() {
    local honest answers ping number
    honest="$(workload_mac vm11) $(workload_ip vm11) $(workload_ip6 vm11)"
    reachable vm11 "$(workload_ip vm12)" >/dev/null || return 1
    router_neighbour vm11 permanent
    ip netns exec vm11 ping -n -q -c 300 -i 0.02 -W 2 "$(workload_ip vm12)" >"$NETWORK/rules.ping" 2>&1 &
    ping=$!
    at_exit stop_process $ping
    for number in 1 2 3 4; do
        set_security "$honest" "02:00:00:00:77:0$number 10.0.1.77" || return 1
        set_security "$honest 10.0.1.7$number" || return 1
    done
    wait $ping || true
    router_neighbour vm11 reachable
    set_security "$honest"
    answers=$(awk '/received/ { print $4 }' "$NETWORK/rules.ping")
    DETAIL="$answers of 300 answers"
    [ "$answers" = 300 ]
}

# New rules let new addresses in.
new_rules_hold() {
    local honest result=0
    honest="$(workload_mac vm11) $(workload_ip vm11) $(workload_ip6 vm11)"
    set_security "$honest" "02:00:00:00:66:66 $(workload_ip vm11)"
    ! false_mac_dropped || { DETAIL="allowed packets were dropped: $DETAIL"; result=1; }
    set_security "$honest"
    false_mac_dropped || result=1
    return $result
}

remove_filter() { in_hypervisor 1 tc filter del dev vm11 ingress; }

# With the place that filters hang on.
remove_hook() { in_hypervisor 1 tc qdisc del dev vm11 clsact; }

removed_filter_comes_back() {
    put_right "eBPF filters that were gone" remove_filter && drops_are_counted &&
        put_right "eBPF filters that were gone" remove_hook && drops_are_counted
}

# scan COUNT: packets of new flows.
scan() {
    local PEER
    peer scan.py eth0 "$(workload_mac vm11)" "$(workload_ip vm11)" "$1"
    inside vm11 "${PEER[@]}"
}

too_many_misses() {
    agent_command 1 drops/show | awk '/more new flows than vm11 may have/ { n = $1 } END { print n + 0 }'
}

# held_to_budget: of a thousand new flows most are dropped, and flows that the kernel has go on.
held_to_budget() {
    local before answers ping result=0
    ovn-nbctl -t 30 --wait=hv lsp-set-options vm11 control_limits=miss=20/40 || return 1
    reachable vm11 "$(workload_ip vm12)" >/dev/null || return 1
    ip -n vm11 neigh replace "$(workload_ip vm12)" lladdr "$(workload_mac vm12)" dev eth0 nud permanent
    sleep 3
    before=$(too_many_misses)
    ip netns exec vm11 ping -n -q -c 100 -i 0.02 -W 2 "$(workload_ip vm12)" >"$NETWORK/scan.ping" 2>&1 &
    ping=$!
    at_exit stop_process $ping
    sleep 0.5
    scan 1000 || result=1
    wait $ping || true
    answers=$(awk '/received/ { print $4 }' "$NETWORK/scan.ping")
    DETAIL="$(($(too_many_misses) - before)) of 1000 dropped, $answers of 100 answers"
    [ $(($(too_many_misses) - before)) -ge 500 ] && [ "$answers" = 100 ] || result=1
    ip -n vm11 neigh del "$(workload_ip vm12)" dev eth0
    ovn-nbctl -t 30 --wait=hv lsp-set-options vm11
    return $result
}

no_filter_left() { [ -z "$(in_hypervisor 1 tc filter show dev vm11 ingress)" ]; }

# Without eBPF, by the administrator's wish.
switched_off() {
    vsctl 1 set open . external_ids:ovn-ebpf=false
    eventually 10 ebpf_is "not active: switched off" || return 1
    no_filter_left || { DETAIL="the filter is still there"; return 1; }
}

pipeline_drops_them() {
    local pipeline
    pipeline=$(pipeline_dropped)
    false_packets_dropped || return 1
    # The kernel's counters are read from time to time.
    eventually 15 pipeline_has_dropped $((pipeline + 9))
}

pipeline_has_dropped() { [ "$(pipeline_dropped)" -ge "$1" ]; }

switched_on() {
    vsctl 1 remove open . external_ids ovn-ebpf
    eventually 10 security_is active && drops_are_counted
}

# An agent that comes back takes the place of what it has left.
restart_keeps_filters() {
    agent_command 1 exit --restart || return 1
    ! no_filter_left || { DETAIL="it took the filter along"; return 1; }
    restart_agent 1
    eventually 20 security_is active && drops_are_counted
}

checks_of_ebpf() {
    [ "$(hypervisor_kind 1)" = ours ] || return 0
    eventually 10 security_is active || true
    check "false packets are dropped in eBPF and counted" drops_are_counted
    check "rules that change let honest packets pass" changing_rules_pass
    check "new rules hold" new_rules_hold
    check "a port that asks for too much is held back" held_to_budget
    check "eBPF is switched off" switched_off
    check "without it false packets are dropped too" pipeline_drops_them
    check "without it a port is held back too" held_to_budget
    check "eBPF is switched on" switched_on
    check "an agent that comes back goes on with it" restart_keeps_filters
}
