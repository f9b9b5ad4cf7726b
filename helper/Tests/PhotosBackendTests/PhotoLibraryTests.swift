import Foundation
import HelperCore
import XCTest

@testable import PhotosBackend

/// The real source against the stub of PhotoKit.
final class PhotoLibraryTests: XCTestCase {
    static let folder: String = {
        let folder = NSTemporaryDirectory() + "stub-\(UUID().uuidString)"
        try! FileManager.default.createDirectory(atPath: folder + "/tries", withIntermediateDirectories: true)
        let script = """
            {"assets":{
              "AAAA":{"hidden":true,"resources":[
                {"type":1,"uti":"public.heic","name":"IMG_1.HEIC","file":"a"},
                {"type":9,"uti":"com.apple.quicktime-movie","name":"IMG_1.MOV","file":"b"},
                {"type":19,"uti":"public.jpeg","name":"proxy","file":"a"}]},
              "BBBB":{"resources":[{"type":2,"file":"b","acts":[{"error":[{"domain":"PHPhotosErrorDomain","code":3169}]}]}]}}}
            """
        try! Data(script.utf8).write(to: URL(fileURLWithPath: folder + "/script.json"))
        try! Data("the picture".utf8).write(to: URL(fileURLWithPath: folder + "/a"))
        try! Data(repeating: 7, count: 1_000_000).write(to: URL(fileURLWithPath: folder + "/b"))
        setenv("PHOTOGO_STUB", folder, 1)
        return folder
    }()

    override class func setUp() { _ = folder }
    override class func tearDown() { try? FileManager.default.removeItem(atPath: folder) }

    let library = PhotoLibrary()

    func get(_ asset: String, _ type: Int, network: Bool = true) throws -> (Data, Error?) {
        let resource = try XCTUnwrap(try library.resources(of: asset).first { $0.type == type })
        var all = Data()
        var failure: Error?
        let done = expectation(description: "completes")
        _ = library.request(resource, network: network, progress: { _ in }, data: { all.append($0) }) {
            failure = $0
            done.fulfill()
        }
        wait(for: [done], timeout: 60)
        return (all, failure)
    }

    func testAssetsAreFoundInAnyForm() throws {
        let found = library.probe(["aaaa", "AAAA", "AAAA/L0/001", "BBBB", "none"])
        XCTAssertEqual(Set(found.known).subtracting(["aaaa"]), ["AAAA", "AAAA/L0/001", "BBBB"])
        XCTAssertNil(found.unavailable)
        XCTAssertThrowsError(try library.resources(of: "none")) { XCTAssertEqual($0 as? Failure, .noAsset) }
        XCTAssertEqual(try library.resources(of: "AAAA").map(\.type), [1, 9])
        XCTAssertEqual(library.authorization(), "authorized")
    }

    func testBytes() throws {
        let (a, failure) = try get("AAAA", 1)
        XCTAssertEqual(String(decoding: a, as: UTF8.self), "the picture")
        XCTAssertNil(failure)
        XCTAssertEqual(try get("AAAA", 9).0.count, 1_000_000)
    }

    func testErrorsAreClassified() throws {
        XCTAssertEqual(Failure(try XCTUnwrap(try get("BBBB", 2).1)).reason, .offline)
        XCTAssertNil(try get("BBBB", 2).1)
        let alone = Failure(try XCTUnwrap(try get("AAAA", 1, network: false).1))
        XCTAssertEqual(alone.reason, .offline)
    }
}
