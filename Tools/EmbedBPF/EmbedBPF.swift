import Foundation
import PackagePlugin

/// Compiles the eBPF programs of `bpf/` with the toolchain's clang and puts the object into the
/// target as Swift source, so that a program needs no file beside it. Tools/embed-bpf does both: an
/// output that is no source would become a resource, with Foundation to find it.
@main struct EmbedBPF: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let root = context.package.directoryURL
        let sources = root.appending(path: "bpf")
        let script = root.appending(path: "Tools/embed-bpf")
        let output = context.pluginWorkDirectoryURL.appending(path: "VIFObject.swift")
        let clang = try context.tool(named: "clang").url
        return [
            .buildCommand(
                displayName: "Compiling vif.bpf.c",
                executable: URL(filePath: "/usr/bin/env"),
                arguments: [
                    "python3", script.path(), clang.path(),
                    sources.appending(path: "vif.bpf.c").path(), output.path(),
                ],
                inputFiles: [
                    script, sources.appending(path: "vif.bpf.c"), sources.appending(path: "vif.h"),
                ],
                outputFiles: [output])
        ]
    }
}
