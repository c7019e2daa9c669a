"""Random networks and questions about them, by seed. What a network has in it is decided feature by
feature, so that each meets each; the questions are about addresses that the network knows, with
some that it doesn't."""

import ipaddress
import random

from network import Network, Question

PORTS = (22, 53, 80, 443, 8080)
STATES = ((), (), (), ("new",), ("new",), ("new",), ("new",), ("est,rpl",), ("rel",), ("inv",))
VERDICTS = ("allow", "allow-related", "allow-related", "drop", "drop", "reject", "allow-stateless")


class Station:
    """A workload's port."""

    def __init__(self, name, switch, mac, ip4, ip6):
        self.name, self.switch, self.mac, self.ip4, self.ip6 = name, switch, mac, ip4, ip6
        self.parent = None


class RouterPort:
    def __init__(self, name, router, switch, mac, net4, net6):
        self.name, self.router, self.switch, self.mac = name, router, switch, mac
        self.net4, self.net6 = net4, net6
        self.ip4, self.ip6 = str(net4[254]), str(net6[254])


class Switch:
    def __init__(self, name, number):
        self.name, self.number = name, number
        self.net4 = ipaddress.ip_network(f"10.0.{number}.0/24")
        self.net6 = ipaddress.ip_network(f"fd00:{number}::/64")
        self.stations, self.router_ports, self.localnet = [], [], None


class Builder:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.network = Network(f"random-{seed}", f"The random network of seed {seed}.")
        self.switches, self.routers, self.router_ports, self.stations = [], {}, [], []
        self.vips, self.outside4, self.outside6 = [], ["8.8.8.8", "172.16.5.5"], ["2001:db8::8"]
        self.router_of = {}
        self.translated = []
        self.gateways, self.gateway_ports = set(), []
        self.priorities, self.macs = set(), []
        self.chassis = ["hv1", "hv2"]
        self.features = set()

    # Small things

    def nb(self, line):
        self.network.northbound.append(line)

    def sb(self, line):
        self.network.southbound.append(line)

    def maybe(self, chance):
        return self.random.random() < chance

    def priority(self, low=1, high=2000):
        while True:
            number = self.random.randint(low, high)
            if number not in self.priorities:
                self.priorities.add(number)
                return number

    # The shape

    def build(self):
        for name in self.chassis:
            self.sb(f"chassis {name}")
        for number in range(1, self.random.randint(1, 3) + 1):
            self._switch(number)
        if self.maybe(0.85):
            self._routers()
        for switch in self.switches:
            self._switch_features(switch)
        self._balancers()
        self._port_groups()
        for router in self.routers:
            self._router_features(router)
        self._southbound_rows()
        return self

    def _switch(self, number):
        switch = Switch(f"s{number}", number)
        self.switches.append(switch)
        self.nb(f"ls-add {switch.name}")
        for index in range(1, self.random.randint(2, 4) + 1):
            self._station(switch, index)
        if self.maybe(0.3):
            self._unknown(switch)
        if self.maybe(0.25):
            self._localnet(switch)

    def _station(self, switch, index):
        mac = f"0a:00:00:00:{switch.number:02x}:{index:02x}"
        station = Station(f"p{switch.number}{index}", switch, mac,
                          str(switch.net4[index]), str(switch.net6[index]))
        switch.stations.append(station)
        self.stations.append(station)
        container = switch.stations[0] if index > 1 and self.maybe(0.1) else None
        if container:
            station.parent = container.name
            self.nb(f"lsp-add {switch.name} {station.name} {container.name} {index}")
        else:
            self.nb(f"lsp-add {switch.name} {station.name}")
        addresses = f"{mac} {station.ip4}" + (f" {station.ip6}" if self.maybe(0.8) else "")
        kind = self.random.random()
        if kind < 0.8:
            self.nb(f"lsp-set-addresses {station.name} '{addresses}'")
        elif kind < 0.9:
            self.nb(f"lsp-set-addresses {station.name} '{addresses}' unknown")
        else:
            self.nb(f"lsp-set-addresses {station.name} {mac}")
        if self.maybe(0.4):
            self.nb(f"lsp-set-port-security {station.name} '{addresses}'")
        if self.maybe(0.05):
            self.nb(f"lsp-set-enabled {station.name} disabled")
        if self.maybe(0.9):
            self.sb(f"bind {station.name} {self.random.choice(self.chassis)}")

    def _unknown(self, switch):
        station = Station(f"u{switch.number}", switch, f"0a:00:00:00:{switch.number:02x}:77",
                          str(switch.net4[77]), str(switch.net6[77]))
        switch.stations.append(station)
        self.stations.append(station)
        self.nb(f"lsp-add {switch.name} {station.name}")
        self.nb(f"lsp-set-addresses {station.name} unknown")
        self.sb(f"bind {station.name} hv1")

    def _localnet(self, switch):
        name = f"ln{switch.number}"
        switch.localnet = Station(name, switch, f"0a:00:00:00:{switch.number:02x}:99",
                                  str(switch.net4[99]), str(switch.net6[99]))
        self.stations.append(switch.localnet)
        self.nb(f"lsp-add {switch.name} {name}")
        self.nb(f"lsp-set-type {name} localnet")
        self.nb(f"lsp-set-addresses {name} unknown")
        tag = f" -- set logical_switch_port {name} tag=7" if self.maybe(0.3) else ""
        self.nb(f"lsp-set-options {name} network_name=phys{tag}")

    def _routers(self):
        count = 2 if len(self.switches) > 1 and self.maybe(0.3) else 1
        for number in range(1, count + 1):
            router = f"r{number}"
            self.routers[router] = []
            self.nb(f"lr-add {router}")
        for index, switch in enumerate(self.switches):
            self._connect(f"r{index % count + 1}", switch)
            if count == 2 and index == 0:
                self._connect("r2", switch, offset=1)
        if self.maybe(0.45):
            self._gateway_port(self.random.choice(sorted(self.routers)))
        if self.maybe(0.4):
            self._gateway_router()

    def _connect(self, router, switch, offset=0):
        number = switch.number
        port = RouterPort(f"{router}-{switch.name}", router, switch,
                          f"0a:00:00:0{router[1:]}:{number:02x}:fe", switch.net4, switch.net6)
        if offset:
            port.ip4, port.ip6 = str(switch.net4[253]), str(switch.net6[253])
        six = f" {port.ip6}/64" if self.maybe(0.85) else ""
        self.nb(f"lrp-add {router} {port.name} {port.mac} {port.ip4}/24{six}")
        self._switch_side(port, switch)
        if six and self.maybe(0.3):
            mode = self.random.choice(["slaac", "dhcpv6_stateful", "dhcpv6_stateless"])
            self.nb(f"set logical_router_port {port.name} ipv6_ra_configs:address_mode={mode} "
                    f"ipv6_ra_configs:mtu=1400")
        return port

    def _switch_side(self, port, switch):
        name = f"{switch.name}-{port.router}"
        self.nb(f"lsp-add {switch.name} {name}")
        self.nb(f"lsp-set-type {name} router")
        self.nb(f"lsp-set-addresses {name} router")
        self.nb(f"lsp-set-options {name} router-port={port.name}")
        self.routers.setdefault(port.router, []).append(port)
        self.router_ports.append(port)
        switch.router_ports.append(port)

    def _outer(self, router, number):
        """A switch to the outside, and the router's port on it."""
        switch = Switch(f"x{number}", 200 + number)
        switch.net4 = ipaddress.ip_network(f"192.0.{number}.0/24")
        switch.net6 = ipaddress.ip_network(f"2001:db8:{number}::/64")
        self.switches.append(switch)
        self.nb(f"ls-add {switch.name}")
        self._localnet(switch)
        port = RouterPort(f"{router}-{switch.name}", router, switch,
                          f"0a:00:00:0{number}:aa:fe", switch.net4, switch.net6)
        self.nb(f"lrp-add {router} {port.name} {port.mac} {port.ip4}/24 {port.ip6}/64")
        self._switch_side(port, switch)
        self.nb(f"lr-route-add {router} 0.0.0.0/0 {switch.net4[99]}")
        self.nb(f"lr-route-add {router} ::/0 {switch.net6[99]}")
        if self.maybe(0.8):
            self.sb(f"neighbour {port.name} {switch.net4[99]} {switch.localnet.mac}")
            self.sb(f"neighbour {port.name} {switch.net6[99]} {switch.localnet.mac}")
        return port

    def _gateway_port(self, router):
        port = self._outer(router, 1)
        self.gateway_ports.append(port)
        self.nb(f"lrp-set-gateway-chassis {port.name} hv1 10")
        if self.maybe(0.2):
            self.nb(f"set logical_router_port {port.name} options:redirect-type=bridged")
        self._translations(router, port, is_distributed=True)

    def _gateway_router(self):
        switch = Switch("j", 100)
        switch.net4 = ipaddress.ip_network("100.64.0.0/24")
        switch.net6 = ipaddress.ip_network("fd98::/64")
        self.switches.append(switch)
        self.nb("ls-add j")
        inner = self.random.choice(sorted(self.routers))
        inside = RouterPort(f"{inner}-j", inner, switch, "0a:00:00:00:bb:01", switch.net4, switch.net6)
        inside.ip4, inside.ip6 = str(switch.net4[1]), str(switch.net6[1])
        gateway = "g9"
        self.nb(f"lr-add {gateway}")
        self.nb(f"set logical_router {gateway} options:chassis=hv1")
        self.gateways.add(gateway)
        for port, last in ((inside, 1), (RouterPort(f"{gateway}-j", gateway, switch,
                           "0a:00:00:00:bb:02", switch.net4, switch.net6), 2)):
            port.ip4, port.ip6 = str(switch.net4[last]), str(switch.net6[last])
            self.nb(f"lrp-add {port.router} {port.name} {port.mac} {port.ip4}/24 {port.ip6}/64")
            self._switch_side(port, switch)
        outer = self._outer(gateway, 2)
        self.nb(f"lr-route-add {gateway} 10.0.0.0/8 {switch.net4[1]}")
        self.nb(f"lr-route-add {gateway} fd00::/16 {switch.net6[1]}")
        via = self.random.choice(["172.16.0.0/12", "8.8.0.0/16"])
        self.nb(f"--may-exist lr-route-add {inner} {via} {switch.net4[2]}")
        if not any(port.router == inner for port in self.gateway_ports):
            self.nb(f"--may-exist lr-route-add {inner} ::/0 {switch.net6[2]}")
        self._translations(gateway, outer, is_distributed=False)

    def _translations(self, router, port, is_distributed):
        inner = [s for s in self.stations if s.switch.number < 100]
        if self.maybe(0.7):
            target = self.random.choice(["10.0.0.0/16", "10.0.1.0/24", inner[0].ip4])
            self.nb(f"lr-nat-add {router} snat {port.ip4} {target}")
        if self.maybe(0.3):
            self.nb(f"lr-nat-add {router} snat {port.ip6} fd00::/16")
        for index, station in enumerate(self.random.sample(inner, min(2, len(inner)))):
            external = str(port.net4[10 + index])
            kind = self.random.random()
            if kind < 0.4:
                self.nb(f"lr-nat-add {router} dnat_and_snat {external} {station.ip4}")
            elif kind < 0.6:
                self.nb(f"lr-nat-add {router} dnat {external} {station.ip4}")
            elif kind < 0.75 and is_distributed:
                self.nb(f"lr-nat-add {router} dnat_and_snat {external} {station.ip4} "
                        f"{station.name} 0a:00:00:00:cc:{index:02x}")
            elif kind < 0.85:
                self.nb(f"--stateless lr-nat-add {router} dnat_and_snat {external} {station.ip4}")
            else:
                continue
            self.outside4.append(external)
        if self.maybe(0.2):
            external = str(port.net6[10])
            self.nb(f"lr-nat-add {router} dnat_and_snat {external} {inner[0].ip6}")
            self.outside6.append(external)
        if not is_distributed and self.maybe(0.4):
            force = self.random.choice(["router_ip", port.ip4])
            self.nb(f"set logical_router {router} 'options:lb_force_snat_ip=\"{force}\"'")
        if not is_distributed and self.maybe(0.2):
            self.nb(f"set logical_router {router} 'options:dnat_force_snat_ip=\"{port.ip4}\"'")

    # Switches

    def _switch_features(self, switch):
        if self.maybe(0.5):
            for _ in range(self.random.randint(1, 5)):
                self._acl(switch.name, [s.name for s in switch.stations])
        if self.maybe(0.2):
            self._qos(switch)
        if self.maybe(0.2) and switch.stations:
            self._dhcp(switch)
        if self.maybe(0.15):
            self.nb(f"--id=@n{switch.number} create dns 'records:www.example.org=\"10.1.1.1\"' -- "
                    f"set logical_switch {switch.name} dns_records=@n{switch.number}")
        if self.maybe(0.08):
            self.nb(f"set logical_switch {switch.name} other_config:vlan-passthru=true")
        if self.maybe(0.1) and len(switch.stations) > 1:
            self._virtual(switch)

    def _virtual(self, switch):
        name, ip = f"v{switch.number}", str(switch.net4[50])
        parents = ",".join(s.name for s in switch.stations[:2])
        self.nb(f"lsp-add {switch.name} {name}")
        self.nb(f"lsp-set-addresses {name} '0a:00:00:00:{switch.number:02x}:50 {ip}'")
        self.nb(f"lsp-set-type {name} virtual")
        self.nb(f"set logical_switch_port {name} options:virtual-ip={ip} "
                f"'options:virtual-parents=\"{parents}\"'")
        self.outside4.append(ip)

    def _match(self, direction, names):
        side = "inport" if direction == "from-lport" else "outport"
        station = self.random.choice(self.stations)
        other = self.random.choice(self.stations)
        terms = [
            "ip", "ip4", "ip6", "tcp", f"tcp.dst == {self.random.choice(PORTS)}", "arp",
            f"udp.dst == {self.random.choice(PORTS)}", f"ip4.src == {station.ip4}",
            f"ip4.dst == {other.ip4}", f"ip4.dst == {{{other.ip4}, {station.ip4}}}",
            f"ip6.dst == {other.ip6}", "icmp4", "icmp4.type == 8", f"eth.src == {station.mac}",
            "tcp.dst >= 80 && tcp.dst <= 443", "ip.proto == 17", "ct.new && tcp", "ct.est",
            "ip4.src == 10.0.0.0/16", "1", "ip4.src != 10.0.1.1", "tcp.dst != 80",
        ]
        match = self.random.choice(terms)
        if names and self.maybe(0.5):
            match = f'{side} == "{self.random.choice(names)}" && ({match})'
        return match

    def _acl(self, where, names, prefix=""):
        direction = self.random.choice(["from-lport", "to-lport"])
        verdict = self.random.choice(VERDICTS)
        match = prefix.format(side="inport" if direction == "from-lport" else "outport")
        match += self._match(direction, names if not prefix else [])
        # A stateless rule competes with others of its priority for what is tracked, in any northd.
        if "ct." in match and verdict == "allow-stateless":
            verdict = "allow"
        options = ""
        if direction == "from-lport" and self.maybe(0.2):
            options += "--apply-after-lb "
        if self.maybe(0.2):
            options += "--log --severity=info --name=acl "
        kind = "--type=port-group " if prefix else ""
        self.nb(f"{options}{kind}acl-add {where} {direction} {self.priority()} '{match}' {verdict}")

    def _port_groups(self):
        members = [s for s in self.stations if s.name.startswith("p")]
        if not self.maybe(0.4):
            return
        chosen = self.random.sample(members, min(3, len(members)))
        self.nb("pg-add pg1 " + " ".join(s.name for s in chosen))
        addresses = " ".join(s.ip4 for s in self.random.sample(members, min(2, len(members))))
        self.nb("create address_set name=as1 addresses=" + ",".join(addresses.split()))
        for _ in range(self.random.randint(1, 3)):
            self._acl("pg1", [], prefix="{side} == @pg1 && ")
        if self.maybe(0.5):
            direction = self.random.choice(["from-lport", "to-lport"])
            side = "src" if direction == "to-lport" else "dst"
            port = "outport" if direction == "to-lport" else "inport"
            source = self.random.choice(["$as1", "$pg1_ip4"])
            self.nb(f"--type=port-group acl-add pg1 {direction} {self.priority()} "
                    f"'{port} == @pg1 && ip4.{side} == {source}' {self.random.choice(VERDICTS)}")

    def _qos(self, switch):
        direction = self.random.choice(["from-lport", "to-lport"])
        match = self._match(direction, [])
        what = self.random.choice(["dscp=12", "rate=1000", "rate=1000 burst=100"])
        self.nb(f"qos-add {switch.name} {direction} {self.priority()} '{match}' {what}")

    def _dhcp(self, switch):
        mac = f"0a:00:00:00:{switch.number:02x}:dd"
        station = self.random.choice(switch.stations)
        self.nb(f"--id=@d{switch.number} create dhcp_options cidr={switch.net4} "
                f"options:server_id={switch.net4[254]} 'options:server_mac=\"{mac}\"' "
                f"options:lease_time=\"3600\" options:router={switch.net4[254]} -- "
                f"set logical_switch_port {station.name} dhcpv4_options=@d{switch.number}")
        if self.maybe(0.4):
            self.nb(f"--id=@e{switch.number} create dhcp_options 'cidr=\"{switch.net6}\"' "
                    f"'options:server_id=\"{mac}\"' -- "
                    f"set logical_switch_port {station.name} dhcpv6_options=@e{switch.number}")
        self.features.add("dhcp")

    # Load balancers

    def _balancers(self):
        for number in range(self.random.choice([0, 0, 1, 2, 3])):
            self._balancer(number)

    def _balancer(self, number):
        name = f"lb{number}"
        is_six = self.maybe(0.25)
        protocol = self.random.choice(["tcp", "tcp", "udp", "sctp"])
        vip = f"fd99::{number + 1}" if is_six else f"172.30.0.{number + 1}"
        if not is_six and self.maybe(0.15) and self.router_ports:
            vip = str(self.random.choice(self.router_ports).ip4)
        port = self.random.choice(PORTS)
        members = [s for s in self.stations if s.name.startswith("p")]
        backends = self.random.sample(members, min(self.random.randint(1, 3), len(members)))
        if self.maybe(0.8):
            if is_six:
                texts = [f"[{s.ip6}]:{port + 1000}" for s in backends]
                self.nb(f"lb-add {name} [{vip}]:{port} {','.join(texts)} {protocol}")
            else:
                texts = [f"{s.ip4}:{port + 1000}" for s in backends]
                self.nb(f"lb-add {name} {vip}:{port} {','.join(texts)} {protocol}")
        else:
            port = None
            texts = [s.ip6 if is_six else s.ip4 for s in backends]
            self.nb(f"lb-add {name} {vip} {','.join(texts)}")
        self.vips.append((vip, protocol, port))
        if self.maybe(0.15):
            self.nb(f"set load_balancer {name} options:skip_snat=true")
        if self.maybe(0.15):
            self.nb(f"set load_balancer {name} options:reject=true")
        if self.maybe(0.1):
            self.nb(f"set load_balancer {name} options:affinity_timeout=60")
        if self.maybe(0.1):
            self.nb(f"set load_balancer {name} options:hairpin_snat_ip=10.9.9.9")
        if port and self.maybe(0.1):
            empty = f"[fd99::99]:{port}" if is_six else f"172.30.0.99:{port}"
            self.nb(f"lb-add {name} {empty} '' {protocol}")
            self.vips.append(("fd99::99" if is_six else "172.30.0.99", protocol, port))
        for switch in self.switches:
            if self.maybe(0.5):
                self.nb(f"ls-lb-add {switch.name} {name}")
        for router in self.routers:
            if self.maybe(0.6):
                self.nb(f"lr-lb-add {router} {name}")

    # Routers

    def _router_features(self, router):
        ports = self.routers[router]
        for number in range(self.random.choice([0, 1, 2])):
            self._route(router, ports, number)
        for _ in range(self.random.choice([0, 0, 1, 2])):
            self._policy(router, ports)
        if self.maybe(0.1):
            self.nb(f"set logical_router {router} options:always_learn_from_arp_request=false")
        if self.maybe(0.1):
            self.nb(f"set logical_router {router} options:dynamic_neigh_routers=true")
        if self.maybe(0.1):
            self.nb(f"set logical_router {router} options:mcast_relay=true")
        if self.maybe(0.1):
            port = self.random.choice(ports)
            self.nb(f"set logical_router_port {port.name} options:gateway_mtu=1400")
        if self.maybe(0.05):
            self.nb(f"set logical_router_port {self.random.choice(ports).name} enabled=false")

    def _route(self, router, ports, number):
        port = self.random.choice(ports)
        prefix = self.random.choice([
            f"198.51.{number}.0/24", f"203.0.{number}.0/24", f"198.51.100.{number}/32"])
        hop = port.net4[self.random.choice([1, 2, 99])]
        self.outside4.append(str(ipaddress.ip_network(prefix)[7 if "/24" in prefix else 0]))
        kind = self.random.random()
        if kind < 0.3:
            self.nb(f"--ecmp lr-route-add {router} {prefix} {hop}")
            second = port.net4[self.random.choice([3, 4, 98])]
            self.nb(f"--ecmp lr-route-add {router} {prefix} {second}")
        elif kind < 0.4:
            self.nb(f"--may-exist lr-route-add {router} {prefix} discard")
        elif kind < 0.5:
            self.nb(f"--policy=src-ip --may-exist lr-route-add {router} {port.net4} {hop}")
        elif kind < 0.6:
            self.nb(f"--may-exist lr-route-add {router} {prefix} {hop} {port.name}")
        elif kind < 0.7:
            self.nb(f"--route-table=t1 --may-exist lr-route-add {router} {prefix} {hop}")
            source = self.random.choice(ports)
            self.nb(f"set logical_router_port {source.name} options:route_table=t1")
        else:
            self.nb(f"--may-exist lr-route-add {router} {prefix} {hop}")

    def _policy(self, router, ports):
        station = self.random.choice(self.stations)
        match = self.random.choice([
            f"ip4.src == {station.ip4}", "tcp.dst == 443", "ip4.dst == 8.8.8.8",
            f"ip6.src == {station.ip6}", "ip4.dst == 203.0.113.0/24"])
        verdict = self.random.choice(["allow", "drop", "reroute", "reroute"])
        hop = ""
        if verdict == "reroute":
            port = self.random.choice(ports)
            net = port.net6 if "ip6" in match else port.net4
            hops = [str(net[self.random.choice([1, 2])])]
            if self.maybe(0.3):
                hops.append(str(net[99]))
            hop = " " + ",".join(hops)
        self.nb(f"lr-policy-add {router} {self.priority(1, 30000)} '{match}' {verdict}{hop}")

    def _southbound_rows(self):
        for port in self.router_ports:
            if self.maybe(0.3):
                self.sb(f"neighbour {port.name} {port.net4[98]} 0a:00:00:00:dd:01")
        for switch in self.switches:
            unknown = [s for s in switch.stations if s.name.startswith("u")]
            if unknown and self.maybe(0.6):
                self.sb(f"station {switch.name} {unknown[0].mac} {unknown[0].name}")


class Questions:
    def __init__(self, builder):
        self.builder, self.random = builder, builder.random

    def one(self):
        kind = self.random.random()
        source = self._source()
        if kind < 0.08:
            text = self._arp(source)
        elif kind < 0.13:
            text = self._neighbour_discovery(source)
        elif kind < 0.18:
            text = self._broadcast(source)
        elif kind < 0.22:
            text = self._multicast(source)
        elif kind < 0.25:
            text = self._dhcp(source)
        else:
            text = self._unicast(source)
        states = self.random.choice(STATES) if "ip4" in text or "ip6" in text else ()
        return Question(text, states)

    def _source(self):
        return self.random.choice(self.builder.stations)

    def _head(self, source, destination):
        mac = source.mac if self.random.random() < 0.96 else "0a:00:00:00:ee:ee"
        return f'inport == "{source.name}" && eth.src == {mac} && eth.dst == {destination}'

    def _unicast(self, source):
        four = self.random.random() < 0.7
        is_spoofed = self.random.random() < 0.05
        address, mac = self._destination(source, four)
        family = "ip4" if four else "ip6"
        own = source.ip4 if four else source.ip6
        if is_spoofed:
            own = "10.66.0.66" if four else "fd66::66"
        ttl = self.random.choice([9, 9, 9, 9, 9, 9, 9, 1, 2])
        protocol = self._protocol(address, four)
        return (f"{self._head(source, mac)} && {family}.src == {own} && {family}.dst == {address} "
                f"&& ip.ttl == {ttl} && {protocol}")

    def _destination(self, source, four):
        """An address and the station that the sender has to send to."""
        b = self.builder
        roll = self.random.random()
        vips = [v for v in b.vips if (":" in v[0]) != four]
        outside = b.outside4 if four else b.outside6
        if roll < 0.25 and vips:
            address = self.random.choice(vips)[0]
        elif roll < 0.45:
            address = self.random.choice(outside)
        elif roll < 0.55 and b.router_ports:
            port = self.random.choice(b.router_ports)
            address = port.ip4 if four else port.ip6
        elif roll < 0.6:
            switch = self.random.choice(b.switches)
            address = str((switch.net4 if four else switch.net6)[self.random.choice([88, 98])])
        else:
            other = self.random.choice(b.stations)
            address = other.ip4 if four else other.ip6
        return address, self._next_hop(source, address, four)

    def _next_hop(self, source, address, four):
        if self.random.random() < 0.05:
            return self.random.choice(["0a:00:00:00:ff:ff", "ff:ff:ff:ff:ff:ff", "0a:00:00:00:cc:00"])
        net = source.switch.net4 if four else source.switch.net6
        if ipaddress.ip_address(address) in net:
            for station in source.switch.stations:
                if address in (station.ip4, station.ip6):
                    return station.mac
        ports = source.switch.router_ports
        if not ports:
            others = [s for s in source.switch.stations if s is not source]
            return others[0].mac if others else "0a:00:00:00:ff:ff"
        for port in ports:
            if address in (port.ip4, port.ip6):
                return port.mac
        return self.random.choice(ports).mac

    def _protocol(self, address, four):
        for vip, protocol, port in self.builder.vips:
            if vip == address and port and self.random.random() < 0.85:
                return f"{protocol}.src == 40000 && {protocol}.dst == {port}"
        kind = self.random.choice(["tcp", "tcp", "udp", "sctp", "icmp"])
        if kind == "icmp":
            echo = "icmp4.type == 8 && icmp4.code == 0" if four else "icmp6.type == 128 && icmp6.code == 0"
            return echo
        return f"{kind}.src == 40000 && {kind}.dst == {self.random.choice(PORTS)}"

    def _target(self, source):
        b = self.builder
        roll = self.random.random()
        if roll < 0.4 and b.router_ports:
            near = source.switch.router_ports or b.router_ports
            port = self.random.choice(near)
            return port.ip4, port.ip6
        if roll < 0.75:
            other = self.random.choice(b.stations)
            return other.ip4, other.ip6
        vips4 = [v[0] for v in b.vips if ":" not in v[0]] + b.outside4
        vips6 = [v[0] for v in b.vips if ":" in v[0]] + b.outside6
        return self.random.choice(vips4), self.random.choice(vips6)

    def _arp(self, source):
        target, _ = self._target(source)
        roll = self.random.random()
        if roll < 0.15:
            return (f"{self._head(source, 'ff:ff:ff:ff:ff:ff')} && arp.op == 1 && "
                    f"arp.spa == {source.ip4} && arp.sha == {source.mac} && arp.tpa == {source.ip4}")
        if roll < 0.3:
            ports = source.switch.router_ports
            mac = ports[0].mac if ports else "0a:00:00:00:ff:ff"
            return (f"{self._head(source, mac)} && arp.op == 2 && arp.spa == {source.ip4} && "
                    f"arp.sha == {source.mac} && arp.tpa == {target} && arp.tha == {mac}")
        return (f"{self._head(source, 'ff:ff:ff:ff:ff:ff')} && arp.op == 1 && "
                f"arp.spa == {source.ip4} && arp.sha == {source.mac} && arp.tpa == {target}")

    def _neighbour_discovery(self, source):
        _, target = self._target(source)
        last = int(ipaddress.ip_address(target)) & 0xffffff
        group = str(ipaddress.ip_address(int(ipaddress.ip_address("ff02::1:ff00:0")) | last))
        mac = f"33:33:ff:{last >> 16:02x}:{last >> 8 & 255:02x}:{last & 255:02x}"
        roll = self.random.random()
        if roll < 0.2:
            return (f"{self._head(source, '33:33:00:00:00:02')} && ip6.src == fe80::1 && "
                    f"ip6.dst == ff02::2 && ip.ttl == 255 && nd_rs")
        if roll < 0.35:
            ports = source.switch.router_ports
            mac = ports[0].mac if ports else "0a:00:00:00:ff:ff"
            return (f"{self._head(source, mac)} && ip6.src == {source.ip6} && ip6.dst == {target} && "
                    f"ip.ttl == 255 && nd_na && nd.target == {source.ip6} && nd.tll == {source.mac}")
        return (f"{self._head(source, mac)} && ip6.src == {source.ip6} && ip6.dst == {group} && "
                f"ip.ttl == 255 && nd_ns && nd.target == {target} && nd.sll == {source.mac}")

    def _broadcast(self, source):
        if self.random.random() < 0.3:
            return f"{self._head(source, 'ff:ff:ff:ff:ff:ff')} && eth.type == 0x88b5"
        if self.random.random() < 0.2:
            return f"{self._head(source, 'ff:ff:ff:ff:ff:ff')} && vlan.present && vlan.vid == 9 && ip4"
        return (f"{self._head(source, 'ff:ff:ff:ff:ff:ff')} && ip4.src == {source.ip4} && "
                f"ip4.dst == 255.255.255.255 && ip.ttl == 64 && udp.src == 40000 && udp.dst == 53")

    def _multicast(self, source):
        roll = self.random.random()
        if roll < 0.3:
            return (f"{self._head(source, '01:00:5e:00:00:01')} && ip4.src == {source.ip4} && "
                    f"ip4.dst == 224.0.0.1 && ip.ttl == 1 && ip.proto == 2")
        if roll < 0.6:
            return (f"{self._head(source, '01:00:5e:01:02:03')} && ip4.src == {source.ip4} && "
                    f"ip4.dst == 239.1.2.3 && ip.ttl == 16 && udp.src == 40000 && udp.dst == 5000")
        return (f"{self._head(source, '33:33:00:00:01:02')} && ip6.src == {source.ip6} && "
                f"ip6.dst == ff0e::102 && ip.ttl == 16 && udp.src == 40000 && udp.dst == 5000")

    def _dhcp(self, source):
        if self.random.random() < 0.6:
            return (f"{self._head(source, 'ff:ff:ff:ff:ff:ff')} && ip4.src == 0.0.0.0 && "
                    "ip4.dst == 255.255.255.255 && ip.ttl == 64 && udp.src == 68 && udp.dst == 67")
        return (f"{self._head(source, '33:33:00:01:00:02')} && ip6.src == fe80::1 && "
                "ip6.dst == ff02::1:2 && ip.ttl == 64 && udp.src == 546 && udp.dst == 547")


def generate(seed, count):
    builder = Builder(seed).build()
    questions = Questions(builder)
    builder.network.questions = [questions.one() for _ in range(count)]
    return builder.network
