// How many keys the tunnels of the deployment can carry. With VXLAN between chassis there are few
// (ovn-nb(5), NB_Global.options:vxlan_mode), and what asks for more gets none.

import Incremental
import OVSDBModel
import Schemas

/// The greatest keys; nil where the key spaces themselves say so.
package struct KeyLimits: Hashable, Sendable {
    package let datapaths: Int
    package let ports: Int

    package static let vxlan = KeyLimits(
        datapaths: KeyRange.datapathsOverVXLAN.upperBound,
        ports: KeyRange.portsOverVXLAN.upperBound)
}

/// One entry, of key 0.
typealias KeyLimitTable = Function<Int, KeyLimits?>

extension Model {
    static func keyLimits(_ engine: Engine, _ inputs: Inputs) -> KeyLimitTable {
        let kinds = engine.index("encaps by type", of: inputs.encaps) { _, row in [row.type] }
        return engine.function("key limits", over: inputs.deployment) { _, _, context in
            let usesVXLAN =
                context.first(kinds, SB.Encap.typeVxlan) != nil
                && context.read(inputs.options, "vxlan_mode") != "false"
            return usesVXLAN ? .vxlan : nil
        }
    }
}
