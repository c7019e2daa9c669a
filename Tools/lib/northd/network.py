"""A network in the shape of a Kubernetes cluster.

One cluster router and one join switch. Each node has a switch with its pods, which have port
security, and a gateway router with source NAT for them. One group of load balancers is on all
switches and gateway routers; one port group holds all pods and carries the access lists, which
match over address sets of 100 pods.
"""

import random

from ovsdb import add, existing, insert, mapping, many, new

BATCH = 250
ADDRESSES_PER_SET = 100
BACKENDS = 3


class Shape:
    def __init__(self, nodes, pods, balancers, lists, seed=1):
        self.nodes, self.pods, self.balancers, self.lists = nodes, pods, balancers, lists
        self.random = random.Random(seed)

    def subnet(self, node):
        return f"10.{128 + node // 250}.{node % 250}"

    def pod_address(self, node, pod):
        return f"{self.subnet(node)}.{pod + 10}"

    def pod_mac(self, node, pod):
        return f"02:01:{node >> 8:02x}:{node & 255:02x}:00:{pod:02x}"

    def join_address(self, node):
        return f"100.64.{(node + 10) // 250}.{(node + 10) % 250}"

    def any_pod(self):
        return self.pod_address(self.random.randrange(self.nodes), self.random.randrange(self.pods))

    @property
    def sets(self):
        return -(-self.nodes * self.pods // ADDRESSES_PER_SET)


def batches(items):
    for start in range(0, len(items), BATCH):
        yield items[start:start + BATCH]


def vip(number):
    return f"10.96.{number // 250}.{number % 250 + 1}:80"


def backends(shape):
    return ",".join(f"{shape.any_pod()}:8080" for _ in range(BACKENDS))


def fill_balancers(northbound, shape):
    uuids = []
    for numbers in batches(range(shape.balancers)):
        rows = [
            insert("Load_Balancer", {
                "name": f"service{n}", "protocol": "tcp",
                "vips": mapping({vip(n): backends(shape)}),
            }) for n in numbers
        ]
        uuids += [result["uuid"][1] for result in northbound.transact(rows)]
    group = insert("Load_Balancer_Group", {
        "name": "services", "load_balancer": many(existing(u) for u in uuids)})
    return northbound.transact([group])[0]["uuid"][1]


def join_side(name, router_port):
    return insert("Logical_Switch_Port", {
        "name": name, "type": "router", "addresses": "router",
        "options": mapping({"router-port": router_port}),
    }, name.replace("-", "_"))


def fill_centre(northbound):
    northbound.transact([
        insert("Logical_Router_Port", {
            "name": "cluster-join", "mac": "02:03:00:00:00:01", "networks": "100.64.0.1/16",
        }, "port"),
        insert("Logical_Router", {"name": "cluster", "ports": new("port")}),
        join_side("join-cluster", "cluster-join"),
        insert("Logical_Switch", {"name": "join", "ports": new("join_cluster")}),
    ])


def fill_node(northbound, shape, node, group):
    """Returns the UUIDs of the node's pods."""
    pods = [
        insert("Logical_Switch_Port", {
            "name": f"pod{node}-{pod}",
            "addresses": f"{shape.pod_mac(node, pod)} {shape.pod_address(node, pod)}",
            "port_security": f"{shape.pod_mac(node, pod)} {shape.pod_address(node, pod)}",
        }, f"pod{pod}") for pod in range(shape.pods)
    ]
    references = [new(f"pod{pod}") for pod in range(shape.pods)]
    switch = [
        join_side(f"node{node}-cluster", f"cluster-node{node}"),
        insert("Logical_Switch", {
            "name": f"node{node}", "load_balancer_group": existing(group),
            "ports": many(references + [new(f"node{node}_cluster")]),
        }),
        insert("Logical_Router_Port", {
            "name": f"cluster-node{node}", "mac": f"02:04:{node >> 8:02x}:{node & 255:02x}:00:01",
            "networks": f"{shape.subnet(node)}.1/24",
        }, "cluster_port"),
        add("Logical_Router", "cluster", "ports", [new("cluster_port")]),
    ]
    gateway = [
        insert("Logical_Router_Port", {
            "name": f"gateway{node}-join", "mac": f"02:05:{node >> 8:02x}:{node & 255:02x}:00:01",
            "networks": f"{shape.join_address(node)}/16",
        }, "gateway_port"),
        insert("NAT", {
            "type": "snat", "logical_ip": f"{shape.subnet(node)}.0/24",
            "external_ip": f"172.20.{node // 250}.{node % 250 + 1}",
        }, "nat"),
        insert("Logical_Router_Static_Route", {
            "ip_prefix": "10.128.0.0/9", "nexthop": "100.64.0.1"}, "route"),
        insert("Logical_Router", {
            "name": f"gateway{node}", "ports": new("gateway_port"), "nat": new("nat"),
            "static_routes": new("route"), "load_balancer_group": existing(group),
            "options": mapping({"chassis": f"chassis{node}"}),
        }),
        join_side(f"join-gateway{node}", f"gateway{node}-join"),
        add("Logical_Switch", "join", "ports", [new(f"join_gateway{node}")]),
    ]
    results = northbound.transact(pods + switch + gateway)
    return [result["uuid"][1] for result in results[:shape.pods]]


def fill_lists(northbound, shape, pods):
    addresses = [
        shape.pod_address(node, pod) for node in range(shape.nodes) for pod in range(shape.pods)
    ]
    for number in range(shape.sets):
        start = number * ADDRESSES_PER_SET
        northbound.transact([insert("Address_Set", {
            "name": f"set{number}", "addresses": many(addresses[start:start + ADDRESSES_PER_SET])})])
    rules = [
        insert("ACL", {
            "priority": 1000 + number, "direction": "to-lport", "action": "allow-related",
            "match": f"outport == @pods && ip4.src == $set{number % shape.sets} && "
                     f"tcp.dst == {8000 + number}",
        }, f"rule{number}") for number in range(shape.lists)
    ]
    rules.append(insert("ACL", {
        "priority": 900, "direction": "to-lport", "action": "drop",
        "match": "outport == @pods && ip4",
    }, "last"))
    names = [new(f"rule{number}") for number in range(shape.lists)] + [new("last")]
    northbound.transact(rules + [insert("Port_Group", {
        "name": "pods", "ports": many(existing(pod) for pod in pods), "acls": many(names)})])


def fill_northbound(northbound, shape):
    if not northbound.transact([{"op": "select", "table": "NB_Global", "where": [],
                                 "columns": ["_uuid"]}])[0]["rows"]:
        northbound.transact([insert("NB_Global", {"name": "cluster"})])
    group = fill_balancers(northbound, shape)
    fill_centre(northbound)
    pods = []
    for node in range(shape.nodes):
        pods += fill_node(northbound, shape, node, group)
    fill_lists(northbound, shape, pods)


def chassis_rows(name, address):
    return [
        insert("Encap", {"chassis_name": name, "type": "geneve", "ip": address}, "encap"),
        insert("Chassis", {"name": name, "hostname": f"host-{name}", "encaps": new("encap")}, "row"),
        insert("Chassis_Private", {"name": name, "chassis": new("row")}),
    ]


def fill_southbound(southbound, shape):
    for node in range(shape.nodes):
        southbound.transact(
            chassis_rows(f"chassis{node}", f"192.168.{node // 250}.{node % 250 + 1}"))
