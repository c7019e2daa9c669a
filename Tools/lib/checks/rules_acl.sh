# shellcheck shell=bash
# Access control on a network of network.sh: verdicts, groups and sets, tiers, connections.
# Uses rules.sh.

## Without connections

# Two rules cover a packet: the more important one counts. The same verdict twice is no conflict.
acl_priorities() {
    nb_hv acl-add s1 to-lport 1001 'outport == "vm12" && udp' drop -- \
        acl-add s1 to-lport 1002 'outport == "vm12" && udp.dst == 8080' allow -- \
        acl-add s1 to-lport 1002 'outport == "vm12" && udp.dst == {8080, 9999}' allow &&
        says vm12 vm11 udp "${IP[vm12]}" 8080 && says nobody vm11 udp "${IP[vm12]}" 8081 &&
        says nobody vm21 udp "${IP6[vm12]}" 8081 && says vm12 vm21 udp "${IP6[vm12]}" 8080
}

# A rule of one direction looks at packets of that direction only, on both sides of the tunnel.
acl_directions() {
    nb_hv acl-add s1 from-lport 1001 'inport == "vm11" && udp.dst == 8080' drop -- \
        acl-add s1 to-lport 1001 'outport == "vm12" && udp.dst == 8081' drop &&
        says nobody vm11 udp "${IP[vm12]}" 8080 && says nobody vm11 udp "${IP[vm22]}" 8080 &&
        says vm11 vm12 udp "${IP[vm11]}" 8080 && says vm12 vm22 udp "${IP[vm12]}" 8080 &&
        says nobody vm22 udp "${IP[vm12]}" 8081 && says vm22 vm12 udp "${IP[vm22]}" 8081
}

# Members of three sets, multiplied: every combination is refused and nothing else.
acl_products() {
    nb_hv acl-add s1 to-lport 1001 "ip4.src == {${IP[vm21]}, ${IP[vm22]}, 10.0.7.0/24} &&
            ip4.dst == {${IP[vm11]}, ${IP[vm12]}, 10.0.8.8} && udp.dst == {8080, 9999, 7}" drop &&
        says nobody vm21 udp "${IP[vm11]}" 8080 && says nobody vm22 udp "${IP[vm12]}" 8080 &&
        says nobody vm21 udp "${IP[vm12]}" 8080 && says vm12 vm21 udp "${IP[vm12]}" 8081 &&
        says vm12 vm11 udp "${IP[vm12]}" 8080 && says vm12 vm21 tcp "${IP[vm12]}" 8080
}

# A group of ports and a set of addresses: who joins is refused from then on, although a flow of it
# is cached, and who leaves is not.
acl_groups() {
    nb create Address_Set name=callers addresses="\"${IP[vm11]}\"" >/dev/null &&
        nb_hv pg-add servers vm12 -- acl-add servers to-lport 1001 \
            "outport == @servers && ip4.src == \$callers" drop &&
        blocked vm11 "${IP[vm12]}" && reaches vm11 "${IP[vm22]}" && reaches vm21 "${IP[vm12]}" || return 1
    nb_hv pg-set-ports servers vm12 vm22 && blocked vm11 "${IP[vm22]}" || return 1
    nb_hv add Address_Set callers addresses "\"${IP[vm21]}\"" && blocked vm21 "${IP[vm12]}" || return 1
    nb_hv remove Address_Set callers addresses "\"${IP[vm11]}\"" &&
        reaches vm11 "${IP[vm12]}" && reaches vm11 "${IP[vm22]}" && blocked vm21 "${IP[vm22]}" || return 1
    nb_hv pg-set-ports servers vm22 && reaches vm21 "${IP[vm12]}" && blocked vm21 "${IP[vm22]}"
}

# The addresses of a group's ports are sets by themselves.
acl_generated_sets() {
    # shellcheck disable=SC2016
    nb_hv pg-add trusted vm11 vm21 -- pg-add servers vm12 -- \
        acl-add servers to-lport 1001 'outport == @servers && ip4 && ip4.src != $trusted_ip4' drop -- \
        acl-add servers to-lport 1001 \
            'outport == @servers && icmp6.type == 128 && ip6.src != $trusted_ip6' drop &&
        reaches vm11 "${IP[vm12]}" && reaches vm21 "${IP6[vm12]}" &&
        blocked vm22 "${IP[vm12]}" && blocked vm22 "${IP6[vm12]}" || return 1
    nb_hv pg-set-ports trusted vm11 vm22 &&
        blocked vm21 "${IP[vm12]}" && reaches vm22 "${IP[vm12]}" && reaches vm22 "${IP6[vm12]}"
}

# Each hypervisor has its own value of a variable.
acl_template() {
    local number
    for number in 1 2; do
        nb create Chassis_Template_Var "chassis=hv$number" \
            "variables={denied=\"${IP[vm2$number]}\"}" >/dev/null || return 1
    done
    nb_hv acl-add s1 to-lport 1001 'ip4.src == ^denied' drop &&
        blocked vm21 "${IP[vm11]}" && reaches vm22 "${IP[vm11]}" &&
        blocked vm22 "${IP[vm12]}" && reaches vm21 "${IP[vm12]}"
}

# A port of a router is a port like others.
acl_router_port() {
    nb_hv acl-add s1 from-lport 1001 'inport == "s1-r" && udp.dst == 8080' drop &&
        says nobody vm22 udp "${IP[vm12]}" 8080 && says vm12 vm11 udp "${IP[vm12]}" 8080 || return 1
    nb_hv acl-del s1 -- acl-add s1 to-lport 1001 'outport == "s1-r" && udp.dst == 8080' drop &&
        says nobody vm11 udp "${IP[vm22]}" 8080 && says vm12 vm22 udp "${IP[vm12]}" 8080
}

## Verdicts

# Refused connections hear of it at once: TCP by a reset, others by an ICMP error.
acl_reject() {
    local address
    nb_hv acl-add s1 to-lport 1001 'outport == "vm12" && ip' reject -- \
        acl-add s2 from-lport 1001 'inport == "vm21" && ip' reject || return 1
    for address in "${IP[vm12]}" "${IP6[vm12]}"; do
        both_say refused vm11 "$address" 8080 && both_say refused vm22 "$address" 8080 || return 1
    done
    both_say refused vm21 "${IP[vm11]}" 8080 && both_say refused vm21 "${IP6[vm11]}" 8080 &&
        rejected_ping vm11 "${IP[vm12]}" 'Host Unreachable' &&
        rejected_ping vm11 "${IP6[vm12]}" 'prohibited'
}

rejected_ping() {
    local output
    output=$(inside "$1" ping -n -c 2 -W 2 -i 0.2 "$2" 2>&1) || true
    [[ $output != *"$3"* ]] || return 0
    DETAIL="no '$3' for a ping from $1 to $2"
    return 1
}

# Both sides reject everything, errors too: one packet doesn't make more and more of them.
acl_reject_loop() {
    nb_hv acl-add s1 to-lport 1001 'outport == {"vm11", "vm12"} && ip' reject || return 1
    capture rejections hv1 vm11
    ask vm11 -w 1 udp "${IP[vm12]}" 8080 >/dev/null
    ask vm11 -w 1 tcp "${IP[vm12]}" 8080 >/dev/null
    end_capture rejections
    DETAIL="$(count rejections '10\.0\.1\.1') packets for two questions"
    [ "$(count rejections '10\.0\.1\.1')" -lt 10 ]
}

# `pass` ends a tier without a verdict; a verdict of an earlier tier is final.
acl_tiers() {
    knows ACL tier || return 0
    nb --name=first acl-add s1 to-lport 1000 "outport == \"vm12\" && ip4.src == ${IP[vm11]}" drop &&
        nb acl-add s1 to-lport 900 "outport == \"vm12\" && ip4.src == ${IP[vm22]}" allow &&
        nb --name=last acl-add s1 to-lport 1 'outport == "vm12" && ip4' drop &&
        nb_columns ACL name last '{"tier": 1}' && nb_columns ACL name first '{"action": "pass"}' &&
        blocked vm11 "${IP[vm12]}" && reaches vm22 "${IP[vm12]}" && blocked vm21 "${IP[vm12]}" || return 1
    nb_columns ACL name first '{"action": "allow"}' && reaches vm11 "${IP[vm12]}" || return 1
    nb_columns ACL name last '{"tier": 0}' && reaches vm22 "${IP[vm12]}" && blocked vm21 "${IP[vm12]}"
}

# Whatever no rule allows is refused, on switches that have rules: before and after a balancer.
acl_default_drop() {
    local result=0 direction commands=()
    commands+=(-- --apply-after-lb acl-add s1 from-lport 1001 'arp || icmp4' allow)
    for direction in from-lport to-lport; do
        commands+=(-- acl-add s1 "$direction" 1001 'arp || icmp4' allow)
    done
    nb_hv set NB_Global . options:default_acl_drop=true "${commands[@]}" &&
        reaches vm11 "${IP[vm12]}" && says nobody vm11 udp "${IP[vm12]}" 8080 || result=1
    nb_hv remove NB_Global . options default_acl_drop -- acl-del s1 &&
        says vm12 vm11 udp "${IP[vm12]}" 8080 || result=1
    return $result
}

## Connections

# vm12 opens connections and nobody opens one to it: everything that belongs to one comes back, also
# pieces of large datagrams and errors about them.
acl_stateful() {
    local address
    closed_port vm12 || return 1
    for address in "${IP[vm11]}" "${IP6[vm11]}" "${IP[vm21]}" "${IP6[vm21]}"; do
        both_say "$(owner "$address")" vm12 "$address" 8080 && says refused vm12 udp "$address" 9 &&
            says 20000 vm12 -s 20000 -f 4 udp "$address" 8080 || return 1
    done
    says nobody vm11 tcp "${IP[vm12]}" 8080 && says nobody vm21 udp "${IP6[vm12]}" 8080 &&
        says nobody vm11 -s 20000 udp "${IP[vm12]}" 8080 &&
        reaches vm12 -s 20000 "${IP[vm21]}" && reaches vm12 -s 20000 "${IP6[vm21]}"
}

# closed_port PORT: only what it has begun itself may reach it.
closed_port() {
    nb_hv acl-add s1 to-lport 1001 "outport == \"$1\" && ip" drop -- \
        acl-add s1 from-lport 1001 "inport == \"$1\" && ip" allow-related
}

owner() {
    local name
    for name in "${!IP[@]}"; do
        case $1 in "${IP[$name]}" | "${IP6[$name]}") echo "$name" ;; esac
    done
}

# Ports in the rule of a stateful switch, and only the first piece of a datagram has them.
acl_fragments() {
    local result=0 option
    nb_hv acl-add s1 to-lport 1001 'outport == "vm12" && udp' drop -- \
        acl-add s1 to-lport 1002 'outport == "vm12" && udp.dst == 8080' allow-related || return 1
    for option in '' acl_ct_translation=true use_ct_inv_match=false; do
        [ -z "$option" ] || nb_hv set NB_Global . "options:$option" || return 1
        says 20000 vm11 -s 20000 -f 4 udp "${IP[vm12]}" 8080 &&
            says 20000 vm22 -s 20000 -f 4 udp "${IP6[vm12]}" 8080 &&
            says nobody vm11 -s 20000 udp "${IP[vm12]}" 8081 || result=1
        [ -z "$option" ] || nb_hv remove NB_Global . options "${option%=*}" || return 1
    done
    return $result
}

# What is allowed without state is not tracked, so nothing lets its answers in.
acl_stateless() {
    forget_connections
    closed_port vm12 && nb_hv acl-add s1 from-lport 1002 \
        'inport == "vm12" && udp.dst == 8080' allow-stateless &&
        says nobody vm12 udp "${IP[vm11]}" 8080 && says vm11 vm12 tcp "${IP[vm11]}" 8080 &&
        says vm11 vm12 udp "${IP[vm11]}" 8081 && is_not_tracked 2 'udp.*dport=8080' &&
        is_tracked 2 'udp.*dport=8081' || return 1
    nb_hv acl-add s1 to-lport 1002 'outport == "vm12" && udp.src == 8080' allow-stateless &&
        says vm11 vm12 udp "${IP[vm11]}" 8080 && is_not_tracked 2 'udp.*dport=8080'
}

# A connection whose rule turns into a refusal ends, and goes on when the refusal is taken back.
acl_rule_changes() {
    local result=0
    nb_hv acl-add s1 to-lport 1001 'outport == "vm12" && tcp' allow-related &&
        conversation vm11 tcp "${IP[vm12]}" 8080 || return 1
    nb_hv acl-add s1 to-lport 1002 'outport == "vm12" && tcp' drop && stands_still &&
        nb_hv acl-del s1 to-lport 1002 'outport == "vm12" && tcp' && goes_on || result=1
    nb_hv acl-add s1 from-lport 1002 'inport == "vm11" && tcp' reject || result=1
    stands_still || result=1
    end_conversation
    return $result
}

# What a rule has let in goes on even if it comes to match something else, as long as the switch has
# a stateful rule besides, and ends with the rule (ovn-nb(5), persist-established). Nor may the server go
# on by itself: what it says again after the kernel has forgotten the connection would begin a new one.
acl_persists() {
    local result=0
    knows ACL tier || return 0
    nb acl-add s1 to-lport 1001 udp allow-related -- \
        --name=lasting acl-add s1 to-lport 1001 'outport == "vm12" && tcp' allow-related &&
        nb_columns ACL name lasting '{"options": ["map", [["persist-established", "true"]]]}' &&
        conversation vm11 tcp "${IP[vm12]}" 8080 || return 1
    nb acl-add s1 to-lport 1000 'outport == "vm12" && tcp' drop -- \
        acl-add s1 from-lport 1000 'inport == "vm12" && tcp' drop &&
        nb_columns ACL name lasting '{"match": "outport == \"vm12\" && tcp.dst == 8081"}' && goes_on &&
        says nobody vm11 tcp "${IP[vm12]}" 8080 &&
        nb_columns ACL name lasting '{"action": "drop"}' && stands_still || result=1
    end_conversation
    return $result
}

# The label of a rule is in the kernel's entry of the connection.
acl_label() {
    nb_hv --label=4711 acl-add s1 to-lport 1001 'outport == "vm12" && tcp' allow-related &&
        says vm12 vm11 tcp "${IP[vm12]}" 8080 && is_tracked 2 'tcp.*dport=8080.*labels=0x1267'
}

# Refuses all IPv6 but echoes; neighbours find each other all the same. (What a router's port brings
# is not tracked, so the rule is about the workloads.)
acl_neighbours() {
    local port name
    for port in 'from-lport inport' 'to-lport outport'; do
        nb acl-add s1 "${port% *}" 1001 "ip6 && ${port#* } == {\"vm11\", \"vm12\"}" drop -- \
            acl-add s1 "${port% *}" 1002 "icmp6.type == 128 && ${port#* } == {\"vm11\", \"vm12\"}" \
            allow-related || return 1
    done
    hv_sync
    for name in vm11 vm12; do inside $name ip -6 neigh flush dev eth0; done
    reaches vm11 "${IP6[vm12]}" && reaches vm12 "${IP6[vm21]}" && says nobody vm11 udp "${IP6[vm12]}" 8080
}

# A switch without stateful rules tracks nothing, whatever its neighbours do.
acl_tracks_only_where_needed() {
    forget_connections
    nb_hv acl-add s1 to-lport 1001 'outport == "vm12" && udp' allow-related &&
        says vm12 vm11 udp "${IP[vm12]}" 8080 && says vm22 vm21 udp "${IP[vm22]}" 8080 &&
        is_tracked 2 "udp.*dst=${IP[vm12]},.*dport=8080" &&
        is_not_tracked 1 "udp.*dst=${IP[vm22]}," && is_not_tracked 2 "udp.*dst=${IP[vm22]},"
}

# Entries of a port don't outlive its binding.
acl_zone_ends_with_port() {
    local result=0
    nb_hv acl-add s1 to-lport 1001 'outport == "vm12" && udp' allow-related &&
        says vm12 vm11 udp "${IP[vm12]}" 8080 && is_tracked 2 "udp.*dst=${IP[vm12]},.*dport=8080" || return 1
    detach vm12 2
    eventually 10 is_not_tracked 2 "udp.*dst=${IP[vm12]},.*dport=8080" || result=1
    attach vm12 2
    nb wait-until Logical_Switch_Port vm12 up=true && eventually 10 reaches vm11 "${IP[vm12]}" || result=1
    return $result
}

# Answers of a connection are logged too, in the line of its rule.
acl_logs_replies() {
    local file="$NETWORK/controller1.log"
    nb_hv --log --label=77 --name=both acl-add s1 from-lport 1001 'inport == "vm11" && udp' allow-related &&
        nb_columns ACL name both '{"options": ["map", [["log-related", "true"]]]}' &&
        says vm12 vm11 udp "${IP[vm12]}" 8080 || return 1
    [ "$HV1" = ours ] || return 0
    eventually 5 grep -qE 'acl_log.*name="both".*nw_src=10.0.1.11.*tp_dst=8080' "$file" ||
        { DETAIL="no line for the question"; return 1; }
    eventually 5 grep -qE 'acl_log.*name="both".*nw_src=10.0.1.12.*tp_src=8080' "$file" ||
        { DETAIL="no line for the answer"; return 1; }
}

# The port of a router has connections of its own if that is wanted, on the hypervisor where both
# directions pass.
acl_of_router_port() {
    local result=0
    nb_hv acl-add s1 to-lport 1002 'outport == "s1-r" && ip4' allow-related -- \
        acl-add s1 from-lport 1001 'inport == "s1-r" && ip4' drop &&
        says nobody vm11 udp "${IP[vm21]}" 8080 &&
        nb_hv set Logical_Switch_Port s1-r options:enable_router_port_acl=true &&
        both_say vm21 vm11 "${IP[vm21]}" 8080 && says nobody vm21 udp "${IP[vm11]}" 8080 || result=1
    nb_hv remove Logical_Switch_Port s1-r options enable_router_port_acl
    return $result
}

# What passes without a verdict is a connection all the same, so its answers come back.
acl_pass_is_tracked() {
    knows ACL tier || return 0
    nb --name=pass acl-add s1 to-lport 1001 'outport == "vm12" && udp' drop -- \
        acl-add s1 from-lport 1001 'inport == "vm12" && udp' drop -- \
        acl-add s1 to-lport 1001 'outport == "vm12" && tcp' allow-related &&
        nb_columns ACL name pass '{"action": "pass"}' &&
        both_say vm12 vm11 "${IP[vm12]}" 8080 && says nobody vm12 udp "${IP[vm11]}" 8080
}

# A reset ends what the question had begun.
acl_reset_ends() {
    forget_connections
    nb_hv acl-add s1 to-lport 1001 'outport == "vm12" && tcp' allow-related &&
        says vm12 vm11 tcp "${IP[vm12]}" 8080 && says refused vm11 tcp "${IP[vm12]}" 9 &&
        is_tracked 2 'tcp.*dport=8080\)' && is_not_tracked 2 'tcp.*dport=9\)'
}

# Refusals have a rate of their own.
acl_rejections_are_metered() {
    local answered
    protected_by Logical_Switch s1 reject && nb_hv acl-add s1 to-lport 1001 'outport == "vm12" && icmp4' reject || return 1
    answered=$(inside vm11 ping -n -q -c 100 -i 0.01 -W 2 "${IP[vm12]}" 2>&1 |
        grep -oP '\+\K[0-9]+(?= errors)') || true
    DETAIL="${answered:-0} of 100 are refused aloud"
    [ "${answered:-0}" -ge 4 ] && [ "${answered:-0}" -le 60 ]
}

# Addresses of a virtual router (VRRP, RFC 5798) beside those of the workload, and no others.
acl_virtual_router() {
    local result=0 virtual other head
    knows ACL tier || return 0
    nb_hv lsp-set-port-security vm11 "VRRPv3 ${MAC[vm11]} 00:00:5e:00:01:00/40 ${IP[vm11]} 10.0.1.70" || return 1
    head=ffffffffffff${MAC[vm11]}08060001080006040001
    virtual=${head}00005e0001050a0001460000000000000a000147
    other=${head}00005e0002050a0001460000000000000a000147
    capture requests vm12 eth0 -Q in arp
    raw vm11 "$other" "$virtual" "$other" "$virtual"
    eventually 5 counts requests 'who-has 10.0.1.71' 2 || result=1
    end_capture requests
    DETAIL="$(count requests 'who-has 10.0.1.71') of 2 pass"
    [ "$(count requests 'who-has 10.0.1.71')" = 2 ] || result=1
    restore_addresses vm11
    hv_sync
    return $result
}

# Sixty-four ports of vm11's switch and host, which listen to nothing but broadcasts.
LISTENERS=64
listener() { printf 'listen%d' "$1"; }

add_listeners() {
    local number name logical=() local=() links=()
    for ((number = 1; number <= LISTENERS; number++)); do
        name=$(listener $number)
        logical+=(-- lsp-add s1 "$name" -- lsp-set-addresses "$name" "02:00:00:00:40:$(printf %02x $number)")
        local+=(-- add-port br-int "$name" -- set Interface "$name" type=internal "external_ids:iface-id=$name")
        links+=("link set $name up")
    done
    # New devices are not to speak themselves.
    in_hypervisor 1 sysctl -qw net.ipv6.conf.default.disable_ipv6=1
    nb "${logical[@]:1}" && vsctl 1 "${local[@]:1}" || return 1
    in_hypervisor 1 sysctl -qw net.ipv6.conf.default.disable_ipv6=0
    printf '%s\n' "${links[@]}" | in_hypervisor 1 ip -batch -
    eventually 30 all_listeners_up && hv_sync
}

all_listeners_up() { [ "$(nb --bare --columns=name find Logical_Switch_Port up=true | grep -c '^listen')" = $LISTENERS ]; }

remove_listeners() {
    local number logical=() local=()
    for ((number = 1; number <= LISTENERS; number++)); do
        logical+=(-- lsp-del "$(listener $number)")
        local+=(-- del-port br-int "$(listener $number)")
    done
    vsctl 1 "${local[@]:1}"
    nb_hv "${logical[@]:1}"
}

# listened: prints how many packets each listener got.
listened() {
    in_hypervisor 1 ip -s -o link show | awk '$2 ~ /^listen/ {
        for (i = 1; i <= NF; i++) if ($i == "RX:") { print $2, $(i + 9); next } }' | sort
}

# Each copy of a flood is tracked on its own; nobody's is lost on the way.
acl_flood() {
    local result=0 before short
    add_listeners || { DETAIL="not all ports are up"; result=1; }
    nb_hv acl-add s1 to-lport 1001 ip allow-related
    before=$(listened)
    inside vm11 ping -n -q -b -c 10 -i 0.3 -W 1 10.0.1.255 >/dev/null 2>&1 || true
    short=$(join <(echo "$before") <(listened) | awk '$3 - $2 < 10' | wc -l)
    DETAIL="${DETAIL:-$((LISTENERS - short)) of $LISTENERS ports heard all}"
    [ "$(grep -c . <<<"$before")" = $LISTENERS ] && [ "$short" = 0 ] || result=1
    remove_listeners
    return $result
}

# Operators look for the rule behind a drop, and find it by what a list of drops says.
acl_drops_name_their_rule() {
    local rule
    nb_hv acl-add s1 from-lport 1001 'inport == "vm11" && udp.dst == 8081' drop || return 1
    rule=$(nb --bare --columns=_uuid list ACL)
    says nobody vm11 udp "${IP[vm12]}" 8081 || return 1
    DETAIL="no drop of ACL ${rule:0:8} on s1"
    eventually 15 eval "agent_command 1 drops/show | grep -q 'from ACL ${rule:0:8} on \"s1\"'" || return 1
    nb_hv acl-del s1 || return 1
    DETAIL="what ACL ${rule:0:8} has dropped is not to be seen when it has gone"
    eventually 15 eval "agent_command 1 drops/show | grep -q '(deleted).*, from ACL ${rule:0:8} on \"s1\"'" || return 1
    DETAIL="from ACL ${rule:0:8}"
}

checks_rules_acl() {
    check "the more important rule decides" wiped acl_priorities
    check "a rule is of one direction" wiped acl_directions
    [ "$HV1" != ours ] || check "a drop names its rule" wiped acl_drops_name_their_rule
    check "a rule multiplies its sets" wiped acl_products
    check "rules follow groups and address sets" wiped acl_groups
    check "a group's addresses are sets" wiped acl_generated_sets
    check "hypervisors have their own variables" wiped acl_template
    check "a rule names a router's port" wiped acl_router_port
    check "a rejected connection hears of it" wiped acl_reject
    check "rejections don't answer each other" wiped acl_reject_loop
    check "tiers pass on and decide" wiped acl_tiers
    check "nothing passes by default" wiped acl_default_drop
    check "a stateful rule lets in what belongs to it" wiped acl_stateful
    check "rules about ports hold for fragments" wiped acl_fragments
    check "stateless rules track nothing" wiped acl_stateless
    check "a changed rule ends connections" wiped acl_rule_changes
    check "a connection may outlive its rule" wiped acl_persists
    check "a rule's label is in the kernel" wiped acl_label
    check "answers are logged by their rule" wiped acl_logs_replies
    check "a router's port has connections if wanted" wiped acl_of_router_port
    check "what passes on is tracked" wiped acl_pass_is_tracked
    check "a reset ends a connection" wiped acl_reset_ends
    check "meters protect from refusals" wiped acl_rejections_are_metered
    check "addresses of a virtual router" acl_virtual_router
    check "neighbours are found behind any rule" wiped acl_neighbours
    check "only switches with stateful rules track" wiped acl_tracks_only_where_needed
    check "a port's connections go with it" wiped acl_zone_ends_with_port
    check "a flood reaches sixty-four ports with stateful rules" wiped acl_flood
}
