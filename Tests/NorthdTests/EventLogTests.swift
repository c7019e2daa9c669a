import Incremental
import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import Northd

/// What re-runs after typical changes: the objects concerned, in a network where there are many
/// others.
@Suite struct EventLogTests {
    private final class Network {
        let network = TestNetwork()
        var switches: [RowUUID] = []
        var ports: [[RowUUID]] = []
        var router: RowUUID
        var routes: [RowUUID] = []
        var names: [RowUUID: String] = [:]

        /// Switches of `width` ports each, all on one router.
        init(switches count: Int, width: Int) {
            router = network.addRouter("r")
            names[router] = "r"
            for number in 0..<count {
                let datapath = network.addSwitch("s\(number)")
                names[datapath] = "s\(number)"
                switches.append(datapath)
                let sides = network.connect(
                    router, datapath, name: "r-s\(number)", mac: "02:00:00:00:0\(number):fe",
                    networks: ["10.0.\(number).254/24"])
                names[sides.routerPort] = "r-s\(number)"
                names[sides.switchPort] = "to-r-s\(number)"
                ports.append([])
                for host in 1...width { addPort(on: number, host: host) }
            }
            for number in 0..<count {
                let route = network.addRoute(
                    "10.\(number + 1).0.0/16", via: "10.0.\(number).1", on: router)
                names[route] = "route\(number)"
                routes.append(route)
            }
            network.settle()
            network.northd.compiler.engine.log = EventLog()
        }

        @discardableResult
        func addPort(on number: Int, host: Int) -> RowUUID {
            let name = "p\(number)-\(host)"
            let uuid = network.addPort(
                name, to: switches[number],
                addresses: ["02:00:00:00:0\(number):0\(host) 10.0.\(number).\(host)"])
            names[uuid] = name
            ports[number].append(uuid)
            return uuid
        }

        /// The cells that ran since the last call, objects by their names.
        func ran() -> Set<String> {
            network.settle()
            let engine = network.northd.compiler.engine
            let events = engine.log?.events ?? []
            engine.log?.clear()
            return Set(
                events.map { event in
                    names.reduce(event.cell) { text, name in
                        text.contains(name.key.description)
                            ? event.store + "(" + name.value + ")" : text
                    }
                })
        }

        /// The objects that were concerned.
        func concerned() -> Set<String> {
            Set(ran().map { String($0.split(separator: "(").last?.dropLast() ?? "") })
        }
    }

    @Test func aPortThatJoinsConcernsItself() {
        let network = Network(switches: 3, width: 4)
        network.addPort(on: 1, host: 9)
        #expect(network.concerned() == ["p1-9"])
    }

    @Test func aPortThatLeavesConcernsItself() {
        let network = Network(switches: 3, width: 4)
        network.network.removePort(network.ports[2][0], from: network.switches[2])
        #expect(network.concerned() == ["p2-1"])
    }

    @Test func aBindingConcernsThePortsState() {
        let network = Network(switches: 2, width: 4)
        let binding = network.network.rows(SB.PortBinding.self).first {
            $0.row.logicalPort == "p1-2"
        }
        network.network.editSouthbound {
            $0.update(binding?.uuid ?? .zero, [.up], of: SB.PortBinding(up: true))
        }
        #expect(network.ran() == ["port state(p1-2)", "switch port key request(p1-2)"])
    }

    @Test func aDisabledPortConcernsItself() {
        let network = Network(switches: 3, width: 4)
        network.network.edit {
            $0.update(network.ports[0][1], [.enabled], of: NB.LogicalSwitchPort(enabled: false))
        }
        #expect(network.concerned() == ["p0-2"])
    }

    @Test func anotherNameInExternalIDsIsABindingOnly() {
        let network = Network(switches: 3, width: 4)
        network.network.edit {
            $0.update(
                network.ports[0][1], [.externalIDs],
                of: NB.LogicalSwitchPort(externalIDs: ["note": "x"]))
        }
        #expect(
            network.ran() == [
                "switch port(p0-2)", "switch port binding(p0-2)",
            ])
    }

    @Test func aRouteConcernsItself() {
        let network = Network(switches: 4, width: 2)
        let route = network.network.addRoute("10.77.0.0/16", via: "10.0.2.1", on: network.router)
        network.names[route] = "new"
        #expect(network.concerned() == ["new"])
        network.network.addRoute("10.77.0.0/16", via: "10.0.3.1", on: network.router)
        #expect(!network.concerned().contains { $0.hasPrefix("p") || $0.hasPrefix("route") })
    }

    @Test func aSwitchConcernsItselfAndNoOther() {
        let network = Network(switches: 3, width: 4)
        // The first of its kind, a switch without hosts, also brings what that kind has in common.
        network.network.addSwitch("empty")
        _ = network.concerned()
        let datapath = network.network.addSwitch("new")
        network.names[datapath] = "new"
        #expect(network.concerned() == ["new"])
    }

    /// A router on a switch is news for all of that switch's ports, and for no other switch.
    @Test func aRouterThatJoinsASwitchConcernsThatSwitch() {
        let network = Network(switches: 3, width: 3)
        let other = network.network.addRouter("r2")
        network.names[other] = "r2"
        _ = network.concerned()
        let sides = network.network.connect(
            other, network.switches[1], name: "r2-s1", mac: "02:00:00:00:09:01",
            networks: ["10.0.1.253/24"])
        network.names[sides.routerPort] = "r2-s1"
        network.names[sides.switchPort] = "to-r2-s1"
        let concerned = network.concerned()
        #expect(concerned.isSuperset(of: ["r2-s1", "to-r2-s1", "p1-1", "p1-2", "p1-3"]))
        #expect(!concerned.contains { $0.hasPrefix("p0") || $0.hasPrefix("p2") })
    }

    @Test func anOptionThatNobodyReadsConcernsNobody() {
        let network = Network(switches: 2, width: 4)
        network.network.edit { builder in
            guard let global = network.network.northbound.replica.only(NB.NBGlobal.self) else {
                return
            }
            var row = global.row
            row.options["something"] = "else"
            builder.update(global.uuid, [.options], of: row)
        }
        let readers = [
            "zone", "service monitor address", "configuration", "settings", "drop sampling",
            "options of the deployment",
        ]
        #expect(network.ran().allSatisfy { event in readers.contains { event.hasPrefix($0) } })
    }

    /// The first port that takes unknown stations changes what the switch does with them, and how
    /// its router is reached; the second changes nothing of that.
    @Test func theFirstUnknownPortConcernsTheSwitch() {
        let network = Network(switches: 2, width: 4)
        network.network.addPort("u1", to: network.switches[0], addresses: ["unknown"])
        let first = network.ran()
        #expect(first.contains("datapath traits(s0)"))
        #expect(first.contains("router neighbours(to-r-s0)"))
        #expect(!first.contains { $0.contains("(p") })
        network.network.addPort("u2", to: network.switches[0], addresses: ["unknown"])
        let second = network.network.northd.compiler.engine
        network.network.settle()
        let events = second.log?.events.filter {
            $0.store == "router neighbours" && $0.kind == .cutOff
        }
        #expect((events?.count ?? 0) <= 1, "at most the index's bucket is looked at again")
    }
}

@Suite struct FootprintTests {
    /// Bookkeeping of the engine per port of a network in which nearly everything is ports. Rows
    /// and parsed values don't count.
    @Test func bytesPerPort() {
        let network = TestNetwork()
        let router = network.addRouter("r")
        let (switches, width) = (5, 150)
        for number in 0..<switches {
            let datapath = network.addSwitch("s\(number)")
            network.connect(
                router, datapath, name: "r-s\(number)", mac: "02:00:00:01:0\(number):fe",
                networks: ["10.\(number).0.254/16"])
            for host in 0..<width {
                let low = String(host + 16, radix: 16)
                network.addPort(
                    "p-\(number)-\(host)", to: datapath,
                    addresses: ["02:00:00:00:0\(number):\(low) 10.\(number).1.\(host)"])
            }
        }
        network.settle()
        let empty = TestNetwork().northd.compiler.engine.stateBytes
        let all = network.northd.compiler.engine.stateBytes
        let bytes = (all - empty) / (switches * width)
        #expect(bytes <= 560, "\(bytes) bytes of engine state per logical port")
    }
}
