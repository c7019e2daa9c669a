import Datapath
import LogicalFlow
import Pipeline

// The action `sample`: a copy of the packet as it is here goes to the collectors of a set, for one
// packet of some. The kernel draws lots, so it holds for packets that never come up; what the copy
// is for travels in its cookie, as that of the log does.

/// A copy for collectors, as the kernel is told of it.
struct PacketSample: Hashable {
    var cookie: SampleCookie
    /// The netlink port of the exporter; nil if the set has none.
    var port: UInt32?
    /// The group of psample; nil if the set has none.
    var group: UInt32?

    /// The same share of 2^32 - 1 as `cookie.probability` is of 2^16 - 1.
    private var share: UInt32 { UInt32(cookie.probability) << 16 | UInt32(cookie.probability) }

    var actions: [DatapathAction] {
        var copies: [DatapathAction] = []
        if let group { copies.append(.localSample(group: group, cookie: cookie.place)) }
        if let port {
            copies.append(.userspace(UserspaceAction(port: port, cookie: cookie.encoded)))
        }
        return share == .max ? copies : [.sample(probability: share, copies)]
    }
}

extension Translator {
    mutating func sample(
        _ sample: Action.Sample, _ block: Block, _ snapshot: TranslationSnapshot
    ) {
        depend(on: .collectorSet(sample.collectorSet))
        let cookie = SampleCookie(
            collectorSet: sample.collectorSet,
            domain: UInt32(sample.domain) << 24 | block.stage.datapath.value & 0xff_ffff,
            point: point(sample.point, block), probability: sample.probability)
        if let copy = copy(cookie, snapshot) { record(.sample(copy)) }
    }

    /// Nil if nobody gets it.
    private func copy(_ cookie: SampleCookie, _ snapshot: TranslationSnapshot) -> PacketSample? {
        guard let set = snapshot.view.collectorSets[cookie.collectorSet] else { return nil }
        var copy = PacketSample(cookie: cookie)
        if set.isExported, samplePort != 0 { copy.port = samplePort }
        copy.group = set.group
        return copy.port == nil && copy.group == nil ? nil : copy
    }

    // MARK: - Drops outside of logical flows

    func dropCopy(_ snapshot: TranslationSnapshot) -> PacketSample? {
        snapshot.view.dropSampling.flatMap { sampling in
            let cookie = SampleCookie(
                collectorSet: sampling.collectorSet, domain: UInt32(sampling.domain) << 24,
                point: 0, probability: .max)
            return copy(cookie, snapshot)
        }
    }

    mutating func sampleDrop(_ reason: PacketDrop.Reason) {
        guard let point = reason.observationPoint(place?.stage.stage.pipeline) else { return }
        depend(on: .dropSampling)
        guard var copy = dropCopy else { return }
        copy.cookie.point = point
        record(.sample(copy))
    }

    private func point(_ point: Action.Sample.Point, _ block: Block) -> UInt32 {
        switch point {
        case .number(let number): number
        case .cookie: UInt32(truncatingIfNeeded: block.flow.high >> 32)
        case .field(let field):
            KeySpan(field).map { UInt32(truncatingIfNeeded: key.read($0)) } ?? 0
        }
    }
}
