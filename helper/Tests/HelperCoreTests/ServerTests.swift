import Foundation
import XCTest

@testable import HelperCore

/// A source that does what a test says.
final class FakeSource: PhotoSource, @unchecked Sendable {
    typealias Play = (FakeSource, Int32, String, @escaping (Double) -> Void, @escaping (Data) -> Void, @escaping (Error?) -> Void) -> Void

    var play: Play = { _, _, asset, _, data, completion in
        data(Data("bytes of \(asset)".utf8))
        completion(nil)
    }
    var allowed = "authorized"
    let lock = NSLock()
    private var last: Int32 = 0
    var cancelled: Set<Int32> = []
    var tries: [String: Int] = [:]
    var now = 0
    var most = 0
    var onCancel: (Int32) -> Void = { _ in }

    func authorization() -> String { allowed }
    func authorize(_ done: @escaping (String) -> Void) { done(allowed) }
    func probe(_ assets: [String]) -> (known: [String], unavailable: String?) { (assets.filter { $0 != "none" }, nil) }

    func resources(of asset: String) throws -> [Resource] {
        if asset == "none" { throw Failure.noAsset }
        return [
            Resource(type: 4, uti: "com.canon.cr2-raw-image", name: "A.CR2", handle: asset as NSString),
            Resource(type: 1, uti: "public.jpeg", name: "A.JPG", handle: asset as NSString),
        ]
    }

    func request(
        _ resource: Resource, network: Bool, progress: @escaping (Double) -> Void, data: @escaping (Data) -> Void,
        completion: @escaping (Error?) -> Void
    ) -> Int32 {
        let asset = resource.handle as! NSString as String
        lock.lock()
        last += 1
        let id = last
        tries[asset, default: 0] += 1
        now += 1
        most = max(most, now)
        lock.unlock()
        play(self, id, asset, progress, data) { error in
            self.lock.lock()
            self.now -= 1
            self.lock.unlock()
            completion(error)
        }
        return id
    }

    func cancel(_ request: Int32) {
        lock.lock()
        cancelled.insert(request)
        let f = onCancel
        lock.unlock()
        f(request)
    }
}

final class ServerTests: XCTestCase {
    var source = FakeSource()
    var folder = ""
    private let condition = NSCondition()
    private var events: [Event] = []
    private var exit: Int32?

    override func setUp() {
        folder = NSTemporaryDirectory() + "helper-\(UUID().uuidString)"
        try! FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        events = []
        exit = nil
        source = FakeSource()
    }

    override func tearDown() {
        let left = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        XCTAssertEqual(left.filter { $0.hasSuffix(".part") }, [], "half files were left")
        try? FileManager.default.removeItem(atPath: folder)
    }

    func server(_ hello: String = #""jobs":3"#) -> Server {
        let s = Server(
            source: source,
            output: { line in
                let e = try! JSONDecoder().decode(Event.self, from: line)
                self.condition.lock()
                self.events.append(e)
                self.condition.broadcast()
                self.condition.unlock()
            },
            end: { code in
                self.condition.lock()
                self.exit = code
                self.condition.broadcast()
                self.condition.unlock()
            })
        s.take(Data((#"{"op":"hello","protocol":1,\#(hello)}"# + "\n").utf8))
        return s
    }

    func fetch(_ id: Int, _ asset: String, _ more: String = "") -> Data {
        Data((#"{"op":"fetch","id":\#(id),"asset":"\#(asset)","types":["photo"],"path":"\#(folder)/\#(id)"\#(more)}"# + "\n").utf8)
    }

    /// Waits for an event; the bound only keeps a failing test from hanging.
    func wait(_ what: (Event) -> Bool) -> Event? {
        let end = Date(timeIntervalSinceNow: 60)
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let e = events.first(where: what) { return e }
            if !condition.wait(until: end) {
                XCTFail("no such event among \(events)")
                return nil
            }
        }
    }

    func waitExit() -> Int32? {
        let end = Date(timeIntervalSinceNow: 60)
        condition.lock()
        defer { condition.unlock() }
        while exit == nil, condition.wait(until: end) {}
        return exit
    }

    func answer(_ id: Int64) -> Event? { wait { $0.id == id && ["done", "failed", "stalled", "status"].contains($0.event) } }

    func content(_ id: Int) -> String? { FileManager.default.contents(atPath: "\(folder)/\(id)").map { String(decoding: $0, as: UTF8.self) } }

    func count(_ id: Int64) -> Int {
        condition.lock()
        defer { condition.unlock() }
        return events.filter { $0.id == id && $0.event != "progress" }.count
    }

    func testFetch() {
        let s = server()
        s.take(fetch(1, "A"))
        let done = answer(1)
        XCTAssertEqual(done?.event, "done")
        XCTAssertEqual(done?.type, "photo")
        XCTAssertEqual(done?.name, "A.JPG")
        XCTAssertEqual(done?.bytes, 10)
        XCTAssertEqual(content(1), "bytes of A")
    }

    func testTheTypeIsFoundByUTI() {
        let s = server()
        s.take(Data((#"{"op":"fetch","id":1,"asset":"A","types":["photo","alternatePhoto"],"uti":"com.canon.cr2-raw-image","path":"\#(folder)/1"}"# + "\n").utf8))
        XCTAssertEqual(answer(1)?.type, "alternatePhoto")
    }

    func testWhatCannotBeFetched() {
        let s = server()
        s.take(fetch(1, "none"))
        XCTAssertEqual(answer(1)?.code, 1)
        s.take(Data((#"{"op":"fetch","id":2,"asset":"A","types":["audio"],"path":"\#(folder)/2"}"# + "\n").utf8))
        XCTAssertEqual(answer(2)?.code, 2)
        s.take(fetch(3, "A", #","limit":9"#))
        XCTAssertEqual(answer(3)?.reason, "toolong")
        XCTAssertNil(content(3))
        s.take(Data((#"{"op":"fetch","id":4,"asset":"A","types":["photo"],"path":"\#(folder)/nowhere/4"}"# + "\n").utf8))
        XCTAssertEqual(answer(4)?.reason, "file")
        XCTAssertEqual(answer(4)?.class, .stop)
        source.allowed = "denied"
        s.take(fetch(5, "A"))
        XCTAssertEqual(answer(5)?.reason, "denied")
    }

    func testALinkIsNotFollowed() throws {
        let victim = folder + "/victim"
        try Data("mine".utf8).write(to: URL(fileURLWithPath: victim))
        try FileManager.default.createSymbolicLink(atPath: folder + "/1.part", withDestinationPath: victim)
        let s = server()
        s.take(fetch(1, "A"))
        XCTAssertEqual(answer(1)?.event, "done")
        XCTAssertEqual(try String(contentsOfFile: victim, encoding: .utf8), "mine")
    }

    /// Handlers that come late, twice, or with an error after a success.
    func testWhatComesAfterTheEndIsIgnored() {
        source.play = { _, _, asset, progress, data, completion in
            data(Data("bytes of \(asset)".utf8))
            completion(nil)
            data(Data("late".utf8))
            progress(0.9)
            completion(NSError(domain: "PHPhotosErrorDomain", code: -1))
        }
        let s = server()
        for i in 1...50 { s.take(fetch(i, "A")) }
        for i in 1...50 { XCTAssertEqual(answer(Int64(i))?.event, "done") }
        for i in 1...50 {
            XCTAssertEqual(count(Int64(i)), 1)
            XCTAssertEqual(content(i), "bytes of A")
        }
    }

    func testFlakyIsTriedAgainAtOnce() {
        source.play = { source, _, asset, _, data, completion in
            DispatchQueue.global().async {
                data(Data("half".utf8))
                if source.tries[asset]! == 1 || asset == "never" {
                    completion(NSError(domain: "PHPhotosErrorDomain", code: -1))
                } else {
                    completion(nil)
                }
            }
        }
        let s = server()
        s.take(fetch(1, "A"))
        XCTAssertEqual(answer(1)?.tries, 2)
        XCTAssertEqual(content(1), "half")
        s.take(fetch(2, "never"))
        XCTAssertEqual(answer(2)?.reason, "flaky")
        XCTAssertEqual(source.tries["never"], 2)
    }

    func testNoMoreAtATimeThanTold() {
        source.play = { _, _, _, _, data, completion in
            DispatchQueue.global().asyncAfter(deadline: .now() + 0.002) {
                data(Data("x".utf8))
                completion(nil)
            }
        }
        let s = server(#""jobs":4"#)
        for i in 1...200 { s.take(fetch(i, "A")) }
        for i in 1...200 { XCTAssertEqual(answer(Int64(i))?.event, "done") }
        XCTAssertLessThanOrEqual(source.most, 4)
    }

    func testCancel() {
        source.play = { source, id, _, _, data, completion in
            data(Data("x".utf8))
            source.lock.lock()
            let before = source.onCancel
            source.onCancel = { c in
                before(c)
                if c == id { completion(NSError(domain: "PHPhotosErrorDomain", code: 3072)) }
            }
            source.lock.unlock()
        }
        let s = server(#""jobs":1"#)
        s.take(fetch(1, "A"))
        s.take(fetch(2, "B"))  // waits
        s.take(Data("{\"op\":\"cancel\",\"id\":2}\n{\"op\":\"cancel\",\"id\":1}\n{\"op\":\"cancel\",\"id\":99}\n".utf8))
        XCTAssertEqual(answer(2)?.reason, "cancelled")
        XCTAssertEqual(answer(1)?.reason, "cancelled")
        source.play = { _, _, _, _, _, completion in completion(nil) }
        s.take(fetch(3, "C"))  // the place is free again
        XCTAssertEqual(answer(3)?.event, "done")
        XCTAssertEqual(content(3), "")
        XCTAssertNil(content(1))
    }

    /// Requests that never end are given up, and in the end so is the process.
    func testStallsAndAbandonment() {
        source.play = { _, _, asset, _, data, completion in
            if asset == "A" { data(Data("x".utf8)) }
            if asset == "good" { completion(nil) }
        }
        let s = server(#""jobs":2,"stall":1,"grace":1,"abandon":3"#)
        s.take(fetch(1, "A"))
        s.take(fetch(2, "B"))
        s.take(fetch(3, "good"))  // comes when the first are abandoned
        XCTAssertEqual(answer(1)?.event, "stalled")
        XCTAssertEqual(answer(1)?.bytes, 1)
        XCTAssertEqual(answer(2)?.event, "stalled")
        XCTAssertEqual(answer(3)?.event, "done")
        s.take(fetch(4, "C"))
        XCTAssertEqual(answer(4)?.event, "stalled")
        XCTAssertEqual(waitExit(), Server.exitAbandoned)
        XCTAssertNotNil(wait { $0.event == "bye" && $0.reason == "abandoned" })
    }

    func testNonsenseIsAnsweredAndSurvived() {
        let refused = DispatchSemaphore(value: 0)
        source.play = { _, _, _, _, data, completion in
            refused.wait()
            data(Data("x".utf8))
            completion(nil)
        }
        let s = server()
        s.take(Data("nonsense\n{}\n".utf8) + Data(repeating: 0x78, count: 200_000) + Data("\n".utf8))
        s.take(fetch(1, "A"))
        s.take(fetch(1, "A"))
        XCTAssertNotNil(wait { $0.message == "an id that is in use" })
        refused.signal()
        XCTAssertEqual(answer(1)?.event, "done")
        XCTAssertEqual(source.tries["A"], 1)
        condition.lock()
        XCTAssertEqual(events.filter { $0.event == "error" }.count, 4)
        condition.unlock()
    }

    func testNothingBeforeHello() {
        let s = Server(source: source, output: { line in
            XCTAssert(String(decoding: line, as: UTF8.self).contains("before hello"))
        }, end: { _ in })
        s.take(fetch(1, "A"))
        XCTAssertEqual(source.tries, [:])
    }

    func testAnotherVersion() {
        var said = ""
        var code: Int32 = -1
        let s = Server(source: source, output: { said += String(decoding: $0, as: UTF8.self) }, end: { code = $0 })
        s.take(Data("{\"op\":\"hello\",\"protocol\":2}\n".utf8))
        XCTAssert(said.contains("\"protocol\":1"))
        XCTAssertEqual(code, Server.exitVersion)
    }

    func testTheEndOfStdin() {
        let begun = DispatchSemaphore(value: 0)
        source.play = { _, _, _, _, data, _ in
            data(Data("x".utf8))
            begun.signal()
        }
        let s = server()
        s.take(fetch(1, "A"))
        begun.wait()
        s.close()
        XCTAssertEqual(waitExit(), 0)
        XCTAssertEqual(answer(1)?.reason, "cancelled")
    }

    /// Of what takes its time photogo hears how far it is.
    func testProgress() {
        source.play = { _, _, _, progress, data, completion in
            progress(0.25)
            data(Data("one".utf8))
            Thread.sleep(forTimeInterval: 0.3)
            progress(0.5)
            completion(nil)
        }
        let s = server()
        s.take(fetch(1, "A"))
        XCTAssertEqual(answer(1)?.event, "done")
        XCTAssertEqual(wait { $0.event == "progress" && $0.fraction == 0.5 }?.bytes, 3)
    }

    func testStatus() {
        let s = server()
        s.take(Data((#"{"op":"status","id":1,"probe":["none","A"]}"# + "\n").utf8))
        XCTAssertEqual(answer(1)?.known, ["A"])
        source.allowed = "notDetermined"
        s.take(Data((#"{"op":"status","id":2,"probe":["A"]}"# + "\n").utf8))
        XCTAssertEqual(answer(2)?.authorization, "notDetermined")
        XCTAssertNil(answer(2)?.known)
    }
}
