import Datapath
import Pipeline
import Wire

// Where the kernel can't do what a flow says, the copies of the packet are made here: each is the
// frame with its headers written, and the steps and targets that the kernel carries out.
//
// A header that only we can set may be written between two steps. The steps before are then
// carried out on a packet of their own that goes nowhere, which is all that committing a connection
// needs.

extension OutputList {
    /// Outputs of one packet that go to the kernel in one request.
    private static let outputsPerEmission = 128

    /// A stretch of a way: a frame's headers, and what the kernel does from there.
    private struct Stretch {
        let values: FlowKey
        var last: FlowKey
        var actions: [DatapathAction] = []
    }

    /// All copies of the packet itself.
    func emissions(_ frame: [UInt8], _ key: FlowKey) -> [Emission] {
        var result: [Emission] = []
        for (number, node) in nodes.enumerated() where !node.isGenerated {
            for copy in node.copies {
                result += emissions(
                    frame, from: key, at: number, copy.headers.values, copy.targets)
            }
            if node.step != nil, node.copies.isEmpty, node.children.isEmpty {
                result += emissions(frame, from: key, at: number, node.headers.values, [])
            }
        }
        return result
    }

    /// The packets for some targets of a copy with the headers `values`, behind the steps up to
    /// `number`. `key` is what `frame` has.
    func emissions(
        _ frame: [UInt8], from key: FlowKey, at number: Int, _ values: FlowKey,
        _ targets: [Target]
    ) -> [Emission] {
        var stretches: [Stretch] = []
        for node in way(to: number) {
            guard let step = nodes[node].step else { continue }
            Self.extend(&stretches, to: nodes[node].headers.values, frame, key)
            stretches[stretches.count - 1].actions.append(step.action)
        }
        Self.extend(&stretches, to: values, frame, key)
        return stretches.indices.flatMap { index in
            let isLast = index == stretches.count - 1
            return Self.emissions(
                frame, from: key, stretches[index], isLast ? targets : [])
        }
    }

    private func way(to number: Int) -> [Int] {
        var way = [number]
        while let step = way.last.flatMap({ nodes[$0].step }) { way.append(step.parent) }
        return way.reversed()
    }

    /// Brings the packet to other headers: by sets, or by a frame of its own.
    private static func extend(
        _ stretches: inout [Stretch], to values: FlowKey, _ frame: [UInt8], _ key: FlowKey
    ) {
        guard let last = stretches.last,
            !foreign.contains(where: { last.last[wide: $0] != values[wide: $0] }),
            TagStack({ last.last[$0] }) == TagStack({ values[$0] })
        else {
            stretches.append(Stretch(values: values, last: values))
            return
        }
        stretches[stretches.count - 1].actions += sets(from: last.last, to: values, key)
        stretches[stretches.count - 1].last = values
    }

    private static func sets(
        from old: FlowKey, to new: FlowKey, _ key: FlowKey
    ) -> [DatapathAction] {
        let scratch = FlowScratch(count: 1)
        scratch[0].copy(from: key)
        return HeaderSet.Header.allCases.compactMap { header in
            guard has(header, scratch[0]) else { return nil }
            let changes = header.fields.filter { old[wide: $0] != new[wide: $0] }
                .map { HeaderSet.Change($0, new[wide: $0]) }
            return changes.isEmpty ? nil : .set(HeaderSet(header, changes))
        }
    }

    private static func emissions(
        _ frame: [UInt8], from key: FlowKey, _ stretch: Stretch, _ targets: [Target]
    ) -> [Emission] {
        let written = rewrite(frame, from: key, to: stretch.values)
        let metadata = metadata(of: key, stretch.values)
        guard !targets.isEmpty else {
            guard !stretch.actions.isEmpty else { return [] }
            return [Emission(frame: written, metadata: metadata, actions: stretch.actions)]
        }
        return stride(from: 0, to: targets.count, by: outputsPerEmission).map { start in
            let part = targets[start..<min(start + outputsPerEmission, targets.count)]
            return Emission(
                frame: written, metadata: metadata,
                actions: stretch.actions + part.flatMap(\.actions))
        }
    }

    /// What is kept beside a packet: its connection is that of the packet that came.
    private static func metadata(of key: FlowKey, _ values: FlowKey) -> FlowKey {
        var metadata = FlowKey()
        for field in [KeyField.inputPort, .mark, .priority] {
            metadata[wide: field] = values[wide: field]
        }
        for field in KeyField.tracking { metadata[wide: field] = key[wide: field] }
        return metadata
    }

    static func rewrite(_ frame: [UInt8], from key: FlowKey, to values: FlowKey) -> [UInt8] {
        guard var rewriter = PacketRewriter(frame) else { return frame }
        for field in settable + foreign where key[wide: field] != values[wide: field] {
            rewriter.set(field, to: values[wide: field])
        }
        for step in TagStack({ values[$0] }).steps(from: TagStack { key[$0] }) {
            switch step {
            case .pop: rewriter.popTag()
            case .push(let tag): rewriter.pushTag(tag)
            }
        }
        return rewriter.frame
    }
}
