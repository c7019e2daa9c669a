# shellcheck shell=bash
# Addresses: DHCP for both versions, relayed and not, router advertisements, delegated prefixes.
# Uses services.sh.

## DHCPv4

# serve_addresses OPTION...: DHCPv4 for vm11, with these options beside those that a server needs.
serve_addresses() {
    nb --wait=hv -- --id=@served create DHCP_Options cidr=10.0.1.0/24 options:server_id=10.0.1.1 \
        options:server_mac='"00:00:00:00:ff:01"' options:lease_time=3600 options:router=10.0.1.1 \
        "${@/#/options:}" -- set Logical_Switch_Port vm11 dhcpv4_options=@served >/dev/null
}

stop_serving() { nb --all destroy DHCP_Options; }

# ask_dhcp WORD...: the answers to messages of vm11 (dhcp.py).
ask_dhcp() {
    local PEER
    peer dhcp.py eth0 "$@"
    inside vm11 "${PEER[@]}"
}

hex() { printf %s "$1" | od -An -v -tx1 | tr -d ' \n'; }

# client_configuration LINE...: for dhclient: it tries for 20 seconds, the first time at once.
client_configuration() {
    printf '%s\n' 'timeout 20;' 'retry 1;' 'initial-interval 1;' 'backoff-cutoff 2;' \
        'option rfc3442 code 121 = array of unsigned integer 8;' \
        'option microsoft code 249 = array of unsigned integer 8;' \
        'option wpad code 252 = text;' 'option prefix code 210 = text;' \
        'option tftp code 150 = array of ip-address;' "$@" >"$NETWORK/dhclient.conf"
}

# client OPTION...: dhclient in vm11, in the background; leases in dhclient.leases.
client() {
    background dhclient vm11 dhclient -d -v -sf /bin/true -cf "$NETWORK/dhclient.conf" \
        -lf "$NETWORK/dhclient.leases" -pf "$NETWORK/dhclient.run" "$@" eth0
}

# leased TEXT: whether the last lease has this line. For `eventually`.
leased() { grep -qE "^ *$1;" "$NETWORK/dhclient.leases"; }

SERVED_OPTIONS=('dns_server="{10.0.1.2, 10.0.1.3}"' log_server=10.0.1.4 lpr_server=10.0.1.5
    swap_server=10.0.1.6 'policy_filter="{10.0.1.7, 255.255.255.255}"' router_solicitation=10.0.1.8
    nis_server=10.0.1.9 ntp_server=10.0.1.10 netbios_name_server=10.0.1.20
    'classless_static_route="{30.0.0.0/24,10.0.1.2, 0.0.0.0/0,10.0.1.1}"'
    'ms_classless_static_route="{30.0.0.0/24,10.0.1.3}"'
    ip_forward_enable=1 router_discovery=1 ethernet_encap=1 default_ttl=33 tcp_ttl=34 mtu=1400
    T1=1000 T2=2000 arp_cache_timeout=35 tcp_keepalive_interval=36 netbios_node_type=8
    'wpad="\"http://wpad.example\""' 'bootfile_name="\"boot.img\""' 'path_prefix="\"/tftp\""' 'tftp_server="\"10.0.1.22\""'
    tftp_server_address=10.0.1.23 'domain_name="\"ovn.example\""' 'hostname="\"station\""'
    'domain_search_list="\"a.example,b.a.example\""' broadcast_address=10.0.1.255)

# What dhclient writes of them into the lease.
SERVED_LINES=('fixed-address 10.0.1.11' 'option bootfile-name "boot.img"'
    'option subnet-mask 255.255.255.0' 'option routers 10.0.1.1'
    'option domain-name-servers 10.0.1.2,10.0.1.3' 'option log-servers 10.0.1.4'
    'option lpr-servers 10.0.1.5' 'option swap-server 10.0.1.6' 'option policy-filter 10.0.1.7 255.255.255.255'
    'option router-solicitation-address 10.0.1.8' 'option nis-servers 10.0.1.9'
    'option ntp-servers 10.0.1.10' 'option netbios-name-servers 10.0.1.20'
    'option rfc3442 24,30,0,0,10,0,1,2,0,10,0,1,1' 'option microsoft 24,30,0,0,10,0,1,3'
    'option ip-forwarding true' 'option router-discovery true' 'option ieee802-3-encapsulation true'
    'option default-ip-ttl 33' 'option default-tcp-ttl 34' 'option interface-mtu 1400'
    'option dhcp-renewal-time 1000' 'option dhcp-rebinding-time 2000'
    'option arp-cache-timeout 35' 'option tcp-keepalive-interval 36'
    'option netbios-node-type 8' 'option wpad "http://wpad.example"' 'option prefix "/tftp"'
    'option tftp-server-name "10.0.1.22"' 'option tftp 10.0.1.23'
    'option domain-name "ovn.example"' 'option host-name "station"'
    'option domain-search "a.example.", "b.a.example."' 'option broadcast-address 10.0.1.255'
    'option dhcp-lease-time 3600' 'option dhcp-server-identifier 10.0.1.1')

dhcp_options_arrive() {
    local line missing=() result=0
    serve_addresses "${SERVED_OPTIONS[@]}" || result=1
    client_configuration
    rm -f "$NETWORK/dhclient.leases"
    client -4 -1
    eventually 30 leased 'fixed-address .*' || result=1
    end_background dhclient
    for line in "${SERVED_LINES[@]}"; do leased "$line" || missing+=("$line"); done
    DETAIL="$((${#SERVED_LINES[@]} - ${#missing[@]})) of ${#SERVED_LINES[@]} as configured"
    [ ${#missing[@]} = 0 ] || { DETAIL="missing: ${missing[*]}" result=1; }
    stop_serving
    return $result
}

# The port's own name goes before that of its options; the server of the next step is in the header.
dhcp_names_the_port() {
    local result=0
    serve_addresses 'hostname="\"theirs\""' next_server=10.0.1.21 || result=1
    nb --wait=hv lsp-set-options vm11 hostname=mine || result=1
    [[ $(ask_dhcp discover) == "offer 10.0.1.11 10.0.1.21 "*" 12=$(hex mine)"* ]] || result=1
    nb clear Logical_Switch_Port vm11 options
    stop_serving
    return $result
}

# A client of a network boot gets another file than the loader that it has loaded.
dhcp_boots_in_two_steps() {
    local result=0 files
    serve_addresses 'bootfile_name="\"ipxe.script\""' 'bootfile_name_alt="\"loader\""' || result=1
    files=$(ask_dhcp discover / discover boot | grep -oP ' 67=\K\S+' | paste -sd ' ')
    same "$(hex loader) $(hex ipxe.script)" "$files" || result=1
    stop_serving
    return $result
}

# What a client gets for each message: some are refused, some are for somebody else.
dhcp_judges_requests() {
    local result=0 found
    serve_addresses || result=1
    found=$(ask_dhcp discover / request requested=10.0.1.11 server=10.0.1.1 / \
        request requested=10.0.1.99 server=10.0.1.1 / request requested=10.0.1.99 / \
        request requested=10.0.1.11 server=10.0.1.66 / request client=10.0.1.11 / \
        inform client=10.0.1.11 / release client=10.0.1.11 server=10.0.1.1 / \
        decline requested=10.0.1.11 server=10.0.1.1 | awk '{ print $1, $2 }' | paste -sd '|')
    same "offer 10.0.1.11|ack 10.0.1.11|nak 0.0.0.0|nak 0.0.0.0|nothing |ack 10.0.1.11|\
ack 0.0.0.0|nothing |nothing " "$found" || result=1
    stop_serving
    return $result
}

# A lease of some seconds is renewed by asking the server alone; a lease of another network is not.
dhcp_renews() {
    local result=0
    serve_addresses lease_time=12 T1=2 T2=6 || result=1
    client_configuration
    cat >"$NETWORK/dhclient.leases" <<'LEASE'
lease {
  interface "eth0";
  fixed-address 10.0.1.99;
  option subnet-mask 255.255.255.0;
  option dhcp-lease-time 4294967295;
  option dhcp-server-identifier 10.0.1.1;
  renew never;
  rebind never;
  expire never;
}
LEASE
    client -4
    eventually 20 was_told dhclient 'DHCPNAK (of|from)' || { DETAIL="no NAK"; result=1; }
    eventually 30 was_told dhclient 'DHCPACK of 10.0.1.11' 3 || result=1
    eventually 5 was_told dhclient 'DHCPREQUEST for 10.0.1.11 on eth0 to 10.0.1.1' 1 || result=1
    DETAIL=${DETAIL:-$(grep -c DHCPNAK "$NETWORK/dhclient.out") refused, $(grep -c DHCPACK \
        "$NETWORK/dhclient.out") granted}
    end_background dhclient
    stop_serving
    return $result
}

## DHCPv4 relay

# dhcp_relay_works ADDRESS: the client is on s1, a stock server on s2. The router carries the messages
# between them, from that address of its own.
dhcp_relay_works() {
    local result=0 lease
    [ "$1" = 10.0.1.1 ] || nb add Logical_Router_Port r-s1 networks "\"$1/24\"" -- \
        set Logical_Router_Port r-s1 "options:dhcpv4_primary_ip=$1"
    cat >"$NETWORK/dhcpd.conf" <<'CONF'
authoritative;
default-lease-time 600;
subnet 10.0.2.0 netmask 255.255.255.0 { }
subnet 10.0.1.0 netmask 255.255.255.0 {
    range 10.0.1.11 10.0.1.11;
    option routers 10.0.1.1;
    ping-check false;
}
CONF
    : >"$NETWORK/dhcpd.leases"
    background dhcpd vm22 dhcpd -4 -d -cf "$NETWORK/dhcpd.conf" -lf "$NETWORK/dhcpd.leases" \
        -pf "$NETWORK/dhcpd.run" eth0
    nb_transact '{"op":"insert","table":"DHCP_Relay","uuid-name":"relay","row":{"name":"relay",
        "servers":"10.0.2.12"}}' '{"op":"update","table":"Logical_Router_Port",
        "where":[["name","==","r-s1"]],"row":{"dhcp_relay":["named-uuid","relay"]}}' \
        >"$NETWORK/relay.out" || result=1
    nb --wait=hv set Logical_Switch s1 other_config:dhcp_relay_port=s1-r || result=1
    client_configuration
    rm -f "$NETWORK/dhclient.leases"
    client -4 -1
    eventually 30 leased 'fixed-address 10.0.1.11' || result=1
    lease=$(grep -oE '(fixed-address|dhcp-server-identifier) [0-9.]+' "$NETWORK/dhclient.leases" |
        paste -sd ' ')
    grep -qE "DHCPACK on 10.0.1.11 .* via $1( |\$)" "$NETWORK/dhcpd.out" || result=1
    DETAIL=${lease:-no lease}
    end_background dhclient
    end_background dhcpd
    nb remove Logical_Switch s1 other_config dhcp_relay_port -- \
        remove Logical_Router_Port r-s1 options dhcpv4_primary_ip
    [ "$1" = 10.0.1.1 ] || nb remove Logical_Router_Port r-s1 networks "\"$1/24\""
    nb_transact '{"op":"update","table":"Logical_Router_Port","where":[],
        "row":{"dhcp_relay":["set",[]]}}' '{"op":"delete","table":"DHCP_Relay","where":[]}' \
        >"$NETWORK/relay.out"
    hv_sync
    return $result
}

## DHCPv6

# serve_addresses6 OPTION...: DHCPv6 for vm11.
serve_addresses6() {
    nb --wait=hv -- --id=@served create DHCP_Options 'cidr="fd00:1::/64"' \
        'options:server_id="00:00:00:00:ff:01"' "${@/#/options:}" -- \
        set Logical_Switch_Port vm11 dhcpv6_options=@served >/dev/null
}

SERVED_OPTIONS6=('dns_server="{fd00:1::53, fd00:1::54}"' 'domain_search="\"a.example\""'
    'fqdn="\"station.example\""' 'bootfile_name="\"http://ipxe.example\""' 'bootfile_name_alt="\"http://loader.example\""')
SERVED_LINES6=('option dhcp6.name-servers fd00:1::53,fd00:1::54'
    'option dhcp6.domain-search "a.example."' 'option dhcp6.bootfile-url "http://loader.example"'
    'option dhcp6.server-id 0:3:0:1:0:0:0:0:ff:1')

# dhcp6_gives LINE...: what the client's lease must have besides the options.
dhcp6_gives() {
    local line missing=()
    for line in "${SERVED_LINES6[@]}" "$@"; do leased "$line" || missing+=("$line"); done
    [ ${#missing[@]} = 0 ] || { DETAIL="missing: ${missing[*]}"; return 1; }
}

dhcp6_stateful() {
    local result=0
    serve_addresses6 "${SERVED_OPTIONS6[@]}" || result=1
    client_configuration 'send fqdn.fqdn "asked";' 'send fqdn.server-update true;' \
        'also request dhcp6.bootfile-url;'
    rm -f "$NETWORK/dhclient.leases"
    client -6 -1
    eventually 30 grep -q 'iaaddr fd00:1::11 {' "$NETWORK/dhclient.leases" || result=1
    end_background dhclient
    dhcp6_gives 'option fqdn.fqdn "station.example"' || result=1
    # It asks until it is answered, a few times at most, and ends.
    client -6 -r
    eventually 20 has_ended dhclient || result=1
    was_told dhclient 'XMT: Release' 1 && ! was_told dhclient 'XMT: Release' 4 || result=1
    DETAIL=${DETAIL:-$(grep -o 'iaaddr.*[0-9]' "$NETWORK/dhclient.leases" | head -n 1), released}
    stop_serving
    return $result
}

dhcp6_stateless() {
    local result=0
    serve_addresses6 "${SERVED_OPTIONS6[@]}" dhcpv6_stateless=true || result=1
    client_configuration 'also request dhcp6.bootfile-url;'
    rm -f "$NETWORK/dhclient.leases"
    printf '#!/bin/sh\nenv | grep ^new_dhcp6 >>"%s"\n' "$NETWORK/stateless.out" >"$NETWORK/stateless"
    chmod +x "$NETWORK/stateless"
    client -6 -S -1 -sf "$NETWORK/stateless"
    eventually 30 was_told stateless 'new_dhcp6_name_servers=fd00:1::53 fd00:1::54' || result=1
    end_background dhclient
    was_told stateless 'new_dhcp6_domain_search=a.example' || result=1
    ! was_told stateless new_ip6_address || result=1
    DETAIL=$(cut -d _ -f 3- "$NETWORK/stateless.out" | paste -sd ' ')
    stop_serving
    return $result
}

# Messages that end too early or whose options are longer than they; the server lives and goes on.
dhcp6_malformed() {
    local result=0 agent
    agent=$(daemon_pid "$(agent_name 1)")
    serve_addresses6 || result=1
    PYTHON=${PYTHON:-$(python3 -c 'import sys; print(sys.executable)')}
    inside vm11 "$PYTHON" -S - <<'MESSAGES' || result=1
import itertools, socket, struct
client = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
client.bind(("::", 546))
target = ("ff02::1:2", 547, 0, socket.if_nametoindex("eth0"))
def option(code, data, length=None):
    return struct.pack("!HH", code, len(data) if length is None else length) + data
identifier = option(1, bytes.fromhex("00030001020000000111"))
ends = [b"", b"\0", option(3, bytes(4)), option(3, bytes(12), 65535), option(3, bytes(12) + option(5, b"", 400)),
        option(1, b"", 9), option(6, b"\0"), option(39, b"\0" + bytes([200]) + b"x"), option(15, struct.pack("!H", 999))]
for kind, start, end in itertools.product((1, 3, 5, 8, 11), (b"", identifier), ends):
    client.sendto(bytes([kind, 1, 2, 3]) + start + end, target)
client.sendto(b"", target)
client.sendto(b"\1", target)
MESSAGES
    reachable vm11 "$(workload_ip vm22)" || { DETAIL="nothing goes any more"; result=1; }
    stop_serving
    kill -0 "$agent" || { DETAIL="the agent died"; result=1; }
    return $result
}

## Router advertisements

# advertise KEY=VALUE...: what r says on s1.
advertise() { nb --wait=hv set Logical_Router_Port r-s1 "${@/#/ipv6_ra_configs:}"; }

stop_advertising() { nb clear Logical_Router_Port r-s1 ipv6_ra_configs; }

# ra_has PATTERN...: the answer to a solicitation of vm11.
ra_has() {
    local pattern
    inside vm11 rdisc6 -1 -r 5 -w 3000 eth0 >"$NETWORK/rdisc6.out" 2>&1 || return 1
    for pattern in "$@"; do
        grep -qE "$pattern" "$NETWORK/rdisc6.out" || { DETAIL="not said: $pattern"; return 1; }
    done
}

solicited_advertisement() {
    local result=0
    advertise address_mode=slaac mtu=1400 rdnss='"fd00:1::53"' dnssl='"a.example,b.example"' \
        'route_info="HIGH-fd00:7::/64,LOW-fd00:8::/48"' router_preference=HIGH || result=1
    ra_has 'Stateful address conf.*No' 'Stateful other conf.*No' 'Router preference.*high' \
        'Router lifetime.*65535' 'Prefix.*fd00:1::/64' 'On-link.*Yes' \
        'Autonomous address conf.*Yes' 'Valid time.*(infinite|4294967295)' 'MTU.*1400' \
        'Source link-layer address: 00:00:00:00:FF:01' 'Recursive DNS server.*fd00:1::53' \
        'DNS search list.*a.example b.example' 'Route.*fd00:7::/64' \
        'Route preference.*high' 'Route.*fd00:8::/48' 'Route preference.*low' \
        'from fe80::200:ff:fe00:ff01' || result=1
    stop_advertising
    return $result
}

managed_advertisement() {
    local result=0
    advertise address_mode=dhcpv6_stateful || result=1
    ra_has 'Stateful address conf.*Yes' 'Prefix.*fd00:1::/64' 'Autonomous address conf.*No' ||
        result=1
    advertise address_mode=dhcpv6_stateless || result=1
    ra_has 'Stateful address conf.*No' 'Stateful other conf.*Yes' \
        'Autonomous address conf.*Yes' || result=1
    stop_advertising
    return $result
}

slaac_address() { ip -n vm11 -6 addr show dev eth0 | grep -oE 'fd00:1::[0-9a-f:]*ff:fe00:111'; }

# A workload that asks nothing gets an address by and by, since advertisements also come unasked.
periodic_advertisements() {
    local result=0
    capture advertisements vm12 eth0 -Q in icmp6
    advertise address_mode=slaac send_periodic=true max_interval=4 min_interval=3 || result=1
    inside vm11 sysctl -qw net.ipv6.conf.eth0.router_solicitations=0 \
        net.ipv6.conf.eth0.accept_ra=2
    eventually 20 slaac_address || result=1
    # shellcheck disable=SC2016
    eventually 20 counts advertisements 'router advertisement' 2 || result=1
    end_capture advertisements
    DETAIL="$(slaac_address), $(count advertisements 'router advertisement') seen on hv2"
    inside vm11 sysctl -qw net.ipv6.conf.eth0.accept_ra=0
    stop_advertising
    ip -n vm11 addr del "$(slaac_address)/64" dev eth0 2>/dev/null
    ip -n vm11 -6 route flush proto ra
    return $result
}

# Next to the physical network, where other routers are, nothing is said unasked.
advertisements_stay_inside() {
    local result=0
    nb lsp-add s1 physical -- lsp-set-type physical localnet -- lsp-set-addresses physical unknown -- \
        lsp-set-options physical network_name=none
    advertise address_mode=slaac send_periodic=true max_interval=4 min_interval=3 || result=1
    capture advertisements vm12 eth0 -Q in icmp6
    sleep 5
    DETAIL="$(count advertisements 'router advertisement') beside the physical network"
    [ "$(count advertisements 'router advertisement')" = 0 ] || result=1
    nb --wait=hv lsp-del physical
    eventually 20 counts advertisements 'router advertisement' 1 || { DETAIL="none at all"; result=1; }
    end_capture advertisements
    stop_advertising
    return $result
}

## Prefix delegation

# prefix_is_delegated COMMAND...: which brings the router g or its port to hv1. The port asks a stock
# server for a prefix, and another one gets a part of it.
prefix_is_delegated() {
    local result=0
    nb ls-add s9 -- lr-add g -- \
        lrp-add g g-s9 00:00:00:00:ff:19 10.0.9.1/24 fd00:9::1/64 -- \
        set Logical_Router_Port g-s9 options:prefix_delegation=true -- \
        lrp-add g g-s8 00:00:00:00:ff:18 10.0.8.1/24 -- \
        set Logical_Router_Port g-s8 options:prefix=true -- \
        lsp-add s9 s9-g -- lsp-set-type s9-g router -- lsp-set-addresses s9-g router -- \
        lsp-set-options s9-g router-port=g-s9 -- "$@"
    logical_port vm92
    nb lsp-set-port-security vm92
    workload vm92 2
    cat >"$NETWORK/dhcpd6.conf" <<'CONF'
authoritative;
default-lease-time 600;
subnet6 fd00:9::/64 { prefix6 2001:db8:100:: 2001:db8:1ff:: /48; }
CONF
    : >"$NETWORK/dhcpd6.leases"
    hv_sync && nb wait-until Logical_Switch_Port vm92 up=true || result=1
    background dhcpd6 vm92 dhcpd -6 -d -cf "$NETWORK/dhcpd6.conf" -lf "$NETWORK/dhcpd6.leases" \
        -pf "$NETWORK/dhcpd6.run" eth0
    eventually 40 prefix_arrived || result=1
    DETAIL=$(delegated_prefix)
    end_background dhcpd6
    detach vm92 2
    nb --wait=hv ls-del s9 -- lr-del g
    return $result
}

delegated_prefix() { nb --bare --columns=ipv6_prefix find Logical_Router_Port name=g-s8; }
prefix_arrived() { [[ $(delegated_prefix) =~ ^2001:db8:1 ]]; }

checks_addresses() {
    check "a DHCP client gets every option" dhcp_options_arrive
    check "a DHCP client gets its port's name" dhcp_names_the_port
    check "DHCP boots in two steps" dhcp_boots_in_two_steps
    check "DHCP requests are judged" dhcp_judges_requests
    check "a DHCP lease is refused, given, renewed" dhcp_renews
    [ "$NORTHD" = stock ] ||
        check "a router relays DHCP" dhcp_relay_works 10.0.1.1
    [ "$NORTHD" = stock ] ||
        check "a router relays DHCP from a chosen address" dhcp_relay_works 10.0.1.3
    check "malformed DHCPv6 is ignored" dhcp6_malformed
    check "a DHCPv6 client gets its address" dhcp6_stateful
    check "a DHCPv6 client gets options only" dhcp6_stateless
    check "a router answers solicitations" solicited_advertisement
    check "a router names DHCPv6 servers" managed_advertisement
    check "a router advertises unasked" periodic_advertisements
    check "a router says nothing unasked outside" advertisements_stay_inside
    check "a router gets a delegated prefix" \
        prefix_is_delegated set Logical_Router g options:chassis=hv1
    check "a gateway port gets a delegated prefix" prefix_is_delegated lrp-set-gateway-chassis g-s9 hv1
}
