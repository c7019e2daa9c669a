import Wire

extension FlowText {
    /// A list of actions; `drop` for an empty one.
    package func actions(_ actions: [DatapathAction]) -> String {
        actions.isEmpty ? "drop" : list(actions)
    }

    private func list(_ actions: [DatapathAction]) -> String {
        actions.map(action).joined(separator: ",")
    }

    package func action(_ action: DatapathAction) -> String {
        switch action {
        case .output(let port): portName(port)
        case .userspace(let action): userspace(action)
        case .set(let set): "set(\(header(set)))"
        case .setTunnel(let tunnel): "set(tunnel(\(self.tunnel(tunnel))))"
        case .pushVLAN(let tag): pushVLAN(tag)
        case .popVLAN: "pop_vlan"
        case .recirculate(let id): "recirc(\(prefixed(id)))"
        case .hash(let basis): "hash(l4(\(basis)))"
        case .track(let tracking): track(tracking)
        case .clearTracking: "ct_clear"
        case .truncate(let length): "trunc(\(length))"
        case .clone(let actions): "clone(\(list(actions)))"
        case .sample(let probability, let actions): sample(probability, actions)
        case .localSample(let group, let cookie):
            "psample(group=\(group),cookie=0x\(cookie.map { hexadecimal($0, digits: 2) }.joined()))"
        case .meter(let id): "meter(\(id))"
        case .checkLength(let size, let greater, let lessOrEqual):
            "check_pkt_len(size=\(size),gt(\(self.actions(greater)))"
                + ",le(\(self.actions(lessOrEqual))))"
        case .decrementTTL(let exceeded): "dec_ttl(le_1(\(self.actions(exceeded))))"
        }
    }

    private func userspace(_ action: UserspaceAction) -> String {
        let data = action.cookie.map { hexadecimal($0, digits: 2) }.joined()
        let tail = data.isEmpty ? "" : ",userdata(\(data))"
        return "userspace(pid=\(action.port)\(tail))"
    }

    private func pushVLAN(_ tag: VLANTag) -> String {
        let type = tag.tpid == EtherType.vlan ? "" : "tpid=0x\(hexadecimal(tag.tpid, digits: 4)),"
        return "push_vlan(\(type)vid=\(tag.tci & 0xfff),pcp=\(tag.tci >> 13))"
    }

    /// Two decimals of a per cent, as 100.0% prints for always.
    private func sample(_ probability: UInt32, _ actions: [DatapathAction]) -> String {
        let tenths = (UInt64(probability) * 1000 + UInt64(UInt32.max) / 2) / UInt64(UInt32.max)
        return "sample(sample=\(tenths / 10).\(tenths % 10)%,actions(\(list(actions))))"
    }

    private func header(_ set: HeaderSet) -> String {
        var key = FlowKey()
        var mask = FlowMask()
        for change in set.changes {
            key[wide: change.field] = change.value
            mask[wide: change.field] = change.mask
        }
        let type: UInt16
        switch set.header {
        case .ipv6: type = EtherType.ipv6
        default: type = EtherType.ipv4
        }
        key[.ethernetType] = UInt64(type)
        switch set.header {
        case .tcp: key[.ipProtocol] = UInt64(IPProtocol.tcp)
        case .udp: key[.ipProtocol] = UInt64(IPProtocol.udp)
        case .sctp: key[.ipProtocol] = UInt64(IPProtocol.sctp)
        case .priority, .mark, .ethernet, .ipv4, .ipv6: break
        }
        return self.key(key, mask: mask)
    }

    private func tunnel(_ tunnel: TunnelKey) -> String {
        var parts = ["tun_id=\(prefixed(tunnel.id))"]
        if let source = tunnel.source { parts.append("src=\(source)") }
        parts.append("dst=\(tunnel.destination)")
        if tunnel.tos != 0 { parts.append("tos=\(prefixed(tunnel.tos))") }
        parts.append("ttl=\(tunnel.ttl)")
        if tunnel.destinationPort != 0 { parts.append("tp_dst=\(tunnel.destinationPort)") }
        if let option = tunnel.option {
            parts.append("geneve({class=0x102,type=0x80,len=4,\(prefixed(option))})")
        }
        if let index = tunnel.erspanIndex { parts.append("erspan(ver=1,idx=\(prefixed(index)))") }
        var flags: [String] = []
        for (bit, name) in Self.tunnelNames.enumerated()
        where tunnel.flags >> UInt64(bit) & 1 == 1 { flags.append(name) }
        flags.append("key")
        parts.append("flags(\(flags.joined(separator: "|")))")
        return parts.joined(separator: ",")
    }

    private func track(_ tracking: ConnectionTracking) -> String {
        var parts: [String] = []
        if tracking.commit { parts.append("commit") }
        if tracking.zone != 0 { parts.append("zone=\(tracking.zone)") }
        if let mark = tracking.mark {
            parts.append("mark=\(prefixed(mark.value))/\(prefixed(mark.mask))")
        }
        if let label = tracking.label {
            parts.append("label=\(prefixed(label.value))/\(prefixed(label.mask))")
        }
        if let helper = tracking.helper { parts.append("helper=\(helper.rawValue)") }
        if let translation = tracking.translation { parts.append(translate(translation)) }
        return parts.isEmpty ? "ct" : "ct(\(parts.joined(separator: ",")))"
    }

    private func translate(_ translation: ConnectionTracking.Translation) -> String {
        guard let direction = translation.direction else { return "nat" }
        var text = direction == .source ? "src" : "dst"
        if let addresses = translation.addresses {
            text += "=\(addresses.lowerBound)"
            if addresses.upperBound != addresses.lowerBound { text += "-\(addresses.upperBound)" }
            if let ports = translation.ports {
                text += ":\(ports.lowerBound)"
                if ports.upperBound != ports.lowerBound { text += "-\(ports.upperBound)" }
            }
        }
        if translation.isRandom { text += ",random" }
        return "nat(\(text))"
    }
}
