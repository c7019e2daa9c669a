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

# Connections that are alike in the chosen fields go to one server.
lb_selection() {
    balance tcp $VIP:80 "$(servers 8080 vm12 vm22 vm21)" tcp &&
        nb_hv set Load_Balancer tcp selection_fields=ip_src,ip_dst || return 1
    DETAIL=$(ask vm11 -n 12 tcp $VIP 80)
    [[ $DETAIL =~ ^vm[0-9]+$ ]] || return 1
    nb_hv set Load_Balancer tcp selection_fields=tp_src && says "vm12 vm21 vm22" vm11 -n 30 tcp $VIP 80
}

# Errors about a balanced packet find their way back, and tell of the virtual address.
lb_errors() {
    balance udp $VIP:80 "$(servers 9 vm22)" udp && balance udp6 "[$VIP6]:80" "$(servers6 9 vm12)" udp &&
        says refused vm11 udp $VIP 80 && says refused vm11 udp $VIP6 80
}

checks_rules_lb() {
    check "a balancer spreads both families and protocols" wiped lb_spreads
    check "a balancer of whole addresses" wiped lb_addresses_only
    check "a server reaches itself through its balancer" wiped lb_hairpin
    check "a balancer without servers refuses" wiped lb_rejects
    check "a balancer without servers leaves an event" wiped lb_event
    check "chosen fields choose the server" wiped lb_selection
    check "errors come back through a balancer" wiped lb_errors
}
