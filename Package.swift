// swift-tools-version: 6.2
import PackageDescription

// The layers, lowest first. A target imports only what stands in an earlier block;
// Tests/PackageTests reads every import and fails on an upward edge.

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let hashTree = Target.Dependency.product(name: "HashTreeCollections", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let ordered = Target.Dependency.product(name: "OrderedCollections", package: "swift-collections")
let atomics = Target.Dependency.product(name: "Atomics", package: "swift-atomics")

/// Compiles `bpf/` and embeds it.
let embedBPF = Target.plugin(
    name: "EmbedBPF", capability: .buildTool(), path: "Tools/EmbedBPF")

let swift6: [SwiftSetting] = [.swiftLanguageMode(.v6)]

func library(
    _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, exclude: exclude, swiftSettings: swift6)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies + [argumentParser], swiftSettings: swift6)
}

/// `data` are folders of the tests that they read themselves.
func tests(
    _ name: String, _ dependencies: [Target.Dependency] = [], data: [String] = []
) -> Target {
    .testTarget(
        name: name + "Tests",
        dependencies: [.target(name: name)] + dependencies,
        exclude: data,
        swiftSettings: swift6)
}

let system: [Target] = [
    .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),
    .systemLibrary(name: "CMnl", pkgConfig: "libmnl", providers: [.apt(["libmnl-dev"])]),
    .systemLibrary(
        name: "CNetlink", pkgConfig: "libnl-route-3.0",
        providers: [.apt(["libnl-3-dev", "libnl-genl-3-dev", "libnl-route-3-dev"])]),
    .systemLibrary(name: "CBPF", pkgConfig: "libbpf", providers: [.apt(["libbpf-dev"])]),
]

let values: [Target] = [
    library("Wire"),
    library("JSON"),
    library("Incremental", [deque]),
]

let databasePure: [Target] = [
    library("OVSDBModel", ["JSON"]),
    library("OVSDBEngine", ["JSON", "OVSDBModel", hashTree]),
    library("OVSDBSession", ["JSON", "OVSDBModel", "OVSDBEngine", deque]),
    library(
        "Schemas", ["JSON", "OVSDBModel"],
        exclude: ["NB.ovsidl", "OVS.ovsidl", "SB.ovsidl"]),
]

let pure: [Target] = [
    library("LogicalFlow", ["Wire"]),
    library("Datapath", ["Wire"]),
    library("Pipeline", ["Wire", "LogicalFlow", "Datapath"]),
    library(
        "Northd",
        ["Wire", "Incremental", "LogicalFlow", "OVSDBModel", "OVSDBSession", "Schemas", ordered]),
    library(
        "AgentCore",
        [
            "Wire", "Incremental", "LogicalFlow", "Datapath", "Pipeline", "OVSDBModel",
            "OVSDBSession", "Schemas", ordered, heap, hashTree,
        ]),
]

let systemLayer: [Target] = [
    library("Linux", ["CLinux", logging, atomics, heap]),
    library("Netlink", ["CLinux", "CMnl", "CNetlink", "Linux", "Wire", "Datapath"]),
    .target(
        name: "BPF", dependencies: ["CBPF", "CLinux", "Linux", "Wire", "AgentCore"],
        swiftSettings: swift6, plugins: [.plugin(name: "EmbedBPF")]),
    library(
        "OVSDBTransport",
        ["Linux", "JSON", "OVSDBModel", "OVSDBSession", nioCore, nioPosix, logging]),
    library("UnixControl", ["Linux", "JSON", nioCore, nioPosix, logging]),
]

let assembly: [Target] = [
    library(
        "DatabaseServer",
        [
            "Linux", "JSON", "OVSDBModel", "OVSDBEngine", "OVSDBSession", "OVSDBTransport",
            "UnixControl", logging, atomics,
        ]),
    library(
        "NorthdDaemon",
        [
            "Linux", "Incremental", "OVSDBModel", "OVSDBSession", "OVSDBTransport", "Schemas",
            "Northd", "UnixControl", logging,
        ]),
    library(
        "Agent",
        [
            "Linux", "Netlink", "BPF", "OVSDBModel", "OVSDBEngine", "OVSDBSession",
            "OVSDBTransport", "Schemas", "AgentCore", "Pipeline", "Datapath", "LogicalFlow", "Wire",
            "UnixControl",
            "DatabaseServer", logging, atomics,
        ]),
    library(
        "Commands",
        [
            "Linux", "JSON", "UnixControl", "OVSDBSession", "OVSDBTransport", "Schemas",
            "AgentCore", "LogicalFlow", "Wire",
        ]),
    library(
        "Simulation",
        [
            "JSON", "Wire", "Incremental", "OVSDBModel", "OVSDBEngine", "OVSDBSession", "Schemas",
            "Northd",
            "AgentCore", "Datapath", "Pipeline",
        ]),
]

let programs: [Target] = [
    program("ovsdb-server", ["DatabaseServer", "Linux"]),
    program("ovn-northd", ["NorthdDaemon", "Linux"]),
    program("ovn-controller", ["Agent", "Linux"]),
    program("ovn-appctl", ["Commands", "Linux"]),
    program("ovn-trace", ["Commands", "Linux"]),
]

let testTargets: [Target] = [
    .testTarget(name: "PackageTests", swiftSettings: swift6),
    tests("Wire"),
    tests("JSON"),
    tests("Incremental"),
    tests("OVSDBModel", ["JSON"]),
    tests("OVSDBEngine", ["JSON", "OVSDBModel"]),
    tests("OVSDBSession", ["JSON", "OVSDBModel", "OVSDBEngine", "Schemas"]),
    tests("Schemas", ["JSON", "OVSDBModel"]),
    tests("LogicalFlow", ["Wire"]),
    tests("Datapath", ["Wire"]),
    tests("Pipeline", ["Wire", "LogicalFlow", "Datapath"]),
    tests(
        "Northd",
        [
            "JSON", "Wire", "Incremental", "LogicalFlow", "OVSDBModel", "OVSDBEngine",
            "OVSDBSession", "Schemas", "AgentCore", "Datapath", "Pipeline",
        ]),
    tests(
        "AgentCore",
        [
            "Wire", "Incremental", "LogicalFlow", "Datapath", "Pipeline", "OVSDBModel",
            "OVSDBSession", "Schemas",
        ]),
    tests("Linux"),
    tests("BPF", ["CLinux", "AgentCore", "Pipeline", "Datapath", "Linux", "Wire"]),
    tests("Netlink", ["Linux", "Datapath", "Wire", "CLinux", "CNetlink"], data: ["Corpus"]),
    tests("OVSDBTransport", ["Linux", "JSON", "OVSDBModel", "OVSDBSession", "Schemas"]),
    tests("UnixControl", ["Linux", "JSON"]),
    tests(
        "DatabaseServer",
        ["Linux", "JSON", "OVSDBModel", "OVSDBEngine", "OVSDBSession", "OVSDBTransport", "Schemas"]),
    tests(
        "NorthdDaemon",
        [
            "DatabaseServer", "Linux", "OVSDBEngine", "OVSDBModel", "OVSDBSession",
            "OVSDBTransport", "Schemas", "Northd", "UnixControl",
        ]),
    tests(
        "Agent",
        [
            "DatabaseServer", "OVSDBTransport", "OVSDBEngine", "OVSDBModel", "OVSDBSession",
            "Schemas", "BPF", "AgentCore", "Netlink", "Linux", "UnixControl", "Datapath",
            "Pipeline", "LogicalFlow", "Wire",
        ]),
    tests("Commands", ["Linux", "AgentCore", "LogicalFlow", "Wire"]),
    tests(
        "Simulation",
        ["OVSDBModel", "OVSDBEngine", "OVSDBSession", "Schemas", "Northd", "AgentCore", "Datapath"]),
]

/// What runs in a guest is built a second time, optimised. With OVN_KERNEL_TESTS in the environment the
/// other tests are left out of the package, since only the programs and these are wanted then.
let kernelTests: Set = ["AgentTests", "BPFTests", "NetlinkTests", "PackageTests"]
let wantedTests =
    Context.environment["OVN_KERNEL_TESTS"] == nil
    ? testTargets : testTargets.filter { kernelTests.contains($0.name) }

let package = Package(
    name: "swift-ovn",
    products: [
        .executable(name: "ovsdb-server", targets: ["ovsdb-server"]),
        .executable(name: "ovn-northd", targets: ["ovn-northd"]),
        .executable(name: "ovn-controller", targets: ["ovn-controller"]),
        .executable(name: "ovn-appctl", targets: ["ovn-appctl"]),
        .executable(name: "ovn-trace", targets: ["ovn-trace"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-atomics", from: "1.3.0"),
    ],
    targets: system + values + databasePure + pure + systemLayer + assembly + programs + wantedTests
        + [embedBPF]
)
