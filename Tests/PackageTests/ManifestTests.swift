import Testing

struct ManifestTests {
    @Test func readsBlocksAndDependencies() throws {
        let manifest = Manifest(
            text: """
                let deque = Target.Dependency.product(name: "DequeModule", package: "x")

                let values: [Target] = [
                    library("Wire"),
                    library("Queue", [deque]),
                ]

                let pure: [Target] = [
                    library(
                        "Agent", ["Wire", deque]),
                    .target(name: "C", cSettings: []),
                ]

                let testTargets: [Target] = [
                    tests("Wire")
                ]
                """)
        #expect(manifest.targets.map(\.name) == ["Wire", "Queue", "Agent", "C"])
        #expect(manifest.targets.map(\.block) == ["values", "values", "pure", "pure"])
        #expect(manifest["Agent"]?.dependencies == ["Wire", "DequeModule"])
        #expect(manifest["Queue"]?.dependencies == ["DequeModule"])
    }
}
