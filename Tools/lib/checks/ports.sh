# shellcheck shell=bash
# Switches and their ports on a network of network.sh: who answers for whom, who gets a flood, which
# addresses are given, which interface is a port's. Uses rules.sh, services.sh and
# services_learning.sh; vm13 is a second workload of s1 on hv2 (add_second_receiver).

# plug vmSN HYPERVISOR: a workload without addresses, on the port of its name.
plug() {
    new_namespace "$1"
    ip link add "$1" netns "hv$2" type veth peer name eth0 netns "$1"
    ip -n "hv$2" link set "$1" up
    ip -n "$1" link set eth0 up
    attach "$1" "$2"
}

# unplug vmSN HYPERVISOR
unplug() {
    detach "$1" "$2"
    ip -n "hv$2" link del "$1"
}

up() { nb wait-until Logical_Switch_Port "$1" up=true; }

# options_of_port PORT OPTION=VALUE..., no_option PORT OPTION...: beside those that it has.
options_of_port() {
    local name=$1
    shift
    nb_hv set Logical_Switch_Port "$name" "${@/#/options:}"
}

no_option() { nb_hv remove Logical_Switch_Port "$1" options "${@:2}"; }

# with_options PORT OPTION=VALUE -- FUNCTION...: the port has the option meanwhile.
with_option() {
    local port=$1 option=$2 result=0
    shift 3
    options_of_port "$port" "$option" && "$@" || result=1
    no_option "$port" "${option%%=*}" || result=1
    return $result
}

# asked FROM ADDRESS: the MAC address that answers an ARP request; empty: nobody.
asked() {
    inside "$1" arping -c 1 -w 2 -I eth0 "$2" 2>/dev/null | grep -oiP '\[\K[0-9a-f:]{17}' |
        head -n 1 | tr 'A-F' 'a-f' || true
}

# answers MAC FROM ADDRESS
answers() {
    local found
    found=$(asked "$2" "$3")
    [ "$found" = "$1" ] && return
    DETAIL="for $3 '$found' answers $2 instead of '$1'"
    return 1
}

# hears NUMBER NAMESPACE PATTERN COMMAND...: what gets there meanwhile.
hears() {
    local number=$1 namespace=$2 pattern=$3 found
    shift 3
    capture heard "$namespace" eth0 -Q in
    "$@" || true
    [ "$number" = 0 ] || eventually 3 counts heard "$pattern" "$number" || true
    sleep 0.2
    end_capture heard
    found=$(count heard "$pattern")
    [ "$found" = "$number" ] && return
    DETAIL="$namespace hears $found of $number '$pattern'"
    return 1
}

forget() { inside "$1" ip neigh flush all; }

## Answers for others

# A port that nobody has claimed is answered for, unless that is not wanted.
port_that_is_down() {
    local result=0
    nb_hv lsp-add s1 ghost -- lsp-set-addresses ghost '02:00:00:00:01:40 10.0.1.40' &&
        answers 02:00:00:00:01:40 vm11 10.0.1.40 &&
        nb_hv set NB_Global . options:ignore_lsp_down=false &&
        answers '' vm11 10.0.1.40 && answers "${MAC[vm12]}" vm11 "${IP[vm12]}" || result=1
    nb_hv lsp-del ghost -- remove NB_Global . options ignore_lsp_down
    return $result
}

port_answers_itself() {
    hears 0 vm12 "who-has ${IP[vm12]}" asked vm11 "${IP[vm12]}" >/dev/null &&
        with_option vm12 disable_arp_nd_rsp=true -- \
            hears 1 vm12 "who-has ${IP[vm12]}" answers "${MAC[vm12]}" vm11 "${IP[vm12]}"
}

# A router's port answers for networks that are behind it.
port_is_proxy() {
    answers '' vm11 169.254.238.7 &&
        with_option s1-r 'arp_proxy="169.254.238.0/24"' -- proxy_answers &&
        with_option s1-r 'arp_proxy="0a:00:00:00:00:77 169.254.239.1"' -- \
            answers 0a:00:00:00:00:77 vm12 169.254.239.1
}

proxy_answers() {
    answers 00:00:00:00:ff:01 vm11 169.254.238.7 && answers '' vm11 169.254.237.7 &&
        answers "${MAC[vm12]}" vm11 "${IP[vm12]}"
}

# Questions for the router are for it alone, to everybody and to it by its address.
questions_for_routers() {
    hears 0 vm12 'who-has 10.0.1.1 ' answers 00:00:00:00:ff:01 vm11 10.0.1.1 &&
        hears 0 vm12 'who-has 10.0.1.1 ' probes vm11 10.0.1.1 00:00:00:00:ff:01 &&
        hears 0 vm12 'who has fd00:1::1' asked6 vm11 fd00:1::1 &&
        hears 1 vm12 'who-has 10.0.1.99 ' asked vm11 10.0.1.99
}

# probes FROM ADDRESS MAC: by a request to that address only, and is answered.
probes() {
    ip -n "$1" neigh replace "$2" lladdr "$3" dev eth0 nud probe
    eventually 5 eval "ip -n $1 neigh show $2 | grep -q REACHABLE" || DETAIL="not answered"
}

asked6() {
    forget "$1"
    reaches "$1" "$2"
}

# Routers learn from what is asked on their networks, unless it is kept from them.
questions_spare_routers() {
    local result=0
    anything_goes vm12
    teaches 10.0.1.66 && nb_hv set Logical_Switch s1 other_config:broadcast-arps-to-all-routers=false &&
        ! teaches 10.0.1.67 || result=1
    nb_hv remove Logical_Switch s1 other_config broadcast-arps-to-all-routers
    as_usual vm12
    ovn-sbctl -t 5 --all destroy MAC_Binding
    return $result
}

# teaches ADDRESS: whether a question of that address becomes a neighbour.
teaches() {
    ip -n vm12 addr add "$1/32" dev eth0
    inside vm12 arping -q -c 1 -w 1 -I eth0 -s "$1" 10.0.1.99 >/dev/null 2>&1
    ip -n vm12 addr del "$1/32" dev eth0
    eventually 3 neighbour_is "$1" "${MAC[vm12]}" && return
    DETAIL="$1 is not learned"
    return 1
}

## Stations

stations_may_be_strange() {
    local result=0
    anything_goes vm12
    with_option vm12 lsp_learn_fdb=false -- never_learned || result=1
    speak vm12 "$STATION"
    eventually 10 station_is "$STATION" vm12 || { DETAIL="not learned later"; result=1; }
    as_usual vm12
    return $result
}

never_learned() {
    speak vm12 "$STATION"
    sleep 1
    station_is "$STATION" "" && return
    DETAIL="learned"
    return 1
}

# A configured address of an open port is learned where it speaks.
stations_are_looked_up() {
    local result=0 own=${MAC[vm12]}
    anything_goes vm12 vm13
    with_option vm12 force_fdb_lookup=true -- looked_up "$own" || result=1
    as_usual vm12 vm13
    return $result
}

looked_up() {
    speak vm12 "$1"
    eventually 10 station_is "$1" vm12 || { DETAIL="not learned"; return 1; }
    hv_sync
    reaches vm11 "${IP[vm12]}"
}

# Stations that are heard stay, those that are not go.
stations_age() {
    local result=0 PEER
    anything_goes vm12
    speak vm12 "$OTHER_STATION"
    eventually 10 station_is "$OTHER_STATION" vm12 || result=1
    peer frame.py eth0 "$STATION" ff:ff:ff:ff:ff:ff 10.0.1.77 255.255.255.255 7104 400
    background speaker vm12 "${PEER[@]}"
    eventually 30 station_is "$STATION" vm12 || { DETAIL="not learned"; result=1; }
    nb_hv set Logical_Switch s1 other_config:fdb_age_threshold=8
    eventually 30 station_is "$OTHER_STATION" "" || { DETAIL="it never goes"; result=1; }
    sleep 5
    station_is "$STATION" vm12 || { DETAIL="a used one goes"; result=1; }
    end_background speaker
    eventually 40 station_is "$STATION" "" || { DETAIL="it stays"; result=1; }
    nb_hv remove Logical_Switch s1 other_config fdb_age_threshold
    as_usual vm12
    return $result
}

## Copies for several

copies_for_open_ports() {
    local result=0
    anything_goes vm13
    hears 0 vm13 'echo request' reaches vm11 "${IP[vm12]}" &&
        with_option vm12 pkt_clone_type=mc_unknown -- \
            hears 1 vm13 'echo request' reaches vm11 "${IP[vm12]}" || result=1
    as_usual vm13
    return $result
}

floods_spare_a_port() {
    hears 3 vm13 '\.7004:' broadcast vm11 7004 &&
        with_option vm13 receive_multicast=false -- floods_are_spared &&
        hears 3 vm13 '\.7006:' broadcast vm11 7006
}

floods_are_spared() {
    hears 0 vm13 '\.7005:' broadcast vm11 7005 && hears 3 vm12 '\.7005:' broadcast vm11 7005 &&
        reaches vm11 "$(workload_ip vm13)"
}

broadcast() {
    send "$1" "${MAC[$1]}" ff:ff:ff:ff:ff:ff "${IP[$1]}" 255.255.255.255 "$2"
}

# Packets with a VLAN tag end at a switch, or pass it as they are.
vlans_pass() {
    local result=0 name
    anything_goes vm11 vm12
    for name in vm11 vm12; do
        ip -n $name link add link eth0 name eth0.5 type vlan id 5
        ip -n $name link set eth0.5 up
        ip -n $name addr add "10.55.0.${name:3:1}/24" dev eth0.5
    done
    blocked vm11 10.55.0.2 && nb_hv set Logical_Switch s1 other_config:vlan-passthru=true &&
        reaches vm11 10.55.0.2 && reaches vm11 "${IP[vm12]}" || result=1
    nb_hv remove Logical_Switch s1 other_config vlan-passthru
    for name in vm11 vm12; do ip -n $name link del eth0.5; done
    as_usual vm11 vm12
    return $result
}

# A group of ports takes turns for one address.
ports_take_turns() {
    local result=0 first second
    nb_hv fwd-group-add turns s1 10.0.1.200 0a:00:00:00:02:00 vm11 vm12 -- \
        lsp-set-port-security vm11 -- lsp-set-port-security vm12 || return 1
    answers 0a:00:00:00:02:00 vm13 10.0.1.200 || result=1
    # The router asks for the address first.
    says nobody vm21 -w 1 udp 10.0.1.200 8081 || result=1
    eventually 10 neighbour_is 10.0.1.200 0a:00:00:00:02:00 || { DETAIL="no neighbour"; result=1; }
    hv_sync
    capture first vm11 eth0 -Q in udp
    capture second vm12 eth0 -Q in udp
    says nobody vm21 -n 24 -w 0.05 udp 10.0.1.200 8080 || result=1
    eventually 3 all_taken || true
    end_capture first
    end_capture second
    first=$(count first '10.0.1.200.8080') second=$(count second '10.0.1.200.8080')
    DETAIL="$first and $second of 24"
    [ "$((first + second))" = 24 ] && [ "$first" -gt 0 ] && [ "$second" -gt 0 ] || result=1
    nb_hv fwd-group-del turns
    as_usual vm11 vm12
    return $result
}

all_taken() { [ $(($(count first '10.0.1.200.8080') + $(count second '10.0.1.200.8080'))) = 24 ]; }

## Two switches are one

# vm41 and vm42 are behind two switches that are joined without a router.
switches_are_joined() {
    local result=0
    knows Logical_Switch_Port peer || return 0
    nb ls-add s4 -- ls-add s5 -- lsp-add s4 s4-s5 -- lsp-set-addresses s4-s5 unknown -- \
        lsp-add s5 s5-s4 -- lsp-set-addresses s5-s4 unknown -- \
        lsp-add s4 vm41 -- lsp-set-addresses vm41 '02:00:00:00:04:11 10.0.4.11' -- \
        lsp-add s5 vm42 -- lsp-set-addresses vm42 '02:00:00:00:04:12 10.0.4.12' &&
        nb_columns Logical_Switch_Port name s4-s5 '{"type": "switch", "peer": "s5-s4"}' &&
        nb_columns Logical_Switch_Port name s5-s4 '{"type": "switch", "peer": "s4-s5"}' || return 1
    plug vm41 1
    plug vm42 2
    address vm41 02:00:00:00:04:11 10.0.4.11/24
    address vm42 02:00:00:00:04:12 10.0.4.12/24
    up vm41 && up vm42 && hv_sync && reaches vm41 10.0.4.12 && serve vm42 && says vm42 vm41 tcp 10.0.4.12 8080 || result=1
    unplug vm41 1
    unplug vm42 2
    nb_hv ls-del s4 -- ls-del s5
    return $result
}

# address vmSN MAC NETWORK...
address() {
    local network
    ip -n "$1" link set eth0 address "$2"
    for network in "${@:3}"; do ip -n "$1" addr add "$network" dev eth0; done
}

## Addresses that are given

# given PORT: its dynamic address, as words.
given() { nb --bare --columns=dynamic_addresses list Logical_Switch_Port "$1"; }

gives() {
    local found
    found=$(given "$1")
    # shellcheck disable=SC2053
    [[ $found == $2 ]] && return
    DETAIL="$1 has '$found' instead of '$2'"
    return 1
}

# The lowest addresses that are free, one of version 6 for each MAC address; they work.
addresses_are_given() {
    local result=0 mac
    nb set NB_Global . options:mac_prefix=0a:77:00 -- ls-add s4 -- set Logical_Switch s4 other_config:subnet=10.0.4.0/24 \
        'other_config:exclude_ips="10.0.4.2..10.0.4.9 10.0.4.11"' 'other_config:ipv6_prefix="fd00:4::"' &&
        router_port r s4 04 10.0.4.1/24 fd00:4::1/64 &&
        nb --wait=sb lsp-add s4 vm43 -- lsp-set-addresses vm43 dynamic &&
        nb_hv lsp-add s4 vm44 -- lsp-set-addresses vm44 '02:00:00:00:04:42 dynamic' || return 1
    gives vm43 '0a:77:00:* 10.0.4.10 fd00:4::*' && gives vm44 '02:00:00:00:04:42 10.0.4.12 fd00:4::ff:fe00:442' || result=1
    plug vm43 1
    plug vm44 2
    mac=$(given vm43)
    mac=${mac%% *}
    address vm43 "$mac" 10.0.4.10/24 "$(given vm43 | awk '{ print $3 }')/64"
    address vm44 02:00:00:00:04:42 10.0.4.12/24 fd00:4::ff:fe00:442/64
    ip -n vm43 route add default via 10.0.4.1
    up vm43 && up vm44 && reaches vm43 10.0.4.12 && reaches vm43 fd00:4::ff:fe00:442 &&
        reaches vm43 "${IP[vm22]}" || result=1
    nb_hv lsp-set-addresses vm44 'dynamic 10.0.4.99' && gives vm44 '0a:77:00:* 10.0.4.99*' || result=1
    nb_hv clear Logical_Switch s4 other_config && gives vm43 '' && blocked vm12 10.0.4.10 &&
        nb_hv set Logical_Switch s4 other_config:mac_only=true && gives vm43 '0a:77:00:*' &&
        nb_hv set Logical_Switch s4 other_config:subnet=10.0.4.0/24 'other_config:exclude_ips="10.0.4.2..10.0.4.9"' -- \
            remove Logical_Switch s4 other_config mac_only && gives vm43 '0a:77:00:* 10.0.4.10' || result=1
    unplug vm43 1
    unplug vm44 2
    nb_hv ls-del s4 -- lrp-del r-s4 -- remove NB_Global . options mac_prefix
    return $result
}

## Keys

# Tunnels have the numbers that are asked for.
keys_are_chosen() {
    local result=0
    nb_hv set Logical_Switch s1 other_config:requested-tnl-key=777 -- \
        set Logical_Switch_Port vm12 options:requested-tnl-key=55 || return 1
    capture keys hv1 u1 udp port 6081
    eventually 10 reaches vm11 "${IP[vm12]}" || result=1
    end_capture keys
    # The option of OVN's class: input port, output port.
    tcpdump -nvvr "$NETWORK/keys.pcap" 2>/dev/null >"$NETWORK/keys.out"
    grep -q 'vni 0x309' "$NETWORK/keys.out" || { DETAIL="another network's key"; result=1; }
    grep -qiE 'data [0-9a-f]{4}0037' "$NETWORK/keys.out" || { DETAIL="another port's key"; result=1; }
    nb_hv remove Logical_Switch s1 other_config requested-tnl-key -- \
        remove Logical_Switch_Port vm12 options requested-tnl-key
    eventually 10 reaches vm11 "${IP[vm12]}" || result=1
    return $result
}

## Which interface is a port's

# is_bound PORT HYPERVISOR, is_free PORT: for `eventually`.
is_free() { [ -z "$(port_column "$1" chassis)" ]; }

port_has_a_version() {
    local result=0
    nb_hv lsp-add s1 vm14 -- set Logical_Switch_Port vm14 options:iface-id-ver=2 || return 1
    plug vm14 1
    vsctl 1 set Interface vm14 external_ids:iface-id-ver=1
    hv_sync
    sleep 1
    is_free vm14 || { DETAIL="an old one is taken"; result=1; }
    vsctl 1 set Interface vm14 external_ids:iface-id-ver=2
    eventually 10 bound_to vm14 1 || { DETAIL="the new one is not taken"; result=1; }
    unplug vm14 1
    nb_hv lsp-del vm14
    return $result
}

port_asks_for_a_host() {
    local result=0
    options_of_port vm21 requested-chassis=hv2 && eventually 10 is_free vm21 && blocked vm11 "${IP[vm21]}" || result=1
    options_of_port vm21 requested-chassis=hv1 && eventually 10 bound_to vm21 1 &&
        eventually 10 reaches vm11 "${IP[vm21]}" || result=1
    no_option vm21 requested-chassis && reaches vm11 "${IP[vm21]}" || result=1
    return $result
}

# another_interface HYPERVISOR NAME: that claims to be vm21's.
another_interface() {
    ip -n "hv$1" link add "$2" type dummy
    ip -n "hv$1" link set "$2" up
    vsctl "$1" add-port br-int "$2" -- set Interface "$2" external_ids:iface-id=vm21
}

no_other_interface() {
    vsctl "$1" del-port br-int "$2"
    ip -n "hv$1" link del "$2"
}

# Of two interfaces on a host one is the port's, the first by name.
port_has_two_interfaces() {
    local result=0
    another_interface 1 zwin
    hv_sync && reaches vm11 "${IP[vm21]}" && reaches vm21 "${IP[vm22]}" || result=1
    no_other_interface 1 zwin
    reaches vm11 "${IP[vm21]}" || result=1
    return $result
}

# Two hosts don't take a port from each other without a pause.
hosts_do_not_fight() {
    local result=0 monitor changes begin limit
    begin=$(milliseconds)
    ovsdb-client monitor "$OVN_SB_DB" OVN_Southbound Port_Binding chassis,logical_port >"$NETWORK/fight.out" 2>&1 &
    monitor=$!
    at_exit stop_process $monitor
    another_interface 2 twin
    sleep 4
    no_other_interface 2 twin
    stop_process $monitor
    wait $monitor 2>/dev/null || true
    changes=$(grep -c vm21 "$NETWORK/fight.out")
    # The row as it was, and in each pause of two seconds one change of each host.
    limit=$((3 + 2 * (1 + ($(milliseconds) - begin) / 2000)))
    DETAIL="$changes changes, not more than $limit"
    [ "$changes" -le "$limit" ] || result=1
    eventually 10 bound_to vm21 1 && eventually 10 reaches vm11 "${IP[vm21]}" || result=1
    return $result
}

# A port that is to move is on both hosts meanwhile: both get what is sent to it.
port_is_on_two_hosts() {
    local result=0
    options_of_port vm21 requested-chassis=hv1,hv2 && another_interface 2 twin || return 1
    eventually 10 additional_is hv2 || { DETAIL="not on the other host"; result=1; }
    hv_sync
    capture copies hv2 twin icmp
    reaches vm11 "${IP[vm21]}" && reaches vm22 "${IP[vm21]}" || result=1
    eventually 3 counts copies 'echo request' 2 || { DETAIL="$(count copies 'echo request') of 2 copies"; result=1; }
    end_capture copies
    no_other_interface 2 twin
    no_option vm21 requested-chassis
    eventually 10 additional_is '' && reaches vm11 "${IP[vm21]}" || result=1
    return $result
}

additional_is() {
    local row
    row=$(port_column vm21 additional_chassis)
    [ -z "$row" ] || row=$(ovn-sbctl -t 5 --bare --columns=name list Chassis "$row")
    [ "$row" = "$1" ]
}

# A port that becomes something else is nobody's, and somebody's again.
port_changes_its_type() {
    local result=0
    nb_hv lsp-set-type vm21 localport && eventually 10 is_free vm21 || result=1
    nb_hv lsp-set-type vm21 '' && eventually 10 bound_to vm21 1 && eventually 10 reaches vm11 "${IP[vm21]}" || result=1
    return $result
}

# What was unplugged while the agent was dead is free when it comes back.
port_goes_unseen() {
    local result=0
    kill_agent 1
    vsctl 1 --no-wait del-port br-int vm21
    restart_agent 1
    eventually 20 is_free vm21 || { DETAIL="still bound"; result=1; }
    attach vm21 1
    eventually 10 bound_to vm21 1 && eventually 10 reaches vm11 "${IP[vm21]}" || result=1
    return $result
}

## What the configuration waits for

# numbers_agree: everybody has the configuration of the last change.
numbers_agree() {
    local wanted
    hv_sync
    wanted=$(nb --bare --columns=nb_cfg list NB_Global)
    same "$wanted $wanted $wanted" "$(nb --bare --columns=sb_cfg list NB_Global) $(nb --bare --columns=hv_cfg list NB_Global) \
$(vsctl 1 get Bridge br-int external_ids:ovn-nb-cfg | tr -d '"')"
}

# With the numbers of hosts switched off nobody writes them.
numbers_are_kept_back() {
    local before result=0
    nb --wait=sb set NB_Global . options:enable_chassis_nb_cfg_update=false
    sleep 1
    before=$(chassis_numbers)
    nb --wait=sb sync
    nb --wait=sb sync
    sleep 1
    same "$before" "$(chassis_numbers)" || result=1
    nb remove NB_Global . options enable_chassis_nb_cfg_update
    hv_sync || result=1
    [ "$(chassis_numbers)" != "$before" ] || result=1
    return $result
}

# A paused agent forwards as before the change, and catches up.
agent_pauses() {
    local result=0
    agent_command 1 debug/pause >/dev/null || return 1
    nb --wait=sb lsp-set-enabled vm21 disabled
    sleep 1
    reaches vm11 "${IP[vm21]}" || result=1
    agent_command 1 debug/resume >/dev/null
    eventually 10 blocked vm11 "${IP[vm21]}" || result=1
    nb_hv lsp-set-enabled vm21 enabled && reaches vm11 "${IP[vm21]}" || result=1
    return $result
}

chassis_numbers() { ovn-sbctl -t 5 --bare --columns=nb_cfg list Chassis_Private | paste -sd ' '; }

# An agent that is told to end takes its chassis with it.
agent_leaves() {
    local result=0
    agent_command 1 exit || result=1
    eventually 10 hypervisor_is_gone || { DETAIL="its chassis stays"; result=1; }
    restart_agent 1
    eventually 20 reaches vm11 "${IP[vm22]}" || { DETAIL="not reachable again"; result=1; }
    hv_sync || result=1
    return $result
}

hypervisor_is_gone() { [ -z "$(ovn-sbctl -t 5 --bare --columns=_uuid find Chassis name=hv1)" ]; }

checks_ports() {
    check "workloads answer questions" rules_begin
    check "a second receiver joins" add_second_receiver
    check "a port that is down is answered for if wanted" port_that_is_down
    check "questions for routers are for them alone" questions_for_routers
    check "tagged packets pass if wanted" vlans_pass
    check "a port wants a version of its interface" port_has_a_version
    check "a port answers for itself" port_answers_itself
    check "a router's port is a proxy" port_is_proxy
    check "open ports may get copies" copies_for_open_ports
    check "a port asks for a host" port_asks_for_a_host
    check "a port may be spared floods" floods_spare_a_port
    check "configured stations may be looked up" stations_are_looked_up
    check "keys are chosen" keys_are_chosen
    check "hosts may keep it to themselves" numbers_are_kept_back
    check "a port changes its type" port_changes_its_type
    check "a port has one of two interfaces" port_has_two_interfaces
    check "a port that moves is on two hosts" port_is_on_two_hosts
    checks_of_moving
    check "hosts don't fight for a port" hosts_do_not_fight
    check "an interface that went unseen is not bound" port_goes_unseen
    check "questions may spare routers" questions_spare_routers
    check "stations of a port may stay strangers" stations_may_be_strange
    check "ports of a group take turns" ports_take_turns
    check "two switches are joined" switches_are_joined
    check "addresses are given" addresses_are_given
    [ -z "${OVN_LONG:-}" ] || checks_of_ages
    check "everybody says what it has" numbers_agree
    check "a paused agent waits" agent_pauses
    checks_of_ebpf
    check "an agent that ends takes its chassis away" agent_leaves
    checks_of_flows
}

# They wait for what is defined by time.
checks_of_ages() { check "stations age unless heard" stations_age; }
