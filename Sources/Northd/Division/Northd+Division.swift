import OVSDBModel
import OVSDBSession

extension Northd {
    /// Who divides the flows, and what each has, in the words of operators.
    package func division(_ southbound: Replica) -> String {
        let map = DivisionMap(southbound)
        guard map.isDivided else { return "The flows are not divided.\n" }
        let groups = reconciler.desired.groups.keys.map(SouthboundUUID.group)
        let datapaths = reconciler.desired.datapaths.keys
        var text = "Epoch \(map.epoch), \(datapaths.count) datapaths, \(groups.count) groups\n"
        for member in map.members {
            func share(_ keys: some Sequence<RowUUID>) -> Int {
                keys.count { Share.Part.owner(of: $0, map.members) == member }
            }
            let progress = map.offers[member].map { $0.epoch == map.epoch ? "\($0.nbCfg)" : "-" }
            text += "\(member): \(share(datapaths)) datapaths, \(share(groups)) groups"
            text += ", nb_cfg \(progress ?? "-")"
            text += member == self.member.id ? " (this northd)\n" : "\n"
        }
        return text
    }
}
