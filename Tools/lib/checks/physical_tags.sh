# shellcheck shell=bash
# Tags in front of tags, ports of one host on a physical network, and what operators see of it.
# Uses physical.sh.

SERVICE_VLAN=200 CUSTOMER_VLAN=7

# A switch that lets tags through, behind a tag of IEEE 802.1ad: packets of its workloads with and
# without a tag of their own reach the host outside, which has to know both.
stacked_tags_pass() {
    local result=0 frames
    provider_workloads 6 $SERVICE_VLAN || result=1
    nb set Logical_Switch s6 other_config:vlan-passthru=true -- lsp-set-port-security vm61 -- \
        lsp-set-addresses vm61 "$(workload_mac vm61)" unknown -- \
        lsp-set-options s6-net network_name=physnet ethtype=802.1ad
    ip -n outside link add link eth0 name service type vlan proto 802.1ad id $SERVICE_VLAN
    ip -n outside link add link service name customer type vlan id $CUSTOMER_VLAN
    ip -n outside link set service up
    ip -n outside link set customer up
    outside_address service 10.0.6.100/24
    outside_address customer 10.6.7.100/24
    nested_interface vm61 $CUSTOMER_VLAN "$(workload_mac vm61)" 10.6.7.1/24
    hv_sync && eventually 20 reachable vm61 10.0.6.100 || result=1
    capture outside outside eth0 -Q in vlan
    ping_works vm61 10.0.6.100 && ping_works vm61 10.6.7.100 && ping_works outside 10.6.7.1 || result=1
    end_capture outside
    frames="$(count outside "0x88a8.* vlan $SERVICE_VLAN, p 0, ethertype IPv4 .* echo request") \
$(count outside "0x88a8.* vlan $SERVICE_VLAN, .* vlan $CUSTOMER_VLAN, .* echo request")"
    DETAIL="${DETAIL:-no answer}, frames with one tag and with two: $frames"
    [ "$frames" = "5 5" ] || result=1
    ip -n outside link del service
    remove_provider_workloads 6
    return $result
}

# Access lists see the addresses of packets with two tags.
headers_behind_two_tags() {
    local result=0 name
    nb set Logical_Switch s1 other_config:vlan-passthru=true
    for name in vm11 vm12; do
        nb lsp-set-port-security $name -- \
            lsp-set-addresses $name "$(workload_mac $name) $(workload_ip $name)" unknown
        ip -n $name link add link eth0 name first type vlan id 300
        ip -n $name link set first up
        ip -n $name link add link first name second type vlan id $CUSTOMER_VLAN
        ip -n $name link set second up
        ip -n $name addr add "10.6.8.${name:3:1}/24" dev second
    done
    hv_sync && eventually 10 reachable vm11 10.6.8.2 && ping_works vm11 10.6.8.2 || result=1
    nb_hv acl-add s1 from-lport 1000 'ip4.dst == 10.6.8.2' drop
    ping_fails vm11 10.6.8.2 || { DETAIL="an access list is passed"; result=1; }
    ping_works vm11 "$(workload_ip vm12)" || result=1
    nb acl-del s1
    for name in vm11 vm12; do ip -n $name link del first; done
    nb remove Logical_Switch s1 other_config vlan-passthru
    hv_sync && return $result
}

## Ports of one host alone

# localport NUMBER: the station behind port `local` of s6 on a host.
localport() {
    new_namespace "local$1"
    ip link add "l$1" netns "hv$1" type veth peer name eth0 netns "local$1"
    ip -n "hv$1" link set "l$1" up
    ip -n "local$1" link set eth0 address 02:00:00:00:06:60 up
    ip -n "local$1" addr add 10.0.6.60/24 dev eth0
    vsctl "$1" add-port br-int "l$1" -- set Interface "l$1" external_ids:iface-id=local
}

# What a localport says to everybody stays on its host; a station outside that the host serves asks
# it and is answered, by that host only.
localports_are_heard_by_whom_they_serve() {
    local result=0 number said answered=()
    provider_workloads 6 || result=1
    nb lsp-add s6 local -- lsp-set-type local localport -- \
        lsp-set-addresses local "02:00:00:00:06:60 10.0.6.60"
    outside_address eth0 10.0.6.100/24
    for number in 1 2; do localport $number; done
    hv_sync && eventually 20 reachable vm61 10.0.6.60 || result=1
    capture outside outside eth0 -Q in "ether src 02:00:00:00:06:60"
    inside local1 arping -q -c 2 -w 3 -U -I eth0 10.0.6.60 || true
    inside local1 arping -q -c 2 -w 3 -A -I eth0 10.0.6.60 || true
    inside local1 ping -q -n -c 1 -W 1 10.0.6.100 >/dev/null || true
    ping_works vm61 10.0.6.60 || result=1
    end_capture outside
    said=$(count outside .)
    [ "$said" = 0 ] || { DETAIL="$said packets of it left"; result=1; }
    nb ha-chassis-group-add one -- ha-chassis-group-add-chassis one hv1 10
    nb lsp-add s6 far -- lsp-set-type far external -- \
        lsp-set-addresses far "02:00:00:00:00:64 10.0.6.100" -- \
        set Logical_Switch_Port far "ha_chassis_group=$(nb --bare --columns=_uuid find HA_Chassis_Group name=one)"
    hv_sync
    ip -n outside neigh replace 10.0.6.60 lladdr 02:00:00:00:06:60 dev eth0
    for number in 1 2; do
        ip -n "local$number" neigh replace 10.0.6.100 lladdr 02:00:00:00:00:64 dev eth0
        capture "p$number" "hv$number" "p$number" -Q out "icmp and ether src 02:00:00:00:06:60"
    done
    eventually 10 reachable outside 10.0.6.60 && ping_works outside 10.0.6.60 || result=1
    for number in 1 2; do
        end_capture "p$number"
        answered+=("$(count "p$number" 'echo reply')")
    done
    [ "${answered[0]}" -ge 5 ] && [ "${answered[1]}" = 0 ] || result=1
    DETAIL="${DETAIL:-no answer}, answers by host: ${answered[*]}"
    for number in 1 2; do
        vsctl $number del-port br-int "l$number"
        ip netns del "local$number"
    done
    ip -n outside neigh flush all
    # In one transaction the group would still be referred to.
    nb lsp-del far -- lsp-del local
    nb ha-chassis-group-del one
    no_outside_address eth0 10.0.6.100/24
    remove_provider_workloads 6
    return $result
}

## What operators see

# patches_are "PORTS ON br-int" "PORTS ON br-ex": of those that begin so.
patches_are() {
    local found
    found="$(vsctl 1 list-ports br-int | grep '^patch-' | paste -sd ' ')/\
$(vsctl 1 list-ports br-ex | grep '^patch-' | paste -sd ' ')"
    DETAIL="listed: $found"
    [ "$found" = "$1/$2" ]
}

# patches_count NUMBER: as many packets have gone either way, and both ends say the same.
patches_count() {
    local out back
    out=$(patch_counts patch-br-int-to-s6-net tx rx)
    back=$(patch_counts patch-s6-net-to-br-int rx tx)
    DETAIL="packets out and back: $out, the other end: $back"
    [ "$out" = "$back" ] && [ "${out% *}" -ge "$1" ] && [ "${out#* }" -ge "$1" ]
}

# patch_counts PORT DIRECTION DIRECTION: packets of either.
patch_counts() {
    echo "$(vsctl 1 get Interface "$1" "statistics:$2_packets" 2>/dev/null || echo 0)" \
        "$(vsctl 1 get Interface "$1" "statistics:$3_packets" 2>/dev/null || echo 0)"
}

# Between the integration bridge and that of a network operators see a pair of patch ports, as long as
# the logical port is there.
patch_ports_show() {
    local result=0 peer number
    provider_workloads 6 || result=1
    eventually 10 patches_are patch-br-int-to-s6-net patch-s6-net-to-br-int || result=1
    peer=$(vsctl 1 get Interface patch-br-int-to-s6-net options:peer)
    number=$(vsctl 1 get Interface patch-s6-net-to-br-int ofport)
    DETAIL="$DETAIL, to $peer, number $number"
    [ "$peer" = patch-s6-net-to-br-int ] && [ "$number" -gt 0 ] || result=1
    ping_works vm61 "$(workload_ip vm62)" || result=1
    [ "$HV1" != ours ] || eventually 20 patches_count 5 || result=1
    remove_provider_workloads 6
    eventually 10 patches_are "" "" || result=1
    return $result
}

tags_are_no_limit() {
    [ "$(vsctl 1 get open . other_config:vlan-limit)" = '"0"' ] || return 1
    vsctl 1 set open . other_config:vlan-limit=1
    eventually 10 vlan_limit_is '"0"'
}

vlan_limit_is() { [ "$(vsctl 1 get open . other_config:vlan-limit)" = "$1" ]; }

# A host that is told to waits for a northd of its release: what works goes on, nothing new begins.
foreign_northd_waits() {
    local result=0 version
    version=$(ovn-sbctl -t 5 get SB_Global . options:northd_internal_version | tr -d '"')
    kill -STOP "$(daemon_pid northd)"
    ovn-sbctl -t 5 set SB_Global . options:northd_internal_version=other
    vsctl 1 set open . external_ids:ovn-match-northd-version=true
    detach vm11 1
    sleep 3
    bound_to vm11 1 || { DETAIL="it is released"; result=1; }
    ping_works vm21 "$(workload_ip vm12)" || result=1
    ovn-sbctl -t 5 set SB_Global . "options:northd_internal_version=$version"
    eventually 10 is_released vm11 || { DETAIL="it stays"; result=1; }
    kill -CONT "$(daemon_pid northd)"
    attach vm11 1
    hv_sync && eventually 20 bound_to vm11 1 && ping_works vm11 "$(workload_ip vm12)" || result=1
    vsctl 1 remove open . external_ids ovn-match-northd-version
    return $result
}

is_released() { [ -z "$(ovn-sbctl -t 5 --bare --columns=chassis find Port_Binding "logical_port=$1")" ]; }

checks_of_tags() {
    check "tags stand in front of tags" stacked_tags_pass
    check "two tags hide no header" headers_behind_two_tags
    check "a localport is heard by whom it serves" localports_are_heard_by_whom_they_serve
    check "patch ports show where networks meet" patch_ports_show
    check "the number of tags has no limit" tags_are_no_limit
    [ "$NORTHD $HV1" != "ours ours" ] ||
        check "an agent waits for its release of northd" foreign_northd_waits
}
