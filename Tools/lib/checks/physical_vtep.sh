# shellcheck shell=bash
# The stock ovn-controller-vtep beside our databases, northd and agents, on a network of network.sh: a
# switch `sw` with a database of its own, on the underlay beside hv2. physical_tunnels.sh has packets of
# VTEPs in more detail. Uses base.sh and physical_tunnels.sh.

VTEP_ADDRESS=192.0.2.9
VTEP_SOUTHBOUND=(ovn-sbctl -t 5 --bare)

vtep_ctl() { vtep-ctl -t 30 "--db=unix:$NETWORK/vtep.sock" "$@"; }

# The database of the switch, with one port of it in its logical switch ls; and its controller.
vtep_controller_begin() {
    need vtep-ctl bridge
    tunnel_setting 1 ovn-encap-type=geneve,vxlan
    eventually 20 encaps_are 3 || return 1
    database vtep "$DB" "$(schema stock vtep)"
    vtep_ctl add-ps sw -- set Physical_Switch sw "tunnel_ips=$VTEP_ADDRESS" -- add-port sw p0 -- \
        add-ls ls -- bind-ls sw p0 0 ls || return 1
    new_namespace sw
    vtep_controller_start
}

vtep_controller_start() {
    local options
    mapfile -t options < <(log_options vtep-controller)
    daemon vtep-controller ip netns exec sw env "OVN_RUNDIR=$NETWORK" \
        "$(program stock ovn-controller-vtep)" "${options[@]}" "--vtep-db=unix:$NETWORK/vtep.sock" \
        "--ovnsb-db=$OVN_SB_DB"
    daemon_ready vtep-controller "$(vtep_controller_socket)"
}

vtep_controller_socket() { echo "$NETWORK/ovn-controller-vtep.$(daemon_pid vtep-controller).ctl"; }

## What it writes into the Southbound database

# vtep_chassis_is ADDRESS [LOGICAL_SWITCH]: of sw, with one tunnel there, and no mark of another kind.
vtep_chassis_is() {
    local encap
    encap=$("${VTEP_SOUTHBOUND[@]}" --columns=encaps find Chassis name=sw other_config:is-vtep=true \
        "vtep_logical_switches=${2:-[]}")
    [ -n "$encap" ] && [ "$("${VTEP_SOUTHBOUND[@]}" --columns=type,ip,chassis_name list Encap "$encap" |
        paste -sd ' ')" = "vxlan $1 sw" ]
}

vtep_port_is_bound() {
    local chassis
    chassis=$("${VTEP_SOUTHBOUND[@]}" --columns=_uuid find Chassis name=sw)
    [ -n "$chassis" ] &&
        [ "$("${VTEP_SOUTHBOUND[@]}" --columns=chassis find Port_Binding logical_port=v)" = "$chassis" ]
}

# Its switch is a chassis, as the database of the switch says; nobody takes it away for long.
vtep_controller_registers() {
    vtep_controller_begin || return 1
    eventually 20 vtep_chassis_is $VTEP_ADDRESS ls || { DETAIL="no chassis"; return 1; }
    vtep_ctl set Physical_Switch sw tunnel_ips=192.0.2.10
    eventually 10 vtep_chassis_is 192.0.2.10 ls || { DETAIL="another address is missed"; return 1; }
    vtep_ctl set Physical_Switch sw "tunnel_ips=$VTEP_ADDRESS" -- unbind-ls sw p0 0
    eventually 10 vtep_chassis_is $VTEP_ADDRESS || { DETAIL="a logical switch stays"; return 1; }
    vtep_ctl bind-ls sw p0 0 ls
    eventually 10 vtep_chassis_is $VTEP_ADDRESS ls || { DETAIL="a logical switch is missed"; return 1; }
    ovn-sbctl -t 5 destroy Chassis sw
    eventually 10 vtep_chassis_is $VTEP_ADDRESS ls || { DETAIL="it does not come back"; return 1; }
    hv_sync
}

# The port that names both switches is bound as long as they are joined; what names other ones is not.
vtep_controller_binds() {
    nb_hv lsp-add s1 v -- lsp-set-type v vtep -- lsp-set-addresses v unknown -- \
        lsp-set-options v vtep-physical-switch=sw vtep-logical-switch=other || return 1
    sleep 1
    is_released v || { DETAIL="bound without its logical switch"; return 1; }
    nb_hv lsp-set-options v vtep-physical-switch=sw vtep-logical-switch=ls
    eventually 10 vtep_port_is_bound || { DETAIL="not bound"; return 1; }
    nb wait-until Logical_Switch_Port v up=true || { DETAIL="not up"; return 1; }
    vtep_ctl unbind-ls sw p0 0
    eventually 10 is_released v || { DETAIL="not released"; return 1; }
    nb wait-until Logical_Switch_Port v up=false || { DETAIL="still up"; return 1; }
    vtep_ctl bind-ls sw p0 0 ls
    eventually 10 vtep_port_is_bound || { DETAIL="not bound again"; return 1; }
    ovn-sbctl -t 5 destroy Chassis sw
    eventually 10 vtep_port_is_bound || { DETAIL="not bound to the new row"; return 1; }
    nb wait-until Logical_Switch_Port v up=true || { DETAIL="not up again"; return 1; }
}

## What it writes into the database of the switch

# vtep_rows: `MAC LOCATOR` of what is elsewhere, sorted.
vtep_rows() {
    vtep_ctl list-remote-macs ls | sed -n 's|^ *\(.*\) -> vxlan_over_ipv4/|\1 |p' | sort
}

# vtep_rows_are `MAC LOCATOR`...
vtep_rows_are() { [ "$(vtep_rows)" = "$(printf '%s\n' "$@" | sort)" ]; }

vtep_key_is_of_s1() {
    [ "$(vtep_ctl --bare --columns=tunnel_key find Logical_Switch name=ls)" = "$(
        "${VTEP_SOUTHBOUND[@]}" --columns=tunnel_key find Datapath_Binding external_ids:name=s1)" ]
}

# The addresses of s1's ports where VXLAN leads to, and who gets what is for everybody.
vtep_controller_says_where_stations_are() {
    local result=0 first second another=02:00:00:00:01:78
    first="$(workload_mac vm11) 192.0.2.1" second="$(workload_mac vm12) 192.0.2.2"
    eventually 10 vtep_key_is_of_s1 || { DETAIL="another key"; return 1; }
    eventually 10 vtep_rows_are "$first" "unknown-dst 192.0.2.1" || result=1
    tunnel_setting 2 ovn-encap-type=geneve,vxlan
    eventually 10 vtep_rows_are "$first" "$second" "unknown-dst 192.0.2.1" "unknown-dst 192.0.2.2" ||
        { DETAIL="without hv2"; result=1; }
    tunnel_setting 2 ovn-encap-type=geneve
    eventually 10 vtep_rows_are "$first" "unknown-dst 192.0.2.1" || { DETAIL="hv2 stays"; result=1; }
    nb_hv lsp-set-addresses vm11 "$(workload_mac vm11) $(workload_ip vm11)" "$another"
    eventually 10 vtep_rows_are "$first" "$another 192.0.2.1" "unknown-dst 192.0.2.1" ||
        { DETAIL="an address is missed"; result=1; }
    restore_addresses vm11
    nb_hv lrp-set-gateway-chassis r-s1 hv1
    eventually 10 vtep_rows_are "$first" "00:00:00:00:ff:01 192.0.2.1" "unknown-dst 192.0.2.1" ||
        { DETAIL="a gateway is missed"; result=1; }
    return $result
}

## Packets

# A station whose switch knows nothing but the controller's rows.
vtep_rows_begin() {
    local mac locator
    eventually 10 device_is_gone 2 vxlan_sys_4789 || return 1
    ip -n hv2 addr add "$VTEP_ADDRESS/24" dev u2
    new_namespace station
    ip -n hv2 link add eth0 netns station type vxlan local "$VTEP_ADDRESS" dstport 4789 nolearning \
        id "$(vtep_ctl --bare --columns=tunnel_key find Logical_Switch name=ls)"
    ip -n station link set eth0 address "$VTEP_STATION" mtu 1400 up
    ip -n station addr add 10.0.1.77/24 dev eth0
    ip -n station route add default via 10.0.1.1
    while read -r mac locator; do
        bridge -n station fdb append "${mac/unknown-dst/00:00:00:00:00:00}" dev eth0 dst "$locator"
    done < <(vtep_rows)
}

# It reaches a workload and the router's gateway, and is reached.
vtep_rows_lead_to_workloads() {
    local detail
    vtep_rows_begin || return 1
    eventually 20 reachable station "$(workload_ip vm11)" || { DETAIL="no workload"; return 1; }
    ip -n vm11 neigh flush all
    ping_works vm11 10.0.1.77 || return 1
    detail=$DETAIL
    eventually 20 reachable station 10.0.1.1 || { DETAIL="no gateway"; return 1; }
    ping_works station "$(workload_ip vm21)" && DETAIL=$detail
}

vtep_rows_end() {
    ip netns del station
    ip -n hv2 addr del "$VTEP_ADDRESS/24" dev u2
    nb_hv lrp-del-gateway-chassis r-s1 hv1
    ovn-sbctl -t 5 -- --all destroy FDB -- --all destroy MAC_Binding
}

## Its version

northd_claims() { ovn-sbctl -t 5 set SB_Global . "options:northd_internal_version=$1"; }

# If it is told to, it does nothing while northd is not of its release.
vtep_controller_waits_for_its_release() {
    local result=0 own northds
    own=$(grep -oP 'OVN internal version is : \[\K[^]]+' "$NETWORK/vtep-controller.log" | head -n 1)
    northds=$(ovn-sbctl -t 5 get SB_Global . options:northd_internal_version | tr -d '"')
    kill -STOP "$(daemon_pid northd)"
    northd_claims other
    vtep_ctl set Physical_Switch sw tunnel_ips=192.0.2.10
    eventually 10 vtep_chassis_is 192.0.2.10 ls || { DETAIL="it waits unasked"; result=1; }
    vtep_ctl set Global . other_config:ovn-match-northd-version=true
    eventually 10 grep -q "$own mismatch with northd version - other" "$NETWORK/vtep-controller.log" ||
        { DETAIL="it does not say so"; result=1; }
    vtep_ctl set Physical_Switch sw "tunnel_ips=$VTEP_ADDRESS"
    sleep 2
    vtep_chassis_is 192.0.2.10 ls || { DETAIL="it does not wait"; result=1; }
    northd_claims "$own"
    eventually 10 vtep_chassis_is $VTEP_ADDRESS ls || { DETAIL="it stays idle"; result=1; }
    northd_claims "$northds"
    vtep_ctl remove Global . other_config ovn-match-northd-version
    kill -CONT "$(daemon_pid northd)"
    DETAIL=${DETAIL:-$own}
    hv_sync && return $result
}

## Its end

vtep_rows_are_gone() {
    [ -z "$(vtep_rows)" ] && [ -z "$("${VTEP_SOUTHBOUND[@]}" --columns=_uuid find Chassis name=sw)" ] &&
        is_released v
}

# It takes along what it wrote, in both databases; the rest works as before.
vtep_controller_leaves() {
    local result=0
    vtep_rows_end
    ovs-appctl -T 10 -t "$(vtep_controller_socket)" exit
    eventually 20 has_ended vtep-controller || { DETAIL="it does not end"; result=1; }
    vtep_rows_are_gone || { DETAIL="rows stay"; result=1; }
    stop_process "$(daemon_pid vtep-controller)"
    stop_process "$(daemon_pid vtep)"
    ip netns del sw
    nb_hv lsp-del v
    tunnels_as_usual && eventually 20 reachable vm11 "$(workload_ip vm12)" &&
        ping_works vm11 "$(workload_ip vm22)" && return $result
}

checks_of_vtep_controller() {
    check "a VTEP's controller registers its switch" vtep_controller_registers
    check "a VTEP's controller binds its port" vtep_controller_binds
    check "a VTEP's controller says where stations are" vtep_controller_says_where_stations_are
    check "a VTEP's rows lead to workloads" vtep_rows_lead_to_workloads
    check "a VTEP's controller waits for its release" vtep_controller_waits_for_its_release
    check "a VTEP's controller takes its rows along" vtep_controller_leaves
}
