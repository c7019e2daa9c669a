import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// Address sets and port groups: copies of the configuration's, and those made of ports.
    func registerGroups() {
        registerAddressSets()
        registerPortGroups()
    }

    private func registerAddressSets() {
        let (inputs, outputs) = (inputs, outputs)
        engine.emitter("address set", over: inputs.addressSets) { _, row, context in
            context.emit(
                outputs.addressSets,
                AddressSetRow(name: row.name, addresses: row.addresses, options: row.options))
        }
        engine.emitter("service monitor address", over: inputs.global) { _, row, context in
            let addresses = [row.options["svc_monitor_mac"], row.options["svc_monitor_mac_dst"]]
            context.emit(
                outputs.addressSets,
                AddressSetRow(
                    name: "svc_monitor_mac",
                    addresses: canonicalSet(addresses.compactMap(\.self)), isGenerated: true))
        }
    }

    private func registerPortGroups() {
        let (inputs, outputs, model) = (inputs, outputs, model)
        let names = engine.function("port group name", over: inputs.portGroups) { _, row, _ in
            row.name
        }
        engine.emitter("port group", over: names) { _, name, context in
            for suffix in ["_ip4", "_ip6"] {
                context.emit(
                    outputs.addressSets, AddressSetRow(name: name + suffix, isGenerated: true))
            }
        }
        engine.emitter("port group membership", over: inputs.groupsOfPort) { key, groups, context in
            guard let port = context.read(model.switchPorts, key) ?? nil,
                let datapathKey = context.read(model.datapathKeys, port.datapath)
            else { return }
            let addresses = (context.read(model.stations, key) ?? []).flatMap(\.addresses)
            for group in groups.all {
                guard let name = context.read(names, group) else { continue }
                context.emit(
                    outputs.portGroupMembers,
                    PortGroupMember(group: "\(datapathKey)_\(name)", port: port.name))
                for address in addresses {
                    let suffix = address.v4 == nil ? "_ip6" : "_ip4"
                    context.emit(
                        outputs.addressSetMembers,
                        AddressSetMember(set: name + suffix, address: address.description))
                }
            }
        }
    }
}
