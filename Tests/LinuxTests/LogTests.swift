import Glibc
import Logging
import Testing

@testable import Linux

struct LogPatternTests {
    private let record = LogRecord(
        wallNanoseconds: 1_700_000_000_045_678_901, uptimeNanoseconds: 12_345_678, number: 7,
        module: "ovsdb_server", level: .warning, text: "compacting", program: "ovsdb-server",
        process: 42, thread: "log")

    @Test(arguments: [
        (
            "%D{%Y-%m-%dT%H:%M:%S.###Z}|%05N|%c%T|%p|%m",
            "2023-11-14T22:13:20.045Z|00007|ovsdb_server(log)|WARN|compacting"
        ),
        ("%D{%H:%M:%S}", "22:13:20"),
        ("%A[%P] %t %r%%", "ovsdb-server[42] log 12%"),
        ("[%-6p][%6p][%06N]", "[WARN  ][  WARN][000007]"),
        ("100%", "100%"),
    ])
    func printsFields(pattern: String, line: String) {
        #expect(LogPattern(pattern).format(record) == line)
    }

    @Test func theFirstThreadHasNoName() {
        var record = record
        record.thread = ""
        #expect(LogPattern("%c%T|%t").format(record) == "ovsdb_server|main")
    }
}

struct LogSpecificationTests {
    private func parse(_ text: String) throws -> LogSpecification {
        try LogSpecification(parsing: text) { $0 == "jsonrpc" }
    }

    @Test func wordsComeInAnyOrder() throws {
        for text in ["jsonrpc:file:dbg", "dbg jsonrpc,file", "FILE:DBG:jsonrpc"] {
            let specification = try parse(text)
            #expect(specification.module == "jsonrpc")
            #expect(specification.destination == .file)
            #expect(specification.level == .debug)
        }
        #expect(try parse("any:any:off").level == .off)
        #expect(try parse("").level == nil)
    }

    @Test(arguments: [
        ("nosuch:console:dbg", "no destination, level, or module \"nosuch\""),
        ("dbg:info", "cannot specify multiple levels"),
        ("file:console", "cannot specify multiple destinations"),
    ])
    func refuses(text: String, message: String) {
        #expect(throws: LogSpecificationError(description: message)) { try parse(text) }
    }
}

/// The process has one log, so its tests share one sequence.
@Suite(.serialized) struct LogTests {
    @Test func levelsDecideWhatReachesTheFile() throws {
        Log.bootstrap(program: "tests")
        let path = "/tmp/log-test.\(getpid())"
        defer { unlink(path) }
        try Log.shared.set("console:off")
        try Log.shared.set("syslog:off")
        let logger = Logger(label: "log_test")
        try Log.shared.open(file: path)
        try Log.shared.set("PATTERN:file:%c|%p|%m")
        try Log.shared.set("log_test:file:warn")
        logger.info("too quiet")
        logger.warning("two\nlines", metadata: ["port": "7", "name": "p1"])
        try Log.shared.set("log_test:file:dbg")
        logger.debug("now")
        try Log.shared.set("log_test:off")
        logger.critical("nobody wants it")
        #expect(Log.shared.levelTable.contains("log_test           OFF        OFF        OFF\n"))
        Log.shared.closeFile()
        let text = String(decoding: try readFile(path), as: UTF8.self)
        #expect(
            text.split(separator: "\n").filter { $0.hasPrefix("log_test") } == [
                "log_test|WARN|two", "log_test|WARN|lines: name=p1, port=7", "log_test|DBG|now",
            ])
    }
}
