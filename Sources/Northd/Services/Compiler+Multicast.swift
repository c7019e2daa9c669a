import Incremental
import OVSDBModel
import Schemas
import Wire

extension Compiler {
    /// Snooping on switches, and groups of addresses on switches and relaying routers.
    func registerMulticast() {
        registerSnooping()
        registerMulticastAddresses()
        registerMulticastMembers()
    }

    private func registerSnooping() {
        let (inputs, outputs, model, services) = (inputs, outputs, model, services)
        engine.emitter("snooping parameters", over: inputs.datapaths) { key, row, context in
            guard let row = row.switch else { return }
            let contents = SB.IPMulticast(snooping: row) { column, reason in
                context.emit(
                    outputs.problems,
                    Problem(NB.LogicalSwitch.table.name, key, column, reason))
            }
            context.emit(outputs.snooping, SnoopingRow(origin: key, contents: contents))
        }
        let remote = engine.subset("remote ports", of: model.switchPorts) { _, port in
            port?.kind == .remote
        }
        engine.emitter("reports of other zones", over: remote) { key, port, context in
            guard let port,
                let settings = context.read(model.switchSettings, port.datapath) ?? nil,
                settings.isTransit, settings.multicast.contains(.snoops)
            else { return }
            context.emit(
                RemoteReports(port: port.name), .datapath(port.datapath), hint: key,
                meters: services.meters(of: port.datapath, context), to: outputs)
        }
    }

    private func registerMulticastAddresses() {
        let (outputs, model, multicast) = (outputs, model, multicast)
        engine.emitter("multicast address", over: multicast.addresses) { address, _, context in
            guard let key = context.read(multicast.keys, address) else {
                return
            }
            context.emit(outputs.multicastKeys, MulticastKeyRow(address: address, key: key))
            guard let parsed = IPAddress(parsing: address.address) else { return }
            let place = address.datapath
            if context.read(model.gateways.routers, place) ?? nil != nil {
                return context.emit(
                    RelayedAddress(
                        address: parsed, group: address.address,
                        hasStaticPorts: model.floodsMulticast(place, context)),
                    .datapath(place), hint: place, to: outputs)
            }
            // The physical network may have receivers that nobody has heard.
            for localnet in context.members(model.localnetPorts, place) {
                guard let port = context.read(model.switchPorts, localnet) ?? nil, port.isEnabled
                else {
                    continue
                }
                context.emit(
                    outputs.multicastMembers,
                    MulticastMember(
                        datapath: place, group: .address(address.address), port: port.name))
            }
            guard context.read(multicast.cuts, place)?.admits(address.address, parsed) != false
            else { return }
            context.emit(
                AddressDelivery(
                    address: parsed, group: address.address,
                    delivery: context.read(multicast.deliveries, place) ?? []),
                .datapath(place), hint: place, to: outputs)
        }
    }

    /// Ports that a chassis has heard, and those that want everything.
    private func registerMulticastMembers() {
        let (outputs, multicast) = (outputs, multicast)
        for receivers in [multicast.receivers, multicast.relayed] {
            engine.emitter("multicast receiver", over: receivers) { receiver, _, context in
                context.emit(
                    outputs.multicastMembers,
                    MulticastMember(
                        datapath: receiver.address.datapath,
                        group: .address(receiver.address.address), port: receiver.port))
            }
        }
        engine.emitter("multicast flood member", over: multicast.ports) { _, port, context in
            guard let port else { return }
            for (isMember, group) in [
                (port.floods, MulticastGroup.static), (port.floodsReports, .mrouterFlood),
            ] where isMember {
                context.emit(
                    outputs.multicastMembers,
                    MulticastMember(datapath: port.datapath, group: group, port: port.name))
            }
        }
    }
}

extension SB.IPMulticast {
    private enum Limits {
        /// Seconds.
        static let idleTimeout = 15...3600
        static let queryInterval = 1...3600
        static let queryResponse = 0...MulticastQuery.Limits.responseTime
    }

    /// What Logical_Switch.other_config says, within its limits (ovn-sb(5), IP_Multicast).
    fileprivate init(
        snooping row: NB.LogicalSwitch, report: (_ column: String, _ reason: String) -> Void
    ) {
        let config = row.otherConfig
        func number(_ name: String, _ usual: Int, _ range: ClosedRange<Int>) -> Int {
            guard let text = config[name] else { return usual }
            guard let value = Int(text), value >= 0 else {
                report("other_config:\(name)", "no number: \"\(text)\"")
                return usual
            }
            return value.clamped(to: range)
        }
        func text(_ name: String, _ isValid: (String) -> Bool) -> String {
            guard let text = config[name] else { return "" }
            if isValid(text) { return text }
            report("other_config:\(name)", "no address: \"\(text)\"")
            return ""
        }
        let idle = number("mcast_idle_timeout", 300, Limits.idleTimeout)
        self.init(
            enabled: config["mcast_snoop"] == "true", querier: config["mcast_querier"] != "false",
            ethSrc: text("mcast_eth_src") { MACAddress(parsing: $0) != nil },
            ip4Src: text("mcast_ip4_src") { IPv4Address(parsing: $0) != nil },
            ip6Src: text("mcast_ip6_src") { IPv6Address(parsing: $0) != nil },
            tableSize: number(
                "mcast_table_size", SwitchSettings.Limits.multicastTable, 0...Int.max),
            idleTimeout: idle,
            queryInterval: number("mcast_query_interval", idle / 2, Limits.queryInterval),
            queryMaxResp: number("mcast_query_max_response", 1, Limits.queryResponse))
    }
}
