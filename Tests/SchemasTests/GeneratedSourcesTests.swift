import Foundation
import Testing

@Test("The generated sources are what Tools/generate-schemas writes today")
func generatedSourcesAreFresh() throws {
    let root = PublishedSchema.packageRoot
    let committed = root.appending(path: "Sources/Schemas/Generated")
    let fresh = FileManager.default.temporaryDirectory
        .appending(path: "generated-schemas-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: fresh) }

    let generator = Process()
    generator.executableURL = root.appending(path: "Tools/generate-schemas")
    generator.arguments = ["--output", fresh.path]
    try generator.run()
    generator.waitUntilExit()
    #expect(generator.terminationStatus == 0)

    let names = try FileManager.default.contentsOfDirectory(atPath: fresh.path).sorted()
    #expect(try FileManager.default.contentsOfDirectory(atPath: committed.path).sorted() == names)
    for name in names {
        let wanted = try Data(contentsOf: fresh.appending(path: name))
        let found = try? Data(contentsOf: committed.appending(path: name))
        #expect(found == wanted, "\(name): run Tools/generate-schemas")
    }
}
