# shellcheck shell=bash
# Load balancers of switches, on a network of network.sh. (Those of routers: rules_nat.sh, where
# there is a gateway.) Uses rules.sh.

VIP=172.16.0.10 VIP6=fd00:16::10

# servers PORT NAME...: their addresses with a port; servers6 alike.
servers() { local name; for name in "${@:2}"; do echo "${IP[$name]}:$1"; done | paste -sd ,; }
servers6() { local name; for name in "${@:2}"; do echo "[${IP6[$name]}]:$1"; done | paste -sd ,; }

# balance NAME VIP BACKENDS PROTOCOL [OPTION...]: on s1, for the workloads of both hypervisors.
balance() {
    local name=$1 option
    nb lb-add "$name" "$2" "$3" "$4" -- ls-lb-add s1 "$name" || return 1
    for option in "${@:5}"; do nb set Load_Balancer "$name" "options:$option" || return 1; done
    hv_sync
}

# Both families and protocols, to a server of the same switch and to a routed one.
lb_spreads() {
    local protocol
    spreading_balancers || return 1
    for protocol in tcp udp; do
        says "vm12 vm22" vm11 -n 16 $protocol $VIP 80 && says "vm12 vm22" vm11 -n 16 $protocol $VIP6 80 || return 1
    done
}

spreading_balancers() {
    local protocol
    for protocol in tcp udp; do
        balance "v4$protocol" $VIP:80 "$(servers 8080 vm12 vm22)" $protocol &&
            balance "v6$protocol" "[$VIP6]:80" "$(servers6 8080 vm12 vm22)" $protocol || return 1
    done
}

# All pieces of a datagram go the same way, and all pieces of the answer come back.
lb_fragments() {
    spreading_balancers &&
        says 20000 vm11 -n 6 -s 20000 -f 4 udp $VIP 80 && says 20000 vm12 -n 6 -s 20000 -f 4 udp $VIP6 80
}

# Without a port every protocol is balanced, also pings.
lb_addresses_only() {
    nb lb-add plain $VIP "${IP[vm12]},${IP[vm22]}" -- lb-add plain6 $VIP6 "${IP6[vm12]},${IP6[vm22]}" -- \
        ls-lb-add s1 plain && nb_hv ls-lb-add s1 plain6 &&
        says "vm12 vm22" vm11 -n 12 tcp $VIP 8080 && says "vm12 vm22" vm11 -n 12 udp $VIP6 8081 &&
        reaches vm11 $VIP && reaches vm11 $VIP6
}

# A server that asks the virtual address may get itself; it sees the virtual address, or the one
# that is configured, as the asker.
lb_hairpin() {
    balance tcp $VIP:80 "$(servers 8080 vm11)" tcp && balance udp $VIP:80 "$(servers 8080 vm11)" udp &&
        balance udp6 "[$VIP6]:80" "$(servers6 8080 vm11)" udp &&
        says $VIP vm11 -f 1 tcp $VIP 80 && says $VIP vm11 -f 1 udp $VIP 80 &&
        says $VIP6 vm11 -f 1 udp $VIP6 80 && says 20000 vm11 -s 20000 -f 4 udp $VIP 80 &&
        says 20000 vm11 -s 20000 -f 4 udp $VIP6 80 && says "${IP[vm12]}" vm12 -f 1 tcp $VIP 80 || return 1
    nb_hv set Load_Balancer tcp options:hairpin_snat_ip=10.99.9.9 &&
        says 10.99.9.9 vm11 -f 1 tcp $VIP 80
}

# A balancer without servers refuses if it is told so, else says nothing.
lb_rejects() {
    balance tcp $VIP:80 '' tcp reject=true && balance udp $VIP:80 '' udp reject=true &&
        balance tcp6 "[$VIP6]:80" '' tcp reject=true && balance silent $VIP:81 '' tcp &&
        both_say refused vm11 $VIP 80 && says refused vm12 tcp $VIP6 80 && says nobody vm11 tcp $VIP 81
}

# Or it leaves an event for someone who starts a server.
lb_event() {
    balance tcp $VIP:80 '' tcp event=true && nb_hv set NB_Global . options:controller_event=true || return 1
    says nobody vm11 tcp $VIP 80
    nb_hv remove NB_Global . options controller_event
    eventually 5 event_was_left || { DETAIL="no event"; return 1; }
}

event_was_left() { ovn-sbctl -t 5 --bare --columns=event_info list Controller_Event | grep -q "vip=$VIP:80"; }

# A client keeps its server for a time, whatever its connections look like.
lb_affinity() {
    local first
    balance tcp $VIP:80 "$(servers 8080 vm12 vm22 vm21)" tcp affinity_timeout=30 || return 1
    first=$(ask vm11 tcp $VIP 80)
    says "$first" vm11 -n 12 tcp $VIP 80 || return 1
    balance short $VIP:81 "$(servers 8080 vm12 vm22 vm21)" tcp affinity_timeout=1 || return 1
    first=$(ask vm11 tcp $VIP 81)
    eventually 40 other_server "$first" || { DETAIL="always $first"; return 1; }
}

# Long enough after the last question.
other_server() {
    sleep 4
    [ "$(ask vm11 tcp $VIP 81)" != "$1" ]
}

# Connections that are alike in the chosen fields go to one server.
lb_selection() {
    balance tcp $VIP:80 "$(servers 8080 vm12 vm22 vm21)" tcp &&
        nb_hv set Load_Balancer tcp selection_fields=ip_src,ip_dst || return 1
    DETAIL=$(ask vm11 -n 12 tcp $VIP 80)
    [[ $DETAIL =~ ^vm[0-9]+$ ]] || return 1
    nb_hv set Load_Balancer tcp selection_fields=tp_src && says "vm12 vm21 vm22" vm11 -n 30 tcp $VIP 80
}

# Connections of a server that is taken away stay with it, or are cut.
lb_flush() {
    local result=0
    balance udp $VIP:80 "$(servers 8080 vm12)" udp && conversation vm11 udp $VIP 80 || return 1
    nb_hv set Load_Balancer udp "vips:\"$VIP:80\"=\"$(servers 8080 vm22)\"" && goes_on &&
        last_answer_is vm12 && says vm22 vm11 udp $VIP 80 || result=1
    nb_hv set Load_Balancer udp options:ct_flush=true "vips:\"$VIP:80\"=\"$(servers 8080 vm21)\"" || result=1
    end_conversation
    [ $result = 0 ] && conversation vm11 udp $VIP 80 && last_answer_is vm21 || return 1
    nb_hv set Load_Balancer udp "vips:\"$VIP:80\"=\"$(servers 8080 vm12)\"" &&
        eventually 5 last_answer_is vm12 || result=1
    end_conversation
    return $result
}

# Errors about a balanced packet find their way back, and tell of the virtual address.
lb_errors() {
    balance udp $VIP:80 "$(servers 9 vm22)" udp && balance udp6 "[$VIP6]:80" "$(servers6 9 vm12)" udp &&
        says refused vm11 udp $VIP 80 && says refused vm11 udp $VIP6 80
}

# A group gives many switches its balancers.
lb_group() {
    local group balancer
    nb lb-add tcp $VIP:80 "$(servers 8080 vm12)" tcp || return 1
    balancer=$(uuid_of Load_Balancer tcp)
    group=$(nb create Load_Balancer_Group name=all "load_balancer=$balancer") || return 1
    nb_hv add Logical_Switch s1 load_balancer_group "$group" -- \
        add Logical_Switch s2 load_balancer_group "$group" &&
        says vm12 vm11 tcp $VIP 80 && says vm12 vm21 tcp $VIP 80
}

# Each hypervisor has its own servers behind the same virtual address.
lb_template() {
    local number
    for number in 1 2; do
        nb create Chassis_Template_Var "chassis=hv$number" \
            "variables={vip=\"$VIP\",backends=\"$(servers 8080 "vm2$number")\"}" >/dev/null || return 1
    done
    nb --template lb-add near '^vip:80' '^backends' tcp ipv4 && nb_hv ls-lb-add s1 near &&
        says vm21 vm11 -n 3 tcp $VIP 80 && says vm22 vm12 -n 3 tcp $VIP 80
}

# A connection to a server and one over the balancer that end up alike.
lb_same_connection() {
    local result=0
    balance tcp $VIP:8080 "$(servers 8080 vm12)" tcp &&
        nb_hv acl-add s1 to-lport 1001 'outport == "vm12" && tcp' allow-related -- \
            acl-add s1 from-lport 1001 'inport == "vm11" && tcp' allow-related -- \
            acl-add s1 to-lport 1 'outport == {"vm11", "vm12"} && ip' drop || return 1
    conversation vm11 tcp $VIP 8080 || return 1
    says vm12 vm11 -p "$(asker_port)" tcp "${IP[vm12]}" 8080 && goes_on || result=1
    end_conversation
    return $result
}

asker_port() { tail -n 1 "$NETWORK/conversation" | cut -d ' ' -f 3; }

# Rules that come before the balancer see the virtual address, those after it the server.
lb_rules() {
    balance tcp $VIP:80 "$(servers 8080 vm12 vm22)" tcp &&
        nb --name=after acl-add s1 from-lport 1001 "inport == \"vm11\" && ip4.dst == ${IP[vm12]} && tcp" drop &&
        nb_columns ACL name after '{"options": ["map", [["apply-after-lb", "true"]]]}' &&
        says "nobody vm22" vm11 -n 12 -w 1 tcp $VIP 80 || return 1
    nb_hv acl-del s1 -- acl-add s1 from-lport 1001 "ip4.dst == $VIP" reject && says refused vm11 tcp $VIP 80
}

# Stateless rules and a balancer on one switch.
lb_stateless_rules() {
    local direction commands=() result=0
    for direction in from-lport to-lport; do
        commands+=(-- acl-add s1 "$direction" 1002 ip allow-stateless -- acl-add s1 "$direction" 1001 tcp allow-related)
    done
    nb "${commands[@]:1}" -- set Logical_Switch s1 other_config:enable-stateless-acl-with-lb=true &&
        balance tcp $VIP:80 "$(servers 8080 vm12 vm22)" tcp || return 1
    says "vm12 vm22" vm11 -n 12 tcp $VIP 80 && says vm12 vm11 udp "${IP[vm12]}" 8080 || result=1
    nb_hv remove Logical_Switch s1 other_config enable-stateless-acl-with-lb
    return $result
}

# Two balancers with one virtual address and different ports; servers come and go.
lb_shared_address() {
    balance one $VIP:80 "$(servers 8080 vm12)" tcp && balance two $VIP:81 "$(servers 8081 vm22)" tcp &&
        says vm12 vm11 tcp $VIP 80 && says vm22 vm11 tcp $VIP 81 &&
        nb_hv set Load_Balancer two "vips:\"$VIP:81\"=\"$(servers 8081 vm21)\"" &&
        says vm21 vm11 tcp $VIP 81 && says vm12 vm11 tcp $VIP 80 &&
        nb_hv lb-del two && says nobody vm11 tcp $VIP 81 && says vm12 vm11 tcp $VIP 80
}

# What was learned of a server that is taken away is no longer true, nor when it comes back.
lb_affinity_ends() {
    local first second
    balance tcp $VIP:80 "$(servers 8080 vm12 vm22)" tcp affinity_timeout=60 || return 1
    first=$(ask vm11 tcp $VIP 80)
    case $first in vm12) second=vm22 ;; vm22) second=vm12 ;; *) DETAIL="$first answers"; return 1 ;; esac
    nb_hv set Load_Balancer tcp "vips:\"$VIP:80\"=\"$(servers 8080 $second)\"" &&
        says $second vm11 -n 6 tcp $VIP 80 &&
        nb_hv set Load_Balancer tcp "vips:\"$VIP:80\"=\"$(servers 8080 vm12 vm22)\"" &&
        says $second vm11 -n 6 tcp $VIP 80
}

# Each hypervisor's callers get the servers that are there.
lb_distributed() {
    nb lb-add near $VIP:80 "$(servers 8080 vm21 vm22)" tcp -- ls-lb-add s1 near -- \
        set Load_Balancer near options:distributed=true "ip_port_mappings:\"${IP[vm21]}\"=vm21" \
        "ip_port_mappings:\"${IP[vm22]}\"=vm22" && hv_sync &&
        says vm21 vm11 -n 8 tcp $VIP 80 && says vm22 vm12 -n 8 tcp $VIP 80
}

# A server that nobody has heard of gets the first packet too, once it has answered the router.
lb_first_packet() {
    local result=0
    nb lsp-set-port-security vm21 -- lsp-set-addresses vm21 "${MAC[vm21]} ${IP[vm21]} ${IP6[vm21]}" unknown
    inside vm21 ip addr add 10.0.2.77/24 dev eth0
    balance udp $VIP:80 10.0.2.77:8080 udp && neighbour_is 10.0.2.77 '' && says vm21 vm11 udp $VIP 80 &&
        neighbour_is 10.0.2.77 "${MAC[vm21]}" || result=1
    inside vm21 ip addr del 10.0.2.77/24 dev eth0
    ovn-sbctl -t 20 --all destroy MAC_Binding
    restore_addresses vm21
    return $result
}

# A thousand servers, all of them one workload's addresses.
lb_of_a_thousand() {
    local result=0 list
    list=$(for high in 4 5 6 7; do printf "10.96.$high.%d:8080\n" {1..250}; done | paste -sd ,)
    inside vm21 ip route add local 10.96.4.0/22 dev lo
    nb lsp-set-port-security vm21 -- lr-route-add r 10.96.4.0/22 "${IP[vm21]}" &&
        balance many $VIP:80 "$list" tcp && says vm21 vm11 -n 6 tcp $VIP 80 && says vm21 vm12 -n 6 tcp $VIP 80 || result=1
    nb_hv lr-route-del r 10.96.4.0/22
    inside vm21 ip route del local 10.96.4.0/22 dev lo
    restore_addresses vm21
    return $result
}

# Associations of SCTP, if the guest knows any: balanced, and refused so that who asks knows it at once.
lb_sctp() {
    modprobe -q sctp || { DETAIL="no SCTP in this kernel"; return 1; }
    DETAIL=$(talk serve vm12 -a "${IP[vm12]}" 8082)$(talk serve vm22 -a "${IP[vm22]}" 8082)
    [ "$DETAIL" = readyready ] || return 1
    balance sctp $VIP:80 "$(servers 8082 vm12 vm22)" sctp && says vm12 vm11 sctp "${IP[vm12]}" 8082 &&
        says "vm12 vm22" vm11 -n 12 sctp $VIP 80 || return 1
    nb_hv acl-add s1 to-lport 1001 'outport == "vm12" && sctp.dst == 8082' reject &&
        says refused vm11 sctp "${IP[vm12]}" 8082 && says vm22 vm11 sctp "${IP[vm22]}" 8082
}

checks_rules_lb() {
    check "a balancer spreads both families and protocols" wiped lb_spreads
    check "a balancer of whole addresses" wiped lb_addresses_only
    check "a server reaches itself through its balancer" wiped lb_hairpin
    check "a balancer without servers refuses" wiped lb_rejects
    check "a balancer without servers leaves an event" wiped lb_event
    check "chosen fields choose the server" wiped lb_selection
    check "errors come back through a balancer" wiped lb_errors
    check "large datagrams are balanced" wiped lb_fragments
    check "a client keeps its server" wiped lb_affinity
    check "a lost server loses its clients" wiped lb_affinity_ends
    check "callers get the servers nearby" wiped lb_distributed
    check "the first packet waits for its server" wiped lb_first_packet
    check "a thousand servers" wiped lb_of_a_thousand
    check "a balancer of SCTP" wiped lb_sctp
    check "a group of balancers" wiped lb_group
    check "each hypervisor has its own servers" wiped lb_template
    check "stateless rules beside a balancer" wiped lb_stateless_rules
    check "balancers share an address" wiped lb_shared_address
    check "connections of a lost server are cut if wanted" wiped lb_flush
    check "a balanced connection and its twin" wiped lb_same_connection
    check "rules before and after a balancer" wiped lb_rules
}
