import Glibc

/// The source tree that this test bundle was built from, as text.
///
/// Tests of the tree read what git knows plus what it does not ignore, so that a file counts
/// before it is committed and a build directory never does.
enum Repository {
    static let root: String = {
        let here = #filePath
        let marker = "/Tests/PackageTests/"
        guard let cut = here.range(ofText: marker) else { return "." }
        return String(here[..<cut])
    }()

    /// Every file of the tree, relative to the root, sorted.
    static let files: [String] = {
        let listing = run(
            "git -c safe.directory='*' ls-files --cached --others --exclude-standard")
        return listing.output.split(separator: "\n").map(String.init).filter { exists($0) }.sorted()
    }()

    static func files(under folder: String, withSuffix suffix: String) -> [String] {
        files.filter { $0.hasPrefix(folder + "/") && $0.hasSuffix(suffix) }
    }

    static func exists(_ path: String) -> Bool { access("\(root)/\(path)", F_OK) == 0 }

    static func read(_ path: String) -> String {
        guard let file = fopen("\(root)/\(path)", "r") else { return "" }
        defer { fclose(file) }
        return String(decoding: bytes(of: file), as: UTF8.self)
    }

    static func lines(of path: String) -> [Substring] {
        read(path).split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// Runs a shell command in the root, with standard error in its output.
    static func run(_ command: String) -> (status: Int32, output: String) {
        guard let pipe = popen("cd '\(root)' && { \(command); } 2>&1 </dev/null", "r") else {
            return (-1, "popen failed")
        }
        let output = String(decoding: bytes(of: pipe), as: UTF8.self)
        let status = pclose(pipe)
        return (status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f), output)
    }

    private static func bytes(of file: UnsafeMutablePointer<FILE>) -> [UInt8] {
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return all }
            all += chunk[..<count]
        }
    }
}

extension StringProtocol {
    /// Where `text` first begins.
    func range(ofText text: String) -> Index? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(text) { return index }
            index = self.index(after: index)
        }
        return nil
    }
}
