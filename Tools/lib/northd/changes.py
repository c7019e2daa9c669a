"""The changes that the benchmark makes, each a transaction that is typical for a cluster at work. A
change is called with the shape and a number that makes it new, and returns the database to write
to and the operations."""

from network import backends, chassis_rows, join_side, vip
from ovsdb import add, existing, insert, mapping, many, new, update

CHANGES = {}


def change(name):
    def register(function):
        CHANGES[name] = function
        return function
    return register


@change("nothing")
def nothing(shape, number):
    return "nb", []


@change("a port joins")
def port_joins(shape, number):
    return "nb", [
        insert("Logical_Switch_Port", {
            "name": f"late{number}",
            "addresses": f"02:09:00:00:00:{number:02x} {shape.subnet(1)}.{200 + number}",
        }, "port"),
        add("Logical_Switch", "node1", "ports", [new("port")]),
    ]


@change("a port joins a new port group")
def port_group(shape, number):
    return "nb", [
        {"op": "select", "table": "Logical_Switch_Port", "where": [["name", "==", f"late{number}"]],
         "columns": ["_uuid"]},
        lambda results: insert("Port_Group", {
            "name": f"late_group{number}", "ports": existing(results[0]["rows"][0]["_uuid"][1])}),
    ]


@change("a rule on the port group")
def rule_on_group(shape, number):
    return "nb", [
        insert("ACL", {
            "priority": 2000 + number, "direction": "to-lport", "action": "allow-related",
            "match": f"outport == @pods && tcp.dst == {9000 + number}"}, "rule"),
        add("Port_Group", "pods", "acls", [new("rule")]),
    ]


@change("a rule on a switch")
def rule_on_switch(shape, number):
    return "nb", [
        insert("ACL", {
            "priority": 2000 + number, "direction": "to-lport", "action": "allow-related",
            "match": f"tcp.dst == {9000 + number}"}, "rule"),
        add("Logical_Switch", "node3", "acls", [new("rule")]),
    ]


@change("a route")
def route(shape, number):
    return "nb", [
        insert("Logical_Router_Static_Route", {
            "ip_prefix": f"172.30.{number}.0/24", "nexthop": shape.join_address(number)}, "route"),
        add("Logical_Router", "cluster", "static_routes", [new("route")]),
    ]


@change("an address translation")
def translation(shape, number):
    return "nb", [
        insert("NAT", {
            "type": "dnat_and_snat", "external_ip": f"172.21.0.{number + 1}",
            "logical_ip": shape.pod_address(5, number)}, "nat"),
        add("Logical_Router", "gateway5", "nat", [new("nat")]),
    ]


@change("a router policy")
def policy(shape, number):
    return "nb", [
        insert("Logical_Router_Policy", {
            "priority": 100 + number, "match": f"ip4.src == {shape.subnet(number)}.0/24",
            "action": "reroute", "nexthops": shape.join_address(number)}, "policy"),
        add("Logical_Router", "cluster", "policies", [new("policy")]),
    ]


@change("a load balancer on a switch")
def balancer(shape, number):
    return "nb", [
        insert("Load_Balancer", {
            "name": f"late{number}", "protocol": "tcp",
            "vips": mapping({f"10.97.0.{number + 1}:80": backends(shape)})}, "balancer"),
        add("Logical_Switch", "node1", "load_balancer", [new("balancer")]),
    ]


@change("backends of a group's load balancer")
def group_balancer(shape, number):
    return "nb", [
        update("Load_Balancer", f"service{number}",
               {"vips": mapping({vip(number): backends(shape)})})]


@change("an address joins a set")
def address(shape, number):
    return "nb", [add("Address_Set", "set1", "addresses", [f"10.200.0.{number + 1}"])]


@change("a port is disabled")
def disabled(shape, number):
    return "nb", [update("Logical_Switch_Port", f"pod1-{number}", {"enabled": False})]


@change("a switch with a router port")
def switch(shape, number):
    return "nb", [
        insert("Logical_Router_Port", {
            "name": f"cluster-late{number}", "mac": f"02:0a:00:00:00:{number:02x}",
            "networks": f"10.254.{number}.1/24"}, "router_port"),
        add("Logical_Router", "cluster", "ports", [new("router_port")]),
        join_side(f"late{number}-cluster", f"cluster-late{number}"),
        insert("Logical_Switch", {
            "name": f"late{number}", "ports": many([new(f"late{number}_cluster")])}),
    ]


@change("a chassis joins")
def chassis(shape, number):
    return "sb", chassis_rows(f"late{number}", f"192.168.200.{number + 1}")


@change("a port is bound")
def bound(shape, number):
    return "sb", [
        {"op": "select", "table": "Chassis", "where": [["name", "==", "chassis2"]],
         "columns": ["_uuid"]},
        lambda results: update(
            "Port_Binding", f"pod2-{number}",
            {"chassis": existing(results[0]["rows"][0]["_uuid"][1]), "up": True},
            key="logical_port"),
    ]
