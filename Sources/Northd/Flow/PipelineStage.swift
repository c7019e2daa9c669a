import LogicalFlow

package enum DatapathKind: String, CaseIterable, Hashable, Sendable {
    case `switch` = "logical-switch"
    case router = "logical-router"
}

/// Where a stage is: its pipeline, and its table there.
package struct StagePlace: Hashable, Sendable {
    package let pipeline: Action.Pipeline
    package let table: Int
}

/// The stages of one kind of datapath, in pipeline order.
package protocol PipelineStage: CaseIterable, Hashable, Sendable, RawRepresentable
where RawValue == String {
    static var device: DatapathKind { get }
    /// Place by stage; computed once from the order of the cases.
    static var places: [Self: StagePlace] { get }
}

extension PipelineStage {
    package var name: String { rawValue }

    package var place: StagePlace {
        guard let place = Self.places[self] else {
            preconditionFailure("stage \(rawValue) has no place")
        }
        return place
    }

    /// `next` to the first action of this stage.
    package var jump: Action { .next(place.pipeline, table: place.table) }
}

func stagePlaces<Stage: PipelineStage>(of _: Stage.Type) -> [Stage: StagePlace] {
    var places: [Stage: StagePlace] = [:]
    var next: [Action.Pipeline: Int] = [:]
    for stage in Stage.allCases {
        let pipeline: Action.Pipeline = stage.rawValue.contains("_in_") ? .ingress : .egress
        places[stage] = StagePlace(pipeline: pipeline, table: next[pipeline, default: 0])
        next[pipeline, default: 0] += 1
    }
    return places
}
