# shellcheck shell=bash
# What the agent finds out and tells: health of backends, events, refusals, lines of the log,
# helpers of connections. Uses services.sh.

## Health

# small_web vmSN: answers with its name on port 8080, until end_background web.vmSN.
small_web() {
    mkdir -p "$NETWORK/web.$1"
    echo "$1" >"$NETWORK/web.$1/index.html"
    background "web.$1" "$1" busybox httpd -f -p 8080 -h "$NETWORK/web.$1"
}

# echo_server vmSN: sends datagrams to port 8081 back, until end_background echo.vmSN.
echo_server() {
    local PEER
    peer udp_echo.py "$(workload_ip "$1")" 8081
    background "echo.$1" "$1" "${PEER[@]}"
}

# monitor_says PORT PROTOCOL STATUS
monitor_says() {
    [ "$(ovn-sbctl -t 5 --bare --columns=status find Service_Monitor "logical_port=$1" \
        "protocol=$2")" = "$3" ]
}

# healthy_balancer NAME PROTOCOL PORT: a balancer of s1 whose two backends are probed each second.
healthy_balancer() {
    local vip="172.16.0.20:$3"
    nb --wait=hv lb-add "$1" "$vip" "$(workload_ip vm12):$3,$(workload_ip vm22):$3" "$2" -- \
        set Load_Balancer "$1" 'ip_port_mappings:"10.0.1.12"="vm12:10.0.1.254"' \
        'ip_port_mappings:"10.0.2.12"="vm22:10.0.2.254"' -- \
        --id=@check create Load_Balancer_Health_Check "vip=\"$vip\"" options:interval=1 \
        options:timeout=1 options:success_count=1 options:failure_count=1 -- \
        set Load_Balancer "$1" health_check=@check -- ls-lb-add s1 "$1" >/dev/null
}

# A backend counts from its first answer until it stops answering.
dead_servers_leave() {
    local result=0 first second
    small_web vm12
    small_web vm22
    healthy_balancer web tcp 8080 || result=1
    eventually 40 monitor_says vm12 tcp online || { DETAIL="vm12 is not online"; result=1; }
    eventually 40 monitor_says vm22 tcp online || { DETAIL="vm22 is not online"; result=1; }
    hv_sync
    end_background web.vm22
    eventually 40 monitor_says vm22 tcp offline || { DETAIL="vm22 is not offline"; result=1; }
    hv_sync
    first=$(requests8080 4)
    small_web vm22
    eventually 40 monitor_says vm22 tcp online || { DETAIL="vm22 is not back"; result=1; }
    end_background web.vm12
    eventually 40 monitor_says vm12 tcp offline || { DETAIL="vm12 is not offline"; result=1; }
    hv_sync
    second=$(requests8080 4)
    end_background web.vm22
    nb --wait=hv lb-del web
    [ $result = 0 ] && same "vm12 4, vm22 4" "$first, $second"
}

requests8080() {
    local number
    for ((number = 0; number < $1; number++)); do
        inside vm11 curl -s -m 20 172.16.0.20:8080/ ||
            echo nobody
    done | sort | uniq -c | awk '{ print $2 " " $1 }' | paste -sd ' '
}

# A datagram's server is dead when its host says that nobody listens.
dead_udp_servers_leave() {
    local result=0
    echo_server vm12
    echo_server vm22
    healthy_balancer echo udp 8081 || result=1
    eventually 40 monitor_says vm12 udp online || { DETAIL="vm12 is not online"; result=1; }
    end_background echo.vm12
    eventually 40 monitor_says vm12 udp offline || { DETAIL="vm12 is not offline"; result=1; }
    monitor_says vm22 udp online || { DETAIL="vm22 is not online"; result=1; }
    end_background echo.vm22
    nb --wait=hv lb-del echo
    return $result
}

# Probes come from an address of the router, as the router, or from a station that is chosen; until its
# first answer a server counts as dead.
router_asks_for_health() {
    local result=0 vip=172.16.0.21:8080 found=() station=02:00:00:00:88:01
    nb --wait=hv set NB_Global . "options:svc_monitor_mac=\"$station\"" -- \
        lb-add web "$vip" "$(workload_ip vm12):8080,$(workload_ip vm22):8080" tcp -- \
        set Load_Balancer web 'ip_port_mappings:"10.0.1.12"="vm12:10.0.1.1"' \
        'ip_port_mappings:"10.0.2.12"="vm22:10.0.2.254"' -- \
        --id=@check create Load_Balancer_Health_Check "vip=\"$vip\"" options:interval=1 \
        options:timeout=1 options:success_count=1 options:failure_count=1 -- \
        set Load_Balancer web health_check=@check -- ls-lb-add s1 web >/dev/null || result=1
    found+=("$(inside vm11 curl -s -m 2 $vip || echo nobody)")
    capture probes vm22 eth0 -Q in tcp port 8080
    capture routers vm12 eth0 -Q in tcp port 8080
    small_web vm12
    eventually 40 monitor_says vm12 tcp online || { DETAIL="vm12 is not online"; result=1; }
    eventually 10 counts probes "$station > .* 10\.0\.2\.254\." 1 || { DETAIL+=" no chosen station"; result=1; }
    eventually 10 counts routers '00:00:00:00:ff:01 > .* 10\.0\.1\.1\.' 1 || { DETAIL+=" no router"; result=1; }
    end_capture probes
    end_capture routers
    hv_sync
    found+=("$(inside vm11 curl -s -m 20 $vip)")
    [ $result = 0 ] && { same "nobody, then vm12" "${found[0]}, then ${found[1]}" || result=1; }
    eventually 20 reachable vm12 10.0.1.1 || { DETAIL="${DETAIL:-} vm12 does not reach the router"; result=1; }
    end_background web.vm12
    nb --wait=hv lb-del web -- remove NB_Global . options svc_monitor_mac
    return $result
}

## Events

# A connection to a balancer without backends is told once, however often it is tried.
empty_balancer_is_told() {
    local result=0 rows
    nb --wait=hv set NB_Global . options:controller_event=true -- \
        lb-add empty 172.16.0.30:80 "" tcp -- set Load_Balancer empty options:event=true -- \
        ls-lb-add s1 empty
    inside vm11 curl -s -m 6 172.16.0.30/ >/dev/null
    eventually 20 event_is_told || result=1
    rows=$(ovn-sbctl -t 5 --bare --columns=event_info list Controller_Event)
    DETAIL="${rows:-nothing}"
    [ "$(grep -c . <<<"$rows")" = 1 ] || result=1
    ovn-sbctl -t 5 --all destroy Controller_Event
    nb --wait=hv lb-del empty -- remove NB_Global . options controller_event
    return $result
}

event_is_told() {
    ovn-sbctl -t 5 --bare --columns=event_info,event_type list Controller_Event |
        grep -q 'protocol=tcp vip="\?172.16.0.30:80'
}

## Refusals

# attempt vmSN ADDRESS PORT: what a TCP connection says.
attempt() {
    # shellcheck disable=SC2016
    inside "$1" timeout 10 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$2" "$3" 2>&1 |
        grep -oE 'refused|timed out|unreachable' | head -n 1
}

# Refusals come at once, in the protocol's own words, and never in answer to a refusal.
rules_refuse() {
    local result=0 found=()
    nb --wait=hv acl-add s1 to-lport 1002 'outport == "vm12" && (tcp || udp)' reject
    found+=("$(attempt vm11 "$(workload_ip vm12)" 80)" "$(attempt vm11 "$(workload_ip6 vm12)" 80)")
    capture refusals vm11 eth0 -Q in icmp or icmp6
    send vm11 "$(workload_mac vm11)" "$(workload_mac vm12)" "$(workload_ip vm11)" \
        "$(workload_ip vm12)" 7102 1
    send vm11 "$(workload_mac vm11)" "$(workload_mac vm12)" "$(workload_ip6 vm11)" \
        "$(workload_ip6 vm12)" 7102 1
    eventually 10 counts refusals 'port 7102 unreachable' 1 || result=1
    eventually 10 counts refusals 'unreachable port.*7102|7102 unreachable' 2 || result=1
    end_capture refusals
    found+=("$(count refusals unreachable)")
    same "refused|refused|2" "$(IFS='|'; echo "${found[*]}")" || result=1
    nb --wait=hv acl-del s1
    return $result
}

balancer_refuses() {
    local result=0
    nb --wait=hv lb-add empty 172.16.0.31:80 "" tcp -- \
        set Load_Balancer empty options:reject=true -- ls-lb-add s1 empty
    same refused "$(attempt vm11 172.16.0.31 80)" || result=1
    nb --wait=hv lb-del empty
    return $result
}

## Logs

# logged HYPERVISOR PATTERN: how many lines of the ACL log.
logged() { grep -cE "acl_log.*$2" "$NETWORK/controller$1.log"; }
is_logged() { [ "$(logged "$1" "$2")" -ge "${3:-1}" ]; }

# Lines have the rule's name, what became of the packet, and the packet.
rules_log() {
    local result=0
    nb --wait=hv --log --name=no-echo --severity=alert acl-add s1 to-lport 1002 \
        'outport == "vm12" && icmp4' drop -- \
        --log --severity=info acl-add s1 from-lport 1001 'inport == "vm11" && udp' allow
    ping_fails vm11 "$(workload_ip vm12)" || result=1
    send vm11 "$(workload_mac vm11)" "$(workload_mac vm12)" "$(workload_ip vm11)" \
        "$(workload_ip vm12)" 7103 1
    eventually 10 is_logged 2 'name="no-echo", verdict=drop, severity=alert, direction=to-lport: icmp,.*nw_src=10.0.1.11,nw_dst=10.0.1.12.*icmp_type=8' ||
        { DETAIL="no line for the drop"; result=1; }
    eventually 10 is_logged 1 'name="<unnamed>", verdict=allow, severity=info, direction=from-lport: udp,.*tp_dst=7103' ||
        { DETAIL="no line for the datagram"; result=1; }
    nb --wait=hv acl-del s1
    return $result
}

# A meter bounds the lines, not the packets.
meters_bound_logs() {
    local result=0 before lines arrived
    nb --wait=hv meter-add few drop 1 pktps -- --log --meter=few --name=metered acl-add s1 \
        from-lport 1001 'inport == "vm11" && icmp4' allow
    before=$(logged 1 metered)
    arrived=$(inside vm11 ping -n -q -c 30 -i 0.02 -W 5 "$(workload_ip vm12)" |
        awk '/received/ { print $4 }')
    sleep 1
    lines=$(($(logged 1 metered) - before))
    DETAIL="$arrived packets, $lines lines"
    [ "$arrived" = 30 ] && [ "$lines" -ge 1 ] && [ "$lines" -le 15 ] || result=1
    nb --wait=hv acl-del s1 -- meter-del few
    return $result
}

# lines_of_two FAIR: how many lines two rules with one meter leave, of forty packets each.
lines_of_two() {
    local before name
    nb --wait=hv meter-add few drop 1 pktps 15 -- set Meter few "fair=$1" -- \
        --log --meter=few --name=shared acl-add s1 from-lport 1001 'inport == "vm11" && icmp4' allow -- \
        --log --meter=few --name=shared acl-add s1 from-lport 1001 'inport == "vm11" && icmp6' allow
    before=$(logged 1 'name="shared".*type=(8|128)')
    for name in "$(workload_ip vm12)" "$(workload_ip6 vm12)"; do
        inside vm11 ping -n -q -c 40 -i 0.01 -W 5 "$name" >/dev/null
    done
    sleep 0.5
    LINES_SEEN=$(($(logged 1 'name="shared".*type=(8|128)') - before))
    nb --wait=hv acl-del s1 -- meter-del few
}

# A fair meter is each rule's own, any other one is for all rules that name it.
meters_are_shared() {
    local shared fair
    lines_of_two false
    shared=$LINES_SEEN
    lines_of_two true
    fair=$LINES_SEEN
    DETAIL="$shared lines with a shared meter, $fair with fair ones"
    [ "$shared" -ge 15 ] && [ "$shared" -lt 26 ] && [ "$fair" -ge 30 ]
}

## Helpers

# fetch OPTION...: the file of vm12's server, in vm11.
fetch() {
    inside vm11 curl -sS -m 20 "$@" "ftp://user:pass@$(workload_ip vm12)/file" 2>&1 | tail -n 1
}

# fetch_by_lftp PASSIVE: the same by another client, which opens its data connections itself (`on`) or
# has the server open them (`off`, PORT).
fetch_by_lftp() {
    inside vm11 env HOME="$NETWORK" lftp -c "set net:timeout 10; set net:max-retries 2; set ftp:ssl-allow off;
        set ftp:passive-mode $1; set ftp:prefer-epsv off; set ftp:use-feat off;
        cat ftp://user:pass@$(workload_ip vm12)/file" 2>&1 | tail -n 1
}

# FTP's data connections are not in the rules, and pass because of what the control connection says.
ftp_passes() {
    local result=0 found=() PEER
    modprobe -q nf_conntrack_ftp
    peer ftp.py "$(workload_ip vm12)" content
    background ftp vm12 "${PEER[@]}"
    nb --wait=hv acl-add s1 to-lport 1001 'outport == {"vm11", "vm12"} && ip4' drop -- \
        --id=@in create ACL priority=1002 direction=to-lport action=allow-related \
        'match="outport == \"vm12\" && tcp.dst == 21"' options:ct_helper=ftp -- \
        --id=@out create ACL priority=1002 direction=from-lport action=allow-related \
        'match="inport == \"vm11\" && tcp.dst == 21"' options:ct_helper=ftp -- \
        add Logical_Switch s1 acls @in,@out >/dev/null
    eventually 20 eval "inside vm12 ss -ltn | grep -q :21" || result=1
    found+=("$(fetch --disable-epsv)" "$(fetch)")
    found+=("$(fetch_by_lftp on)" "$(fetch_by_lftp off)" "$(fetch -P -)")
    same "content|content|content|content|content" "$(IFS='|'; echo "${found[*]}")" || result=1
    end_background ftp
    nb --wait=hv acl-del s1
    return $result
}

checks_health() {
    check "a dead server leaves its balancer" dead_servers_leave
    check "a dead UDP server leaves its balancer" dead_udp_servers_leave
    check "a router's address asks for health" router_asks_for_health
    check "an empty balancer is told" empty_balancer_is_told
    check "rules refuse" rules_refuse
    check "an empty balancer refuses" balancer_refuses
    check "rules log" rules_log
    check "meters bound the log" meters_bound_logs
    check "meters are shared or fair" meters_are_shared
    check "FTP passes rules of its control connection" ftp_passes
}
