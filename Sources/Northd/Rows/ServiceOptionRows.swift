// The catalogues of DHCP options that chassis understand: code and type by name. They depend on
// nothing; a chassis reads them to encode what a flow's action names.

import OVSDBModel
import OVSDBSession
import Schemas

/// A row of DHCP_Options.
package struct DHCPOptionRow: OwnedRow {
    package typealias Row = SB.DHCPOptions

    package let option: String
    package let code: Int
    package let type: String

    package var name: RowName { RowName(option) }

    package static func claim(on row: Identified<SB.DHCPOptions>, _ places: Places) -> RowClaim {
        .own(RowName(row.row.name))
    }

    package func row(over actual: SB.DHCPOptions?, _ scene: Scene) -> SB.DHCPOptions? {
        SB.DHCPOptions(name: option, code: code, type: type)
    }
}

/// A row of DHCPv6_Options.
package struct DHCPv6OptionRow: OwnedRow {
    package typealias Row = SB.DHCPv6Options

    package let option: String
    package let code: Int
    package let type: String

    package var name: RowName { RowName(option) }

    package static func claim(on row: Identified<SB.DHCPv6Options>, _ places: Places) -> RowClaim {
        .own(RowName(row.row.name))
    }

    package func row(over actual: SB.DHCPv6Options?, _ scene: Scene) -> SB.DHCPv6Options? {
        SB.DHCPv6Options(name: option, code: code, type: type)
    }
}
