import Incremental
import OVSDBModel
import OVSDBSession
import Schemas

/// A table whose rows are inputs as they are. One more is a line in `NorthboundEdge.plain`.
struct PlainTable: Sendable {
    let type: any TypedRow.Type
    let apply: @Sendable ([TableChange], Inputs, Engine) -> Void

    /// `strip` clears the columns that northd writes itself.
    init<Row: TypedRow>(
        _ table: @escaping @Sendable (Inputs) -> Table<RowUUID, Row>,
        without strip: @escaping @Sendable (inout Row) -> Void = { _ in }
    ) {
        type = Row.self
        apply = { changes, inputs, engine in
            for change in changes.of(Row.self) {
                var row = change.new
                if var stripped = row {
                    strip(&stripped)
                    row = stripped
                }
                engine.set(table(inputs), change.uuid, row)
            }
        }
    }
}

extension NorthboundEdge {
    static let plain: [PlainTable] = [
        PlainTable { $0.haChassisGroups },
        PlainTable { $0.haChassis },
        PlainTable { $0.gatewayChassis },
        PlainTable { $0.nats },
        PlainTable { $0.policies },
        PlainTable { $0.meters },
        PlainTable { $0.meterBands },
        PlainTable { $0.dhcpOptions },
        PlainTable { $0.dns },
        PlainTable { $0.mirrors },
        PlainTable { $0.mirrorRules },
        PlainTable({ $0.bfd }, without: { $0.status = nil }),
        PlainTable { $0.copp },
        PlainTable { $0.templateVariables },
        PlainTable { $0.staticNeighbours },
        PlainTable { $0.dhcpRelays },
        PlainTable { $0.forwardingGroups },
        PlainTable({ $0.portHealthChecks }, without: { $0.status = nil }),
        PlainTable { $0.acls },
        PlainTable { $0.qosRules },
        PlainTable { $0.functionGroups },
        PlainTable { $0.functions },
        PlainTable { $0.functionChecks },
        PlainTable { $0.samples },
        PlainTable { $0.collectors },
    ]
}
