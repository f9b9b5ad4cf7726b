import Foundation
import XCTest

@testable import HelperCore

/// The examples in docs/HELPER_PROTOCOL.md.
final class ProtocolTests: XCTestCase {
    static let document: String = {
        let here = URL(fileURLWithPath: #filePath)
        let root = here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try! String(contentsOf: root.appendingPathComponent("docs/HELPER_PROTOCOL.md"), encoding: .utf8)
    }()

    func examples(_ kind: String) -> [String] {
        var lines: [String] = []
        for block in Self.document.components(separatedBy: "```jsonl \(kind)\n").dropFirst() {
            lines += block.components(separatedBy: "```")[0].split(separator: "\n").map(String.init)
        }
        XCTAssertGreaterThan(lines.count, 4)
        return lines
    }

    func testRequestsAreUnderstood() throws {
        var seen: Set<String> = []
        for line in examples("request") {
            switch try Request(line: Data(line.utf8)) {
            case .hello(let version, let s):
                XCTAssertEqual(version, protocolVersion)
                XCTAssertEqual(s, Settings())
                seen.insert("hello")
            case .status(let id, let probe):
                XCTAssertEqual(id, 1)
                XCTAssertEqual(probe.count, 2)
                seen.insert("status")
            case .authorize(let id):
                XCTAssertEqual(id, 2)
                seen.insert("authorize")
            case .fetch(let f):
                if f.id == 3 {
                    XCTAssertEqual(f.types, [.photo, .alternatePhoto])
                    XCTAssertEqual(f.uti, "public.heic")
                    XCTAssertEqual(f.limit, 2_304_113)
                }
                XCTAssertEqual(f.local, f.id == 5)
                seen.insert("fetch")
            case .cancel(let id):
                XCTAssertEqual(id, 4)
                seen.insert("cancel")
            case .quit:
                seen.insert("quit")
            }
        }
        XCTAssertEqual(seen.count, 6)
    }

    func testEventsAreWrittenAsDocumented() throws {
        for line in examples("event") {
            let event = try JSONDecoder().decode(Event.self, from: Data(line.utf8))
            XCTAssertEqual(try object(event.line), try object(Data(line.utf8)), line)
        }
    }

    private func object(_ line: Data) throws -> NSDictionary {
        try XCTUnwrap(try JSONSerialization.jsonObject(with: line) as? NSDictionary)
    }

    func testNonsenseIsRefused() {
        for line in examples("nonsense") {
            XCTAssertThrowsError(try Request(line: Data(line.utf8)), line) { XCTAssert($0 is Nonsense, "\($0)") }
        }
        for bytes: [UInt8] in [[], [0], [0xff, 0xfe], Array(repeating: 0x5b, count: 60_000)] {
            XCTAssertThrowsError(try Request(line: Data(bytes)))
        }
    }

    func testTypesAreAsDocumented() {
        for type in ResourceType.allCases {
            XCTAssert(Self.document.contains("| `\(type.name)` | \(type.rawValue) |"), type.name)
            XCTAssertEqual(ResourceType(name: type.name), type)
        }
    }

    /// Every code in the table of reasons gives that reason.
    func testReasonsAreAsDocumented() {
        let domains = [
            "PHPhotos": "PHPhotosErrorDomain", "NSCocoa": "NSCocoaErrorDomain", "NSPOSIX": "NSPOSIXErrorDomain",
            "NSURL": "NSURLErrorDomain", "CK": "CKErrorDomain", "com.apple.photos.error": "com.apple.photos.error",
            "CloudPhotoLibrary": "CloudPhotoLibraryErrorDomain",
        ]
        var codes = 0
        var order: [Reason] = []
        for row in Self.document.split(separator: "\n") where row.hasPrefix("| `") {
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 3, let reason = Reason(rawValue: cells[0].replacingOccurrences(of: "`", with: "")),
                cells[1] == reason.failureClass.rawValue
            else { continue }
            order.append(reason)
            for group in cells[2].components(separatedBy: " · ") {
                let words = group.split(whereSeparator: { $0 == " " || $0 == "," }).map(String.init)
                guard let domain = domains[words[0]] else { continue }
                for word in words.dropFirst() {
                    let code = word == "any" ? 4711 : Int(word)
                    guard let code else { break }
                    codes += 1
                    XCTAssertEqual(Failure(NSError(domain: domain, code: code)).reason, reason, "\(domain) \(code)")
                }
            }
        }
        XCTAssertGreaterThan(codes, 40)
        XCTAssertEqual(order, Reason.allCases, "the order decides")
    }

    func testTheChainDecides() {
        func chain(_ links: [(String, Int)], _ info: [String: Any] = [:]) -> Failure {
            var inner: NSError?
            for (domain, code) in links.reversed() {
                var userInfo: [String: Any] = inner == nil ? info : [:]
                userInfo[NSUnderlyingErrorKey] = inner
                inner = NSError(domain: domain, code: code, userInfo: userInfo)
            }
            return Failure(inner!)
        }
        let ph = "PHPhotosErrorDomain"
        XCTAssertEqual(chain([(ph, -1), ("CKErrorDomain", 9)]).reason, .account)
        XCTAssertEqual(chain([(ph, -1), ("CKErrorDomain", 9)]).decided.domain, "CKErrorDomain")
        XCTAssertEqual(chain([(ph, 3303), ("NSURLErrorDomain", -1009)]).reason, .offline)
        XCTAssertEqual(chain([(ph, 3303), ("x", 1)]).reason, .missing)
        XCTAssertEqual(chain([("x", 1), ("y", 2)]).reason, .unknown)
        XCTAssertEqual(chain([(ph, -1), ("CKErrorDomain", 7)], ["CKRetryAfter": 29.5]).after, 30)
        XCTAssertEqual(chain([("y", 2)], ["CKRetryAfter": 3.0]).reason, .throttled)
        XCTAssertEqual(chain(Array(repeating: (ph, -1), count: 50)).chain.count, 8)
    }

    func testLinesAreCutAnywhere() {
        let text = "one\n\ntwo\n" + String(repeating: "x", count: 3 * maxLine) + "\nthree\n" + String(repeating: "y", count: maxLine - 1) + "\nrest"
        let all = Data(text.utf8)
        for step in [1_000_000, 7, 4_096, maxLine] {
            var reader = LineReader()
            var lines: [Data?] = []
            var at = 0
            while at < all.count {
                lines += reader.take(all.subdata(in: at..<min(all.count, at + step)))
                at += step
            }
            XCTAssertEqual(lines.count, 6)
            XCTAssertEqual(lines[0], Data("one".utf8))
            XCTAssertEqual(lines[1], Data())
            XCTAssertNil(lines[3])
            XCTAssertEqual(lines[4], Data("three".utf8))
            XCTAssertEqual(lines[5]?.count, maxLine - 1)
        }
    }

    func testEventsFitIntoALine() {
        var e = Event("failed", id: 1)
        e.message = String(repeating: "\u{1}", count: 20_000)
        e.chain = Array(repeating: Cause(domain: String(repeating: "x", count: 10_000), code: 1), count: 8)
        XCTAssertLessThanOrEqual(e.line.count, maxLine)
        XCTAssertEqual(e.line.last, 0x0a)
    }
}
