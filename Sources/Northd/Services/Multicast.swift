// IP multicast in the graph: how switches deliver it, which addresses have receivers where, and the
// keys that these addresses got (RFC 4541). An address that a chassis reports concerns its switch
// and the routers on it that relay.
//
// Property: a report costs what it costs for its address; a switch's other addresses are not
// looked at, apart from counting them.

import Incremental
import OVSDBModel
import Schemas
import Wire

/// What a switch does with IP multicast packets: a set of facts, so that all switches of a kind
/// share their flows.
package struct MulticastDelivery: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Chassis look into reports and queries: other_config:mcast_snoop.
    package static let snoops = MulticastDelivery(rawValue: 1)
    /// What nobody has asked for goes to everybody: other_config:mcast_flood_unregistered.
    package static let floodsUnregistered = MulticastDelivery(rawValue: 2)
    /// A router on the switch relays.
    package static let relays = MulticastDelivery(rawValue: 4)
    /// Some port gets everything.
    package static let hasStaticPorts = MulticastDelivery(rawValue: 8)
    /// Some port that is no router's gets what is flooded.
    package static let hasHosts = MulticastDelivery(rawValue: 16)
    /// Requests go to no router that isn't asked: other_config:broadcast-arps-to-all-routers=false.
    package static let sparesRouters = MulticastDelivery(rawValue: 32)
}

/// What options of a switch port say of its part: mcast_flood and mcast_flood_reports.
package struct MulticastPort: Hashable, Sendable {
    package let datapath: RowUUID
    package let name: String
    /// Gets all multicast packets.
    package let floods: Bool
    /// Gets all reports.
    package let floodsReports: Bool
}

/// A switch port that has asked for an address.
package struct MulticastReceiver: Hashable, Comparable, Sendable {
    package let address: MulticastAddress
    /// The Port_Binding.
    package let port: String

    package static func < (left: MulticastReceiver, right: MulticastReceiver) -> Bool {
        left.address != right.address ? left.address < right.address : left.port < right.port
    }
}

/// A port of a relaying router on a switch.
package struct RelayPort: Hashable, Comparable, Sendable {
    package let datapath: RowUUID
    package let router: RowUUID
    package let port: RowUUID
    /// The Port_Binding by which packets leave the router.
    package let binding: String
    /// That port gets everything anyway.
    package let floods: Bool

    package static func < (left: RelayPort, right: RelayPort) -> Bool { left.port < right.port }
}

/// The first addresses of a switch for which its table (other_config:mcast_table_size) has no room;
/// they sort after those that it has room for.
package struct MulticastCut: Hashable, Sendable {
    package fileprivate(set) var v4: String?
    package fileprivate(set) var v6: String?

    func admits(_ address: String, _ parsed: IPAddress) -> Bool {
        (parsed.v4 != nil ? v4 : v6).map { address < $0 } ?? true
    }
}

struct Multicast: Sendable {
    /// How each switch delivers; empty on one without anything special.
    let deliveries: Function<RowUUID, MulticastDelivery>
    let ports: Function<RowUUID, MulticastPort?>
    /// What has been asked for, on switches.
    let receivers: Function<MulticastReceiver, Nothing>
    /// The same on relaying routers.
    let relayed: Function<MulticastReceiver, Nothing>
    /// Addresses with receivers, by datapath.
    let addresses: Function<MulticastAddress, Nothing>
    let keys: Allocator<MulticastKeys>
    let cuts: Function<RowUUID, MulticastCut>

    init(
        _ engine: Engine, _ inputs: Inputs, _ outputs: Outputs, _ model: Model,
        _ state: StickyState
    ) {
        let ports = Multicast.ports(engine, inputs, model)
        let staticPorts = engine.index("multicast flood ports", of: ports) { _, port in
            port.flatMap { $0.floods ? [$0.datapath] : nil } ?? []
        }
        let relayPorts = engine.collect(Multicast.relayPorts(engine, model))
        let relaysOfSwitch = engine.index("relays of switch", of: relayPorts) { port, _ in
            [port.datapath]
        }
        let deliveries = engine.function("multicast delivery", over: model.switchSettings) {
            key, settings, context in
            guard let settings else { return MulticastDelivery() }
            var delivery = settings.multicast
            if context.first(relaysOfSwitch, key) != nil { delivery.insert(.relays) }
            if context.first(staticPorts, key) != nil { delivery.insert(.hasStaticPorts) }
            return delivery
        }
        receivers = engine.collect(
            Multicast.receivers(engine, inputs, outputs, model, ports, deliveries))
        let heard: Relation<MulticastAddress> = engine.relation("heard address")
        engine.emitter("heard receiver", over: receivers) { receiver, _, context in
            context.emit(heard, receiver.address)
        }
        let heardAddresses = engine.collect(heard)
        cuts = Multicast.cuts(engine, model, heardAddresses)
        let all: Relation<MulticastAddress> = engine.relation("multicast address")
        let relayed: Relation<MulticastReceiver> = engine.relation("relayed receiver")
        engine.emitter("heard multicast address", over: heardAddresses) { address, _, context in
            context.emit(all, address)
            guard let parsed = IPAddress(parsing: address.address), parsed.isRoutableGroup else {
                return
            }
            for port in context.members(relaysOfSwitch, address.datapath) where !port.floods {
                let there = MulticastAddress(datapath: port.router, address: address.address)
                context.emit(all, there)
                context.emit(relayed, MulticastReceiver(address: there, port: port.binding))
            }
        }
        self.relayed = engine.collect(relayed)
        addresses = engine.collect(all)
        let requests = engine.function("multicast key request", over: addresses) {
            address, _, context -> KeyRequest? in
            KeyRequest(
                space: address.datapath, existing: context.read(inputs.multicastKeysInUse, address))
        }
        keys = engine.allocator("multicast key", of: requests, policy: state.multicastKeys)
        self.ports = ports
        self.deliveries = deliveries
    }
}

extension Multicast {
    private static func ports(
        _ engine: Engine, _ inputs: Inputs, _ model: Model
    ) -> Function<RowUUID, MulticastPort?> {
        let special = engine.subset("multicast ports", of: inputs.switchPorts) { _, row in
            row.options["mcast_flood"] == "true" || row.options["mcast_flood_reports"] == "true"
        }
        return engine.function("multicast port", over: special) { key, row, context in
            guard let port = context.read(model.switchPorts, key) ?? nil, port.isEnabled else {
                return nil
            }
            return MulticastPort(
                datapath: port.datapath, name: model.bindingName(key, port, context),
                floods: row.options["mcast_flood"] == "true",
                floodsReports: row.options["mcast_flood_reports"] == "true")
        }
    }

    private static func relayPorts(_ engine: Engine, _ model: Model) -> Relation<RelayPort> {
        let relation: Relation<RelayPort> = engine.relation("relay port")
        engine.emitter("relay port", over: model.routerPorts) { key, port, context in
            guard let port,
                (context.read(model.gateways.routers, port.router) ?? nil)?.relaysMulticast == true,
                case .switch(let datapath, _, _)? = context.read(model.attachments, key) ?? nil
            else { return }
            let place = context.read(model.gateways.places, key) ?? .anywhere
            context.emit(
                relation,
                RelayPort(
                    datapath: datapath, router: port.router, port: key,
                    binding: place.redirect ?? port.name, floods: port.floodsMulticast))
        }
        return relation
    }

    /// Who gets everything anyway is no receiver, or would get it twice.
    private static func receivers(
        _ engine: Engine, _ inputs: Inputs, _ outputs: Outputs, _ model: Model,
        _ ports: Function<RowUUID, MulticastPort?>,
        _ deliveries: Function<RowUUID, MulticastDelivery>
    ) -> Relation<MulticastReceiver> {
        let relation: Relation<MulticastReceiver> = engine.relation("multicast receiver")
        engine.emitter("multicast report", over: inputs.multicastReports) { _, report, context in
            let delivery = context.read(deliveries, report.datapath) ?? []
            guard delivery.contains(.snoops) else { return }
            let isOfRouters = report.address == MulticastReport.routers
            guard isOfRouters || IPAddress(parsing: report.address)?.isMulticast == true else {
                return
            }
            let address = MulticastAddress(datapath: report.datapath, address: report.address)
            for name in report.ports {
                guard let key = context.first(model.switchPortByName, name),
                    let port = context.read(model.switchPorts, key) ?? nil, port.isEnabled,
                    port.datapath == report.datapath
                else { continue }
                if isOfRouters {
                    context.emit(
                        outputs.multicastMembers,
                        MulticastMember(datapath: report.datapath, group: .mrouterFlood, port: name)
                    )
                    continue
                }
                let special = context.read(ports, key) ?? nil
                let side = port.kind.isRouter ? context.read(model.routerSides, key) ?? nil : nil
                let router = side.flatMap { context.read(model.gateways.routers, $0.router) ?? nil }
                if special?.floods == true || router?.relaysMulticast == true { continue }
                if special?.floodsReports == true, delivery.contains(.relays) { continue }
                context.emit(relation, MulticastReceiver(address: address, port: name))
            }
        }
        return relation
    }

    private static func cuts(
        _ engine: Engine, _ model: Model, _ heard: Function<MulticastAddress, Nothing>
    ) -> Function<RowUUID, MulticastCut> {
        let ofSwitch = engine.index("multicast addresses of switch", of: heard) { address, _ in
            [address.datapath]
        }
        let snooping = engine.subset("snooping switches", of: model.switchSettings) { _, settings in
            settings?.multicast.contains(.snoops) == true
        }
        return engine.function("multicast table", over: snooping) { key, settings, context in
            var cut = MulticastCut()
            guard let size = settings?.multicastTableSize else { return cut }
            let all = context.members(ofSwitch, key)
            guard all.count > size else { return cut }
            let listed = all.compactMap { address in
                IPAddress(parsing: address.address).map { (address.address, $0) }
            }.filter { !$0.1.isFloodedGroup }
            cut.v4 = listed.filter { $0.1.v4 != nil }.dropFirst(size).first?.0
            cut.v6 = listed.filter { $0.1.v4 == nil }.dropFirst(size).first?.0
            return cut
        }
    }
}

extension IPAddress {
    var isMulticast: Bool {
        switch self {
        case .v4(let address): address.isMulticast
        case .v6(let address): address.isMulticast
        }
    }

    /// A group whose members never ask, so that its packets go to everybody: 224.0.0.0/24
    /// (RFC 4541 §2.1.2), all nodes and all routers (RFC 4291 §2.7.1).
    var isFloodedGroup: Bool {
        switch self {
        case .v4(let address): address.bits >> 8 == 0xe00000
        case .v6(let address):
            address.low <= 2 && [0xff01 << 48, 0xff02 << 48, 0xff05 << 48].contains(address.high)
        }
    }

    /// Whether a router may pass packets to the group on (RFC 5771 §4, RFC 4291 §2.7).
    var isRoutableGroup: Bool {
        switch self {
        case .v4: isMulticast && !isFloodedGroup
        case .v6(let address): isMulticast && ![0, 1, 2, 3, 15].contains(address.high >> 48 & 0xf)
        }
    }
}
