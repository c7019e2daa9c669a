"""Rows of a Southbound database that no northd writes: flows as a test needs them. One line each:

    datapath NAME KEY [KEY=VALUE...]                    external IDs
    port DATAPATH NAME KEY [TYPE] [KEY=VALUE...]        options; external IDs begin with +, port
                                                        security is security=
    group DATAPATH NAME KEY PORT...                     a multicast group
    flow DATAPATH[,...] PIPELINE TABLE PRIORITY MATCH ACTIONS [KEY=VALUE...]    external IDs
    neighbour PORT IP MAC
    static PORT IP MAC [override]
    station DATAPATH MAC PORT
    addresses NAME ADDRESS...                           an address set
    ports NAME PORT...                                  a port group
    balancer NAME VIP=BACKENDS...
    dhcp NAME CODE TYPE                                 an option
    dhcp6 NAME CODE TYPE
"""

import re
import shlex

from ovsdb import Failure, insert, many


def operations(lines):
    """One transaction that inserts all rows."""
    writer = _Writer()
    for line in lines:
        words = shlex.split(line)
        write = getattr(writer, "add_" + words[0], None)
        if write is None:
            raise Failure(f"{words[0]}: no such row")
        write(*words[1:])
    return writer.operations


def _pairs(words):
    return dict(word.split("=", 1) for word in words)


def _map(pairs):
    return ["map", [[key, value] for key, value in pairs.items()]]


class _Writer:
    def __init__(self):
        self.operations, self.keys = [], {}

    def _insert(self, table, row, name=None):
        self.operations.append(insert(table, row, name))

    @staticmethod
    def _name(kind, name):
        return kind + "_" + re.sub(r"\W", "_", name)

    def _reference(self, kind, name):
        if (kind, name) not in self.keys:
            raise Failure(f"{name}: no such {kind} before this line")
        return ["named-uuid", self._name(kind, name)]

    def add_datapath(self, name, key, *identifiers):
        self.keys["datapath", name] = int(key)
        self._insert("Datapath_Binding", {
            "tunnel_key": int(key), "external_ids": _map({"name": name} | _pairs(identifiers)),
        }, self._name("datapath", name))

    def add_port(self, datapath, name, key, *rest):
        kind = rest[0] if rest and "=" not in rest[0] else ""
        pairs = _pairs(rest[1:] if kind else rest)
        security = pairs.pop("security", None)
        self.keys["port", name] = (datapath, int(key))
        self._insert("Port_Binding", {
            "logical_port": name, "datapath": self._reference("datapath", datapath),
            "tunnel_key": int(key), "type": kind,
            "options": _map({k: v for k, v in pairs.items() if k[0] != "+"}),
            "external_ids": _map({k[1:]: v for k, v in pairs.items() if k[0] == "+"}),
            "port_security": many([security] if security else []),
        }, self._name("port", name))

    def add_group(self, datapath, name, key, *ports):
        self._insert("Multicast_Group", {
            "name": name, "datapath": self._reference("datapath", datapath),
            "tunnel_key": int(key),
            "ports": many([self._reference("port", port) for port in ports])})

    def add_flow(self, datapaths, pipeline, table, priority, match, actions, *identifiers):
        names = datapaths.split(",")
        row = {"pipeline": pipeline, "table_id": int(table), "priority": int(priority),
               "match": match, "actions": actions, "external_ids": _map(_pairs(identifiers))}
        if len(names) == 1:
            row["logical_datapath"] = self._reference("datapath", datapaths)
        else:
            group = f"group_{len(self.operations)}"
            self._insert("Logical_DP_Group", {
                "datapaths": many([self._reference("datapath", name) for name in names])}, group)
            row["logical_dp_group"] = ["named-uuid", group]
        self._insert("Logical_Flow", row)

    def _neighbour(self, port, address, mac):
        self._reference("port", port)
        datapath, _ = self.keys["port", port]
        return {"logical_port": port, "ip": address, "mac": mac,
                "datapath": self._reference("datapath", datapath)}

    def add_neighbour(self, port, address, mac):
        self._insert("MAC_Binding", self._neighbour(port, address, mac))

    def add_static(self, port, address, mac, override=""):
        self._insert("Static_MAC_Binding", self._neighbour(port, address, mac) | {
            "override_dynamic_mac": bool(override)})

    def add_station(self, datapath, mac, port):
        self._insert("FDB", {"mac": mac, "dp_key": self.keys["datapath", datapath],
                             "port_key": self.keys["port", port][1]})

    def add_addresses(self, name, *addresses):
        self._insert("Address_Set", {"name": name, "addresses": many(addresses)})

    def add_ports(self, name, *ports):
        self._insert("Port_Group", {"name": name, "ports": many(ports)})

    def add_balancer(self, name, *addresses):
        self._insert("Load_Balancer", {"name": name, "vips": _map(_pairs(addresses))})

    def add_dhcp(self, name, code, kind):
        self._insert("DHCP_Options", {"name": name, "code": int(code), "type": kind})

    def add_dhcp6(self, name, code, kind):
        self._insert("DHCPv6_Options", {"name": name, "code": int(code), "type": kind})
