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

    /// A suite for the guest that its build leaves out would never run.
    @Test func theGuestsBuildHasAllSuitesOfTheKernel() throws {
        let suites = Repository.files(under: "Tests", withSuffix: ".swift").filter {
            Repository.read($0).contains(#/\n(struct|final class) Kernel\w*Tests\b/#)
        }
        let targets = Set(suites.map { String($0.split(separator: "/")[1]) })
        let list = try #require(
            Repository.read("Package.swift").firstMatch(of: #/let kernelTests: Set = \[(.*?)\]/#))
        let built = Set(list.1.matches(of: #/"(\w+)"/#).map { String($0.1) })
        #expect(built == targets)
    }
}
